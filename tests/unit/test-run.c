/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "run-course.h"

/* One metric, its answers one after the other, and what comes of it behind each: r runs on, S, F, E, I ended. */
static const struct {
    const char *about;
    usec_t interval;
    uint32_t count, failure, inconclusive, error, success; /* limits */
    const char *answers, *phases, *message;
} sequences[] = {
    {"neither count nor interval: one", 0, 0, 0, 0, 4, 0, "+", "S", ""},
    {"count one", 0, 1, 0, 0, 4, 0, "+", "S", ""},
    {"count", SEC, 3, 0, 0, 4, 0, "+++", "rrS", ""},
    {"interval only: unbounded", SEC, 0, 0, 0, 4, 0, "++++++++++++", "rrrrrrrrrrrr", ""},
    {"errors don't count", SEC, 2, 0, 0, 4, 0, "+!!+", "rrrS", ""},
    {"an error is retried without an interval", 0, 0, 0, 0, 4, 0, "!!!!+", "rrrrS", ""},
    {"failure limit 0 trips on the first", SEC, 5, 0, 0, 4, 0, "-", "F",
     "failed (1) > FailureLimit (0): result < 1 is true: result = 0"},
    {"failure limit 2 trips on the third", SEC, 9, 2, 0, 4, 0, "-+-+-", "rrrrF",
     "failed (3) > FailureLimit (2): result < 1 is true: result = 0"},
    {"failures within the limit pass", SEC, 3, 2, 0, 4, 0, "--+", "rrS", ""},
    {"failures up to the end pass within the limit", SEC, 2, 2, 0, 4, 0, "--", "rS", ""},
    {"inconclusive limit 0", SEC, 5, 0, 0, 4, 0, "?", "I",
     "inconclusive (1) > InconclusiveLimit (0): neither result >= 5 nor result < 1: result = 3"},
    {"inconclusive limit 1", SEC, 5, 0, 1, 4, 0, "?+?", "rrI", NULL},
    {"inconclusive counts", SEC, 2, 0, 2, 4, 0, "??", "rS", ""},
    {"the fifth consecutive error", SEC, 5, 0, 0, 4, 0, "!!!!!", "rrrrE",
     "consecutive errors (5) > ConsecutiveErrorLimit (4): connection refused"},
    {"any other outcome ends a row of errors", SEC, 0, 9, 9, 4, 0, "!!!!-!!!!?!!!!+!!!!!", "rrrrrrrrrrrrrrrrrrrE",
     NULL},
    {"error limit 0", SEC, 5, 0, 0, 0, 0, "!", "E", NULL},
    /* pairs of limits: each counts for itself, the measurement that trips one decides */
    {"failure after inconclusive", SEC, 9, 0, 1, 4, 0, "?-", "rF", NULL},
    {"inconclusive after failure", SEC, 9, 1, 0, 4, 0, "-?", "rI", NULL},
    {"error after failure and inconclusive", SEC, 9, 1, 1, 0, 0, "-?!", "rrE", NULL},
    {"failure between errors", SEC, 9, 0, 0, 4, 0, "!!!!-", "rrrrF", NULL},
    {"a limit is looked at before the count", SEC, 2, 0, 0, 4, 0, "+-", "rF", NULL},
    {"a failure at the end, within the limit", SEC, 2, 1, 0, 4, 0, "+-", "rS", ""},
    /* ConsecutiveSuccessLimit */
    {"successes in a row", SEC, 0, 0, 0, 4, 3, "+++", "rrS", ""},
    {"a failure breaks the row", SEC, 0, 9, 0, 4, 2, "+-++", "rrrS", ""},
    {"an inconclusive one breaks the row", SEC, 0, 0, 9, 4, 2, "+?++", "rrrS", ""},
    {"an error breaks the row", SEC, 0, 0, 0, 4, 2, "+!++", "rrrS", ""},
    {"the row before the count", SEC, 5, 0, 0, 4, 2, "++", "rS", ""},
    {"the count without the row", SEC, 3, 9, 0, 4, 2, "+-+", "rrI",
     "consecutive successes (1) < ConsecutiveSuccessLimit (2) at the end"},
    {"the failure limit before the row", SEC, 9, 0, 0, 4, 2, "+-", "rF", NULL},
};

