/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hooks have said in truth, and that nothing goes on without it. */
#include <string.h>

#include "sim.h"

static bool same_attempt(const struct sim_call *call, const struct state *state) {
    return call->revision == state->rollout.revision && call->attempt == state->rollout.attempt;
}

static bool is_asked_at_steps(enum hook_moment moment) {
    return moment != HOOK_POST_ROLLOUT && moment != HOOK_ROLLBACK && moment != HOOK_EVENT;
}

/* No answer ends the wait but one that passes. */
static bool is_gate(enum hook_moment moment) {
    return moment == HOOK_CONFIRM_ROLLOUT || moment == HOOK_CONFIRM_TRAFFIC_INCREASE ||
           moment == HOOK_CONFIRM_PROMOTION;
}

/* ---------------------------------------------------------------- what was said */

static uint32_t hook_number(const struct party_spec *hook) {
    return (uint32_t)(hook->name[1] - '0');
}

static bool has_passed(const struct sim *sim, const struct state *state, uint32_t hook, enum hook_moment moment) {
    bool of_step = moment == HOOK_ROLLOUT || moment == HOOK_CONFIRM_TRAFFIC_INCREASE;
    for (uint32_t i = 0; i < sim->hooks.n_passes && i < SIM_PASSES; i++) {
        const struct sim_call *pass = &sim->hooks.passes[i];
        if (pass->hook == hook && pass->moment == moment && same_attempt(pass, state) &&
            (!of_step || pass->step == state->rollout.step))
            return true;
    }
    return false;
}

static bool all_passed(const struct sim *sim, const struct state *state, enum hook_moment moment) {
    const struct spec *spec = sim->scenario.spec;
    for (size_t i = 0; i < spec->n_hooks; i++)
        if (spec->hooks[i].moments >> moment & 1 && !has_passed(sim, state, hook_number(&spec->hooks[i]), moment))
            return false;
    return true;
}

/* The first version is asked of nobody, nor what goes to everything at once. */
static bool nobody_is_asked(const struct state *state) {
    return state->stable == COLOR_NONE || state->rollout.full;
}

static bool let_go(const struct sim *sim, const struct state *state) {
    const struct spec *spec = sim->scenario.spec;
    uint32_t step = state->rollout.step;
    bool final = step >= spec->n_steps;
    share_t before = oracle_share_of_steps(spec, step);
    share_t at = final ? SHARE_FULL : oracle_share_of_steps(spec, step + 1);
    bool waits = !final && (spec->steps[step].kind == STEP_PAUSE || spec->steps[step].kind == STEP_ANALYSIS);
    return nobody_is_asked(state) ||
           (all_passed(sim, state, HOOK_CONFIRM_ROLLOUT) && all_passed(sim, state, HOOK_PRE_ROLLOUT) &&
            (!waits || all_passed(sim, state, HOOK_ROLLOUT)) &&
            (at <= before || all_passed(sim, state, HOOK_CONFIRM_TRAFFIC_INCREASE)) &&
            (at < SHARE_FULL || all_passed(sim, state, HOOK_CONFIRM_PROMOTION)));
}

bool oracle_hooks_let_go(const struct sim *sim) {
    return let_go(sim, &sim->oracle.previous);
}

void oracle_hook_asked(struct sim *sim, const struct sim_call *call) {
    const struct state *state = &sim->oracle.previous;
    bool told = call->moment == HOOK_POST_ROLLOUT || call->moment == HOOK_EVENT; /* of what was durable before */
    if (told)
        sim->hooks.told_at = sim->clock.now;
    else if (sim->disk.doubtful || !sim->oracle.has_previous)
        oracle_fail(sim, "I15", "a hook is asked before the state is durable");
    if (!is_asked_at_steps(call->moment))
        return;
    sim->hooks.latest = *call;
    if (state->rollout.mode != MODE_RUNNING || !same_attempt(call, state) || nobody_is_asked(state))
        oracle_fail(sim, "hook", "h%u is asked at %s, and there is nothing to ask", call->hook,
                    hook_moment_to_string(call->moment));
}

void oracle_hook_says(struct sim *sim, const struct sim_call *call) {
    trace(sim, "h%u: %s", call->hook, call->passes ? "passes" : "refuses");
    if (!call->passes)
        return;
    disturbed(sim);
    sim->hooks.passes[sim->hooks.n_passes++ % SIM_PASSES] = *call;
}

/* ---------------------------------------------------------------- what follows */

static void condemn(struct sim *sim) {
    if (sim->host.over && !sim->hooks.condemned_at)
        sim->hooks.condemned_at = sim->clock.now;
}

