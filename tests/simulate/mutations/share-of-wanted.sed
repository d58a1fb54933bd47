# agent/core/targets.c
# the share is split over the instances that there should be, so that one that is missing takes its part with it (I3)
s/weights_totals\(share, holders.count\[canary\], holders.count\[stable\]\)/weights_totals(share, holders.count[canary] ? canary_scale(d->spec, d->next) : 0, holders.count[stable] ? d->spec->replicas : 0)/
s/weights_of\(total, holders.count\[color\], index\+\+\)/weights_of(total, color == stable ? d->spec->replicas : canary_scale(d->spec, d->next), index++)/
