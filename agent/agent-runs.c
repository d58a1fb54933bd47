/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's analysis runs: documents that are moved on by the pure run_next(), committed before the state that names
 * them, and whose questions go to providers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent-inside.h"
#include "common/log.h"

static struct run_spec spec_of(const struct active_run *active) {
    return (struct run_spec){.metrics = (const struct metric_spec *const *)active->analysis->metrics,
                             .n_metrics = active->analysis->n_metrics};
}

void run_release(struct active_run *active) {
    questions_end(active);
    free(active->run);
    expanded_analysis_free(active->analysis);
    *active = (struct active_run){.wake = USEC_INFINITY};
}

void runs_free(struct agent *agent) {
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        run_release(&agent->runs[i]);
    run_release(&agent->shown);
}

static bool goes_on(const struct agent *agent, uint32_t id) {
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        if (agent->runs[i].run && agent->runs[i].run->id == id)
            return true;
    return false;
}

static struct active_run *free_place(struct agent *agent) {
    for (size_t i = 0; i < RUNS_SEEN_MAX; i++)
        if (!agent->runs[i].run)
            return &agent->runs[i];
    return NULL;
}

/* ---------------------------------------------------------------- begin */

static int commit_run(struct agent *agent, struct active_run *active, struct error *err) {
    const struct store *store = agent->ports.store;
    int r = store->commit_run(store->self, active->run, active->analysis, err);
    if (r < 0)
        return r;
    active->changed = false;
    active->committed_at = agent->now;
    return 0;
}

/* A run of what the place asks, ended at once when BROKEN says why. */
static int make_run(struct agent *agent, struct active_run *active, const struct run *about, const char *broken) {
    struct run_spec spec = spec_of(active);
    struct run *run = active->run = calloc(1, run_size(spec.n_metrics));
    if (!run || questions_begin(active) < 0)
        return -ENOMEM;
    run_begin(run, &spec, about->id, active->analysis->name, agent->now, agent->wall);
    run->revision = about->revision;
    run->attempt = about->attempt;
    run->step = about->step;
    run->uid = about->uid;
    run->login_uid = about->login_uid;
    if (broken)
        run_fail(run, agent->now, agent->wall, broken);
    return 0;
}

int run_start(struct agent *agent, struct active_run *active, const struct run *about, const char *broken,
              struct error *err) {
    int r = active->analysis ? make_run(agent, active, about, broken) : -ENOMEM;
    if (r < 0)
        (void)error_set(err, r, "analysis run %u: out of memory", about->id);
    else
        r = commit_run(agent, active, err);
    if (r < 0)
        run_release(active);
    else
        agent->due = true; /* its first questions */
    return r;
}

static bool is_background(const struct state *state, const struct run_ref *ref) {
    return ref == &state->rollout.background_run;
}

static struct run run_about(const struct state *state, const struct run_ref *ref) {
    return (struct run){.id = ref->id,
                        .revision = state->rollout.revision,
                        .attempt = state->rollout.attempt,
                        .step = is_background(state, ref) ? -1 : (int32_t)ref->step,
                        .uid = UINT32_MAX,
                        .login_uid = UINT32_MAX};
}

/* What a run of this state asks; NULL when the configuration has no such analysis. */
static const struct analysis_use *use_of(const struct spec *spec, const struct state *state,
                                         const struct run_ref *ref) {
    if (is_background(state, ref))
        return &spec->background;
    if (ref->step < spec->n_steps && spec->steps[ref->step].kind == STEP_ANALYSIS)
        return &spec->steps[ref->step].analysis;
    return NULL;
}

/* A run that cannot even be asked ends at once, with the reason: a document all the same. */
static int begin_ref(struct agent *agent, const struct state *state, const struct run_ref *ref, struct error *err) {
    const struct spec *spec = agent_spec(agent);
    const enum color sides[2] = {state->rollout.color, color_other(state->rollout.color)};
    const struct run about = run_about(state, ref);
    struct error why = {0};
    if (!state_wants_run(state, ref->id) || goes_on(agent, ref->id))
        return 0;
    struct active_run *active = free_place(agent);
    if (!active)
        return error_set(err, -EBUSY, "analysis run %u: more runs than there may be at once", ref->id);
    const struct analysis_use *use = use_of(spec, state, ref);
    int r = use ? arguments_expand(agent, spec, state, sides, use, &active->analysis, &why)
                : error_set(&why, -ENOENT, "no such analysis in the configuration");
    if (r < 0)
        active->analysis = calloc(1, sizeof *active->analysis);
    active->canary = sides[0];
    active->stable = sides[1];
    /* Where it cannot be written, the state that names it is not taken over as durable: it begins again with the next
     * commit. */
    return run_start(agent, active, &about, r < 0 ? why.text : NULL, err);
}

int runs_begin(struct agent *agent, struct error *err) {
    const struct state *next = &agent->next;
    int r = begin_ref(agent, next, &next->rollout.step_run, err);
    return r < 0 ? r : begin_ref(agent, next, &next->rollout.background_run, err);
}

/* ---------------------------------------------------------------- resume */

