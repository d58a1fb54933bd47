/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Over the course of states, runs and verbs. */
#include <stdio.h>
#include <string.h>

#include "core/decide.h"
#include "core/words.h"
#include "sim.h"

static bool same_attempt(const struct state *a, const struct state *b) {
    return a->rollout.revision == b->rollout.revision && a->rollout.attempt == b->rollout.attempt;
}

static struct sim_step step_of(const struct state *state) {
    return (struct sim_step){state->rollout.revision, state->rollout.attempt, state->rollout.step};
}

/* I5: the step goes to itself or the next, also in what could not be written. */
static void check_steps(struct sim *sim, struct sim_step step) {
    const struct sim_step *before = &sim->oracle.step;
    if (step.revision == before->revision && step.attempt == before->attempt && step.index != before->index &&
        step.index != before->index + 1)
        oracle_fail(sim, "I5", "the step goes from %u to %u", before->index, step.index);
}

/* I6: what was aborted is not promoted; no way leads back but a retry. */
static void check_abort(struct sim *sim, const struct state *before, const struct state *state) {
    if (before->rollout.mode != MODE_ABORTED || !same_attempt(before, state))
        return;
    if (state->rollout.mode == MODE_RUNNING || state->stable != before->stable)
        oracle_fail(sim, "I6", "attempt %u of revision %u was aborted and goes on", state->rollout.attempt,
                    state->rollout.revision);
    if (state->share_given > before->share_given)
        oracle_fail(sim, "I6", "after an abort the share goes from %d to %d", before->share_given, state->share_given);
}

static const struct run *run_of(const struct sim *sim, uint32_t id) {
    const struct run *run = sim->disk.runs[id % RUNS_MAX].cached;
    return run && run->id == id ? run : NULL;
}

/* I9: past an analysis step only with a run that is Successful and has measured. */
static void check_gate(struct sim *sim, const struct state *before, const struct state *state) {
    const struct spec *spec = sim->scenario.spec;
    uint32_t step = before->rollout.step;
    if (!same_attempt(before, state) || state->rollout.step != step + 1 || sim->oracle.verb || step >= spec->n_steps ||
        spec->steps[step].kind != STEP_ANALYSIS)
        return;
    const struct run *run = run_of(sim, before->rollout.step_run.id);
    if (!run || run->phase != RUN_SUCCESSFUL) {
        oracle_fail(sim, "I9", "step %u is passed with run %u that is not Successful", step + 1,
                    before->rollout.step_run.id);
        return;
    }
    for (uint32_t metric = 0; metric < run->n_metrics; metric++)
        if (run->metrics[metric].successful + run->metrics[metric].failed + run->metrics[metric].inconclusive == 0)
            oracle_fail(sim, "I9", "step %u is passed, but metric %s of run %u has measured nothing", step + 1,
                        run->metrics[metric].name, run->id);
    const struct version *version = &sim->scenario.versions[disk_version(sim, state->rollout.revision)];
    if (version->health == HEALTH_ERRORS)
        oracle_fail(sim, "I9", "step %u is passed by a version that answers with errors", step + 1);
}

void oracle_process_failed(struct sim *sim, uint32_t revision) {
    const struct rollout *rollout = &sim->oracle.previous.rollout;
    sim->oracle.crashes[revision % REVISIONS_MAX]++;
    if (sim->host.over && rollout->mode == MODE_RUNNING && rollout->revision == revision &&
        sim->oracle.previous.stable != COLOR_NONE)
        sim->oracle.crashes_suffered++;
}

/* Nobody is condemned for what was never true. */
static void check_verdict(struct sim *sim, const struct state *before, const struct state *state) {
    if (before->rollout.mode != MODE_RUNNING || state->rollout.mode != MODE_ABORTED)
        return;
    const struct version *version = &sim->scenario.versions[disk_version(sim, state->rollout.revision)];
    if (state->rollout.reason == REASON_ANALYSIS_FAILED && version->health != HEALTH_ERRORS)
        oracle_fail(sim, "I9", "aborted for a failed analysis, but the version is well");
    uint32_t crashes = sim->oracle.crashes[state->rollout.revision % REVISIONS_MAX],
             limit = sim->scenario.spec->crash_limit;
    if (state->rollout.reason == REASON_CRASH && crashes <= limit)
        oracle_fail(sim, "I6", "aborted for more than %u crashes, but there were %u", limit, crashes);
}

/* I16 */
static void check_numbers(struct sim *sim, const struct state *before, const struct state *state) {
    if (state->next_revision < before->next_revision || state->next_run < before->next_run ||
        state->next_event < before->next_event)
        oracle_fail(sim, "I16", "a number that was given out will be given out again");
    if (state->delivered < before->delivered)
        oracle_fail(sim, "I16", "an event that was delivered is not any more");
}

/* Nobody is let be who does not insist. */
static void check_yield(struct sim *sim, const struct state *before, const struct state *state) {
    if (state->by_hand.yielded && !before->by_hand.yielded && sim->hands.touches < RESTORATIONS_MAX)
        oracle_fail(sim, "yield", "people are let be who did something %u times", sim->hands.touches);
}

