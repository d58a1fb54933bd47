/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* At each command the agent sends. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/words.h"
#include "sim.h"

void oracle_fail(struct sim *sim, const char *invariant, const char *format, ...) {
    struct oracle *oracle = &sim->oracle;
    if (sim->failed)
        return;
    int n = snprintf(oracle->message, sizeof oracle->message, "%s: ", invariant);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(oracle->message + n, sizeof oracle->message - (size_t)n, format, arguments);
    va_end(arguments);
    oracle->failed_at = sim->clock.now;
    sim->failed = true;
    trace(sim, "BROKEN %s", oracle->message);
}

void oracle_told_unit(struct sim *sim, enum color color, uint32_t number, const struct unit_seen *seen) {
    sim->oracle.told[color][number] = *seen;
}

void oracle_forget_agent(struct sim *sim) {
    memset(sim->oracle.told, 0, sizeof sim->oracle.told);
    sim->oracle.begun_unwritten = 0;
}

enum color oracle_canary(const struct state *state) {
    return state->stable == COLOR_NONE ? state->rollout.color : color_other(state->stable);
}

/* ---------------------------------------------------------------- what the agent has been told */

static bool told_active(const struct sim *sim, uint32_t color, uint32_t number) {
    const struct unit_seen *unit = &sim->oracle.told[color][number];
    return unit->known && unit->state == UNIT_ACTIVE;
}

/* A batch as it is being played: the servers of one backend, as told and changed since. */
struct play {
    const struct sim *sim;
    uint32_t backend;
    struct {
        bool in; /* UP and not taken out */
        uint32_t weight;
    } servers[COLORS][SIM_INSTANCES];
};

static void play_begin(struct play *play, const struct sim *sim, uint32_t balancer, uint32_t backend) {
    const struct sim_told *told = &sim->balancers[balancer].told;
    play->sim = sim;
    play->backend = backend;
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            play->servers[color][number].in = told->servers[backend][color][number].up &&
                                              !told->servers[backend][color][number].maint &&
                                              !told->servers[backend][color][number].drain;
            play->servers[color][number].weight = told->servers[backend][color][number].weight;
        }
}

static void play_order(struct play *play, const struct server_order *order) {
    uint32_t color = order->color, number = order->number;
    switch (order->kind) {
    case SERVER_WEIGHT:
        play->servers[color][number].weight = order->weight;
        break;
    case SERVER_ENABLE:
    case SERVER_MAINT:
        play->servers[color][number].in = false;
        break;
    case SERVER_SHUTDOWN:
        break;
    }
}

/* Active and UP: who could serve. */
static bool play_ready(const struct play *play, uint32_t color, uint32_t number) {
    return play->servers[color][number].in && told_active(play->sim, color, number);
}

static bool play_carried(const struct play *play) {
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++)
            if (play_ready(play, color, number) && play->servers[color][number].weight > 0)
                return true;
    return false;
}

/* Who is seen not running gets nothing, whatever weight he has: what he had the others have already. */
static void play_without_dead(struct play *play) {
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++)
            if (play->sim->oracle.told[color][number].known && !told_active(play->sim, color, number))
                play->servers[color][number].in = false;
}

struct sums {
    uint64_t canary, all;
};

static struct sums play_sums(const struct play *play, enum color canary) {
    struct sums sums = {0};
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++)
            if (play->servers[color][number].in) {
                sums.all += play->servers[color][number].weight;
                sums.canary += color == canary ? play->servers[color][number].weight : 0;
            }
    return sums;
}

/* a's share of the canary is above b's */
static bool sums_above(struct sums a, struct sums b) {
    return a.canary * (b.all ? b.all : 1) > b.canary * (a.all ? a.all : 1);
}

/* Above the share; one weight of the canary against full ones is what integers can do at least. */
static bool sums_exceed(struct sums sums, share_t share) {
    bool least = share > 0 && sums.canary == 1 && sums.all > 200;
    return !least && sums.canary * (uint64_t)SHARE_FULL > (uint64_t)share * sums.all;
}

/* ---------------------------------------------------------------- traffic */

