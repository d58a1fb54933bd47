/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's analysis runs: documents that are moved on by the pure run_next(), committed before the state that names
 * them, and whose questions go to providers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "core/words.h"

static struct run_spec spec_of(const struct active_run *active) {
    return (struct run_spec){.metrics = (const struct metric_spec *const *)active->analysis->metrics,
                             .n_metrics = active->analysis->n_metrics};
}

static void release(struct active_run *active) {
    free(active->run);
    expanded_analysis_free(active->analysis);
    *active = (struct active_run){.wake = USEC_INFINITY};
}

void runs_free(struct agent *agent) {
    for (size_t i = 0; i < RUNS_SEEN_MAX; i++)
        release(&agent->runs[i]);
}

static struct active_run *find(struct agent *agent, uint32_t id) {
    for (size_t i = 0; i < RUNS_SEEN_MAX; i++)
        if (agent->runs[i].run && agent->runs[i].run->id == id)
            return &agent->runs[i];
    return NULL;
}

static struct active_run *free_place(struct agent *agent) {
    for (size_t i = 0; i < RUNS_SEEN_MAX; i++)
        if (!agent->runs[i].run)
            return &agent->runs[i];
    return NULL;
}

/* ---------------------------------------------------------------- arguments */

/* "blue-1|blue-2": the servers of a color, as a regular expression for a label matcher. */
static void servers_of(const struct spec *spec, enum color color, char *ret, size_t size) {
    size_t length = 0;
    ret[0] = 0;
    for (uint32_t number = 1; number <= spec->replicas && length < size; number++) {
        char server[SERVER_NAME_MAX];
        if (spec_server_name(spec, color_to_string(color), number, server, sizeof server) < 0)
            continue;
        int n = snprintf(ret + length, size - length, "%s%s", length ? "|" : "", server);
        length += n > 0 ? (size_t)n : 0;
    }
}

#define SERVERS_TEXT_MAX (REPLICAS_MAX * SERVER_NAME_MAX)

/* What a template may use without being told: both sides of the rollout. */
static int expand(struct agent *agent, const struct state *state, const struct analysis_use *use,
                  struct expanded_analysis **ret, struct error *err) {
    const struct spec *spec = agent_spec(agent);
    enum color color = state->rollout.color, other = color == BLUE ? GREEN : BLUE;
    const struct history *canary = state_revision(state, state->slots[color].revision);
    const struct history *stable = state_revision(state, state->slots[other].revision);
    char canary_servers[SERVERS_TEXT_MAX], stable_servers[SERVERS_TEXT_MAX], backend[BACKEND_NAME_MAX];
    servers_of(spec, color, canary_servers, sizeof canary_servers);
    servers_of(spec, other, stable_servers, sizeof stable_servers);
    (void)snprintf(backend, sizeof backend, "%s", spec->haproxy.backends[0]);
#define BUILTIN(text, is) \
    { .name = (char *)(uintptr_t)(text), .value = (char *)(uintptr_t)(is) }
    const struct argument builtins[] = {
        BUILTIN("args.app", spec->app),
        BUILTIN("args.backend", backend),
        BUILTIN("canary.servers", canary_servers),
        BUILTIN("canary.color", color_to_string(color)),
        BUILTIN("canary.version", canary ? canary->version : ""),
        BUILTIN("stable.servers", stable_servers),
        BUILTIN("stable.color", color_to_string(other)),
        BUILTIN("stable.version", stable ? stable->version : ""),
    };
#undef BUILTIN
    return spec_expand(spec, use, builtins, sizeof builtins / sizeof builtins[0], ret, err);
}

/* ---------------------------------------------------------------- begin */

