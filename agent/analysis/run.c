/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The course of a run: answers in, questions out. How a metric counts them is run-metric.c's. */
#include "analysis/run.h"

#include <stdio.h>
#include <string.h>

#include "analysis/run-metric.h"
#include "common/text.h"

DEFINE_STRING_TABLE(
    run_phase, enum run_phase, [RUN_PENDING] = "Pending", [RUN_RUNNING] = "Running", [RUN_SUCCESSFUL] = "Successful",
    [RUN_FAILED] = "Failed", [RUN_ERROR] = "Error", [RUN_INCONCLUSIVE] = "Inconclusive")

static int rank(enum run_phase phase) {
    switch (phase) {
    case RUN_PENDING:
    case RUN_RUNNING:
        return 0;
    case RUN_SUCCESSFUL:
        return 1;
    case RUN_INCONCLUSIVE:
        return 2;
    case RUN_ERROR:
        return 3;
    case RUN_FAILED:
        return 4;
    }
    return 0;
}

bool run_phase_worse(enum run_phase phase, enum run_phase than) {
    return rank(phase) > rank(than);
}

void run_begin(struct run *run, const struct run_spec *spec, uint32_t id, const char *name, usec_t now, usec_t wall) {
    uint32_t n = spec->n_metrics < RUN_METRICS_MAX ? (uint32_t)spec->n_metrics : RUN_METRICS_MAX;

    memset(run, 0, run_size(n));
    run->id = id;
    run->step = -1;
    run->uid = run->login_uid = UINT32_MAX;
    run->phase = RUN_RUNNING;
    run->started = now;
    run->wall_started = wall;
    (void)string_copy(run->name, sizeof run->name, name);
    run->n_metrics = n;
    for (uint32_t i = 0; i < n; i++)
        metric_begin(&run->metrics[i], spec->metrics[i], now);
}

static void end(struct run *run, enum run_phase phase, usec_t now, usec_t wall) {
    run->phase = phase;
    run->finished = now;
    run->wall_finished = wall;
}

/* The worst of the metrics that decide, ended or not. */
static const struct metric_run *find_worst(const struct run *run) {
    const struct metric_run *worst = NULL;
    for (uint32_t i = 0; i < run->n_metrics; i++)
        if (!run->metrics[i].dry_run && (!worst || run_phase_worse(run->metrics[i].phase, worst->phase)))
            worst = &run->metrics[i];
    return worst;
}

static bool all_ended(const struct run *run) {
    for (uint32_t i = 0; i < run->n_metrics; i++)
        if (!run_phase_ended(run->metrics[i].phase))
            return false;
    return true;
}

static void stop_metrics(struct run *run) {
    for (uint32_t i = 0; i < run->n_metrics; i++)
        metric_stop(&run->metrics[i]);
}

/* Ends the run when a metric that decides has failed, which ends the others, or when all have ended. With dry runs
 * only, it is Successful when they have ended, however. */
static void conclude(struct run *run, usec_t now, usec_t wall) {
    const struct metric_run *worst = find_worst(run);
    bool failed = worst && run_phase_worse(worst->phase, RUN_SUCCESSFUL);

    if (!failed && !all_ended(run))
        return;
    stop_metrics(run);
    end(run, worst ? worst->phase : RUN_SUCCESSFUL, now, wall);
    if (failed)
        (void)snprintf(run->message, sizeof run->message, "metric %s: %.180s", worst->name, worst->message);
}

/* A specification that isn't this run's cannot judge it, and nothing measured must never pass. */
static bool refuse(struct run *run, const struct run_spec *spec, usec_t now, usec_t wall) {
    bool fits = spec->n_metrics == run->n_metrics && run->n_metrics > 0;
    for (uint32_t i = 0; fits && i < run->n_metrics; i++)
        fits = strcmp(spec->metrics[i]->name, run->metrics[i].name) == 0;
    if (fits)
        return false;
    stop_metrics(run);
    end(run, RUN_ERROR, now, wall);
    (void)string_copy(run->message, sizeof run->message,
                      run->n_metrics ? "the metrics are no longer those that the run began with" : "no metrics");
    return true;
}

static bool take_answer(const struct run_spec *spec, struct run *run, usec_t now, usec_t wall,
                        const struct answer *answer) {
    if (!answer || answer->run != run->id || answer->metric >= run->n_metrics)
        return false;
    if (!metric_take(&run->metrics[answer->metric], spec->metrics[answer->metric], now, wall, answer))
        return false;
    conclude(run, now, wall);
    return true;
}

bool run_next(const struct run_spec *spec, struct run *run, usec_t now, usec_t wall, const struct answer *answer,
              struct question *ret_questions, size_t *ret_n, usec_t *ret_wake) {
    usec_t wake = USEC_INFINITY;
    size_t n = 0;
    bool changed = false;

    if (!run_phase_ended(run->phase))
        changed = refuse(run, spec, now, wall) || take_answer(spec, run, now, wall, answer);
    for (uint32_t i = 0; i < run->n_metrics && !run_phase_ended(run->phase); i++) {
        struct metric_run *metric = &run->metrics[i];
        if (metric_ask(metric, now))
            ret_questions[n++] = (struct question){.run = run->id, .metric = i, .sequence = metric->asked};
        else if (metric->next_at < wake)
            wake = metric->next_at;
    }
    *ret_n = n;
    *ret_wake = wake;
    return changed || n > 0;
}

void run_resume(struct run *run, usec_t now) {
    for (uint32_t i = 0; i < run->n_metrics; i++)
        if (run->metrics[i].asked) {
            run->metrics[i].asked = 0;
            run->metrics[i].next_at = now;
        }
}

void run_fail(struct run *run, usec_t now, usec_t wall, const char *why) {
    if (run_phase_ended(run->phase))
        return;
    stop_metrics(run);
    end(run, RUN_ERROR, now, wall);
    (void)string_copy(run->message, sizeof run->message, why);
}

void run_stop(struct run *run, usec_t now, usec_t wall, const char *why) {
    if (run_phase_ended(run->phase))
        return;
    run->stop = true;
    stop_metrics(run);
    end(run, RUN_SUCCESSFUL, now, wall); /* a failed metric would have ended it */
    (void)string_copy(run->message, sizeof run->message, why);
}