/* I1: who is raised was just seen active and UP. */
static void check_raise(struct sim *sim, uint32_t balancer, const struct server_order *order) {
    const struct sim_told *told = &sim->balancers[balancer].told;
    uint32_t color = order->color, number = order->number;
    if (order->weight > 256)
        oracle_fail(sim, "I12", "HAProxy takes no weight of %u", order->weight);
    if (order->kind != SERVER_WEIGHT || order->weight <= told->servers[order->backend][color][number].weight)
        return;
    if (told->link != LINK_UP || sim->clock.now - told->began > JUST_SEEN)
        oracle_fail(sim, "I1", "%s is raised to %u without a fresh look", INSTANCE_NAME((enum color)color, number),
                    order->weight);
    else if (!told_active(sim, color, number))
        oracle_fail(sim, "I1", "%s is raised to %u, but was not seen active", INSTANCE_NAME((enum color)color, number),
                    order->weight);
    else if (!told->servers[order->backend][color][number].up || told->servers[order->backend][color][number].maint)
        oracle_fail(sim, "I1", "%s is raised to %u, but was not seen UP", INSTANCE_NAME((enum color)color, number),
                    order->weight);
}

/* I2, blue-green: at each prefix somebody who is ready has weight, also when no weight is taken. */
static void check_switch(struct sim *sim, uint32_t balancer, uint32_t backend, const struct server_order *orders,
                         uint32_t n) {
    for (uint32_t refused = 0; refused < 2; refused++) {
        struct play play;
        play_begin(&play, sim, balancer, backend);
        bool carried = play_carried(&play);
        for (uint32_t i = 0; i < n && carried; i++) {
            if (orders[i].backend != backend || (refused && orders[i].kind == SERVER_WEIGHT))
                continue;
            play_order(&play, &orders[i]);
            if (!play_carried(&play))
                oracle_fail(sim, "I2", "after %u orders no ready server has weight", i + 1);
        }
    }
}

/* I2: if all that takes weight away succeeds and all that gives it fails, somebody who is ready still has some. */
static void check_remains(struct sim *sim, uint32_t balancer, uint32_t backend, const struct server_order *orders,
                          uint32_t n) {
    struct play play;
    play_begin(&play, sim, balancer, backend);
    if (!play_carried(&play))
        return;
    for (uint32_t i = 0; i < n; i++) {
        bool gives = orders[i].kind == SERVER_WEIGHT &&
                     orders[i].weight >= play.servers[orders[i].color][orders[i].number].weight;
        if (orders[i].backend == backend && !gives)
            play_order(&play, &orders[i]);
    }
    if (!play_carried(&play))
        oracle_fail(sim, "I2", "the orders that lower leave no ready server with weight");
}

/* As told: UP in every backend, for MinReadySec. */
static bool told_ready(const struct sim *sim, const struct sim_told *told, enum color color, uint32_t number) {
    usec_t min_ready = sim->scenario.spec->min_ready;
    usec_t since = sim->oracle.told[color][number].active_since - host_boottime(sim, sim->clock.now) + sim->clock.now;
    for (uint32_t backend = 0; backend < sim->scenario.backends; backend++) {
        if (!told->servers[backend][color][number].up || told->servers[backend][color][number].maint ||
            told->servers[backend][color][number].drain)
            return false;
        if (told->servers[backend][color][number].up_since > since)
            since = told->servers[backend][color][number].up_since;
    }
    return told_active(sim, color, number) && (min_ready == 0 || since + min_ready + MSEC(1) < told->began);
}

static bool any_told_ready(const struct sim *sim, uint32_t balancer, enum color color) {
    for (uint32_t number = 0; number < SIM_INSTANCES; number++)
        if (told_ready(sim, &sim->balancers[balancer].told, color, number))
            return true;
    return false;
}

