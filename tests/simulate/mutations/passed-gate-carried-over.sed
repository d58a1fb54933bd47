# agent/core/hooks.c
# what has passed at one step counts at the next one too (hook)
s/^(#define OF_A_STEP) .*$/\1 (1u << HOOK_ROLLOUT)/
