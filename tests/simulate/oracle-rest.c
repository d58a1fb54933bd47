/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end: that all comes to rest (I10), and that nothing happens then (I13). */
#include <stdio.h>

#include "core/decide.h"
#include "core/explain.h"
#include "sim.h"

#define REST SEC(8) /* in which nothing may happen */
#define REST_BEGINS SEC(4)
#define PATIENCE SEC(20) /* longer than any drain with the stop and the start that follow */

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
                bool serves = stable->weight > 0 && !stable->maint && !stable->drain &&
                              unit_active(&sim->units[state->stable][number]);
                if (serves != (number < spec->replicas) || (!other->maint && !other->drain && other->weight > 0))
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
        uint32_t scale = color == state->stable ? oracle_stable_scale(sim) : sim->scenario.spec->replicas;
        bool ours = color == state->stable || (state->rollout.mode == MODE_RUNNING && color == state->rollout.color &&
                                               oracle_start_is_known(sim));
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            bool wanted = ours && number < scale && sim->disk.links[color][number] == state->slots[color].revision;
            if (!unit_calm(&sim->units[color][number], wanted, color == state->stable && number < scale))
                return false;
        }
    }
    return true;
}

static const struct version *version_in(const struct sim *sim, enum color color) {
    const struct slot *slot = &sim->oracle.previous.slots[color];
    uint32_t revision = slot->adopted ? REVISION_UNMANAGED : slot->revision;
    return revision ? &sim->scenario.versions[disk_version(sim, revision)] : NULL;
}

/* Its instances come up, and go down again soon after. */
static bool loops(const struct version *version) {
    return version && version->loops &&
           (version->health == HEALTH_CRASHES_LATER || version->health == HEALTH_CRASHES_LOADED);
}

/* A version that cannot run keeps being tried: Degraded is then all the rest there is. */
static bool keeps_failing(const struct sim *sim) {
    for (enum color color = BLUE; color < COLORS; color++) {
        const struct version *version = version_in(sim, color);
        if (version && (version->health == HEALTH_CRASHES_AT_ONCE || version->health == HEALTH_NEVER_READY ||
                        version->health == HEALTH_DEAF || loops(version)))
            return true;
    }
    return false;
}

/* An instance of stable has crashed, and it is watched whether it stays. */
static bool is_recovering(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    usec_t min_ready = sim->scenario.spec->min_ready;
    if (state->stable != COLOR_NONE && loops(version_in(sim, state->stable)))
        return false; /* it never does */
    usec_t steady = min_ready > STEADY_AFTER ? min_ready : STEADY_AFTER;
    for (uint32_t number = 0; state->stable != COLOR_NONE && number < SIM_INSTANCES; number++) {
        const struct sim_unit *unit = &sim->units[state->stable][number];
        if (unit->failed_at && unit->active_since + steady + SETTLING > sim->clock.now)
            return unit_active(unit);
    }
    return false;
}

/* The verb restart has not come to all of them yet, and a moment ago it came to one. */
static bool is_restarting(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    bool due = false, moves = false;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < sim->scenario.spec->replicas && !loops(version_in(sim, color)); number++) {
            due = due || oracle_restarts(sim, color, number);
            moves = moves || sim->units[color][number].active_since + PATIENCE > sim->clock.now;
        }
    return due && (moves || state->restart_at - state->clock_offset + PATIENCE > host_boottime(sim, sim->clock.now));
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

static bool rollout_runs(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    return state->rollout.mode == MODE_RUNNING &&
           state->slots[state->rollout.color].revision == state->rollout.revision;
}

/* In truth: what runs of the new version is ready everywhere, and something is. */
static bool canary_is_well(const struct sim *sim) {
    enum color color = sim->oracle.previous.rollout.color;
    bool any = false;
    for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
        bool wanted = sim->disk.links[color][number] == sim->oracle.previous.rollout.revision;
        for (uint32_t b = 0; wanted && b < sim->scenario.balancers; b++)
            if (!oracle_truly_ready(sim, b, color, number))
                return false;
        any = any || wanted;
    }
    return any;
}

/* Nothing is under way, or a person is waited for, and a live version crashes again and again: it is Healthy and
 * Degraded in turn. */
static bool never_rests(struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    if (state->stable == COLOR_NONE || !loops(version_in(sim, state->stable)) || sim->hands.until > sim->clock.now)
        return false;
    if (state->rollout.mode == MODE_IDLE)
        return true;
    struct explanation said = explained(sim);
    return said.phase == PHASE_PAUSED && said.waiting_until == USEC_INFINITY && !is_measuring(sim);
}