/* I3: at no prefix the canary has more than before or than its step. I6: after an abort, more than before. */
static void check_share(struct sim *sim, uint32_t balancer, uint32_t backend, const struct server_order *orders,
                        uint32_t n) {
    const struct state *state = &sim->oracle.previous;
    enum color canary = oracle_canary(state);
    struct play play;
    play_begin(&play, sim, balancer, backend);
    if (!sim->oracle.has_previous || state->stable == COLOR_NONE || !any_told_ready(sim, balancer, state->stable))
        return;
    play_without_dead(&play);
    struct sums before = play_sums(&play, canary);
    share_t allowed = oracle_allowed(sim);
    for (uint32_t i = 0; i < n; i++) {
        if (orders[i].backend != backend)
            continue;
        play_order(&play, &orders[i]);
        struct sums sums = play_sums(&play, canary);
        if (!sums_above(sums, before) || !sums_exceed(sums, allowed))
            continue;
        oracle_fail(sim, state->rollout.mode == MODE_ABORTED ? "I6" : "I3",
                    "after %u orders the new revision has %llu of %llu, before it had %llu of %llu, its step allows %d "
                    "of 10000",
                    i + 1, (unsigned long long)sums.canary, (unsigned long long)sums.all,
                    (unsigned long long)before.canary, (unsigned long long)before.all, allowed);
        return;
    }
}

/* I7: with DynamicStableScale= stable gets no more than it was given so far, or than its ready instances make. */
static void check_capacity(struct sim *sim, uint32_t balancer, uint32_t backend, const struct server_order *orders,
                           uint32_t n) {
    const struct state *state = &sim->oracle.previous;
    uint32_t ready = 0, replicas = sim->scenario.spec->replicas;
    struct play play;
    if (!sim->oracle.has_previous || state->stable == COLOR_NONE || state->share_given == 0 || sim->disk.bad ||
        sim->disk.doubtful || /* what raises waits for the disk */
        !any_told_ready(sim, balancer, color_other(state->stable)))
        return;
    play_begin(&play, sim, balancer, backend);
    struct sums before = play_sums(&play, color_other(state->stable));
    for (uint32_t number = 0; number < replicas; number++) {
        bool serves = play_ready(&play, state->stable, number) && play.servers[state->stable][number].weight > 0;
        if (serves && !told_ready(sim, &sim->balancers[balancer].told, state->stable, number))
            return; /* UP again, but not everywhere or not for long: it has what was meant for others */
        ready += play_ready(&play, state->stable, number); /* for MinReadySec= or not */
    }
    for (uint32_t i = 0; i < n; i++)
        if (orders[i].backend == backend)
            play_order(&play, &orders[i]);
    struct sums after = play_sums(&play, color_other(state->stable));
    share_t beyond = SHARE_FULL - (share_t)((uint32_t)SHARE_FULL * ready / replicas);
    share_t least = beyond < state->share_given ? beyond : state->share_given;
    /* weights are whole, and parts rounded down */
    if (sums_above(before, after) && (after.canary + 1) * (uint64_t)SHARE_FULL < (uint64_t)least * after.all)
        oracle_fail(sim, "I7",
                    "stable has %u of %u instances ready, and the new revision goes from %llu of %llu to "
                    "%llu of %llu",
                    ready, replicas, (unsigned long long)before.canary, (unsigned long long)before.all,
                    (unsigned long long)after.canary, (unsigned long long)after.all);
}

/* I15: an order that is no retreat waits for the disk. Retreat: lowering the canary, zeroing who isn't running, raising
 * or enabling stable, or what is in its place before the first promotion; while a deploy waits for its color then,
 * neither is canary. */
static bool is_retreat(const struct sim *sim, const struct state *state, uint32_t balancer,
                       const struct server_order *order) {
    uint32_t color = order->color, number = order->number;
    bool placed = state->stable != COLOR_NONE || state->slots[state->rollout.color].revision == state->rollout.revision;
    bool canary = color == oracle_canary(state);
    bool raises = order->weight > sim->balancers[balancer].told.servers[order->backend][color][number].weight;
    switch (order->kind) {
    case SERVER_WEIGHT:
        return raises != canary || !placed || (order->weight == 0 && !told_active(sim, color, number));
    case SERVER_ENABLE:
        return !canary;
    case SERVER_MAINT:
    case SERVER_SHUTDOWN:
        return false;
    }
    return false;
}

static void check_durable(struct sim *sim, uint32_t balancer, const struct server_order *order) {
    bool doubtful = sim->disk.doubtful || !sim->oracle.has_previous;
    if (doubtful && !is_retreat(sim, &sim->oracle.previous, balancer, order))
        oracle_fail(sim, "I15", "an advance at %s before the state is durable",
                    INSTANCE_NAME((enum color)order->color, order->number));
}

