/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual time, and what will happen in it. */
#ifndef SIMULATE_CLOCK_H
#define SIMULATE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "common/time.h"

struct sim;

/* What will happen, with up to three numbers that say to whom. */
struct happening {
    usec_t when;
    uint64_t order; /* of two at the same time, the one that was thought of first */
    void (*act)(struct sim *sim, const struct happening *what);
    uint32_t a, b;
    uint64_t c;
};

#define HAPPENINGS_MAX 1024

struct clock {
    usec_t now;
    uint64_t order;
    size_t n;
    struct happening heap[HAPPENINGS_MAX];
};

/* Makes something happen so much later. */
void clock_after(struct sim *sim, usec_t delay, void (*act)(struct sim *sim, const struct happening *what), uint32_t a,
                 uint32_t b, uint64_t c);
/* When the next thing happens; USEC_INFINITY: never. */
usec_t clock_next(const struct clock *clock);
/* Takes it from the queue. Time is the caller's to move. */
struct happening clock_take(struct clock *clock);

#endif