static bool is_settled(struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    if (sim->hands.until > sim->clock.now || oracle_window_opens_within(sim, REST_BEGINS + REST))
        return false;
    if (sim->oracle.held)
        return !sim->disk.newer;
    if (state->by_hand.yielded)
        return !is_measuring(sim); /* until the next verb */
    struct explanation said = explained(sim);
    switch (said.phase) {
    case PHASE_HEALTHY:
        if (!healthy_in_truth(sim))
            oracle_fail(sim, "I10", "Healthy is said, but it is not so: %s", said.message);
        return all_calm(sim);
    case PHASE_DEGRADED:
        return keeps_failing(sim) || all_calm(sim);
    case PHASE_PAUSED:
        if (said.waiting == WAITING_GATE && !oracle_gate_stays(sim))
            return false;
        return said.waiting_until == USEC_INFINITY && !is_measuring(sim) && (keeps_failing(sim) || all_calm(sim));
    case PHASE_IDLE:
        return sim->oracle.previous.rollout.mode == MODE_IDLE && sim->oracle.previous.stable == COLOR_NONE;
    case PHASE_PROGRESSING:
        return false;
    }
    return false;
}

/* I13, in steps: settled; some passes later it begins to count; and then nothing may happen. */
/* They are polled. */
static bool any_remote(const struct sim *sim) {
    for (uint32_t b = 0; b < sim->scenario.balancers; b++)
        if (sim->scenario.remote[b])
            return true;
    return false;
}

static void check_settled(struct sim *sim) {
    struct oracle *oracle = &sim->oracle;
    usec_t now = sim->clock.now;
    enum phase phase = sim->host.agent ? explained(sim).phase : PHASE_IDLE;
    bool tried_for_ever = keeps_failing(sim) && (phase == PHASE_DEGRADED || phase == PHASE_PAUSED);
    bool settled = (oracle_is_quiet(sim, 2 * QUIET) || tried_for_ever) && !is_recovering(sim) && !is_restarting(sim) &&
                   oracle_all_is_told(sim) && is_settled(sim);
    if (!oracle->settled_at && (settled || never_rests(sim))) {
        trace(sim, "oracle: settled, %s", explained(sim).message);
        oracle->settled_at = now;
        oracle->unwell = keeps_failing(sim) || is_under_way(sim) || oracle_hooks_are_asked(sim);
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
    bool queued = sim->oracle.previous.queued.revision != 0; /* the wall clock is looked at */
    if (alone && !queued && !any_remote(sim) && explained(sim).phase == PHASE_HEALTHY &&
        sim->host.passes > oracle->passes_settled + 1)
        oracle_fail(sim, "I13", "healthy and idle, but the agent wakes up");
}

/* I10: nothing but stable's trouble keeps a rollout from its next step, and for longer than that may. */
static void check_waiting(struct sim *sim) {
    struct oracle *oracle = &sim->oracle;
    const struct rollout *rollout = &oracle->previous.rollout;
    struct explanation said = explained(sim);
    bool waits = oracle->previous.stable != COLOR_NONE && rollout_runs(sim) && said.phase != PHASE_PAUSED &&
                 !is_measuring(sim) && canary_is_well(sim);
    if (!waits || oracle->waiting_since == 0 || oracle->waiting_step != rollout->step)
        oracle->waiting_since = sim->clock.now;
    oracle->waiting_step = rollout->step;
    if (sim->clock.now > oracle->waiting_since + STABLE_PATIENCE + QUIET + MSEC(500))
        oracle_fail(sim, "I10", "step %u waits for stable, and the new version is well: %s", rollout->step + 1,
                    said.message);
}

/* I10: who crashes more often than CrashLimit= is not left at it. With the faults every crash is seen; one end without
 * failure is forgiven to each instance. */
static void check_crashes(struct sim *sim) {
    const struct oracle *oracle = &sim->oracle;
    if (oracle->crashes_suffered > sim->scenario.spec->crash_limit + 2 * SIM_INSTANCES)
        oracle_fail(sim, "I10", "the new version has crashed %u times, and its rollout goes on",
                    oracle->crashes_suffered);
}

void oracle_check_rest(struct sim *sim) {
    check_waiting(sim);
    check_crashes(sim);
    oracle_check_window(sim);
    oracle_hooks_rest(sim);
    check_settled(sim);
}

bool oracle_is_done(const struct sim *sim) {
    return sim->oracle.done;
}

void oracle_not_settled(struct sim *sim) {
    oracle_fail(sim, "I10", "not settled: %s", sim->host.agent ? explained(sim).message : "no agent");
}