static enum run_phase phase_of(char letter) {
    return letter == 'S'   ? RUN_SUCCESSFUL
           : letter == 'F' ? RUN_FAILED
           : letter == 'E' ? RUN_ERROR
           : letter == 'I' ? RUN_INCONCLUSIVE
                           : RUN_RUNNING;
}

static void counts_and_limits(void **state) {
    for (size_t i = 0; i < ELEMENTS(sequences); i++) {
        struct course course;
        setup(&course, 1);
        course.metric[0].interval = sequences[i].interval;
        course.metric[0].count = sequences[i].count;
        course.metric[0].failure_limit = sequences[i].failure;
        course.metric[0].inconclusive_limit = sequences[i].inconclusive;
        course.metric[0].consecutive_error_limit = sequences[i].error;
        course.metric[0].consecutive_success_limit = sequences[i].success;
        begin(&course);
        for (const char *how = sequences[i].answers; *how; how++) {
            enum run_phase wanted = phase_of(sequences[i].phases[how - sequences[i].answers]);
            answer(&course, 0, *how);
            if (course.run->phase != wanted || course.run->metrics[0].phase != wanted)
                fail_msg("%s: %s behind %s", sequences[i].about, run_phase_to_string(course.run->phase),
                         sequences[i].answers);
            if (how[1])
                wait_for_wake(&course);
        }
        if (sequences[i].message && run_phase_ended(course.run->phase))
            assert_string_equal(course.run->metrics[0].message, sequences[i].message);
        finish(&course);
    }
}

static void begins_and_asks(void **state) {
    struct course course;
    setup(&course, 2);
    course.metric[1].initial_delay = 30 * SEC;
    begin(&course);
    assert_int_equal(course.run->id, 3);
    assert_int_equal(course.run->step, -1);
    assert_int_equal(course.run->phase, RUN_RUNNING);
    assert_string_equal(course.run->name, "success-rate");
    assert_int_equal(course.run->wall_started, 42);
    assert_int_equal(course.n_asked, 1);
    assert_int_equal(course.asked[0].run, 3);
    assert_int_equal(course.asked[0].metric, 0);
    assert_int_equal(course.asked[0].sequence, 1);
    assert_int_equal(course.run->metrics[1].phase, RUN_PENDING);
    assert_int_equal(course.wake, START + 30 * SEC);
    assert_false(step(&course, NULL)); /* nothing new */
    assert_int_equal(course.n_asked, 0);

    course.now = START + 5 * SEC;
    answer(&course, 0, '+');
    assert_int_equal(course.run->metrics[0].phase, RUN_SUCCESSFUL);
    assert_int_equal(course.run->phase, RUN_RUNNING);
    assert_int_equal(course.wake, START + 30 * SEC); /* from the run's start */
    wait_for_wake(&course);
    assert_int_equal(course.n_asked, 1);
    assert_int_equal(course.wake, USEC_INFINITY); /* only an answer can change anything */
    course.now += SEC;
    answer(&course, 1, '+');
    assert_int_equal(course.run->phase, RUN_SUCCESSFUL);
    assert_int_equal(course.run->finished, START + 31 * SEC);
    assert_int_equal(course.run->wall_finished, START + 31 * SEC + 7);
    assert_string_equal(course.run->message, "");
    assert_false(step(&course, NULL));
    assert_int_equal(course.wake, USEC_INFINITY);
    finish(&course);
}

