/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What runs ask, and what is answered: a measurement is the answer to the metric's own query together with those to the
 * queries of its baseline and its samples, which are asked at the same time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent-inside.h"

#define QUERY_KEY "Query" /* what the further queries take the place of */

static const char *const part_keys[PARTS] = {
    [PART_RESULT] = QUERY_KEY, [PART_BASELINE] = "BaselineQuery", [PART_SAMPLES] = "SamplesQuery"};

static char *query_of(const struct metric_spec *metric, enum part part) {
    switch (part) {
    case PART_BASELINE:
        return metric->baseline_query;
    case PART_SAMPLES:
        return metric->samples_query;
    case PART_RESULT:
    case PARTS:
        break;
    }
    return NULL;
}

static void forget(struct measuring *measuring) {
    for (enum part part = PART_RESULT; part < PARTS; part++)
        free(measuring->values[part]);
    free(measuring->warning);
    *measuring = (struct measuring){0};
}

int questions_begin(struct active_run *active) {
    active->measuring = calloc(active->analysis->n_metrics + 1, sizeof *active->measuring);
    return active->measuring ? 0 : -ENOMEM;
}

void questions_end(struct active_run *active) {
    for (uint32_t metric = 0; active->measuring && metric < active->analysis->n_metrics; metric++)
        forget(&active->measuring[metric]);
    free(active->measuring);
    active->measuring = NULL;
}

/* ---------------------------------------------------------------- asking */

/* The metric, with another query in the place of its own. */
static int ask_instead(const struct agent *agent, const struct metric_spec *metric, char *query,
                       const struct subject *subject, uint64_t token, struct error *err) {
    struct metric_spec other = *metric;
    struct setting *settings = calloc(metric->n_settings + 1, sizeof *settings);
    if (!settings)
        return error_set(err, -ENOMEM, "out of memory");
    memcpy(settings, metric->settings, metric->n_settings * sizeof *settings);
    for (size_t i = 0; i < metric->n_settings; i++)
        if (strcmp(settings[i].key, QUERY_KEY) == 0)
            settings[i].value = query;
    other.settings = settings;
    int r = agent->ports.ask(agent->ports.userdata, &other, subject, token, err);
    free(settings);
    return r;
}

static void ask_part(struct agent *agent, struct active_run *active, uint32_t index, enum part part) {
    const struct metric_spec *metric = active->analysis->metrics[index];
    const struct subject subject = {.spec = agent_spec(agent),
                                    .canary = active->canary,
                                    .stable = active->stable,
                                    .since = agent->state.rollout.began - agent->clock_offset};
    uint64_t token = active->measuring[index].tokens[part];
    struct error err = {0};
    if (!token)
        return; /* another part has failed meanwhile */
    int r = part == PART_RESULT ? agent->ports.ask(agent->ports.userdata, metric, &subject, token, &err)
                                : ask_instead(agent, metric, query_of(metric, part), &subject, token, &err);
    if (r < 0)
        agent_measured(agent, token, ANSWER_ERROR, NULL, err.text);
}

static void ask(struct agent *agent, struct active_run *active, uint32_t index) {
    struct measuring *measuring = &active->measuring[index];
    forget(measuring);
    for (enum part part = PART_RESULT; part < PARTS; part++)
        if (part == PART_RESULT || query_of(active->analysis->metrics[index], part))
            measuring->tokens[part] = agent_token(agent);
    for (enum part part = PART_RESULT; part < PARTS; part++)
        ask_part(agent, active, index, part);
}

bool runs_due(const struct agent *agent) {
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        if (agent->runs[i].n_due)
            return true;
    return false;
}

void runs_ask(struct agent *agent) {
    for (size_t i = 0; i < RUNS_AT_ONCE; i++) {
        struct active_run *active = &agent->runs[i];
        for (size_t n = 0; active->run && n < active->n_due; n++)
            ask(agent, active, active->due[n].metric);
        active->n_due = 0;
    }
}

/* ---------------------------------------------------------------- answers */

static bool all_answered(const struct measuring *measuring) {
    for (enum part part = PART_RESULT; part < PARTS; part++)
        if (measuring->tokens[part])
            return false;
    return true;
}

static void conclude(struct agent *agent, struct active_run *active, uint32_t metric, enum answer_kind kind,
                     const char *message) {
    struct measuring *measuring = &active->measuring[metric];
    const struct answer answer = {.run = active->run->id,
                                  .metric = metric,
                                  .sequence = active->run->metrics[metric].asked,
                                  .kind = kind,
                                  .value = measuring->values[PART_RESULT],
                                  .baseline = measuring->values[PART_BASELINE],
                                  .samples = measuring->values[PART_SAMPLES],
                                  .message = message};
    runs_step(agent, active, &answer);
    forget(measuring);
}

/* Anything but a value ends the measurement, whatever the other parts would have said. */
static void take(struct agent *agent, struct active_run *active, uint32_t metric, enum part part, enum answer_kind kind,
                 const char *value, const char *message) {
    struct measuring *measuring = &active->measuring[metric];
    char text[ERROR_TEXT_MAX];
    measuring->tokens[part] = 0;
    if (kind != ANSWER_VALUE) {
        (void)snprintf(text, sizeof text, "%s%s%s", part == PART_RESULT ? "" : part_keys[part],
                       part == PART_RESULT ? "" : "=: ", message ? message : "");
        conclude(agent, active, metric, kind, text);
        return;
    }
    if (value && !(measuring->values[part] = strdup(value))) {
        conclude(agent, active, metric, ANSWER_ERROR, "out of memory");
        return;
    }
    if (message && part == PART_RESULT)
        measuring->warning = strdup(message); /* one that is lost for want of memory is only a warning */
    if (all_answered(measuring))
        conclude(agent, active, metric, kind, measuring->warning);
}

void agent_measured(void *userdata, uint64_t token, enum answer_kind kind, const char *value, const char *message) {
    struct agent *agent = userdata;
    agent_clock(agent);
    for (size_t i = 0; token && i < RUNS_AT_ONCE; i++) {
        struct active_run *active = &agent->runs[i];
        for (uint32_t metric = 0; active->run && metric < active->run->n_metrics; metric++)
            for (enum part part = PART_RESULT; part < PARTS; part++)
                if (active->measuring[metric].tokens[part] == token) {
                    take(agent, active, metric, part, kind, value, message);
                    agent->due = true;
                    return;
                }
    }
}

void questions_expire(struct agent *agent, struct active_run *active) {
    for (uint32_t metric = 0; metric < active->run->n_metrics; metric++) {
        usec_t end = usec_add(active->run->metrics[metric].asked_at, QUESTION_PATIENCE);
        if (all_answered(&active->measuring[metric]))
            continue;
        agent_wake_at(agent, end);
        if (end <= agent->now)
            conclude(agent, active, metric, ANSWER_ERROR, "the provider gave no answer");
    }
}