static int resume(struct agent *agent, uint32_t id, struct active_run *active, struct error *err) {
    const struct store *store = agent->ports.store;
    int r = store->load_run(store->self, id, &active->run, &active->analysis, err);
    if (r >= 0)
        r = questions_begin(active);
    if (r < 0 || run_phase_ended(active->run->phase))
        return r;
    run_resume(active->run, agent->now);
    active->changed = true;
    return 0;
}

/* Goes on as it began, whatever became of the configuration. One that was lost is an error. */
static void resume_ref(struct agent *agent, const struct run_ref *ref) {
    struct error err = {0};
    if (!state_wants_run(&agent->state, ref->id))
        return;
    struct active_run *active = free_place(agent);
    if (!active)
        return;
    active->canary = agent->state.rollout.color;
    active->stable = active->canary == BLUE ? GREEN : BLUE;
    if (resume(agent, ref->id, active, &err) >= 0)
        return;
    log_error("analysis", "run %u cannot go on: %s", ref->id, err.text);
    const struct run about = run_about(&agent->state, ref);
    run_release(active);
    active->analysis = calloc(1, sizeof *active->analysis);
    if (!active->analysis || make_run(agent, active, &about, err.text) < 0)
        run_release(active);
}

void runs_resume(struct agent *agent) {
    resume_ref(agent, &agent->state.rollout.step_run);
    resume_ref(agent, &agent->state.rollout.background_run);
}

/* ---------------------------------------------------------------- go on */

/* What is due to be asked is kept until the pass asks. */
void runs_step(struct agent *agent, struct active_run *active, const struct answer *answer) {
    struct question due[RUN_METRICS_MAX];
    size_t n = 0;
    struct run_spec spec = spec_of(active);
    active->wake = USEC_INFINITY;
    if (run_phase_ended(active->run->phase))
        return;
    active->changed |= run_next(&spec, active->run, agent->now, agent->wall, answer, due, &n, &active->wake);
    for (size_t i = 0; i < n && active->n_due < RUN_METRICS_MAX; i++)
        active->due[active->n_due++] = due[i];
}

static void show(struct agent *agent, size_t place, bool durable) {
    const struct run *run = agent->runs[place].run;
    struct run_seen *seen = &agent->world.runs[place];
    *seen = (struct run_seen){0};
    if (!run)
        return;
    seen->id = run->id;
    /* A good verdict counts once it can't be lost; a bad one at once. */
    seen->phase = run->phase == RUN_SUCCESSFUL && !durable ? RUN_RUNNING : run->phase;
    (void)snprintf(seen->message, sizeof seen->message, "%.*s", REASON_MAX - 1, run->message);
    const struct expanded_analysis *analysis = agent->runs[place].analysis;
    for (uint32_t metric = 0; metric < run->n_metrics && metric < analysis->n_metrics; metric++)
        if (run->metrics[metric].phase == run->phase && !run->metrics[metric].dry_run)
            seen->on_failure = analysis->metrics[metric]->on_failure;
}

/* Whether the run is durable, as far as anything hangs on it: its end is, what it measures meanwhile may be lost, and
 * is measured again then. */
static bool commit(struct agent *agent, struct active_run *active) {
    struct error err = {0};
    usec_t next = usec_add(active->committed_at, RUN_COMMIT_PAUSE);
    if (!active->changed)
        return true;
    if (!run_phase_ended(active->run->phase) && active->committed_at && next > agent->now) {
        agent_wake_at(agent, next);
        return true;
    }
    if (commit_run(agent, active, &err) >= 0)
        return true;
    log_debug("analysis", "run %u is not committed: %s", active->run->id, err.text);
    agent_wake_at(agent, usec_add(agent->now, COMMIT_RETRY));
    return false;
}

/* Nobody waits for it any more. It ends only when the state that says so is durable: an older one, found again after a
 * kill, would take this end for a verdict. */
static void let_go(struct agent *agent, struct active_run *active) {
    active->wake = USEC_INFINITY;
    active->n_due = 0;
    if (agent->undurable || run_phase_ended(active->run->phase))
        return;
    run_stop(active->run, agent->now, agent->wall, "the rollout went on without it");
    active->changed = true;
}

/* Returns whether what it says is durable. */
static bool follow(struct agent *agent, struct active_run *active, bool wanted) {
    questions_expire(agent, active);
    if (wanted)
        runs_step(agent, active, NULL);
    else
        let_go(agent, active);
    bool durable = commit(agent, active);
    agent_wake_at(agent, active->wake);
    return durable;
}

void runs_follow(struct agent *agent) {
    run_release(&agent->shown);
    for (size_t i = 0; i < RUNS_SEEN_MAX; i++) {
        struct active_run *active = &agent->runs[i];
        bool wanted = active->run && state_wants_run(&agent->state, active->run->id);
        bool durable = !active->run || follow(agent, active, wanted);
        if (active->run && !wanted && durable && run_phase_ended(active->run->phase))
            run_release(active);
        show(agent, i, durable);
    }
    for (size_t i = RUNS_SEEN_MAX; i < RUNS_AT_ONCE; i++) { /* those by hand are their own purpose */
        struct active_run *active = &agent->runs[i];
        if (active->run && follow(agent, active, true) && run_phase_ended(active->run->phase))
            run_release(active);
    }
}
