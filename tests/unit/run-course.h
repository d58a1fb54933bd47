/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A run of up to three metrics, driven by a script: for the tests of what it does with its answers. Behind cmocka.h. */
#ifndef TEST_RUN_COURSE_H
#define TEST_RUN_COURSE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/run.h"

#define SEC USEC_PER_SEC
#define START (1000 * SEC)
#define METRICS 3

struct course {
    struct metric_spec metric[METRICS];
    const struct metric_spec *metrics[METRICS];
    struct run_spec spec;
    struct run *run;
    usec_t now, wake;
    struct question asked[METRICS];
    size_t n_asked;
};

static inline void setup(struct course *course, size_t n) {
    static char good[] = "result >= 5", bad[] = "result < 1";
    memset(course, 0, sizeof *course);
    for (size_t i = 0; i < n; i++) {
        struct metric_spec *metric = &course->metric[i];
        *metric = (struct metric_spec){.consecutive_error_limit = 4, .retain = 10};
        (void)snprintf(metric->name, sizeof metric->name, "m%zu", i);
        metric->success_condition = good;
        metric->failure_condition = bad;
        course->metrics[i] = metric;
    }
    course->spec = (struct run_spec){.metrics = course->metrics, .n_metrics = n};
    course->run = calloc(1, run_size(n ? n : 1));
    assert_non_null(course->run);
    course->now = START;
}

static inline bool step(struct course *course, const struct answer *answer) {
    return run_next(&course->spec, course->run, course->now, course->now + 7, answer, course->asked, &course->n_asked,
                    &course->wake);
}

static inline void begin(struct course *course) {
    run_begin(course->run, &course->spec, 3, "success-rate", course->now, 42);
    (void)step(course, NULL);
}

static inline void finish(struct course *course) {
    free(course->run);
}

/* Answers the metric's question at once: + good, - bad, ? neither, ! an error. */
static inline void answer(struct course *course, uint32_t metric, char how) {
    struct answer given = {.run = 3,
                           .metric = metric,
                           .sequence = course->run->metrics[metric].asked,
                           .kind = how == '!' ? ANSWER_ERROR : ANSWER_VALUE,
                           .value = how == '+'   ? "9"
                                    : how == '-' ? "0"
                                                 : "3",
                           .message = how == '!' ? "connection refused" : NULL};
    assert_int_not_equal(given.sequence, 0);
    assert_true(step(course, &given));
}

/* Waits until the run wants to be called, and calls it. */
static inline void wait_for_wake(struct course *course) {
    assert_true(course->wake > course->now && course->wake < USEC_INFINITY);
    course->now = course->wake;
    assert_true(step(course, NULL));
}

#endif
