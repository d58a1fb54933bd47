/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When nothing outside has happened for a while: truth itself. And at the end: that all has come to rest. */
#include <stdio.h>
#include <string.h>

#include "core/decide.h"
#include "core/explain.h"
#include "core/words.h"
#include "sim.h"

#define LOOK_EVERY MSEC(500)
#define REST SEC(8) /* in which nothing may happen */
#define REST_BEGINS SEC(4)

static bool is_quiet(const struct sim *sim, usec_t span) {
    return sim->host.agent && !sim->host.dying && sim->clock.now - sim->host.disturbed_at >= span;
}

/* In truth: it runs, HAProxy has it UP in every backend, for MinReadySec. */
static bool truly_ready(const struct sim *sim, uint32_t b, uint32_t color, uint32_t number) {
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

static struct look look_at(const struct sim *sim, uint32_t b, uint32_t backend, enum color canary) {
    struct look look = {0};
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            const struct sim_server *server = &sim->balancers[b].servers[backend][color][number];
            bool ready = truly_ready(sim, b, color, number);
            look.ready[color] += ready;
            look.carried =
                look.carried || (server_serves(&sim->balancers[b], server) && unit_active(&sim->units[color][number]));
            look.dead_weight =
                look.dead_weight || (!server->maint && server->weight > 0 && !unit_active(&sim->units[color][number]));
            if (server->up && !server->maint) {
                look.all += server->weight;
                look.canary += color == canary ? server->weight : 0;
            }
        }
    return look;
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
    share_t allowed = oracle_allowed(sim);
    bool least = allowed > 0 && look.canary == 1;
    if (!least && look.canary * (uint64_t)SHARE_FULL > (uint64_t)allowed * look.all)
        oracle_fail(sim, state->rollout.mode == MODE_ABORTED ? "I6" : "I3",
                    "the new revision has %llu of %llu, allowed are %d of 10000", (unsigned long long)look.canary,
                    (unsigned long long)look.all, allowed);
}

static void check_quiet(struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    if (!sim->oracle.has_previous || oracle_canary(state) == COLOR_NONE || state->rollout.mode == MODE_HELD)
        return;
    for (uint32_t b = 0; b < sim->scenario.balancers; b++)
        for (uint32_t backend = 0; backend < sim->scenario.backends; backend++)
            if (!sim->balancers[b].gone && !sim->balancers[b].silent)
                check_backend(sim, b, backend);
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            uint32_t runs = sim->units[color][number].runs;
            if (runs && state->slots[color].revision && runs != state->slots[color].revision)
                oracle_fail(sim, "I11", "%s runs revision %u, its color is for %u", INSTANCE_NAME(color, number), runs,
                            state->slots[color].revision);
        }
}

/* ---------------------------------------------------------------- the end */

/* What people are told must be true; but who is idle and Healthy does not hear of checks that begin to fail. */
static bool healthy_in_truth(struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    const struct spec *spec = sim->scenario.spec;
    for (uint32_t b = 0; b < sim->scenario.balancers; b++)
        for (uint32_t backend = 0; backend < sim->scenario.backends; backend++)
            for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
                const struct sim_server *stable = &sim->balancers[b].servers[backend][state->stable][number];
                const struct sim_server *other =
                    &sim->balancers[b].servers[backend][color_other(state->stable)][number];
                bool serves = stable->weight > 0 && !stable->maint && unit_active(&sim->units[state->stable][number]);
                if (serves != (number < spec->replicas) || (!other->maint && other->weight > 0))
                    return false;
            }
    return true;
}

/* One that failed and is wanted will be tried again; one of stable that does not run, too. */
static bool unit_calm(const struct sim_unit *unit, bool wanted, bool stable) {
    return unit->job == JOB_NONE && unit->state != UNIT_RESTARTING && (!wanted || unit->state != UNIT_FAILED) &&
           (!stable || unit->state == UNIT_ACTIVE);
}

static bool all_calm(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    for (enum color color = BLUE; color < COLORS; color++) {
        if (color != state->stable && state->slots[color].revision && state->slots[color].stop_after != USEC_INFINITY)
            return false; /* will be stopped */
        bool ours = color == state->stable || (state->rollout.mode == MODE_RUNNING && color == state->rollout.color);
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            bool wanted = ours && sim->disk.links[color][number] == state->slots[color].revision;
            if (!unit_calm(&sim->units[color][number], wanted,
                           color == state->stable && number < sim->scenario.spec->replicas))
                return false;
        }
    }
    return true;
}

/* A version that cannot run keeps being tried: Degraded is then all the rest there is. */
static bool keeps_failing(const struct sim *sim) {
    for (enum color color = BLUE; color < COLORS; color++) {
        uint32_t revision = sim->oracle.previous.slots[color].revision;
        enum health health = sim->scenario.versions[disk_version(sim, revision)].health;
        if (revision && (health == HEALTH_CRASHES_AT_ONCE || health == HEALTH_NEVER_READY || health == HEALTH_DEAF))
            return true;
    }
    return false;
}