void oracle_hook_told(struct sim *sim, const struct sim_call *call, bool passed) {
    const struct state *state = &sim->oracle.previous;
    const struct spec *spec = sim->scenario.spec;
    bool counts = same_attempt(call, state) && state->rollout.mode == MODE_RUNNING && !nobody_is_asked(state) &&
                  call->step == state->rollout.step;
    if (passed)
        disturbed(sim);
    if (call->moment == HOOK_ROLLBACK && passed && counts)
        condemn(sim);
    if (!is_asked_at_steps(call->moment) || is_gate(call->moment) || !counts)
        return;
    sim->hooks.failed[call->hook] += !passed;
    sim->hooks.refused[call->hook] = passed || !sim->host.over ? 0 : sim->hooks.refused[call->hook] + 1;
    for (size_t i = 0; i < spec->n_hooks; i++)
        if (hook_number(&spec->hooks[i]) == call->hook && sim->hooks.refused[call->hook] > spec->hooks[i].retries)
            condemn(sim);
}

static bool let_start(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    return nobody_is_asked(state) || all_passed(sim, state, HOOK_CONFIRM_ROLLOUT);
}

/* What was said and not heard is in nobody's state. */
bool oracle_start_is_known(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    const struct spec *spec = sim->scenario.spec;
    bool known = let_start(sim);
    for (size_t i = 0; known && !nobody_is_asked(state) && i < spec->n_hooks; i++)
        if (spec->hooks[i].moments >> HOOK_CONFIRM_ROLLOUT & 1)
            known = state->rollout.hooks[i].passed >> HOOK_CONFIRM_ROLLOUT & 1;
    return known;
}

/* At the first order that this revision begins by. */
void oracle_hooks_start(struct sim *sim, enum color color) {
    const struct state *state = &sim->oracle.previous;
    bool begins = state->rollout.mode == MODE_RUNNING && state->rollout.color == color &&
                  state->slots[color].revision == state->rollout.revision;
    if (begins && !let_start(sim))
        oracle_fail(sim, "hook", "an instance of revision %u is started before confirm-rollout has passed",
                    state->rollout.revision);
}

/* Nobody is taken back for what no hook said. */
static void check_verdict(struct sim *sim, const struct state *state) {
    const struct spec *spec = sim->scenario.spec;
    bool failed = false, asked = false;
    for (size_t i = 0; i < spec->n_hooks; i++) {
        uint32_t hook = hook_number(&spec->hooks[i]);
        failed = failed || sim->hooks.failed[hook] > spec->hooks[i].retries;
        asked = asked || has_passed(sim, state, hook, HOOK_ROLLBACK);
    }
    if (state->rollout.reason == REASON_HOOK_FAILED && !failed)
        oracle_fail(sim, "hook", "aborted for a hook that failed, but none did so often");
    if (state->rollout.reason == REASON_HOOK_ASKED && !asked)
        oracle_fail(sim, "hook", "aborted for a hook that asked for it, but none did");
}

void oracle_hooks_commit(struct sim *sim, const struct state *before, const struct state *state) {
    const struct rollout *was = &before->rollout, *is = &state->rollout;
    bool same = was->revision == is->revision && was->attempt == is->attempt;
    bool goes_on = was->mode == MODE_RUNNING && same && !sim->oracle.verb;
    bool promoted = goes_on && is->mode == MODE_IDLE && state->stable != before->stable;
    if (goes_on && (promoted || is->step == was->step + 1) && !let_go(sim, before))
        oracle_fail(sim, "hook", "%s %u is over, and a hook that it waits for has not passed",
                    promoted ? "the rollout of revision" : "step", promoted ? is->revision : is->step);
    if (goes_on && is->mode == MODE_ABORTED)
        check_verdict(sim, state);
    if (!same)
        memset(sim->hooks.failed, 0, sizeof sim->hooks.failed);
    if (!same || is->step != was->step)
        memset(sim->hooks.refused, 0, sizeof sim->hooks.refused);
    if (!same || is->mode != MODE_RUNNING)
        sim->hooks.condemned_at = 0;
}

/* ---------------------------------------------------------------- the end */

bool oracle_gate_stays(const struct sim *sim) {
    const struct sim_call *latest = &sim->hooks.latest;
    return same_attempt(latest, &sim->oracle.previous) && latest->step == sim->oracle.previous.rollout.step &&
           is_gate(latest->moment) && hook_refuses(sim, latest);
}

bool oracle_hooks_are_asked(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    const struct spec *spec = sim->scenario.spec;
    bool asked = oracle_gate_stays(sim);
    for (size_t i = 0; i < spec->n_hooks; i++)
        asked = asked || spec->hooks[i].moments >> HOOK_ROLLBACK & 1;
    return state->rollout.mode == MODE_RUNNING && !nobody_is_asked(state) && asked;
}

/* An answer takes 3 s at most, and IntervalSec= is 1 s. */
bool oracle_all_is_told(const struct sim *sim) {
    return sim->hooks.told_at == 0 || sim->clock.now > sim->hooks.told_at + SEC(5);
}

void oracle_hooks_rest(struct sim *sim) {
    if (sim->hooks.condemned_at && sim->clock.now > sim->hooks.condemned_at + SETTLING)
        oracle_fail(sim, "hook", "a hook had the rollout of revision %u taken back, and it goes on",
                    sim->oracle.previous.rollout.revision);
}
