/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/decide.h"

#include <string.h>

#include "core/decision.h"

/* A window's opening is a wall clock's time, and that clock may be set. */
#define LOOK_AT_CLOCK (60 * USEC_PER_SEC)

static void plan_clear(struct plan *plan, uint32_t balancers) {
    for (uint32_t balancer = 0; balancer < balancers; balancer++) {
        plan->balancers[balancer].look = false;
        plan->balancers[balancer].routes = (struct route_set){0};
        balancer_plan_drop_orders(&plan->balancers[balancer]);
    }
    plan->n_units = 0;
    memset(plan->hooks, 0, sizeof plan->hooks);
    plan->wanted_known = false;
    plan->routes = (struct route_set){0};
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

/* What is queued begins in a pass of its own: by its own configuration goes on what follows. */
static bool begin_queued(struct decision *d, const struct state *state) {
    usec_t wait = d->world->window_opens - d->world->wall;
    queue_follow(d->spec, d->next, d->world, d->now);
    if (state->queued.revision && d->next->queued.revision && d->world->window_opens)
        wake_at(d, d->now + (wait > 0 && wait < LOOK_AT_CLOCK ? wait : LOOK_AT_CLOCK));
    if (d->next->queued.revision == state->queued.revision)
        return false;
    wake_at(d, d->now + 1);
    return true;
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
    if (begin_queued(&d, state)) {
        events_append(spec, state, next, world->wall);
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
    routing_follow(&d);
    units_plan(&d);
    if (next->queued.revision && state->rollout.mode == MODE_RUNNING && next->rollout.mode != MODE_RUNNING)
        wake_at(&d, now + 1); /* its turn has come */
    events_append(spec, state, next, world->wall);
}