/* In the middle of a rollout, with instances that are still being tried. */
static bool is_under_way(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    if (state->rollout.mode != MODE_RUNNING)
        return false;
    for (uint32_t number = 0; number < sim->scenario.spec->replicas; number++)
        if (!unit_active(&sim->units[state->rollout.color][number]))
            return true;
    return false;
}

/* A run that will end has not. */
static bool is_measuring(const struct sim *sim) {
    const struct run_ref *run = &sim->oracle.previous.rollout.step_run;
    const struct run_ref *background = &sim->oracle.previous.rollout.background_run;
    uint32_t version = disk_version(sim, sim->oracle.previous.rollout.revision);
    if (state_wants_run(&sim->oracle.previous, run->id) && !run_phase_ended(run->phase))
        return true;
    return state_wants_run(&sim->oracle.previous, background->id) && !run_phase_ended(background->phase) &&
           sim->scenario.versions[version].health == HEALTH_ERRORS;
}

static struct explanation explained(struct sim *sim) {
    struct api_view view;
    struct explanation said;
    agent_view(sim->host.agent, &view);
    explain(view.spec, view.state, view.world, view.now, &said);
    return said;
}

static bool is_settled(struct sim *sim) {
    struct explanation said = explained(sim);
    switch (said.phase) {
    case PHASE_HEALTHY:
        if (!healthy_in_truth(sim))
            oracle_fail(sim, "I10", "Healthy is said, but it is not so: %s", said.message);
        return all_calm(sim);
    case PHASE_DEGRADED:
        return keeps_failing(sim) || all_calm(sim);
    case PHASE_PAUSED:
        return said.waiting_until == USEC_INFINITY && !is_measuring(sim) && (keeps_failing(sim) || all_calm(sim));
    case PHASE_IDLE:
        return sim->oracle.previous.rollout.mode == MODE_IDLE && sim->oracle.previous.stable == COLOR_NONE;
    case PHASE_PROGRESSING:
        return false;
    }
    return false;
}

/* I13, in steps: settled; some passes later it begins to count; and then nothing may happen. */
static void check_rest(struct sim *sim) {
    struct oracle *oracle = &sim->oracle;
    usec_t now = sim->clock.now;
    bool tried_for_ever = keeps_failing(sim) && sim->host.agent && explained(sim).phase == PHASE_DEGRADED;
    if (!oracle->settled_at && (is_quiet(sim, 2 * QUIET) || tried_for_ever) && is_settled(sim)) {
        trace(sim, "oracle: settled, %s", explained(sim).message);
        oracle->settled_at = now;
        oracle->unwell = keeps_failing(sim) || is_under_way(sim);
    } else if (oracle->settled_at && now < oracle->settled_at + REST_BEGINS) {
        oracle->orders_settled = oracle->orders;
        oracle->commits_settled = sim->disk.commits;
        oracle->passes_settled = sim->host.passes;
    } else if (oracle->settled_at && now >= oracle->settled_at + REST_BEGINS + REST)
        oracle->done = true;
    if (!oracle->settled_at || oracle->unwell || now < oracle->settled_at + REST_BEGINS)
        return;
    if (sim->disk.commits != oracle->commits_settled)
        oracle_fail(sim, "I13", "nothing happens, but something is written");
    if (oracle->orders != oracle->orders_settled)
        oracle_fail(sim, "I13", "nothing happens, but something is ordered");
    /* A deadline that was being waited for when all was reached may still pass, once; two versions that run are looked
     * after. */
    bool alone = sim->oracle.previous.slots[BLUE].revision == 0 || sim->oracle.previous.slots[GREEN].revision == 0;
    if (alone && explained(sim).phase == PHASE_HEALTHY && sim->host.passes > oracle->passes_settled + 1)
        oracle_fail(sim, "I13", "healthy and idle, but the agent wakes up");
}

static void on_look(struct sim *sim, const struct happening *what) {
    if (is_quiet(sim, QUIET))
        check_quiet(sim);
    if (sim->host.over && sim->host.agent)
        check_rest(sim);
    clock_after(sim, LOOK_EVERY, on_look, 0, 0, 0);
}

void oracle_obeyed(struct sim *sim, uint32_t balancer) {
}

void oracle_begin(struct sim *sim) {
    clock_after(sim, LOOK_EVERY, on_look, 0, 0, 0);
}

bool oracle_is_done(const struct sim *sim) {
    return sim->oracle.done;
}

void oracle_not_settled(struct sim *sim) {
    oracle_fail(sim, "I10", "not settled: %s", sim->host.agent ? explained(sim).message : "no agent");
}
