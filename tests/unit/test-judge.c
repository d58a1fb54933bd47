/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "analysis/judge.h"
#include "common/text.h"

#define GOOD "result[0] >= 0.95"
#define BAD "result[0] < 0.90"

/* A metric of these conditions, until the next one. */
static struct metric_spec *make_metric(const char *success, const char *failure, enum on_no_data on_no_data) {
    static char texts[2][1024];
    static struct metric_spec metric;
    metric = (struct metric_spec){.success_condition = success ? texts[0] : NULL,
                                  .failure_condition = failure ? texts[1] : NULL,
                                  .on_no_data = on_no_data};
    assert_int_equal(string_copy(texts[0], sizeof texts[0], success ? success : ""), 0);
    assert_int_equal(string_copy(texts[1], sizeof texts[1], failure ? failure : ""), 0);
    return &metric;
}

/* Every row of the table of judge.h. */
static const struct {
    const char *success, *failure;
    const char *value;
    enum run_phase phase;
    const char *message; /* NULL: some */
} rows[] = {
    {NULL, NULL, "[0.5]", RUN_SUCCESSFUL, ""},
    {NULL, NULL, "0", RUN_SUCCESSFUL, ""},

    {GOOD, NULL, "[0.95]", RUN_SUCCESSFUL, ""},
    {GOOD, NULL, "[0.91]", RUN_FAILED, GOOD " is false: result = [0.91]"},

    {NULL, BAD, "[0.90]", RUN_SUCCESSFUL, ""},
    {NULL, BAD, "[0.85]", RUN_FAILED, BAD " is true: result = [0.85]"},

    {GOOD, BAD, "[0.99]", RUN_SUCCESSFUL, ""},
    {GOOD, BAD, "[0.85]", RUN_FAILED, BAD " is true: result = [0.85]"},
    {GOOD, BAD, "[0.92]", RUN_INCONCLUSIVE, "neither " GOOD " nor " BAD ": result = [0.92]"},
    {"true", "true", "0", RUN_FAILED, "true is true: result = 0"},
    {"false", "false", "0", RUN_INCONCLUSIVE, "neither false nor false: result = 0"},
    {"true", "false", "0", RUN_SUCCESSFUL, ""},
    {"false", "true", "0", RUN_FAILED, "true is true: result = 0"},
    {"true", NULL, "0", RUN_SUCCESSFUL, ""},
    {"false", NULL, "0", RUN_FAILED, "false is false: result = 0"},
    {NULL, "true", "0", RUN_FAILED, "true is true: result = 0"},
    {NULL, "false", "0", RUN_SUCCESSFUL, ""},

    /* NaN is data, with which no comparison holds */
    {GOOD, NULL, "[NaN]", RUN_FAILED, GOOD " is false: result = [NaN]"},
    {NULL, BAD, "[NaN]", RUN_SUCCESSFUL, ""},
    {GOOD, BAD, "[NaN]", RUN_INCONCLUSIVE, "neither " GOOD " nor " BAD ": result = [NaN]"},
    {GOOD, NULL, "[Infinity]", RUN_SUCCESSFUL, ""},

    /* what cannot be told is an Error, whatever the other condition says */
    {"result > 1", NULL, "[1]", RUN_ERROR,
     "SuccessCondition=result > 1, column 1: this is an array where a number or a string was expected: result = [1]"},
    {"result > 1", "true", "[1]", RUN_ERROR, NULL},
    {"true", "result > 1", "[1]", RUN_ERROR, NULL},
    {"false", "result > 1", "[1]", RUN_ERROR, NULL},
    {NULL, "result > 1", "[1]", RUN_ERROR,
     "FailureCondition=result > 1, column 1: this is an array where a number or a string was expected: result = [1]"},
    {"result[0]", NULL, "[1]", RUN_ERROR,
     "SuccessCondition=result[0], column 7: the condition is a number, it must be true or false: result = [1]"},
    {"result > baseline", NULL, "1", RUN_ERROR,
     "SuccessCondition=result > baseline, column 10: there is no baseline to compare with: result = 1"},
    {"result", NULL, "1", RUN_ERROR, NULL},
    {"result", NULL, "true", RUN_SUCCESSFUL, ""},
    {"reslt > 1", NULL, "1", RUN_ERROR,
     "SuccessCondition=reslt > 1, column 1: unknown name 'reslt', the answer is called result: result = 1"},
    {"true", "result >", "1", RUN_ERROR, NULL},
    {NULL, NULL, "", RUN_ERROR, NULL},
    {NULL, NULL, "no JSON", RUN_ERROR, "the answer is not a value: a number expected at byte 1: result = no JSON"},
};

static void judges_every_row(void **state) {
    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        const struct metric_spec *metric = make_metric(rows[i].success, rows[i].failure, NO_DATA_ERROR);
        char message[MEASUREMENT_MESSAGE_MAX] = "untouched";
        assert_int_equal(judge(metric, &(struct evidence){.result = rows[i].value}, message), rows[i].phase);
        if (rows[i].message)
            assert_string_equal(message, rows[i].message);
        else
            assert_true(*message);
    }
}