static void keeps_its_intervals(void **state) {
    struct course course;
    setup(&course, 1);
    course.metric[0].interval = 60 * SEC;
    begin(&course);
    course.now = START + 4 * SEC; /* a slow answer */
    answer(&course, 0, '+');
    assert_int_equal(course.run->metrics[0].measurements[0].started, START);
    assert_int_equal(course.run->metrics[0].measurements[0].finished, START + 4 * SEC);
    assert_int_equal(course.wake, START + 64 * SEC); /* from the finish */
    course.now = START + 63 * SEC;
    assert_false(step(&course, NULL));
    wait_for_wake(&course);
    answer(&course, 0, '!');
    assert_int_equal(course.wake, course.now + RUN_ERROR_RETRY); /* whatever the interval */
    wait_for_wake(&course);
    answer(&course, 0, '+');
    assert_int_equal(course.wake, course.now + 60 * SEC);
    finish(&course);

    setup(&course, 1);
    course.metric[0].interval = SEC; /* longer than the interval, too */
    begin(&course);
    answer(&course, 0, '!');
    assert_int_equal(course.wake, START + RUN_ERROR_RETRY);
    finish(&course);
}

static void drops_answers_to_no_question_in_flight(void **state) {
    struct course course;
    setup(&course, 1);
    course.metric[0].interval = SEC;
    course.metric[0].count = 2;
    begin(&course);
    struct answer good = {.run = 3, .metric = 0, .sequence = 1, .value = "9"};
    struct answer wrong[] = {good, good, good, good};
    wrong[0].run = 4;
    wrong[1].metric = 1;
    wrong[2].sequence = 2;
    wrong[3].sequence = 0;
    for (size_t i = 0; i < ELEMENTS(wrong); i++)
        assert_false(step(&course, &wrong[i]));
    assert_true(step(&course, &good));
    assert_false(step(&course, &good)); /* doubled */
    assert_int_equal(course.run->metrics[0].successful, 1);
    wait_for_wake(&course);
    assert_false(step(&course, &good)); /* late */
    answer(&course, 0, '+');
    assert_int_equal(course.run->phase, RUN_SUCCESSFUL);
    good.sequence = 2;
    assert_false(step(&course, &good)); /* ended */
    finish(&course);
}

static void asks_again_after_a_crash(void **state) {
    struct course course;
    setup(&course, 1);
    begin(&course);
    struct answer late = {.run = 3, .metric = 0, .sequence = 1, .value = "0"};
    course.now += 5 * SEC;
    run_resume(course.run, course.now);
    assert_true(step(&course, NULL));
    assert_int_equal(course.n_asked, 1);
    assert_int_equal(course.asked[0].sequence, 2);
    assert_false(step(&course, &late));
    answer(&course, 0, '+');
    assert_int_equal(course.run->phase, RUN_SUCCESSFUL);
    run_resume(course.run, course.now); /* nothing in flight: nothing changes */
    assert_false(step(&course, NULL));
    finish(&course);
}

static void the_first_that_fails_ends_the_others(void **state) {
    static const struct {
        char how;
        enum run_phase phase;
    } cases[] = {{'-', RUN_FAILED}, {'?', RUN_INCONCLUSIVE}, {'!', RUN_ERROR}};
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct course course;
        setup(&course, 3);
        course.metric[1].consecutive_error_limit = 0;
        course.metric[2].initial_delay = 60 * SEC;
        begin(&course);
        answer(&course, 1, cases[i].how);
        assert_int_equal(course.run->phase, cases[i].phase);
        assert_int_equal(course.run->metrics[0].phase, RUN_SUCCESSFUL);
        assert_int_equal(course.run->metrics[0].asked, 0);
        assert_int_equal(course.run->metrics[2].phase, RUN_SUCCESSFUL);
        assert_string_equal(course.run->metrics[2].message, "ended with the run");
        assert_true(strncmp(course.run->message, "metric m1: ", 11) == 0);
        assert_int_equal(course.n_asked, 0);
        assert_int_equal(course.wake, USEC_INFINITY);
        finish(&course);
    }
}

