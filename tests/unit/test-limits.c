/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits of a metric, each alone and every two of them together: which one decides. Counters stand as earlier
 * measurements would have left them; one more measurement comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "analysis/run-metric.h"
#include "common/text.h"

#define NONE 1000 /* a limit that isn't met here */

struct limits {
    uint32_t failure, inconclusive, error, success, count;
};

/* Before the measurement; errors and successes are those in a row. */
struct counters {
    uint32_t failed, inconclusive, errors, successes, successful;
};

static const struct {
    const char *about;
    struct limits limits;
    struct counters counters;
    enum answer_kind answer;
    enum run_phase phase;
    const char *message; /* how it begins */
} cases[] = {
    /* each alone trips on more than its number */
    {"failures, none allowed", {0, NONE, NONE, 0, 0}, {0}, ANSWER_FAILED, RUN_FAILED, "failed (1) > FailureLimit (0)"},
    {"failures, as many as allowed", {2, NONE, NONE, 0, 0}, {.failed = 1}, ANSWER_FAILED, RUN_RUNNING, ""},
    {"failures, one more", {2, NONE, NONE, 0, 0}, {.failed = 2}, ANSWER_FAILED, RUN_FAILED, "failed (3) > "},
    {"inconclusive, none allowed",
     {NONE, 0, NONE, 0, 0},
     {0},
     ANSWER_INCONCLUSIVE,
     RUN_INCONCLUSIVE,
     "inconclusive (1) > InconclusiveLimit (0)"},
    {"inconclusive, as many as allowed",
     {NONE, 2, NONE, 0, 0},
     {.inconclusive = 1},
     ANSWER_INCONCLUSIVE,
     RUN_RUNNING,
     ""},
    {"inconclusive, one more",
     {NONE, 2, NONE, 0, 0},
     {.inconclusive = 2},
     ANSWER_INCONCLUSIVE,
     RUN_INCONCLUSIVE,
     "inconclusive (3) > "},
    {"errors, none allowed",
     {NONE, NONE, 0, 0, 0},
     {0},
     ANSWER_ERROR,
     RUN_ERROR,
     "consecutive errors (1) > ConsecutiveErrorLimit (0)"},
    {"errors, the fourth", {NONE, NONE, 4, 0, 0}, {.errors = 3}, ANSWER_ERROR, RUN_RUNNING, ""},
    {"errors, the fifth", {NONE, NONE, 4, 0, 0}, {.errors = 4}, ANSWER_ERROR, RUN_ERROR, "consecutive errors (5) > "},
    {"errors, the row is broken", {NONE, NONE, 4, 0, 0}, {.errors = 4}, ANSWER_SUCCESSFUL, RUN_RUNNING, ""},
    {"successes, one too few", {NONE, NONE, NONE, 3, 0}, {.successes = 1}, ANSWER_SUCCESSFUL, RUN_RUNNING, ""},
    {"successes, enough", {NONE, NONE, NONE, 3, 0}, {.successes = 2}, ANSWER_SUCCESSFUL, RUN_SUCCESSFUL, ""},
    {"count, one too few", {NONE, NONE, NONE, 0, 3}, {.successful = 1}, ANSWER_SUCCESSFUL, RUN_RUNNING, ""},
    {"count", {NONE, NONE, NONE, 0, 3}, {.successful = 2}, ANSWER_SUCCESSFUL, RUN_SUCCESSFUL, ""},
    {"count, errors are not counted", {NONE, NONE, 4, 0, 3}, {.successful = 2}, ANSWER_ERROR, RUN_RUNNING, ""},
    {"count, of all that were judged",
     {1, 1, NONE, 0, 3},
     {.failed = 1, .inconclusive = 1},
     ANSWER_SUCCESSFUL,
     RUN_SUCCESSFUL,
     ""},
    /* every two of them: Error over Inconclusive over Failed, and all of them over what ends well */
    {"error and failure", {1, NONE, 0, 0, 0}, {.failed = 2}, ANSWER_ERROR, RUN_ERROR, "consecutive errors"},
    {"failure and error", {1, NONE, 0, 0, 0}, {.failed = 1, .errors = 1}, ANSWER_FAILED, RUN_FAILED, "failed"},
    {"error and inconclusive", {NONE, 1, 0, 0, 0}, {.inconclusive = 2}, ANSWER_ERROR, RUN_ERROR, "consecutive errors"},
    {"inconclusive and failure",
     {1, 0, NONE, 0, 0},
     {.failed = 2},
     ANSWER_INCONCLUSIVE,
     RUN_INCONCLUSIVE,
     "inconclusive"},
    {"failure and inconclusive",
     {0, 1, NONE, 0, 0},
     {.inconclusive = 2},
     ANSWER_FAILED,
     RUN_INCONCLUSIVE,
     "inconclusive"},
    {"all three", {0, 0, 0, 0, 0}, {.failed = 1, .inconclusive = 1}, ANSWER_ERROR, RUN_ERROR, "consecutive errors"},
    {"failure and successes", {0, NONE, NONE, 1, 0}, {.failed = 1}, ANSWER_SUCCESSFUL, RUN_FAILED, "failed"},
    {"inconclusive and successes",
     {NONE, 0, NONE, 1, 0},
     {.inconclusive = 1},
     ANSWER_SUCCESSFUL,
     RUN_INCONCLUSIVE,
     "inconclusive"},
    {"error and successes", {NONE, NONE, 0, 1, 0}, {.successes = 1}, ANSWER_ERROR, RUN_ERROR, "consecutive errors"},
    {"failure and count", {0, NONE, NONE, 0, 1}, {0}, ANSWER_FAILED, RUN_FAILED, "failed"},
    {"inconclusive and count", {NONE, 0, NONE, 0, 1}, {0}, ANSWER_INCONCLUSIVE, RUN_INCONCLUSIVE, "inconclusive"},
    {"error and count", {NONE, NONE, 0, 0, 1}, {.successful = 1}, ANSWER_ERROR, RUN_ERROR, "consecutive errors"},
    {"successes and count",
     {NONE, NONE, NONE, 2, 2},
     {.successes = 1, .successful = 1},
     ANSWER_SUCCESSFUL,
     RUN_SUCCESSFUL,
     ""},
    {"count without the successes",
     {NONE, NONE, NONE, 3, 2},
     {.successes = 1, .successful = 1},
     ANSWER_SUCCESSFUL,
     RUN_INCONCLUSIVE,
     "consecutive successes (2) < ConsecutiveSuccessLimit (3)"},
    {"failure, count and successes", {0, NONE, NONE, 1, 1}, {.failed = 1}, ANSWER_SUCCESSFUL, RUN_FAILED, "failed"},
};

static void decides(void **state) {
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct limits *limits = &cases[i].limits;
        const struct counters *counters = &cases[i].counters;
        const struct metric_spec spec = {.interval = USEC_PER_SEC,
                                         .count = limits->count,
                                         .failure_limit = limits->failure,
                                         .inconclusive_limit = limits->inconclusive,
                                         .consecutive_error_limit = limits->error,
                                         .consecutive_success_limit = limits->success};
        struct metric_run metric;
        metric_begin(&metric, &spec, 0);
        assert_true(metric_ask(&metric, 0));
        metric.failed = counters->failed;
        metric.inconclusive = counters->inconclusive;
        metric.consecutive_error = counters->errors;
        metric.consecutive_success = counters->successes;
        metric.successful = counters->successful;
        const struct answer answer = {.kind = cases[i].answer, .sequence = metric.asked};
        assert_true(metric_take(&metric, &spec, 1, 1, &answer));
        if (metric.phase != cases[i].phase || strncmp(metric.message, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("%s: %s, %s", cases[i].about, run_phase_to_string(metric.phase), metric.message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(decides)};
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
