/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When nothing outside has happened for a while: truth itself. */
#include <stdio.h>
#include <string.h>

#include "core/decide.h"
#include "core/words.h"
#include "sim.h"

#define LOOK_EVERY MSEC(500)

bool oracle_is_quiet(const struct sim *sim, usec_t span) {
    return sim->host.agent && !sim->host.dying && sim->clock.now - sim->host.disturbed_at >= span;
}

/* In truth: it runs, HAProxy has it UP in every backend, for MinReadySec. */
bool oracle_truly_ready(const struct sim *sim, uint32_t b, uint32_t color, uint32_t number) {
    const struct sim_unit *unit = &sim->units[color][number];
    usec_t since = unit->active_since;
    for (uint32_t backend = 0; backend < sim->scenario.backends; backend++) {
        const struct sim_server *server = &sim->balancers[b].servers[backend][color][number];
        if (!server->up || server->maint || server->drain)
            return false;
        if (server->up_since > since)
            since = server->up_since;
    }
    return unit_active(unit) && since + sim->scenario.spec->min_ready + SETTLING < sim->clock.now;
}

struct look {
    uint32_t ready[COLORS];
    bool carried;         /* somebody serves, for MinReadySec or not */
    bool dead_weight;     /* somebody who isn't running has */
    uint64_t canary, all; /* weights of servers that are UP */
};

/* Somebody started it by hand: what it runs is not what its color is for. */
static bool is_stray(const struct sim *sim, uint32_t color, uint32_t number) {
    const struct slot *slot = &sim->oracle.previous.slots[color];
    const struct sim_unit *unit = &sim->units[color][number];
    bool taken = slot->revision && unit->taken_for == slot->revision;
    return unit->runs != slot->revision && !slot->adopted && !taken;
}

static struct look look_at(const struct sim *sim, uint32_t b, uint32_t backend, enum color canary) {
    struct look look = {0};
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            const struct sim_server *server = &sim->balancers[b].servers[backend][color][number];
            bool ready = oracle_truly_ready(sim, b, color, number) && !is_stray(sim, color, number);
            look.ready[color] += ready;
            look.carried =
                look.carried || (server_serves(&sim->balancers[b], server) && unit_active(&sim->units[color][number]));
            look.dead_weight = look.dead_weight || (!server->maint && !server->drain && server->weight > 0 &&
                                                    !unit_active(&sim->units[color][number]));
            if (server->up && !server->maint && !server->drain) {
                look.all += server->weight;
                look.canary += color == canary ? server->weight : 0;
            }
        }
    return look;
}

/* After an abort with DynamicStableScale= stable carries what its instances can, as far as balancers answer. */
static share_t beyond_stable(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    uint32_t ready = 0, replicas = sim->scenario.spec->replicas;
    for (uint32_t number = 0; number < replicas; number++) {
        bool everywhere = true;
        for (uint32_t b = 0; b < sim->scenario.balancers; b++)
            everywhere = everywhere && (sim->balancers[b].gone || sim->balancers[b].silent ||
                                        oracle_truly_ready(sim, b, state->stable, number));
        ready += everywhere;
    }
    return SHARE_FULL - (share_t)((uint32_t)SHARE_FULL * ready / replicas);
}

static share_t allowed_when_quiet(const struct sim *sim) {
    share_t allowed = oracle_allowed(sim), beyond = beyond_stable(sim);
    return sim->oracle.previous.rollout.mode == MODE_ABORTED && beyond < allowed ? beyond : allowed;
}

