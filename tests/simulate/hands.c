/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people do behind the agent's back: at a balancer, where it is noticed at the next look only, and at units. Some
 * insist: when all is quiet they set a weight again and again, until they are let be. */
#include "core/words.h"
#include "sim.h"

#define INSISTS_FROM (FAULTS_END + SEC(5))
#define INSISTS_TIMES 7
#define INSISTS_EVERY SEC(4)
#define PUT_BACK_WITHIN SEC(2)
/* How often what somebody set is put back at most: three times, and once more where it was not known for his doing. */
#define PUT_BACK_MAX 4

static void on_noticed(struct sim *sim, const struct happening *what) {
    host_look(sim);
}

static void touched_balancer(struct sim *sim, uint32_t balancer, usec_t noticed_after) {
    sim->hands.touches++;
    disturbed_until(sim, sim->clock.now + noticed_after);
    if (sim->scenario.remote[balancer])
        disturbed_until(sim, sim->clock.now + sim->scenario.spec->haproxy.poll);
    clock_after(sim, noticed_after, on_noticed, 0, 0, 0);
}

static void touched(struct sim *sim, uint32_t balancer, struct sim_server *server, usec_t noticed_after) {
    server->touched_at = sim->clock.now;
    touched_balancer(sim, balancer, noticed_after);
}

/* Some server of some backend of some balancer; NULL: it is not there to be asked. */
static struct sim_server *any_server(struct sim *sim, uint32_t *ret_balancer, uint32_t *ret_where) {
    uint32_t balancer = DRAW(sim, WHICH, sim->scenario.all_balancers);
    uint32_t who = DRAW(sim, CRASH_WHO, COLORS * SIM_INSTANCES);
    uint32_t backend = DRAW(sim, CUT_OFF_WHERE, sim->scenario.backends);
    *ret_balancer = balancer;
    *ret_where = backend << 16 | (who % COLORS) << 8 | who / COLORS;
    if (sim->balancers[balancer].gone || sim->balancers[balancer].silent)
        return NULL;
    return &sim->balancers[balancer].servers[backend][who % COLORS][who / COLORS];
}

static void follow(struct sim *sim, uint32_t balancer, uint32_t where) {
    requests_follow(sim, balancer, where >> 16, (enum color)(where >> 8 & 255), where & 255);
    haproxy_check(sim, balancer, where >> 16, (enum color)(where >> 8 & 255), where & 255);
}

static usec_t noticed_after(struct sim *sim) {
    return MSEC(10 + 200 * DRAW(sim, HAND_NOTICED, 10));
}

void hands_weight(struct sim *sim) {
    static const uint16_t weights[] = {100, 0, 1, 50, 200, 256};
    uint32_t balancer, where;
    struct sim_server *server = any_server(sim, &balancer, &where);
    uint16_t weight = weights[DRAW(sim, HAND_VALUE, 6)];
    if (!server || server->drain)
        return;
    trace(sim, "hand: weight %u at haproxy %u for %s%s", weight, balancer,
          INSTANCE_NAME((enum color)(where >> 8 & 255), where & 255), backend_mark(where >> 16));
    server->weight = weight;
    follow(sim, balancer, where);
    touched(sim, balancer, server, noticed_after(sim));
}

void hands_state(struct sim *sim) {
    uint32_t balancer, where;
    struct sim_server *server = any_server(sim, &balancer, &where);
    uint32_t how = DRAW(sim, HAND_VALUE, 3);
    if (!server)
        return;
    trace(sim, "hand: %s at haproxy %u for %s%s",
          how == 0   ? "maint"
          : how == 1 ? "drain"
                     : "ready",
          balancer, INSTANCE_NAME((enum color)(where >> 8 & 255), where & 255), backend_mark(where >> 16));
    if (how == 0 && !server->maint)
        server->maint_since = sim->clock.now;
    if (how == 2 && server->maint)
        server->up_since = sim->clock.now;
    server->up =
        how == 2 ? server->up || server->maint : server->up && how != 0; /* `ready` trusts until a check fails */
    server->maint = how == 0;
    server->drain = how == 1;
    follow(sim, balancer, where);
    touched(sim, balancer, server, noticed_after(sim));
}

