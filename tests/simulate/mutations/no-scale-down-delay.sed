# agent/core/transitions.c
# the old stable color is stopped at once (I7)
s/usec_add\(now, spec->scale_down_delay\)/now/
