# agent/core/hooks.c
# confirm-promotion is asked of nobody (hook)
s/^        return at == SHARE_FULL;$/        return false;/