static void dry_runs_never_decide(void **state) {
    struct course course;
    setup(&course, 2);
    course.metric[0].dry_run = true;
    begin(&course);
    answer(&course, 0, '-');
    assert_int_equal(course.run->metrics[0].phase, RUN_FAILED);
    assert_int_equal(course.run->phase, RUN_RUNNING);
    answer(&course, 1, '+');
    assert_int_equal(course.run->phase, RUN_SUCCESSFUL);
    finish(&course);

    setup(&course, 2); /* the run waits for a dry run, but its good outcome doesn't make up for a bad one */
    course.metric[0].dry_run = true;
    begin(&course);
    answer(&course, 1, '+');
    assert_int_equal(course.run->phase, RUN_RUNNING);
    answer(&course, 0, '?');
    assert_int_equal(course.run->phase, RUN_SUCCESSFUL);
    finish(&course);

    setup(&course, 2);
    course.metric[0].dry_run = true;
    begin(&course);
    answer(&course, 0, '+');
    answer(&course, 1, '-');
    assert_int_equal(course.run->phase, RUN_FAILED);
    finish(&course);

    setup(&course, 1); /* nothing but dry runs */
    course.metric[0].dry_run = true;
    begin(&course);
    answer(&course, 0, '-');
    assert_int_equal(course.run->phase, RUN_SUCCESSFUL);
    finish(&course);
}

static void nothing_measured_never_passes(void **state) {
    struct course course;
    setup(&course, 0); /* no metrics */
    begin(&course);
    assert_int_equal(course.run->phase, RUN_ERROR);
    finish(&course);

    setup(&course, 2); /* another specification */
    begin(&course);
    course.spec.n_metrics = 1;
    assert_true(step(&course, NULL));
    assert_int_equal(course.run->phase, RUN_ERROR);
    finish(&course);

    setup(&course, 1); /* errors only */
    begin(&course);
    for (int i = 0; i < 4; i++) {
        answer(&course, 0, '!');
        wait_for_wake(&course);
    }
    answer(&course, 0, '!');
    assert_int_equal(course.run->phase, RUN_ERROR);
    finish(&course);
}

static void what_a_provider_says_itself(void **state) {
    static const struct {
        struct answer answer;
        enum run_phase phase;
        const char *value, *message;
    } cases[] = {
        {{.kind = ANSWER_SUCCESSFUL}, RUN_SUCCESSFUL, "", ""},
        {{.kind = ANSWER_FAILED, .message = "exit status 1"}, RUN_FAILED, "", "exit status 1"},
        {{.kind = ANSWER_INCONCLUSIVE, .message = "could not start"}, RUN_INCONCLUSIVE, "", "could not start"},
        {{.kind = ANSWER_ERROR}, RUN_ERROR, "", "the question failed"},
        {{.kind = ANSWER_ERROR, .message = "line\nline"}, RUN_ERROR, "", "line\\nline"},
        {{.kind = ANSWER_VALUE}, RUN_ERROR, "", "no data: result = null"},
        {{.kind = ANSWER_VALUE, .value = "9", .message = "a warning"}, RUN_SUCCESSFUL, "9", "a warning"},
        {{.kind = ANSWER_VALUE, .value = "0", .message = "a warning"},
         RUN_FAILED,
         "0",
         "result < 1 is true: result = 0; a warning"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct course course;
        setup(&course, 1);
        begin(&course);
        struct answer given = cases[i].answer;
        given.run = 3;
        given.sequence = 1;
        assert_true(step(&course, &given));
        const struct measurement *measurement = &course.run->metrics[0].measurements[0];
        assert_int_equal(measurement->phase, cases[i].phase);
        assert_string_equal(measurement->value, cases[i].value);
        assert_string_equal(measurement->message, cases[i].message);
        finish(&course);
    }
}

static void keeps_the_latest_measurements(void **state) {
    static const struct {
        uint32_t retain, kept;
    } cases[] = {{3, 3}, {1, 1}, {0, 0}, {10, 10}, {MEASUREMENTS_MAX, MEASUREMENTS_MAX}, {99999, MEASUREMENTS_MAX}};
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct course course;
        setup(&course, 1);
        course.metric[0].interval = SEC;
        course.metric[0].retain = cases[i].retain;
        begin(&course);
        for (int n = 0; n < 50; n++) {
            answer(&course, 0, '+');
            wait_for_wake(&course);
        }
        const struct metric_run *metric = &course.run->metrics[0];
        assert_int_equal(metric->successful, 50);
        assert_int_equal(metric->n_measurements, cases[i].kept);
        for (uint32_t n = 0; n < cases[i].kept; n++)
            assert_int_equal(metric->measurements[n].started, START + (50 - cases[i].kept + n) * SEC);
        finish(&course);
    }
}

