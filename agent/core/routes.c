/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes: requests with a header or cookie that reach the new revision whatever its weight is. They lead to the preview
 * backend, so they are there only while somebody of the new revision is UP in it, and are gone before the last one
 * leaves it. Like all that serves the new revision they end with the rollout, however it ends. */
#include "core/decision.h"

/* Up to the last of the first so many steps that has to do with routes: steps between them change nothing. */
static uint32_t steps_with_routes(const struct spec *spec, uint32_t steps) {
    while (steps > 0 && !step_is_route(&spec->steps[steps - 1]))
        steps--;
    return steps;
}

/* What so many steps make, if it is anything. */
static struct route_set routes_of(const struct decision *d, uint32_t steps) {
    const struct rollout *rollout = &d->next->rollout;
    bool any = *d->spec->session_cookie;
    for (uint32_t i = 0; i < steps && !any; i++)
        any = spec_route_counts(d->spec->steps, steps, i);
    if (!any)
        return (struct route_set){0};
    return (struct route_set){.revision = rollout->revision,
                              .attempt = rollout->attempt,
                              .color = rollout->color,
                              .steps = steps_with_routes(d->spec, steps)};
}

/* Somebody of the new revision is to have weight in the preview backend: that follows from being ready and UP there. */
static bool is_reached(const struct decision *d, uint32_t balancer) {
    for (uint32_t number = 0; number < d->span; number++)
        if (d->target[balancer][d->world->n_backends][d->next->rollout.color][number] > 0)
            return true;
    return false;
}

/* ... and has it. */
static bool is_carried(const struct decision *d, uint32_t balancer) {
    enum color color = d->next->rollout.color;
    const struct server_seen *servers = d->world->balancers[balancer].servers[d->world->n_backends][color];
    for (uint32_t number = 0; number < d->span; number++)
        if (d->ready_at[balancer][color][number] && servers[number].up && servers[number].weight > 0)
            return true;
    return false;
}

bool routes_possible(const struct decision *d) {
    return d->spec->strategy == STRATEGY_CANARY && *d->spec->haproxy.route_map && d->world->preview &&
           d->next->stable != COLOR_NONE && rollout_runs(d->next);
}

struct route_set routes_wanted(const struct decision *d, uint32_t balancer) {
    const struct rollout *rollout = &d->next->rollout;
    if (!routes_possible(d) || !is_reached(d, balancer))
        return (struct route_set){0};
    bool at_route = !rollout_final(d->spec, d->next) && step_is_route(&d->spec->steps[rollout->step]);
    return routes_of(d, rollout->step + (at_route && may_advance(d) && hooks_let_go(d)));
}

bool routes_gone(const struct decision *d, uint32_t balancer) {
    return d->world->balancers[balancer].routes.revision == 0;
}

/* The step at hand, as fresh looks at all balancers say. */
bool routes_reached(const struct decision *d) {
    const struct route_set wanted = routes_of(d, d->next->rollout.step + 1);
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        if (!look_is_fresh(d, balancer) || !routes_equal(&d->world->balancers[balancer].routes, &wanted))
            return false;
    return true;
}

void routes_plan(struct decision *d, uint32_t balancer) {
    const struct balancer_seen *seen = &d->world->balancers[balancer];
    struct balancer_plan *plan = &d->plan->balancers[balancer];
    plan->routes = routes_wanted(d, balancer);
    if (seen->link != LINK_UP || seen->no_route_map || routes_equal(&plan->routes, &seen->routes))
        return;
    bool other = routes_equal(&seen->routes, &ROUTES_OTHER), asked = routes_equal(&seen->routes_asked, &plan->routes);
    if (plan->routes.revision == 0)
        plan->routes_order = ROUTES_CLEAR;
    else if (other && !asked)
        plan->look = true; /* they may be these: it was asked about others */
    else if (is_carried(d, balancer))
        plan->routes_order = ROUTES_SET;
}
