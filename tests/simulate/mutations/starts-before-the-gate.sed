# agent/core/hooks.c
# instances start before confirm-rollout has passed (hook)
s/^(    return !apply\(d->next\) \|\|) first_open\(.*HOOK_CONFIRM_ROLLOUT\) < 0;$/\1 true;/
