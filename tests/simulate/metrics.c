/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Prometheus says of a version: the truth about it, late, twice or not at all, but never a lie. */
#include <errno.h>
#include <string.h>

#include "sim.h"

enum kind { VALUE_TRUE, VALUE_NONE, VALUE_NAN, VALUE_FAILURE, VALUE_TIMEOUT };

/* Drawn configurations ask by the version's name, shipped ones by its servers. */
static uint32_t asked_version(const struct sim *sim, const struct metric_spec *metric, const struct subject *subject) {
    if (sim->example)
        return disk_version(sim, sim->oracle.previous.slots[subject->canary].revision);
    for (size_t i = 0; i < metric->n_settings; i++)
        if (strcmp(metric->settings[i].key, "Query") == 0)
            return version_index(metric->settings[i].value);
    return 0;
}

/* What a good version and a bad one come to; in doubt it is a share of what went well. */
static const struct {
    const char *metric, *good, *bad;
} values[] = {
    {"", "[0.99]", "[0.5]"},          {"latency-p95", "[0.4]", "[9.5]"},   {"workflow-failure-rate", "[0.01]", "[0.5]"},
    {"cpu-usage", "[0.4]", "[0.99]"}, {"memory-usage", "[0.4]", "[0.99]"},
};

static uint32_t values_of(const char *metric) {
    for (uint32_t i = 1; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i].metric, metric) == 0)
            return i;
    return 0;
}

static void on_answer(struct sim *sim, const struct happening *what) {
    bool good = (what->b & 1) == 0;
    switch ((enum kind)(what->b >> 1 & 7)) {
    case VALUE_TRUE:
        host_measured(sim, what->a, what->c, good ? values[what->b >> 4].good : values[what->b >> 4].bad, NULL);
        break;
    case VALUE_NONE:
        host_measured(sim, what->a, what->c, "[]", NULL);
        break;
    case VALUE_NAN:
        host_measured(sim, what->a, what->c, "[NaN]", NULL);
        break;
    case VALUE_FAILURE:
        host_measured(sim, what->a, what->c, NULL, "the server answers 503");
        break;
    case VALUE_TIMEOUT:
        host_measured(sim, what->a, what->c, NULL, "no answer in time");
        break;
    }
}

int metrics_ask(void *userdata, const struct metric_spec *metric, const struct subject *subject, uint64_t token,
                struct error *err) {
    struct sim *sim = userdata;
    if (!host_may_act(sim))
        return 0;
    uint32_t version = asked_version(sim, metric, subject);
    trace(sim, "agent: asks %s of v%u", metric->name, version + 1);
    if (DRAW_RARE(sim, ASK_FAILS, 50, 1))
        return error_set(err, -EIO, "cannot ask");
    enum kind kind = (enum kind)DRAW_RARE(sim, ANSWER_BAD, 150, VALUE_TIMEOUT);
    bool errors = sim->scenario.versions[version].health == HEALTH_ERRORS;
    usec_t delay = kind == VALUE_TIMEOUT ? SEC(3) : MSEC(5 + 50 * DRAW_RARE(sim, ANSWER_LATE, 200, 40));
    uint32_t answer = values_of(metric->name) << 4 | (uint32_t)kind << 1 | errors;
    clock_after(sim, delay, on_answer, sim->host.life, answer, token);
    if (DRAW_RARE(sim, ANSWER_DOUBLED, 100, 1))
        clock_after(sim, delay + MSEC(1), on_answer, sim->host.life, answer, token);
    (void)host_may_act(sim);
    return 0;
}