void oracle_exchange(struct sim *sim, uint32_t balancer, const struct balancer_plan *plan) {
    const struct server_order *orders = plan->orders;
    const uint32_t n = plan->n;
    bool any = balancer_plan_orders(plan);
    sim->oracle.orders += n + (plan->routes_order != ROUTES_LEAVE);
    if (any)
        oracle_adopt_order(sim);
    if (any && sim->oracle.previous.by_hand.yielded && !sim->disk.doubtful)
        oracle_fail(sim, "yield", "people were to be let be, but a balancer is given orders");
    for (uint32_t i = 0; i < n; i++) {
        check_raise(sim, balancer, &orders[i]);
        check_durable(sim, balancer, &orders[i]);
    }
    oracle_routes_exchange(sim, balancer, plan);
    for (uint32_t backend = 0; n > 0 && backend < sim->scenario.backends; backend++) {
        if (sim->scenario.spec->strategy == STRATEGY_BLUE_GREEN)
            check_switch(sim, balancer, backend, orders, n);
        else
            check_remains(sim, balancer, backend, orders, n);
        check_share(sim, balancer, backend, orders, n);
        check_capacity(sim, balancer, backend, orders, n);
    }
}

/* ---------------------------------------------------------------- instances */

/* I4: nobody can reach it any more, and nobody is being served. Truth, unless HAProxy has forgotten since the last
 * look. */
static void check_drained(struct sim *sim, enum color color, uint32_t number) {
    usec_t patience = sim->scenario.spec->drain_timeout;
    for (uint32_t b = 0; b < sim->scenario.balancers; b++) {
        const struct sim_balancer *balancer = &sim->balancers[b];
        bool forgot = balancer->told.epoch != balancer->epoch;
        usec_t since = 0;
        if (balancer->told.link != LINK_UP || sim->clock.now - balancer->told.began > JUST_SEEN)
            oracle_fail(sim, "I4", "%s is stopped without a fresh look at its balancer", INSTANCE_NAME(color, number));
        for (uint32_t backend = 0; backend < scenario_all_backends(&sim->scenario); backend++) {
            const struct sim_server *server = &balancer->servers[backend][color][number];
            bool touched = server->touched_at >= balancer->told.began;
            if (!server->maint && !forgot && !touched)
                oracle_fail(sim, "I4", "%s is stopped, but is not in maint", INSTANCE_NAME(color, number));
            if (server->maint_since > since)
                since = server->maint_since;
        }
        if (!forgot && requests_in_flight(sim, b, color, number) > 0 && since + patience > sim->clock.now)
            oracle_fail(sim, "I4", "%s is stopped with requests in flight, %lld ms after it was taken out",
                        INSTANCE_NAME(color, number), (long long)(sim->clock.now - since) / 1000);
    }
}

bool oracle_restarts(const struct sim *sim, enum color color, uint32_t number) {
    const struct state *state = &sim->oracle.previous;
    usec_t since = sim->oracle.told[color][number].active_since;
    return since && sim->scenario.spec->replicas > 1 && since + state->clock_offset <= state->restart_at;
}

/* A person asked for it, and all others of its color run. */
static bool may_restart(const struct sim *sim, enum color color, uint32_t number) {
    bool stable = color == sim->oracle.previous.stable;
    uint32_t scale = stable ? oracle_stable_scale(sim) : sim->scenario.spec->replicas;
    for (uint32_t other = 0; other < scale; other++)
        if (other != number && !told_active(sim, color, other))
            return false;
    return oracle_restarts(sim, color, number);
}

/* It was placed while it ran, as a person had started it unseen: nobody but we knows that it was the same revision. */
static bool ran_before(const struct sim *sim, enum color color, uint32_t number) {
    const struct state *state = &sim->oracle.previous;
    usec_t since = sim->oracle.told[color][number].active_since, started = state->instances[color][number].started_at;
    return since && started && since + state->clock_offset < started;
}

/* I7: of stable runs what its share needs; the one before it until its delay is over, unless a deploy takes its place.
 */
