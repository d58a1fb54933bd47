/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analysis/run-metric.h"

#include <stdio.h>
#include <string.h>

#include "analysis/judge.h"
#include "analysis/samples.h"
#include "common/text.h"

void metric_begin(struct metric_run *metric, const struct metric_spec *spec, usec_t now) {
    *metric = (struct metric_run){.phase = RUN_PENDING,
                                  .dry_run = spec->dry_run,
                                  .next_at = usec_add(now, spec->initial_delay)};
    (void)string_copy(metric->name, sizeof metric->name, spec->name);
}

bool metric_ask(struct metric_run *metric, usec_t now) {
    if (run_phase_ended(metric->phase) || metric->asked || metric->next_at > now)
        return false;
    metric->phase = RUN_RUNNING;
    metric->asked = ++metric->sequence;
    metric->asked_at = now;
    metric->next_at = USEC_INFINITY;
    return true;
}

void metric_stop(struct metric_run *metric) {
    if (run_phase_ended(metric->phase))
        return;
    metric->phase = RUN_SUCCESSFUL;
    metric->asked = 0;
    metric->next_at = USEC_INFINITY;
    (void)string_copy(metric->message, sizeof metric->message, "ended with the run");
}

/* With too few samples an answer says nothing, neither good nor bad. RUN_SUCCESSFUL: there are enough. */
static enum run_phase weigh_samples(const struct metric_spec *spec, const struct answer *answer,
                                    struct measurement *measurement) {
    struct error err = {0};
    double n = 0;
    if (spec->min_samples == 0)
        return RUN_SUCCESSFUL;
    if (samples_count(answer->samples ? answer->samples : "null", &n, &err) < 0) {
        (void)string_copy(measurement->message, sizeof measurement->message, err.text);
        return RUN_ERROR;
    }
    (void)snprintf(measurement->samples, sizeof measurement->samples, "%.10g", n);
    if (n >= spec->min_samples)
        return RUN_SUCCESSFUL;
    (void)snprintf(measurement->message, sizeof measurement->message, "%s samples, fewer than MinSamples=%u",
                   measurement->samples, spec->min_samples);
    return RUN_PENDING;
}

/* What an answer says, before any limit. */
static enum run_phase measure(const struct metric_spec *spec, const struct answer *answer,
                              struct measurement *measurement) {
    char warning[MEASUREMENT_MESSAGE_MAX], *message = measurement->message;
    const char *said = answer->message ? answer->message : "";
    (void)text_escape(warning, sizeof warning, said, strlen(said));
    (void)string_copy(message, MEASUREMENT_MESSAGE_MAX, warning);
    switch (answer->kind) {
    case ANSWER_ERROR:
        if (!*said)
            (void)string_copy(message, MEASUREMENT_MESSAGE_MAX, "the question failed");
        return RUN_ERROR;
    case ANSWER_SUCCESSFUL:
        return RUN_SUCCESSFUL;
    case ANSWER_FAILED:
        return RUN_FAILED;
    case ANSWER_INCONCLUSIVE:
        return RUN_INCONCLUSIVE;
    case ANSWER_VALUE:
        break;
    }
    enum run_phase phase = weigh_samples(spec, answer, measurement);
    if (phase != RUN_SUCCESSFUL)
        return phase;
    const struct evidence evidence = {.result = answer->value ? answer->value : "null", .baseline = answer->baseline};
    phase = judge(spec, &evidence, message);
    size_t n = strlen(message);
    if (*said && n + 8 < MEASUREMENT_MESSAGE_MAX) /* a warning goes behind the verdict, if there is room */
        (void)snprintf(message + n, MEASUREMENT_MESSAGE_MAX - n, "%s%.*s", n ? "; " : "",
                       (int)(MEASUREMENT_MESSAGE_MAX - n - 3), warning);
    return phase;
}

static void count(struct metric_run *metric, enum run_phase phase) {
    switch (phase) {
    case RUN_SUCCESSFUL:
        metric->successful++;
        break;
    case RUN_FAILED:
        metric->failed++;
        break;
    case RUN_INCONCLUSIVE:
        metric->inconclusive++;
        break;
    case RUN_ERROR:
        metric->error++;
        break;
    case RUN_PENDING:
        metric->too_few++;
        metric->consecutive_error = 0; /* there was an answer; a row of successes is neither longer nor broken */
        return;
    case RUN_RUNNING:
        break;
    }
    metric->consecutive_success = phase == RUN_SUCCESSFUL ? metric->consecutive_success + 1 : 0;
    metric->consecutive_error = phase == RUN_ERROR ? metric->consecutive_error + 1 : 0;
}

