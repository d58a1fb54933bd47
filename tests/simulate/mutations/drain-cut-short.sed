# agent/core/units.c
# requests in flight are not waited for (I4)
s/if \(inflight > 0 && d->now < end\)/if (inflight > 1000 \&\& d->now < end)/
