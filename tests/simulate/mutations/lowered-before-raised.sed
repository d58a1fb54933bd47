# agent/core/shift.c
# what carries is emptied before anything else is seen to carry (I2)
s/if \(target == 0 && !may_empty\(/if (target == 0 \&\& number > REPLICAS_MAX \&\& !may_empty(/