/* The latest ones, as many as Retain= says. Of several in a row that say nothing, the latest: they don't drive out
 * those that do. */
static void keep(struct metric_run *metric, const struct metric_spec *spec, const struct measurement *measurement) {
    uint32_t retain = spec->retain < MEASUREMENTS_MAX ? spec->retain : MEASUREMENTS_MAX;
    if (retain == 0)
        return;
    if (measurement->phase == RUN_PENDING && metric->n_measurements > 0 &&
        metric->measurements[metric->n_measurements - 1].phase == RUN_PENDING)
        metric->n_measurements--;
    uint32_t kept = metric->n_measurements < retain ? metric->n_measurements : retain - 1;
    memmove(metric->measurements, metric->measurements + (metric->n_measurements - kept),
            kept * sizeof *metric->measurements);
    metric->measurements[kept] = *measurement;
    metric->n_measurements = kept + 1;
}

/* The limits, in Argo's order of outcomes: Error over Inconclusive over Failed. */
static enum run_phase tripped(const struct metric_run *metric, const struct metric_spec *spec, char *why, size_t size) {
    if (metric->consecutive_error > spec->consecutive_error_limit) {
        (void)snprintf(why, size, "consecutive errors (%u) > ConsecutiveErrorLimit (%u)", metric->consecutive_error,
                       spec->consecutive_error_limit);
        return RUN_ERROR;
    }
    if (metric->inconclusive > spec->inconclusive_limit) {
        (void)snprintf(why, size, "inconclusive (%u) > InconclusiveLimit (%u)", metric->inconclusive,
                       spec->inconclusive_limit);
        return RUN_INCONCLUSIVE;
    }
    if (metric->failed > spec->failure_limit) {
        (void)snprintf(why, size, "failed (%u) > FailureLimit (%u)", metric->failed, spec->failure_limit);
        return RUN_FAILED;
    }
    return RUN_RUNNING;
}

/* Neither count nor interval: one. Interval only: unbounded. Errors don't count. */
static bool count_reached(const struct metric_run *metric, const struct metric_spec *spec) {
    uint64_t count = (uint64_t)metric->successful + metric->failed + metric->inconclusive;
    if (spec->count == 0)
        return spec->interval == 0 && count >= 1;
    return count >= spec->count;
}

/* What the metric is after its latest measurement. */
static enum run_phase assess(const struct metric_run *metric, const struct metric_spec *spec, char *why, size_t size) {
    enum run_phase phase = tripped(metric, spec, why, size);
    uint32_t limit = spec->consecutive_success_limit;

    if (phase != RUN_RUNNING)
        return phase;
    if (limit > 0 && metric->consecutive_success >= limit)
        return RUN_SUCCESSFUL;
    if (!count_reached(metric, spec))
        return RUN_RUNNING;
    if (limit == 0)
        return RUN_SUCCESSFUL;
    (void)snprintf(why, size, "consecutive successes (%u) < ConsecutiveSuccessLimit (%u) at the end",
                   metric->consecutive_success, limit);
    return RUN_INCONCLUSIVE;
}

bool metric_take(struct metric_run *metric, const struct metric_spec *spec, usec_t now, usec_t wall,
                 const struct answer *answer) {
    struct measurement measurement = {.started = metric->asked_at, .finished = now, .wall = wall};
    const char *value = answer->kind == ANSWER_VALUE && answer->value ? answer->value : "";
    const char *baseline = answer->kind == ANSWER_VALUE && answer->baseline ? answer->baseline : "";
    char why[95] = "";

    if (run_phase_ended(metric->phase) || !metric->asked || answer->sequence != metric->asked)
        return false;
    measurement.phase = measure(spec, answer, &measurement);
    (void)text_escape(measurement.value, sizeof measurement.value, value, strlen(value));
    (void)text_escape(measurement.baseline, sizeof measurement.baseline, baseline, strlen(baseline));
    metric->asked = 0;
    count(metric, measurement.phase);
    keep(metric, spec, &measurement);
    metric->phase = assess(metric, spec, why, sizeof why);
    if (!run_phase_ended(metric->phase)) {
        usec_t pause = measurement.phase == RUN_ERROR || spec->interval == 0 ? RUN_ERROR_RETRY : spec->interval;
        metric->next_at = usec_add(now, pause);
    } else if (*why) {
        (void)snprintf(metric->message, sizeof metric->message, "%s%s%s", why, *measurement.message ? ": " : "",
                       measurement.message);
    }
    return true;
}
