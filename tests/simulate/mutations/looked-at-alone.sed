# agent/core/shift.c
# each balancer is looked at in its own time, so that never all of them were seen just now (I10)
s/^    look_together\(d\);$//
