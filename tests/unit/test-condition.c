/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "analysis/condition.h"
#include "common/text.h"

#define SERVICE "{\"ok\": true, \"successPercent\": 0.95, \"name\": \"shop\", \"nested\": {\"a\": [1, {\"b\": 2}]}}"

/* What a condition says of an answer. */
static const struct {
    const char *text, *result;
    bool holds;
} told[] = {
    /* Argo Rollouts' documentation: docs/features/analysis.md */
    {"result[0] >= 0.95", "[0.95]", true},
    {"result[0] >= 0.95", "[0.94, 1]", false},
    {"result[0] <= 0.95", "[0.95]", true},
    {"result[0] >= 10", "[9]", false},
    {"result[0] >= 0.90", "[0.9]", true},
    {"result[0] < 0.50", "[0.4]", true},
    {"result == 'true'", "\"true\"", true},
    {"isNaN(result) || result >= 0.95", "NaN", true},
    {"isNaN(result) || result >= 0.95", "0.9", false},
    {"result >= 0.95", "0.95", true},
    {"result >= 0.95", "NaN", false},
    {"result >= 0.95", "Infinity", true},
    {"result < 0.95", "0.95", false},
    {"isInf(result)", "Infinity", true},
    {"isInf(result)", "-Infinity", true},
    {"isInf(result)", "1", false},
    {"len(result) == 0 || result[0] >= 0.95", "[]", true},
    {"len(result) == 0 || result[0] >= 0.95", "[0.9]", false},
    {"len(result) > 0 && result[0] >= 0.95", "[]", false},
    {"len(result) > 0 && result[0] >= 0.95", "[0.96]", true},
    {"default(result, 0) < 0.05", "null", true},
    {"default(result, 0) < 0.05", "1", false},
    /* docs/analysis/: cloudwatch, datadog, graphite, influxdb, newrelic, prometheus, skywalking, wavefront, web */
    {"len(result[0].Values) >= 5 and all(result[0].Values, {# <= 0.01})", "[{\"Values\": [0, 0, 0, 0, 0.01]}]", true},
    {"len(result[0].Values) >= 5 and all(result[0].Values, {# <= 0.01})", "[{\"Values\": [0, 0, 0, 0, 0.02]}]", false},
    {"len(result[0].Values) >= 5 and all(result[0].Values, {# <= 0.01})", "[{\"Values\": [0, 0, 0, 0]}]", false},
    {"result <= 0.01", "0.01", true},
    {"default(result, 0) < 10", "9", true},
    {"default(result, 0) > 3", "null", false},
    {"default(result, 0) < 5", "5", false},
    {"max(result) < 0.05", "[0.01, 0.04]", true},
    {"max(result) < 0.05", "[0.01, 0.06]", false},
    {"result[0] >= 90.000000", "[90]", true},
    {"result[0] <= 0.01", "[0.02]", false},
    {"result.successRate >= 0.95", "{\"successRate\": 1}", true},
    {"all(result, # < 1000)", "[1, 999]", true},
    {"all(result, # < 1000)", "[1, 1000]", false},
    {"all(result.service_apdex.values.values, {asFloat(.value) >= 9900})",
     "{\"service_apdex\": {\"values\": {\"values\": [{\"value\": \"9900.5\"}, {\"value\": 9900}]}}}", true},
    {"result == true", "true", true},
    {"result == true", "false", false},
    {"result == \"I am OK\"", "\"I am OK\"", true},
    {"result.ok && result.successPercent >= 0.90", SERVICE, true},
    /* its tests: utils/evaluate/evaluate_test.go, metricproviders/ */
    {"true", "true", true},
    {"false", "true", false},
    {"result == false", "true", false},
    {"all(result.service_apdex.values.values, {# > 1})",
     "{\"service_apdex\": {\"label\": null, \"values\": {\"values\": [2, 2]}}}", true},
    {"2 in result", "[2, 2]", true},
    {"10 in result", "[2, 2]", false},
    {"result > 1", "5", true},
    {"asInt(result) == 1", "\"1\"", true},
    {"asInt(result) == 1", "1", true},
    {"asInt(result) == 1", "1.123", true},
    {"asInt(result) <= 0", "\"1\"", false},
    {"asFloat(result) == 1.1", "\"1.1\"", true},
    {"asFloat(result) >= 1.1", "\"1.1\"", true},
    {"asFloat(result) <= 1.1", "\"1.1\"", true},
    {"asFloat(result) == 1.1", "1.1", true},
    {"asFloat(result) == 1", "1", true},
    {"asFloat(result) >= 1", "1", true},
    {"default(result, 1) < 0.05", "null", false},
    {"isNil(result)", "null", true},
    {"isNil(result)", "[\"hi\", \"hello\"]", false},
    {"isNil(result)", "1", false},
    {"isNil(result)", "false", false},
    {"result.a > 0 && result.b && all(result.c, {# < 5}) && result.d == nil",
     "{\"a\": 1, \"b\": true, \"c\": [1, 2, 3, 4], \"d\": null}", true},
    {"result.a > 0 && result.b && all(result.c, {# < 5}) && result.d == nil",
     "{\"a\": 1, \"b\": true, \"c\": [1, 2, 3, 5], \"d\": null}", false},
    {"result.num > 1.1 && result.bool && result.mapfield.foo == \"bar\"",
     "{\"num\": 2.5, \"bool\": true, \"mapfield\": {\"foo\": \"bar\"}}", true},
    {"result[0].count == 10", "[{\"count\": 10}]", true},
    {"result[2].count < 20", "[{}, {}, {\"count\": 20}]", false},
    {"len(result) != 2", "[{}, {}]", false},
    {"all(result, # > 10)", "[11, 12]", true},
    {"result[0].Values[0] == 0.1", "[{\"Values\": [0.1]}]", true},
    {"result == 'It worked!'", "\"It worked!\"", true},
    {"result.major == '1'", "{\"major\": \"1\"}", true},
    {"result.Status == 999", "{\"Status\": 200}", false},
    /* numbers in every notation */
    {"result == 42", "42", true},
    {"result == 42", "42.0", true},
    {"result == 0x2A", "42", true},
    {"result == 0o52", "42", true},
    {"result == 0b101010", "42", true},
    {"result == 1_000_000", "1000000", true},
    {"result == .5", "0.5", true},
    {"result == 5.", "5", true},
    {"result == 1e3", "1000", true},
    {"result == 1.5E-3", "0.0015", true},
    {"result == 2e+2", "200", true},
    {"result == -1", "-1", true},
    {"+result == 1", "1", true},
    {"- -result == 1", "1", true},
    /* strings */
    {"result == \"a\\n\\t\\\"b\"", "\"a\\n\\t\\\"b\"", true},
    {"result == 'it\\'s'", "\"it's\"", true},
    {"result == `a\\n`", "\"a\\\\n\"", true},
    {"result == '\\u20ac\\x41\\101\\U0001F600'",
     "\"\xE2\x82\xAC"
     "AA\xF0\x9F\x98\x80\"",
     true},
    {"result == '\xE2\x82\xAC'", "\"\\u20ac\"", true},
    {"result == '\xF0\x9F\x98\x80'", "\"\\ud83d\\ude00\"", true},
    {"'a' + result == 'ab'", "\"b\"", true},
    {"result < 'b'", "\"a\"", true},
    {"result < 'ab'", "\"a\"", true},
    {"result >= 'ab'", "\"a\"", false},
    {"'' < result", "\"a\"", true},
    {"result contains 'ell'", "\"hello\"", true},
    {"result contains ''", "\"\"", true},
    {"result not contains 'x'", "\"hello\"", true},
    {"result startsWith 'he'", "\"hello\"", true},
    {"result startsWith 'hello!'", "\"hello\"", false},
    {"result endsWith 'lo'", "\"hello\"", true},
    {"not (result endsWith 'lo')", "\"hello\"", false},
    /* matches: found somewhere, unless ^ and $ say where */
    {"result matches 'ell'", "\"hello\"", true},
    {"result matches '^ell'", "\"hello\"", false},
    {"result matches \"^h.*o$\"", "\"hello\"", true},
    {"result matches `^v\\d+\\.\\d+$`", "\"v1.20\"", true},
    {"result not matches '(?i)ERROR|fatal'", "\"no Errors\"", false},
    {"not (result matches 'x')", "\"\"", true},
    {"result matches ''", "\"\"", true},
    {"result.text matches result.pattern", "{\"text\": \"abc\", \"pattern\": \"b|x\"}", true},
    {"result matches 'a' + '+$'", "\"baa\"", true},
    {"any(result, {.name matches '^shop-[0-9]+$' and .up})", "[{\"name\": \"shop-12\", \"up\": true}]", true},
    {"result matches 'a' ? false : true", "\"b\"", true},
    /* nil */
    {"result == nil", "null", true},
    {"result == null", "1", false},
    {"result != nil", "1", true},
    {"isNil(result)", "null", true},
    {"isNil(result)", "[]", false},
    {"result.gone == nil", "{}", true},
    {"isNil(result.gone)", "{}", true},
    {"default(result.gone, 5) == 5", "{}", true},
    {"default(result.here, 5) == 6", "{\"here\": 6}", true},
    /* comparison */
    {"result != 1", "2", true},
    {"result > 1", "1", false},
    {"result >= 1", "1", true},
    {"1 < result", "2", true},
    {"0 < result < 5", "3", true},
    {"0 < result < 5", "5", false},
    {"0 < result <= 5 < 6", "5", true},
    {"result == [1, 2]", "[1, 2]", true},
    {"result == [1, 2]", "[1, 2, 3]", false},
    {"result == {a: 1, 'b': [nil]}", "{\"b\": [null], \"a\": 1}", true},
    {"result == {a: 1}", "{\"a\": 1, \"b\": 2}", false},
    {"result == {}", "{}", true},
    {"result == []", "[]", true},
    {"result == [1, 'a',]", "[1, \"a\"]", true},
    {"result == true", "true", true},
    {"(result == true) == false", "false", true},
    /* comparisons with NaN are false */
    {"result[0] < 1", "[NaN]", false},
    {"result[0] <= 1", "[NaN]", false},
    {"result[0] > 1", "[NaN]", false},
    {"result[0] >= 1", "[NaN]", false},
    {"result[0] == 1", "[NaN]", false},
    {"result[0] == result[0]", "[NaN]", false},
    {"result[0] != 1", "[NaN]", true},
    {"result > 1e308", "Infinity", true},
    {"result < -1e308", "-Infinity", true},
    {"isNaN(result[0])", "[NaN]", true},
    {"isNaN(result - result)", "Infinity", true},
    /* arithmetic and its order */
    {"1 + 2 * 3 == 7", "0", true},
    {"(1 + 2) * 3 == 9", "0", true},
    {"10 - 4 - 3 == 3", "0", true},
    {"100 / 10 / 5 == 2", "0", true},
    {"7 % 4 == 3", "0", true},
    {"-7 % 4 == -3", "0", true},
    {"2 ** 3 == 8", "0", true},
    {"2 ^ 3 == 8", "0", true},
    {"2 ** 3 ** 2 == 512", "0", true},
    {"-2 ** 2 == -4", "0", true},
    {"2 ** -1 == 0.5", "0", true},
    {"2 * 3 ** 2 == 18", "0", true},
    {"1 - -1 == 2", "0", true},
    {"isInf(1 / result)", "0", true},
    {"isNaN(result / 0)", "0", true},
    {"1 / 2 == 0.5", "0", true},
    {"result.errors / result.all < 0.05", "{\"errors\": 1, \"all\": 100}", true},
    /* boolean operators and their order */
    {"true or false and false", "0", true},
    {"(true or false) and false", "0", false},
    {"true || nil == result", "0", true},
    {"not false", "0", true},
    {"!false && !!true", "0", true},
    {"not (1 == 2)", "0", true},
    {"false or not false", "0", true},
    {"false and result[9] > 1", "[]", false},
    {"true or result[9] > 1", "[]", true},
    /* conditional and coalescing */
    {"result > 1 ? true : false", "2", true},
    {"result > 1 ? false : result == 1 ? true : false", "1", true},
    {"(result > 1 ? 'a' : 2) == 2", "1", true},
    {"true ?: false", "0", true},
    {"(result ?? 5) == 5", "null", true},
    {"5 == result ?? 5", "null", true},
    {"(result?.a?.b ?? 1) == 1", "{}", true},
    {"result?.a.b.c == nil", "null", true},
    {"result?.[0] == nil", "null", true},
    {"result?.a == 1", "{\"a\": 1}", true},
    /* index, field, slice */
    {"result[0] == 1", "[1, 2, 3]", true},
    {"result[-1] == 3", "[1, 2, 3]", true},
    {"result[1 + 1] == 3", "[1, 2, 3]", true},
    {"result[result[0]] == 2", "[1, 2, 3]", true},
    {"result[1:] == [2, 3]", "[1, 2, 3]", true},
    {"result[:1] == [1]", "[1, 2, 3]", true},
    {"result[:] == result", "[1, 2, 3]", true},
    {"result[1:-1] == [2]", "[1, 2, 3]", true},
    {"result[2:1] == []", "[1, 2, 3]", true},
    {"result[-9:9] == result", "[1, 2, 3]", true},
    {"result[5:9] == []", "[1, 2, 3]", true},
    {"result[true ? 0 : 1] == 1", "[1, 2, 3]", true},
    {"result.nested.a[1].b == 2", SERVICE, true},
    {"result['nested'][\"a\"][0] == 1", SERVICE, true},
    {"result['na' + 'me'] == 'shop'", SERVICE, true},
    {"result.in == 1 and result.not == 2", "{\"in\": 1, \"not\": 2}", true},
    {"result.a == 2", "{\"a\": 1, \"a\": 2}", true},
    /* in */
    {"result in [1, 2]", "2", true},
    {"result in [1, 2]", "3", false},
    {"result not in [1, 2]", "3", true},
    {"'a' in result", "{\"a\": null}", true},
    {"'b' in result", "{\"a\": null}", false},
    {"result in ['a', 1]", "1", true},
    {"1 in result", "null", false},
    {"1 + 1 not in [3]", "0", true},
    {"result in 1..3", "3", true},
    {"result in 1..3", "1.5", false},
    {"len(3..1) == 0", "0", true},
    /* predicates */
    {"any(result, # > 2)", "[1, 2, 3]", true},
    {"any(result, {# > 3})", "[1, 2, 3]", false},
    {"none(result, # > 3)", "[1, 2, 3]", true},
    {"one(result, # > 2)", "[1, 2, 3]", true},
    {"one(result, # > 1)", "[1, 2, 3]", false},
    {"all(result, false)", "[]", true},
    {"filter(result, # > 1) == [2, 3]", "[1, 2, 3]", true},
    {"map(result, # * 2) == [2, 4, 6]", "[1, 2, 3]", true},
    {"map(result, .a) == [1, nil]", "[{\"a\": 1}, {}]", true},
    {"count(result, # > 1) == 2", "[1, 2, 3]", true},
    {"count(result) == 1", "[true, false]", true},
    {"sum(result) == 6", "[1, 2, 3]", true},
    {"sum(result, .n) == 3", "[{\"n\": 1}, {\"n\": 2}]", true},
    {"all(result, all(#, # > 0))", "[[1, 2], [3]]", true},
    {"all(result, any(#, # > 2))", "[[1, 2], [3]]", false},
    {"all(result, {.status in [200, 204]})", "[{\"status\": 200}]", true},
    {"len(filter(map(1..10, # * #), # % 2 == 0)) == 5", "0", true},
    /* ranges and maps */
    {"sum(1..result) == 10", "4", true},
    {"(1..3)[-1] == result", "3", true},
    {"map(0..2, # + 0.5) == result", "[0.5, 1.5, 2.5]", true},
    {"-2..0 == result", "[-2, -1, 0]", true},
    {"{a: 1, \"b c\": {d: 2}}['b c'].d == result", "2", true},
    {"{(result): 1}.x == 1", "\"x\"", true},
    {"{a: 1}?.b == nil", "0", true},
    {"result in {ok: true, warn: true}", "\"warn\"", true},
    {"len({}) == 0 and len([]) == result", "0", true},
    {"(result ? 'a' : 'b') in ['a', 'b']", "true", true},
    {"count(result, {# > 0 ? # < 3 : false}) == 2", "[0, 1, 2, 3]", true},
    {"filter(result, {.v > 1})[0].n == 'b'", "[{\"n\": \"a\", \"v\": 1}, {\"n\": \"b\", \"v\": 2}]", true},
    /* functions */
    {"len(result) == 3", "[1, 2, 3]", true},
    {"len(result) == 2", "{\"a\": 1, \"b\": 2}", true},
    {"len(result) == 3",
     "\"\xE2\x82\xAC"
     "ab\"",
     true},
    {"abs(result) == 1", "-1", true},
    {"ceil(result) == 2", "1.2", true},
    {"floor(result) == 1", "1.8", true},
    {"round(result) == 2", "1.5", true},
    {"int(result) == 1", "1.8", true},
    {"asInt(result) == 1", "\"1\"", true},
    {"asInt(result) == 1", "1.123", true},
    {"asFloat(result) == 1.1", "\"1.1\"", true},
    {"float(result) > 1", "\"Inf\"", true},
    {"min(3, 1, 2) == 1", "0", true},
    {"max([1, 5], 2) == 5", "0", true},
    {"isNaN(max(result))", "[1, NaN, 2]", true},
    {"mean(result) == 2", "[1, 2, 3]", true},
    {"median(result) == 2.5", "[4, 1, 3, 2]", true},
    {"median(result) == 2", "[3, 1, 2]", true},
    /* white space, comments, spread over lines */
    {" \t\n result\n>\n1 ", "2", true},
    {"result /* the rate */ > 1 // per second", "2", true},
    {"((((((((result))))))))==1", "1", true},
};

