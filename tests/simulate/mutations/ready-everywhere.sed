# agent/core/targets.c
# who is not ready at one balancer holds no weight at the others (I3, I6)
/^static void holders_add/,/^}/s/d->ready_at\[balancer\]\[color\]\[number\]/d->ready[color][number]/