/* Runs are documents before a state names them. */
static void check_runs(struct sim *sim, const struct state *state) {
    const uint32_t named[] = {state->rollout.step_run.id, state->rollout.background_run.id};
    for (size_t i = 0; i < 2; i++)
        if (named[i] && state_wants_run(state, named[i]) && !run_of(sim, named[i]))
            oracle_fail(sim, "I9", "the state names run %u, which is no document", named[i]);
}

static void follow(struct sim *sim, const struct state *before, const struct state *state) {
    struct oracle *oracle = &sim->oracle;
    if (state->stable != before->stable) {
        /* back to the old color in the middle of a rollout is no promotion */
        oracle->promoted_at = state->rollout.mode == MODE_IDLE ? oracle->promoting_at : 0;
        oracle->retired_by_verb = false;
    }
    if (!same_attempt(before, state)) {
        oracle->retired_by_verb = true;
        oracle->crashes_suffered = 0;
    }
    if (!same_attempt(before, state) || state->rollout.step != before->rollout.step ||
        state->rollout.mode != before->rollout.mode)
        disturbed(sim); /* what this asks for takes its time */
}

void oracle_commit(struct sim *sim, const struct state *state, bool durable) {
    struct oracle *oracle = &sim->oracle;
    const char *why = state_invalid(state);
    if (why)
        oracle_fail(sim, "I16", "%s", why);
    if (!oracle->verb) {
        check_steps(sim, step_of(state));
        oracle_routes_commit(sim, state);
    }
    bool promoting = oracle->has_previous && state->stable != oracle->previous.stable;
    if (durable || !promoting) /* roles that could not be written have not changed, nor what came with them */
        oracle->step = step_of(state);
    if (!promoting)
        oracle->promoting_at = 0;
    else if (!oracle->promoting_at)
        oracle->promoting_at = sim->disk.began;
    if (oracle->has_previous)
        oracle_window_commit(sim, &oracle->previous, state, durable);
    if (!durable)
        return;
    oracle_adopt_commit(sim, state);
    bool held = state->rollout.mode == MODE_HELD; /* goes on by what it was found with */
    if (!held && (!oracle->has_previous || !same_attempt(&oracle->previous, state)))
        files_attempt(sim, state->rollout.revision);
    check_runs(sim, state);
    if (oracle->has_previous) {
        const struct state *before = &oracle->previous;
        check_abort(sim, before, state);
        check_gate(sim, before, state);
        check_verdict(sim, before, state);
        oracle_hooks_commit(sim, before, state);
        check_numbers(sim, before, state);
        check_yield(sim, before, state);
        follow(sim, before, state);
    }
    oracle_loaded(sim, state);
}

void oracle_loaded(struct sim *sim, const struct state *state) {
    sim->oracle.has_previous = state != NULL;
    sim->oracle.held = state && state->rollout.mode == MODE_HELD;
    if (!state) {
        state_init(&sim->oracle.previous);
        sim->oracle.step = (struct sim_step){0};
        return;
    }
    sim->oracle.step = step_of(state);
    memcpy(&sim->oracle.previous, state, sizeof *state);
}

/* I9: a run ends once. */
void oracle_run(struct sim *sim, const struct run *before, const struct run *run) {
    if (before && before->id == run->id && run_phase_ended(before->phase) && before->phase != run->phase &&
        before->revision == run->revision && before->attempt == run->attempt && before->started == run->started)
        oracle_fail(sim, "I9", "run %u was %s and is %s", run->id, run_phase_to_string(before->phase),
                    run_phase_to_string(run->phase));
}

void oracle_event(struct sim *sim, const struct state *state, const struct event *event) {
    if (sim->disk.doubtful)
        oracle_fail(sim, "I14", "event %u is told before it is durable", event->number);
}

/* ---------------------------------------------------------------- verbs */

void oracle_verb_begins(struct sim *sim, const struct api_command *asked) {
    sim->oracle.verb = asked;
    sim->oracle.step_before_verb = sim->oracle.step;
    sim->oracle.was_open = windows_open(sim, sim->clock.now);
    sim->oracle.was_running = sim->oracle.has_previous && sim->oracle.previous.rollout.mode == MODE_RUNNING;
}

/* I14: what was accepted is durable. */
void oracle_verb_ends(struct sim *sim, const struct api_command *asked, const struct command_result *result, int r) {
    sim->oracle.verb = NULL;
    if (r < 0)
        sim->oracle.step = sim->oracle.step_before_verb;
    else if (result->verdict == VERDICT_ACCEPTED)
        sim->oracle.commits_by_verb++;
    if (sim->host.dying || r < 0 || result->verdict != VERDICT_ACCEPTED)
        return;
    oracle_window_verb(sim, asked, result);
    if (!sim->disk.doubtful)
        return;
    if (asked->command.verb != VERB_ABORT || !strstr(result->message, "not durable"))
        oracle_fail(sim, "I14", "%s was accepted but is not durable", verb_to_string(asked->command.verb));
}