static void stops_from_outside(void **state) {
    struct course course;
    setup(&course, 2);
    course.metric[0].interval = SEC;
    begin(&course);
    answer(&course, 0, '+');
    course.now += SEC / 2;
    run_stop(course.run, course.now, 99, "promoted");
    assert_true(course.run->stop);
    assert_int_equal(course.run->phase, RUN_SUCCESSFUL);
    assert_int_equal(course.run->finished, course.now);
    assert_int_equal(course.run->wall_finished, 99);
    assert_string_equal(course.run->message, "promoted");
    course.now += 60 * SEC;
    assert_false(step(&course, NULL));
    assert_int_equal(course.n_asked, 0);
    finish(&course);

    setup(&course, 1); /* what has failed stays failed */
    begin(&course);
    answer(&course, 0, '-');
    run_stop(course.run, course.now, 99, "promoted");
    assert_int_equal(course.run->phase, RUN_FAILED);
    assert_false(course.run->stop);
    finish(&course);
}

static void ends_in_error_from_outside(void **state) {
    struct course course;
    setup(&course, 2);
    begin(&course);
    answer(&course, 0, '+');
    run_fail(course.run, course.now, 99, "the agent was restarted");
    assert_int_equal(course.run->phase, RUN_ERROR);
    assert_string_equal(course.run->message, "the agent was restarted");
    run_fail(course.run, course.now + 1, 100, "again");
    assert_string_equal(course.run->message, "the agent was restarted");
    finish(&course);
}

static void values_are_cut_between_characters(void **state) {
    struct course course;
    char value[1000];
    setup(&course, 1);
    course.metric[0].success_condition = NULL;
    course.metric[0].failure_condition = NULL;
    begin(&course);
    memset(value, '\xE2', sizeof value);
    value[0] = '"';
    for (size_t i = 1; i + 3 < sizeof value - 2; i += 3)
        memcpy(value + i, "\xE2\x82\xAC", 3);
    memcpy(value + 996, "x\"", 3);
    memcpy(value + 994, "xx", 2);
    struct answer given = {.run = 3, .sequence = 1, .value = value};
    assert_true(step(&course, &given));
    const struct measurement *measurement = &course.run->metrics[0].measurements[0];
    assert_int_equal(measurement->phase, RUN_SUCCESSFUL);
    assert_true(utf8_valid(measurement->value, strlen(measurement->value)));
    assert_string_equal(measurement->value + strlen(measurement->value) - 3, "...");
    finish(&course);
}

static void ranks_and_names_phases(void **state) {
    static const enum run_phase ranked[] = {RUN_FAILED, RUN_ERROR, RUN_INCONCLUSIVE, RUN_SUCCESSFUL};
    for (size_t i = 0; i < ELEMENTS(ranked); i++)
        for (size_t k = 0; k < ELEMENTS(ranked); k++)
            assert_int_equal(run_phase_worse(ranked[i], ranked[k]), i < k);
    enum run_phase phase;
    assert_int_equal(run_phase_from_string("Inconclusive", &phase), 0);
    assert_int_equal(phase, RUN_INCONCLUSIVE);
    assert_string_equal(run_phase_to_string(RUN_PENDING), "Pending");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_limits),           cmocka_unit_test(begins_and_asks),
        cmocka_unit_test(keeps_its_intervals),         cmocka_unit_test(drops_answers_to_no_question_in_flight),
        cmocka_unit_test(asks_again_after_a_crash),    cmocka_unit_test(the_first_that_fails_ends_the_others),
        cmocka_unit_test(dry_runs_never_decide),       cmocka_unit_test(nothing_measured_never_passes),
        cmocka_unit_test(what_a_provider_says_itself), cmocka_unit_test(keeps_the_latest_measurements),
        cmocka_unit_test(stops_from_outside),          cmocka_unit_test(values_are_cut_between_characters),
        cmocka_unit_test(ranks_and_names_phases),      cmocka_unit_test(ends_in_error_from_outside),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
