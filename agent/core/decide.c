/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/decide.h"

#include <string.h>

#include "core/decision.h"

static void plan_clear(struct plan *plan, uint32_t balancers) {
    for (uint32_t balancer = 0; balancer < balancers; balancer++) {
        plan->balancers[balancer].look = false;
        plan->balancers[balancer].n = 0;
    }
    plan->n_units = 0;
    plan->wanted_known = false;
    plan->wake = USEC_INFINITY;
}

/* Held: nothing is touched, but everything is seen, so that what was lost can be found again. */
static void look_only(struct decision *d) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        usec_t asked_at = d->world->balancers[balancer].asked_at;
        d->plan->balancers[balancer].look = !asked_at || usec_add(asked_at, LOOK_CALM) <= d->now;
        wake_at(d, usec_add(d->now, LOOK_CALM));
    }
}

void decide(const struct spec *spec, const struct state *state, const struct world *world, usec_t now,
            struct state *next, struct plan *plan) {
    struct decision d = {.spec = spec, .world = world, .now = now, .next = next, .plan = plan};
    memcpy(next, state, sizeof *next);
    plan_clear(plan, world->n_balancers);

    if (state->rollout.mode == MODE_HELD) {
        look_only(&d);
        return;
    }
    view_take(&d);
    lives_follow(&d);
    stable_follow(&d);
    scale_follow(&d);
    scale_want(&d);
    canary_follow(&d);
    targets_set(&d);
    shift_plan(&d);
    byhand_follow(&d);
    units_plan(&d);
    events_append(spec, state, next, world->wall);
}