/* No data: what OnNoData= says; as Argo, where a condition asks for it. */
static void judges_answers_without_data(void **state) {
    static const struct {
        const char *success, *failure;
        enum on_no_data on_no_data;
        const char *value;
        enum run_phase phase;
    } cases[] = {
        {GOOD, NULL, NO_DATA_ERROR, "[]", RUN_ERROR},
        {GOOD, NULL, NO_DATA_ERROR, "null", RUN_ERROR},
        {NULL, BAD, NO_DATA_ERROR, "[]", RUN_ERROR},
        {NULL, NULL, NO_DATA_ERROR, "[]", RUN_ERROR},
        {"all(result, # > 1)", NULL, NO_DATA_ERROR, "[]", RUN_ERROR},
        {NULL, "any(result, # > 1)", NO_DATA_ERROR, "[]", RUN_ERROR},
        {"len(result) == 0 || result[0] > 1", NULL, NO_DATA_ERROR, "[]", RUN_SUCCESSFUL},
        {"len(result) > 0 && result[0] > 1", NULL, NO_DATA_ERROR, "[]", RUN_FAILED},
        {"default(result, 0) < 5", NULL, NO_DATA_ERROR, "null", RUN_SUCCESSFUL},
        {"default(result, 0) < 5", NULL, NO_DATA_ERROR, "[]", RUN_ERROR},
        {"len(result) == 0", BAD, NO_DATA_ERROR, "[]", RUN_ERROR},
        {GOOD, NULL, NO_DATA_INCONCLUSIVE, "[]", RUN_INCONCLUSIVE},
        {GOOD, NULL, NO_DATA_SUCCESS, "[]", RUN_SUCCESSFUL},
        {GOOD, NULL, NO_DATA_FAILURE, "[]", RUN_FAILED},
        {"len(result) == 0", NULL, NO_DATA_FAILURE, "[]", RUN_FAILED},
        {GOOD, NULL, NO_DATA_SUCCESS, "null", RUN_SUCCESSFUL},
        {GOOD, NULL, NO_DATA_SUCCESS, "[0]", RUN_FAILED},
        {"reslt", NULL, NO_DATA_SUCCESS, "[]", RUN_ERROR},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct metric_spec *metric = make_metric(cases[i].success, cases[i].failure, cases[i].on_no_data);
        char message[MEASUREMENT_MESSAGE_MAX];
        assert_int_equal(judge(metric, &(struct evidence){.result = cases[i].value}, message), cases[i].phase);
    }
}

static void judges_against_a_baseline(void **state) {
    static const char worse[] = "result[0] > baseline[0] * 1.2";
    static const struct {
        const char *success, *failure;
        enum on_no_data on_no_data;
        const char *result, *baseline;
        enum run_phase phase;
        const char *message; /* NULL: any */
    } cases[] = {
        {NULL, worse, NO_DATA_ERROR, "[1]", "[1]", RUN_SUCCESSFUL, ""},
        {NULL, worse, NO_DATA_ERROR, "[2]", "[1]", RUN_FAILED,
         "result[0] > baseline[0] * 1.2 is true: result = [2], baseline = [1]"},
        {"result[0] <= baseline[0]", worse, NO_DATA_ERROR, "[1.1]", "[1]", RUN_INCONCLUSIVE, NULL},
        /* nothing to compare with is no data */
        {NULL, worse, NO_DATA_ERROR, "[2]", "[]", RUN_ERROR, "no data: result = [2], baseline = []"},
        {NULL, worse, NO_DATA_INCONCLUSIVE, "[2]", "null", RUN_INCONCLUSIVE, NULL},
        {NULL, worse, NO_DATA_SUCCESS, "[2]", "[]", RUN_SUCCESSFUL, NULL},
        {NULL, worse, NO_DATA_FAILURE, "[]", "[2]", RUN_FAILED, NULL},
        {"len(baseline) == 0 or result[0] < 1", NULL, NO_DATA_ERROR, "[2]", "[]", RUN_SUCCESSFUL, ""},
        /* unless it isn't looked at */
        {GOOD, NULL, NO_DATA_ERROR, "[1]", "[]", RUN_SUCCESSFUL, ""},
        {GOOD, NULL, NO_DATA_ERROR, "[1]", "no JSON", RUN_ERROR, NULL},
        {NULL, worse, NO_DATA_ERROR, "[NaN]", "[1]", RUN_SUCCESSFUL, ""},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct metric_spec *metric = make_metric(cases[i].success, cases[i].failure, cases[i].on_no_data);
        const struct evidence evidence = {.result = cases[i].result, .baseline = cases[i].baseline};
        char message[MEASUREMENT_MESSAGE_MAX];
        assert_int_equal(judge(metric, &evidence, message), cases[i].phase);
        if (cases[i].message)
            assert_string_equal(message, cases[i].message);
    }
}

static void shows_long_and_strange_values_bounded(void **state) {
    static char condition[1000], value[2000];
    struct metric_spec metric = {.success_condition = condition};
    char message[MEASUREMENT_MESSAGE_MAX];

    memset(condition, ' ', sizeof condition - 1);
    memcpy(condition, "result[0] >", strlen("result[0] >"));
    condition[sizeof condition - 2] = '5';
    memset(value, ' ', sizeof value - 1);
    memcpy(value, "[1,\"\xE2\x82\xAC\"", 8);
    value[sizeof value - 2] = ']';
    assert_int_equal(judge(&metric, &(struct evidence){.result = value}, message), RUN_FAILED);
    assert_true(strlen(message) < sizeof message);
    assert_non_null(strstr(message, "... is false: result = [1,"));
    assert_string_equal(message + strlen(message) - 3, "...");

    assert_int_equal(judge(&metric, &(struct evidence){.result = value, .baseline = value}, message), RUN_FAILED);
    assert_non_null(strstr(message, ", baseline"));

    memcpy(value, "\x01\xFF", 2);
    assert_int_equal(judge(&metric, &(struct evidence){.result = value}, message), RUN_ERROR);
    assert_true(utf8_valid(message, strlen(message)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_row),
        cmocka_unit_test(judges_answers_without_data),
        cmocka_unit_test(judges_against_a_baseline),
        cmocka_unit_test(shows_long_and_strange_values_bounded),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
