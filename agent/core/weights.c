/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/weights.h"

static uint32_t minimum(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* The largest multiple of 100 that so many servers can hold. */
static uint32_t round_sum(uint32_t servers) {
    return servers * WEIGHT_MAX / 100 * 100;
}

/* The largest sum of which PART (a share, above 0) still fits on so many servers; never 0, as 256 servers' weights are
 * not. */
static uint32_t sum_held(share_t part, uint32_t servers) {
    return (uint32_t)((uint64_t)servers * WEIGHT_MAX * (uint64_t)SHARE_FULL / (uint64_t)part) / 100 * 100;
}

struct totals weights_totals(share_t share, uint32_t canary, uint32_t stable) {
    if (canary == 0)
        return (struct totals){.stable = round_sum(stable)};
    if (stable == 0)
        return (struct totals){.canary = round_sum(canary)};
    if (share <= 0)
        return (struct totals){.stable = round_sum(stable)};

    uint32_t sum = minimum(round_sum(stable), sum_held(share, canary));
    if (share < SHARE_FULL)
        sum = minimum(sum, sum_held(SHARE_FULL - share, stable));
    uint32_t part = (uint32_t)((uint64_t)sum * (uint64_t)share / (uint64_t)SHARE_FULL);
    if (part == 0)
        return (struct totals){.canary = 1, .stable = stable * WEIGHT_MAX};
    return (struct totals){.canary = part, .stable = sum - part};
}

uint16_t weights_of(uint32_t total, uint32_t servers, uint32_t index) {
    return (uint16_t)(total / servers + (index < total % servers ? 1 : 0));
}
