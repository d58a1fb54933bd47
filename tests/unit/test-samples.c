/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text.h"
#include "run-course.h"

/* Too few samples: recorded, not counted, asked again at the next interval. */
static void too_few_samples_say_nothing(void **state) {
    static const struct {
        const char *samples;
        enum run_phase phase;
        const char *shown, *message;
    } cases[] = {
        {"[99]", RUN_PENDING, "99", "99 samples, fewer than MinSamples=100"},
        {"[99.5]", RUN_PENDING, "99.5", "99.5 samples, fewer than MinSamples=100"},
        {"[60,41.5]", RUN_SUCCESSFUL, "101.5", ""},
        {"100", RUN_SUCCESSFUL, "100", ""},
        {"[]", RUN_PENDING, "0", "0 samples, fewer than MinSamples=100"},
        {"null", RUN_PENDING, "0", "0 samples, fewer than MinSamples=100"},
        {NULL, RUN_PENDING, "0", "0 samples, fewer than MinSamples=100"},
        {"[NaN]", RUN_ERROR, "", "SamplesQuery= gives no number"},
        {"[Infinity]", RUN_ERROR, "", "SamplesQuery= gives no number"},
        {"[\"5\"]", RUN_ERROR, "", "SamplesQuery= gives no number"},
        {"\"many\"", RUN_ERROR, "", "SamplesQuery= gives no number"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct course course;
        setup(&course, 1);
        course.metric[0].min_samples = 100;
        begin(&course);
        struct answer given = {.run = 3, .sequence = 1, .value = "9", .samples = cases[i].samples};
        assert_true(step(&course, &given));
        const struct measurement *measurement = &course.run->metrics[0].measurements[0];
        assert_int_equal(measurement->phase, cases[i].phase);
        assert_string_equal(measurement->samples, cases[i].shown);
        assert_string_equal(measurement->message, cases[i].message);
        finish(&course);
    }
}

static void answer_with(struct course *course, const char *value, const char *samples) {
    struct answer given = {.run = 3,
                           .sequence = course->run->metrics[0].asked,
                           .kind = value ? ANSWER_VALUE : ANSWER_ERROR,
                           .value = value,
                           .samples = samples};
    assert_true(step(course, &given));
}

static void what_says_nothing_changes_nothing(void **state) {
    struct course course;
    setup(&course, 1);
    course.metric[0].min_samples = 100;
    course.metric[0].interval = 30 * SEC;
    course.metric[0].count = 2;
    course.metric[0].consecutive_success_limit = 2;
    course.metric[0].retain = 4;
    begin(&course);
    const struct metric_run *metric = &course.run->metrics[0];
    answer_with(&course, "9", "[500]");
    wait_for_wake(&course);
    for (int i = 0; i < 20; i++) {
        usec_t asked = course.now;
        answer_with(&course, "0", "[5]");
        assert_int_equal(course.wake, asked + 30 * SEC);
        wait_for_wake(&course);
    }
    assert_int_equal(metric->too_few, 20);
    assert_int_equal(metric->failed, 0);
    assert_int_equal(metric->n_measurements, 2); /* the latest of the row, and what came before it */
    assert_int_equal(metric->measurements[0].phase, RUN_SUCCESSFUL);
    assert_int_equal(metric->phase, RUN_RUNNING);
    answer_with(&course, "9", "[500]"); /* the row of successes was not broken */
    assert_int_equal(course.run->phase, RUN_SUCCESSFUL);
    finish(&course);

    setup(&course, 1); /* without an interval it is asked again as after an error; an answer ends a row of errors */
    course.metric[0].min_samples = 100;
    begin(&course);
    for (int i = 0; i < 4; i++) {
        answer_with(&course, NULL, NULL);
        wait_for_wake(&course);
    }
    usec_t asked = course.now;
    answer_with(&course, "9", "[5]");
    assert_int_equal(course.wake, asked + 10 * SEC);
    wait_for_wake(&course);
    answer_with(&course, NULL, NULL);
    assert_int_equal(course.run->phase, RUN_RUNNING);
    finish(&course);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_samples_say_nothing),
        cmocka_unit_test(what_says_nothing_changes_nothing),
    };
    return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
