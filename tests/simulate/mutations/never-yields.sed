# agent/core/byhand.c
# who insists is put back for ever (yield)
s/by_hand->yielded = first && .*;/by_hand->yielded = false;/
