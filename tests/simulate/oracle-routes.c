/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes: only those of the steps that are done or at hand, only while somebody is there to answer, and gone before the
 * last one leaves. */
#include "core/words.h"
#include "sim.h"
#include "traffic/haproxy-routes.h"

static bool has_routes(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    return sim->scenario.routes && sim->scenario.spec->strategy == STRATEGY_CANARY && state->stable != COLOR_NONE &&
           oracle_is_on_its_way(sim);
}

/* The step at hand makes or removes a route, and nobody has to pass before. */
static bool is_at_route(const struct sim *sim) {
    const struct rollout *rollout = &sim->oracle.previous.rollout;
    const struct spec *spec = sim->scenario.spec;
    return !rollout->full && rollout->step < spec->n_steps && step_is_route(&spec->steps[rollout->step]) &&
           oracle_hooks_let_go(sim);
}

static void text_of(struct sim *sim, const struct state *state, uint32_t steps, char map[SIM_MAP_MAX]) {
    const struct rollout *rollout = &state->rollout;
    routes_text(sim,
                &(struct route_set){.revision = rollout->revision,
                                    .attempt = rollout->attempt,
                                    .color = rollout->color,
                                    .steps = steps},
                map);
}

/* ---------------------------------------------------------------- orders */

/* Somebody has weight in the preview backend, also if of PLAN (may be NULL) all that takes away succeeds and nothing
 * else does. */
static bool is_carried(const struct sim *sim, uint32_t balancer, const struct balancer_plan *plan) {
    const uint32_t backend = sim->scenario.backends;
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            bool leaves = false;
            for (uint32_t i = 0; plan && i < plan->n; i++) {
                const struct server_order *order = &plan->orders[i];
                bool lowers = order->kind != SERVER_SHUTDOWN && order->weight == 0;
                leaves =
                    leaves || (lowers && order->backend == backend && order->color == color && order->number == number);
            }
            const struct sim_told *told = &sim->balancers[balancer].told;
            if (!leaves && told->servers[backend][color][number].up && !told->servers[backend][color][number].maint &&
                !told->servers[backend][color][number].drain && told->servers[backend][color][number].weight > 0)
                return true;
        }
    return false;
}

static void check_set(struct sim *sim, uint32_t balancer, const struct route_set *set) {
    const struct rollout *rollout = &sim->oracle.previous.rollout;
    if (sim->disk.doubtful || !sim->oracle.has_previous)
        oracle_fail(sim, "I15", "routes are set before the state is durable");
    if (!has_routes(sim) || set->revision != rollout->revision || set->attempt != rollout->attempt ||
        set->color != rollout->color || set->steps > rollout->step + is_at_route(sim))
        oracle_fail(sim, "I3", "routes to revision %u, up to step %u, which is not where the rollout is", set->revision,
                    set->steps);
    else if (!is_carried(sim, balancer, NULL))
        oracle_fail(sim, "I4", "routes are set to where nobody was seen");
}

void oracle_routes_exchange(struct sim *sim, uint32_t balancer, const struct balancer_plan *plan) {
    if (!sim->scenario.routes)
        return;
    if (plan->routes_order == ROUTES_SET)
        check_set(sim, balancer, &plan->routes);
    if (*sim->balancers[balancer].told.map && is_carried(sim, balancer, NULL) && !is_carried(sim, balancer, plan))
        oracle_fail(sim, "I4", "the last one leaves the preview backend, and routes lead there");
}

/* ---------------------------------------------------------------- steps */

void oracle_routes_commit(struct sim *sim, const struct state *state) {
    const struct sim_step *before = &sim->oracle.step;
    const struct spec *spec = sim->scenario.spec;
    char map[SIM_MAP_MAX];
    bool next = before->revision == state->rollout.revision && before->attempt == state->rollout.attempt &&
                before->index + 1 == state->rollout.step;
    if (sim->disk.held_up) /* what was seen when it was decided may be otherwise by now */
        return;
    if (!has_routes(sim) || !next || before->index >= spec->n_steps || !step_is_route(&spec->steps[before->index]))
        return;
    text_of(sim, state, before->index + 1, map);
    for (uint32_t b = 0; b < sim->scenario.balancers; b++)
        if (sim->balancers[b].told.link != LINK_UP || !haproxy_map_equal(sim->balancers[b].told.map, map))
            oracle_fail(sim, "I3", "step %u is passed, but haproxy %u was not seen with its routes", before->index + 1,
                        b);
}

/* ---------------------------------------------------------------- the truth, when all is quiet */

/* Somebody of the new revision answers in the preview backend; and is as ready as it needs to be. */
static bool is_there(const struct sim *sim, uint32_t b, bool truly) {
    enum color color = sim->oracle.previous.rollout.color;
    for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
        const struct sim_server *server = &sim->balancers[b].servers[sim->scenario.backends][color][number];
        if (server->weight > 0 && server_serves(&sim->balancers[b], server) &&
            (!truly || oracle_truly_ready(sim, b, color, number)))
            return true;
    }
    return false;
}

void oracle_routes_quiet(struct sim *sim, uint32_t b) {
    const struct state *state = &sim->oracle.previous;
    const char *map = sim->balancers[b].map;
    char done[SIM_MAP_MAX], at_hand[SIM_MAP_MAX];
    if (!sim->scenario.routes)
        return;
    if (!has_routes(sim)) {
        if (*map)
            oracle_fail(sim, "I4", "haproxy %u has routes, and no rollout needs them", b);
        return;
    }
    text_of(sim, state, state->rollout.step, done);
    text_of(sim, state, state->rollout.step + is_at_route(sim), at_hand);
    if (*map && !haproxy_map_equal(map, done) && !haproxy_map_equal(map, at_hand))
        oracle_fail(sim, "I3", "haproxy %u has other routes than the steps make", b);
    if (*map && !is_there(sim, b, false))
        oracle_fail(sim, "I4", "haproxy %u has routes to where nobody is", b);
    if (!*map && *done && *at_hand && is_there(sim, b, true))
        oracle_fail(sim, "I12", "haproxy %u lacks the routes that the steps have made", b);
}