static void check_backend(struct sim *sim, uint32_t b, uint32_t backend) {
    const struct state *state = &sim->oracle.previous;
    enum color canary = oracle_canary(state);
    struct look look = look_at(sim, b, backend, canary);
    uint32_t ready = look.ready[BLUE] + look.ready[GREEN];
    if (ready > 0 && !look.carried)
        oracle_fail(sim, "I2", "%u instances are ready, none has weight", ready);
    if (ready > 0 && look.dead_weight)
        oracle_fail(sim, "I1", "an instance that does not run still has weight");
    if (state->stable == COLOR_NONE || look.ready[state->stable] == 0)
        return;
    share_t allowed = allowed_when_quiet(sim);
    bool least = allowed > 0 && look.canary == 1;
    if (!least && look.canary * (uint64_t)SHARE_FULL > (uint64_t)allowed * look.all)
        oracle_fail(sim, state->rollout.mode == MODE_ABORTED ? "I6" : "I3",
                    "the new revision has %llu of %llu, allowed are %d of 10000", (unsigned long long)look.canary,
                    (unsigned long long)look.all, allowed);
}

/* I3: at the address of the new revision nobody else is met, and itself as soon as it may begin. What was taken back
 * may keep its address as long as it keeps its color. */
static void check_preview(struct sim *sim, uint32_t b) {
    const struct state *state = &sim->oracle.previous;
    const struct rollout *rollout = &state->rollout;
    bool placed = rollout->revision && state->slots[rollout->color].revision == rollout->revision;
    bool runs = placed && rollout->mode == MODE_RUNNING, kept = placed && rollout->mode == MODE_ABORTED;
    uint32_t backend = sim->scenario.backends;
    struct look look = look_at(sim, b, backend, rollout->color);
    bool there = false;
    for (uint32_t number = 0; runs && oracle_start_is_known(sim) && number < SIM_INSTANCES; number++)
        there = there || (oracle_truly_ready(sim, b, rollout->color, number) &&
                          sim->balancers[b].servers[backend][rollout->color][number].up);
    if (look.all > (runs || kept ? look.canary : 0) || (there && look.canary == 0))
        oracle_fail(sim, "I3", "at its own address the new revision has %llu of %llu", (unsigned long long)look.canary,
                    (unsigned long long)look.all);
}

static void check_balancer(struct sim *sim, uint32_t b) {
    if (sim->balancers[b].gone || sim->balancers[b].silent)
        return;
    for (uint32_t backend = 0; backend < sim->scenario.backends; backend++)
        check_backend(sim, b, backend);
    if (sim->scenario.preview)
        check_preview(sim, b);
    oracle_routes_quiet(sim, b);
}

/* Somebody is well who is what his color is for. */
static bool is_anybody_well(const struct sim *sim) {
    for (uint32_t b = 0; b < sim->scenario.balancers; b++)
        for (uint32_t color = BLUE; color < COLORS; color++)
            for (uint32_t number = 0; number < SIM_INSTANCES; number++)
                if (oracle_truly_ready(sim, b, color, number) && !is_stray(sim, color, number))
                    return true;
    return false;
}

/* I11. What ran before the first deploy is adopted, or leaves when balancers allow it; and what somebody started by
 * hand leaves as soon as there is anybody else. */
static void check_revisions(struct sim *sim) {
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            uint32_t runs = sim->units[color][number].runs, slot = sim->oracle.previous.slots[color].revision;
            if (runs && slot && runs != REVISION_UNMANAGED && is_stray(sim, color, number) && is_anybody_well(sim))
                oracle_fail(sim, "I11", "%s runs revision %u, its color is for %u", INSTANCE_NAME(color, number), runs,
                            slot);
        }
}

static void check_quiet(struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    if (!sim->oracle.has_previous || oracle_canary(state) == COLOR_NONE || state->rollout.mode == MODE_HELD ||
        state->by_hand.yielded)
        return;
    for (uint32_t b = 0; b < sim->scenario.balancers; b++)
        check_balancer(sim, b);
    check_revisions(sim);
}

static void on_look(struct sim *sim, const struct happening *what) {
    files_check(sim);
    if (oracle_is_quiet(sim, QUIET))
        check_quiet(sim);
    if (sim->host.over && sim->host.agent)
        oracle_check_rest(sim);
    clock_after(sim, LOOK_EVERY, on_look, 0, 0, 0);
}

void oracle_begin(struct sim *sim) {
    clock_after(sim, LOOK_EVERY, on_look, 0, 0, 0);
}
