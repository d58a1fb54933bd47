# agent/core/hooks.c
# a failed hook is asked again for ever (hook)
s/call->failures <= spec->retries/call->failures > 0/
