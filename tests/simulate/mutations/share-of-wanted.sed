# agent/core/targets.c
# the share is split over the instances that there should be (I3)
s/weights_totals\(share, holders.count\[canary\], holders.count\[stable\]\)/weights_totals(share, holders.count[canary] ? canary_scale(d->spec, d->next) : 0, holders.count[stable] ? d->spec->replicas : 0)/
