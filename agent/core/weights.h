/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a share of all requests becomes integer server weights.
 *
 * HAProxy's roundrobin gives exactly the ratio of weights 0..256, so only the two totals count. Their sum is as
 * constant as the bounds allow: 200 for one stable server, 500 for two, ... (the multiple of 100 below 256 a server),
 * which makes whole percents exact. The canary's total is rounded down: the share given is never above the share
 * wanted, and below it by less than 1/sum, at most 0.5 points on one stable server (half a percent is exact there) and
 * 0.2 on two. Only a share too small for any integer is rounded up, to one weight against all that stable can have. */
#ifndef ROLLOUT_CORE_WEIGHTS_H
#define ROLLOUT_CORE_WEIGHTS_H

#include "spec/spec.h"

#define WEIGHT_MAX 256

struct totals {
    uint32_t canary, stable;
};

/* The totals for a wanted share over CANARY and STABLE ready servers. One of both empty: the other has everything. */
struct totals weights_totals(share_t share, uint32_t canary, uint32_t stable);

/* The weight of the index-th of SERVERS servers that hold a total between them: they differ by one at most. */
uint16_t weights_of(uint32_t total, uint32_t servers, uint32_t index);

#endif