static void tells_what_holds(void **state) {
    for (size_t i = 0; i < ELEMENTS(told); i++) {
        ARENA(arena);
        struct condition condition;
        struct value result;
        struct error err = {.code = 0};
        const struct condition_inputs inputs = {.result = &result};
        bool holds = !told[i].holds;
        if (value_read(&arena, told[i].result, &result, &err) < 0 ||
            condition_compile(&arena, told[i].text, &condition, NULL, &err) < 0 ||
            condition_evaluate(&arena, &condition, &inputs, &holds, NULL, &err) < 0 || holds != told[i].holds)
            fail_msg("%s of %s is not %s: %s", told[i].text, told[i].result, told[i].holds ? "true" : "false",
                     err.text);
    }
}

static void compares_with_a_baseline(void **state) {
    static const struct {
        const char *text, *result, *baseline; /* NULL: the metric has none */
        int holds;                            /* or less than 0 */
    } cases[] = {
        {"result[0] >= baseline[0] * 0.95", "[0.95]", "[1]", true},
        {"result[0] >= baseline[0] * 0.95", "[0.94]", "[1]", false},
        {"result.p95 - baseline.p95 < 0.2", "{\"p95\": 1.1}", "{\"p95\": 1}", true},
        {"any(result, # > baseline)", "[1, 3]", "2", true},
        {"default(baseline, 0) <= result", "1", "null", true},
        {"len(baseline) == 0 or result[0] < baseline[0]", "[1]", "[]", true},
        {"result == baseline", "{\"a\": [1]}", "{\"a\": [1]}", true},
        {"result.baseline > 1", "{\"baseline\": 2}", NULL, true},
        {"result > 1 or baseline > 1", "2", NULL, true},
        {"result > baseline", "1", NULL, -EINVAL},
        {"result > baseline", "1", "\"1\"", -EINVAL},
        {"result[0] > baseline[0]", "[1]", "[]", -ERANGE},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        ARENA(arena);
        struct condition condition;
        struct value result, baseline;
        const struct condition_inputs inputs = {.result = &result, .baseline = cases[i].baseline ? &baseline : NULL};
        bool holds = false;
        assert_int_equal(value_read(&arena, cases[i].result, &result, NULL), 0);
        if (cases[i].baseline)
            assert_int_equal(value_read(&arena, cases[i].baseline, &baseline, NULL), 0);
        assert_int_equal(condition_compile(&arena, cases[i].text, &condition, NULL, NULL), 0);
        int r = condition_evaluate(&arena, &condition, &inputs, &holds, NULL, NULL);
        assert_int_equal(r < 0 ? r : (int)holds, cases[i].holds);
    }
    assert_true(condition_uses_baseline("all(result, {# < baseline})"));
    assert_false(condition_uses_baseline("result.baseline > 1 and 'baseline' in result"));
    assert_false(condition_uses_baseline("baseline >"));
}

static void knows_what_asks_for_data(void **state) {
    static const struct {
        const char *text;
        bool asks;
    } cases[] = {
        {"result[0] > 1", false},          {"all(result, # > 1)", false}, {"isNaN(result)", false},
        {"len(result) == 0", true},        {"isNil(result)", true},       {"default(result, 0) < 1", true},
        {"result == nil or result", true}, {"(result ?? 0) < 1", true},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        ARENA(arena);
        struct condition condition;
        assert_int_equal(condition_compile(&arena, cases[i].text, &condition, NULL, NULL), 0);
        assert_int_equal(condition.asks_for_data, cases[i].asks);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_holds),
        cmocka_unit_test(compares_with_a_baseline),
        cmocka_unit_test(knows_what_asks_for_data),
    };
    return cmocka_run_group_tests_name("condition", tests, NULL, NULL);
}
