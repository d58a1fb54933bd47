# agent/core/units.c
# an instance is stopped while it still gets requests (I4)
s/if \(!is_out\(d, color, number, &inflight\) \|\| /if ((!is_out(d, color, number, \&inflight) \&\& d->span == 0) || /