static void check_stable(struct sim *sim, enum color color, uint32_t number) {
    const struct state *state = &sim->oracle.previous;
    const struct unit_seen *told = &sim->oracle.told[color][number];
    if (state->slots[color].revision == 0 || told->env_revision != state->slots[color].revision)
        return; /* not what its color is for */
    if (may_restart(sim, color, number) || ran_before(sim, color, number))
        return;
    if (color == state->stable && number < oracle_stable_scale(sim))
        oracle_fail(sim, "I7", "%s is stopped, but is stable", INSTANCE_NAME(color, number));
    else if (color != state->stable && state->rollout.mode == MODE_IDLE && sim->oracle.promoted_at &&
             !sim->oracle.retired_by_verb &&
             sim->clock.now < sim->oracle.promoted_at + sim->scenario.spec->scale_down_delay)
        oracle_fail(sim, "I7", "%s is stopped before ScaleDownDelaySec is over", INSTANCE_NAME(color, number));
}

/* I2: with nobody else ready nothing that serves is stopped, unless a deploy waits for its color. */
static void check_others(struct sim *sim, enum color color, uint32_t number) {
    const struct state *state = &sim->oracle.previous;
    bool awaited = state->rollout.mode == MODE_RUNNING && state->rollout.color == color &&
                   state->rollout.revision != state->slots[color].revision;
    bool stray = sim->oracle.told[color][number].env_revision != state->slots[color].revision;
    if (!told_active(sim, color, number) || state->stable == COLOR_NONE || awaited || stray)
        return;
    for (uint32_t other = BLUE; other < COLORS; other++)
        for (uint32_t n = 0; n < SIM_INSTANCES; n++)
            if ((other != color || n != number) && told_active(sim, other, n))
                return;
    oracle_fail(sim, "I2", "%s is stopped though nobody else runs", INSTANCE_NAME(color, number));
}

void oracle_unit_order(struct sim *sim, const struct unit_order *order) {
    enum color color = (enum color)order->color;
    uint32_t number = order->number;
    const struct state *state = &sim->oracle.previous;
    bool advance = order->kind == UNIT_STOP || color != state->stable;
    sim->oracle.orders++;
    oracle_adopt_order(sim);
    if (advance && (sim->disk.doubtful || !sim->oracle.has_previous))
        oracle_fail(sim, "I15", "%s is %s before the state is durable", INSTANCE_NAME(color, number),
                    order->kind == UNIT_STOP ? "stopped" : "started");
    if (order->kind == UNIT_START) {
        bool as_found = state->slots[color].adopted && order->revision == 0;
        if (sim->disk.links[color][number] != state->slots[color].revision && !as_found)
            oracle_fail(sim, "I11", "%s is started with revision %u, its color is for %u", INSTANCE_NAME(color, number),
                        sim->disk.links[color][number], state->slots[color].revision);
        oracle_hooks_start(sim, color);
        return;
    }
    check_drained(sim, color, number);
    check_stable(sim, color, number);
    check_others(sim, color, number);
}

/* I11: an instance's link is changed only while nothing runs by it. */
void oracle_place(struct sim *sim, enum color color, uint32_t number, uint32_t revision) {
    struct sim_unit *unit = &sim->units[color][number];
    const struct unit_seen *told = &sim->oracle.told[color][number];
    bool stopped = unit->state == UNIT_INACTIVE || unit->state == UNIT_FAILED;
    if (!stopped && (!told->known || told->state == unit->state))
        oracle_fail(sim, "I11", "the link of %s goes to revision %u while it is %s", INSTANCE_NAME(color, number),
                    revision, unit_state_name(unit->state));
    if (unit->state == UNIT_STARTING && unit->by_hand) /* systemd doesn't say by what a process began */
        unit->taken_for = revision;
}

void oracle_process_starts(struct sim *sim, enum color color, uint32_t number) {
    uint32_t revision = sim->units[color][number].runs, slot = sim->oracle.previous.slots[color].revision;
    bool before =
        revision == REVISION_UNMANAGED; /* systemd's own doing: our starts are looked at as they are ordered */
    if (slot && slot != revision && !before && !sim->units[color][number].by_hand)
        oracle_fail(sim, "I11", "%s runs revision %u, its color is for %u", INSTANCE_NAME(color, number), revision,
                    slot);
}