static bool is_background(const struct state *state, const struct run_ref *ref) {
    return ref == &state->rollout.background_run;
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
static int begin_broken(struct agent *agent, struct active_run *active, const struct run_ref *ref,
                        const struct error *why) {
    active->run = calloc(1, run_size(0));
    active->analysis = calloc(1, sizeof *active->analysis);
    if (!active->run || !active->analysis)
        return -ENOMEM;
    struct run_spec none = {0};
    run_begin(active->run, &none, ref->id, "", agent->now, agent->wall);
    active->run->phase = RUN_ERROR;
    active->run->finished = agent->now;
    active->run->wall_finished = agent->wall;
    (void)snprintf(active->run->message, sizeof active->run->message, "%.*s", RUN_MESSAGE_MAX - 1, why->text);
    return 0;
}

static int begin(struct agent *agent, const struct state *state, const struct run_ref *ref, struct active_run *active) {
    const struct analysis_use *use = use_of(agent_spec(agent), state, ref);
    struct error why = {0};
    int r = use ? expand(agent, state, use, &active->analysis, &why)
                : error_set(&why, -ENOENT, "no such analysis in the configuration");
    if (r < 0)
        return begin_broken(agent, active, ref, &why);
    active->run = calloc(1, run_size(active->analysis->n_metrics));
    if (!active->run)
        return -ENOMEM;
    struct run_spec spec = spec_of(active);
    run_begin(active->run, &spec, ref->id, active->analysis->name, agent->now, agent->wall);
    return 0;
}

static int begin_ref(struct agent *agent, const struct state *state, const struct run_ref *ref, struct error *err) {
    if (!state_wants_run(state, ref->id) || find(agent, ref->id))
        return 0;
    struct active_run *active = free_place(agent);
    if (!active)
        return error_set(err, -EBUSY, "analysis run %u: more runs than there may be at once", ref->id);
    int r = begin(agent, state, ref, active);
    if (r < 0) {
        release(active);
        return error_set(err, r, "analysis run %u: out of memory", ref->id);
    }
    active->run->revision = state->rollout.revision;
    active->run->attempt = state->rollout.attempt;
    active->run->step = is_background(state, ref) ? -1 : (int32_t)ref->step;
    r = agent->ports.store->commit_run(agent->ports.store->self, active->run, err);
    if (r < 0) {
        release(
            active); /* the state that names it is not taken over as durable; it begins again with the next commit */
        return r;
    }
    agent->due = true; /* its first questions */
    return 0;
}

int runs_begin(struct agent *agent, struct error *err) {
    const struct state *next = &agent->next;
    int r = begin_ref(agent, next, &next->rollout.step_run, err);
    return r < 0 ? r : begin_ref(agent, next, &next->rollout.background_run, err);
}

/* ---------------------------------------------------------------- resume */

static int resume(struct agent *agent, const struct run_ref *ref, struct active_run *active, struct error *err) {
    const struct store *store = agent->ports.store;
    const struct analysis_use *use = use_of(agent_spec(agent), &agent->state, ref);
    int r = store->load_run(store->self, ref->id, &active->run, err);
    if (r < 0)
        return r;
    bool ended = run_phase_ended(active->run->phase);
    if (ended && (!use || expand(agent, &agent->state, use, &active->analysis, err) < 0)) {
        active->analysis = calloc(1, sizeof *active->analysis); /* its OnFailure= is lost, not its verdict */
        return active->analysis ? 0 : error_set(err, -ENOMEM, "out of memory");
    }
    if (ended)
        return 0;
    if (!use)
        return error_set(err, -ENOENT, "no such analysis in the configuration");
    r = expand(agent, &agent->state, use, &active->analysis, err);
    if (r < 0)
        return r;
    if (active->analysis->n_metrics != active->run->n_metrics)
        return error_set(err, -EBADMSG, "it has %u metrics, the configuration has %zu", active->run->n_metrics,
                         active->analysis->n_metrics);
    run_resume(active->run, agent->now);
    active->changed = true;
    return 0;
}

static void resume_ref(struct agent *agent, const struct run_ref *ref) {
    struct error err = {0};
    if (!state_wants_run(&agent->state, ref->id))
        return;
    struct active_run *active = free_place(agent);
    if (!active || resume(agent, ref, active, &err) >= 0)
        return;
    log_error("analysis", "run %u cannot go on: %s", ref->id, err.text);
    release(active);
    if (begin_broken(agent, active, ref, &err) < 0)
        release(active);
}

void runs_resume(struct agent *agent) {
    resume_ref(agent, &agent->state.rollout.step_run);
    resume_ref(agent, &agent->state.rollout.background_run);
}

/* ---------------------------------------------------------------- go on */

/* A question that nobody answered is one that failed. */
static void expire(struct agent *agent, struct active_run *active) {
    for (uint32_t metric = 0; metric < active->run->n_metrics; metric++) {
        const struct metric_run *run = &active->run->metrics[metric];
        if (!run->asked || !active->token[metric])
            continue;
        usec_t end = usec_add(run->asked_at, QUESTION_PATIENCE);
        agent_wake_at(agent, end);
        if (end <= agent->now)
            agent_measured(agent, active->token[metric], ANSWER_ERROR, NULL, "the provider gave no answer");
    }
}

/* One step of the pure part; what is due to be asked is kept until the pass asks. */
static void step(struct agent *agent, struct active_run *active, const struct answer *answer) {
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

static bool commit(struct agent *agent, struct active_run *active) {
    struct error err = {0};
    if (!active->changed)
        return true;
    if (agent->ports.store->commit_run(agent->ports.store->self, active->run, &err) < 0) {
        log_debug("analysis", "run %u is not committed: %s", active->run->id, err.text);
        agent_wake_at(agent, usec_add(agent->now, COMMIT_RETRY));
        return false;
    }
    active->changed = false;
    return true;
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

void runs_follow(struct agent *agent) {
    for (size_t i = 0; i < RUNS_SEEN_MAX; i++) {
        struct active_run *active = &agent->runs[i];
        bool durable = true;
        if (active->run) {
            bool wanted = state_wants_run(&agent->state, active->run->id);
            expire(agent, active);
            if (wanted)
                step(agent, active, NULL);
            else
                let_go(agent, active);
            durable = commit(agent, active);
            agent_wake_at(agent, active->wake);
            if (!wanted && durable && run_phase_ended(active->run->phase))
                release(active);
        }
        show(agent, i, durable);
    }
}

/* ---------------------------------------------------------------- questions and answers */

bool runs_due(const struct agent *agent) {
    for (size_t i = 0; i < RUNS_SEEN_MAX; i++)
        if (agent->runs[i].n_due)
            return true;
    return false;
}

void runs_ask(struct agent *agent) {
    const struct subject subject = {.spec = agent_spec(agent),
                                    .canary = agent->state.rollout.color,
                                    .since = agent->state.rollout.began - agent->clock_offset};
    for (size_t i = 0; i < RUNS_SEEN_MAX; i++) {
        struct active_run *active = &agent->runs[i];
        for (size_t n = 0; active->run && n < active->n_due; n++) {
            uint32_t metric = active->due[n].metric;
            struct error err = {0};
            active->token[metric] = agent_token(agent);
            if (agent->ports.ask(agent->ports.userdata, active->analysis->metrics[metric], &subject,
                                 active->token[metric], &err) < 0)
                agent_measured(agent, active->token[metric], ANSWER_ERROR, NULL, err.text);
        }
        active->n_due = 0;
    }
}

void agent_measured(void *userdata, uint64_t token, enum answer_kind kind, const char *value, const char *message) {
    struct agent *agent = userdata;
    agent_clock(agent);
    for (size_t i = 0; i < RUNS_SEEN_MAX; i++) {
        struct active_run *active = &agent->runs[i];
        for (uint32_t metric = 0; active->run && metric < active->run->n_metrics; metric++) {
            if (!token || active->token[metric] != token)
                continue;
            active->token[metric] = 0;
            struct answer answer = {.run = active->run->id,
                                    .metric = metric,
                                    .sequence = active->run->metrics[metric].asked,
                                    .kind = kind,
                                    .value = value,
                                    .message = message};
            step(agent, active, &answer);
            agent->due = true;
            return;
        }
    }
}
