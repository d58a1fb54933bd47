/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clock.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

static int before(const struct happening *a, const struct happening *b) {
    return a->when != b->when ? a->when < b->when : a->order < b->order;
}

void clock_after(struct sim *sim, usec_t delay, void (*act)(struct sim *sim, const struct happening *what), uint32_t a,
                 uint32_t b, uint64_t c) {
    struct clock *clock = &sim->clock;
    if (clock->n == HAPPENINGS_MAX) {
        (void)fprintf(stderr, "simulate: too much happens at once\n");
        abort();
    }
    struct happening what = {
        .when = usec_add(clock->now, delay), .order = clock->order++, .act = act, .a = a, .b = b, .c = c};
    size_t at = clock->n++;
    for (; at > 0 && before(&what, &clock->heap[(at - 1) / 2]); at = (at - 1) / 2)
        clock->heap[at] = clock->heap[(at - 1) / 2];
    clock->heap[at] = what;
}

usec_t clock_next(const struct clock *clock) {
    return clock->n ? clock->heap[0].when : USEC_INFINITY;
}

struct happening clock_take(struct clock *clock) {
    struct happening taken = clock->heap[0], last = clock->heap[--clock->n];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= clock->n)
            break;
        if (child + 1 < clock->n && before(&clock->heap[child + 1], &clock->heap[child]))
            child++;
        if (!before(&clock->heap[child], &last))
            break;
        clock->heap[at] = clock->heap[child];
        at = child;
    }
    clock->heap[at] = last;
    return taken;
}