void hands_routes(struct sim *sim) {
    uint32_t balancer = DRAW(sim, WHICH, sim->scenario.all_balancers);
    bool add = DRAW(sim, HAND_VALUE, 2) == 0;
    if (!sim->scenario.routes || sim->balancers[balancer].gone || sim->balancers[balancer].silent)
        return;
    routes_by_hand(sim, balancer, add);
    touched_balancer(sim, balancer, noticed_after(sim));
}

void hands_stop(struct sim *sim) {
    uint32_t who = DRAW(sim, CRASH_WHO, COLORS * SIM_INSTANCES);
    units_by_hand(sim, (enum color)(who % COLORS), who / COLORS, false);
}

void hands_start(struct sim *sim) {
    uint32_t who = DRAW(sim, CRASH_WHO, COLORS * SIM_INSTANCES);
    units_by_hand(sim, (enum color)(who % COLORS), who / COLORS, true);
}

/* ---------------------------------------------------------------- who insists */

static bool yielded(const struct sim *sim) {
    return sim->oracle.previous.by_hand.yielded;
}

/* No rollout, and nothing left over of one: who is wanted stays as it is. */
static bool at_rest(const struct state *state) {
    return state->stable != COLOR_NONE && state->rollout.mode == MODE_IDLE &&
           !state->slots[color_other(state->stable)].revision;
}

/* An instance crashed since then: other weights are wanted. */
static bool crashed_since(const struct sim *sim, usec_t when) {
    for (uint32_t number = 0; number < SIM_INSTANCES; number++)
        if (sim->units[sim->oracle.previous.stable][number].failed_at >= when)
            return true;
    return false;
}

static void on_seen(struct sim *sim, const struct happening *what) {
    struct sim_server *server = &sim->balancers[what->a].servers[0][sim->oracle.previous.stable][0];
    bool put_back = server->weight == what->b;
    if (crashed_since(sim, server->touched_at) || sim->oracle.commits_by_verb != what->c ||
        !at_rest(&sim->oracle.previous) || !oracle_is_quiet(sim, SEC(1)))
        return; /* something came between, a deploy whose window opened, say */
    if (put_back && ++sim->hands.put_back > PUT_BACK_MAX)
        oracle_fail(sim, "yield", "what somebody set was put back %u times", sim->hands.put_back);
    else if (!put_back && !yielded(sim))
        oracle_fail(sim, "I12", "a weight set by hand is not put back");
}

static void on_resume(struct sim *sim, const struct happening *what) {
    operator_asks(sim, VERB_RESUME);
}

/* Only where nothing else is going on: what is put back is put back for this. */
static void on_insist(struct sim *sim, const struct happening *what) {
    const struct state *state = &sim->oracle.previous;
    uint32_t balancer = DRAW(sim, INSISTS_WHERE, sim->scenario.balancers);
    if (what->a + 1 < INSISTS_TIMES)
        clock_after(sim, INSISTS_EVERY, on_insist, what->a + 1, 0, 0);
    else if (DRAW(sim, GIVES_IN, 2))
        clock_after(sim, INSISTS_EVERY, on_resume, 0, 0, 0);
    if (!oracle_is_quiet(sim, QUIET) || !sim->oracle.has_previous || !at_rest(state) || yielded(sim))
        return;
    for (uint32_t number = 0; number < sim->scenario.spec->replicas; number++)
        for (uint32_t b = 0; b < sim->scenario.balancers; b++)
            if (!oracle_truly_ready(sim, b, state->stable, number))
                return;
    struct sim_server *server = &sim->balancers[balancer].servers[0][state->stable][0];
    uint16_t wanted = server->weight;
    server->weight = wanted == 77 ? 78 : 77;
    trace(sim, "hand: weight %u at haproxy %u for %s", server->weight, balancer, INSTANCE_NAME(state->stable, 0));
    touched(sim, balancer, server, MSEC(300));
    usec_t poll = sim->scenario.remote[balancer] ? sim->scenario.spec->haproxy.poll : 0;
    clock_after(sim, PUT_BACK_WITHIN + poll / 2, on_seen, balancer, wanted, sim->oracle.commits_by_verb);
}

void hands_begin(struct sim *sim) {
    if (!DRAW_RARE(sim, INSISTS, 40, 1))
        return;
    sim->hands.until = sim->clock.now + INSISTS_FROM + (INSISTS_TIMES + 1) * INSISTS_EVERY;
    clock_after(sim, INSISTS_FROM, on_insist, 0, 0, 0);
}
