# agent/core/canary.c
# while a hook is waited for, nobody looks after crashes (I10)
s/if \(abort_for_crash\(d\) \|\|/if ((hooks_let_go(d) \&\& abort_for_crash(d)) ||/
