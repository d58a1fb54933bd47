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
    /* the ones in Argo's documentation */
    {"result == true", "true", true},
    {"result == true", "false", false},
    {"result == 'true'", "\"true\"", true},
    {"result == \"I am OK\"", "\"I am OK\"", true},
    {"result >= 0.95", "0.95", true},
    {"result < 0.95", "0.95", false},
    {"result <= 0.01", "0.01", true},
    {"result[0] >= 0.95", "[0.95]", true},
    {"result[0] >= 0.95", "[0.94, 1]", false},
    {"result[0] < 0.50", "[0.4]", true},
    {"result[0] >= 90.000000", "[90]", true},
    {"result.successRate >= 0.95", "{\"successRate\": 1}", true},
    {"result.ok && result.successPercent >= 0.90", SERVICE, true},
    {"isInf(result)", "Infinity", true},
    {"isInf(result)", "1", false},
    {"isNaN(result) || result >= 0.95", "NaN", true},
    {"isNaN(result) || result >= 0.95", "0.9", false},
    {"default(result, 0) < 0.05", "null", true},
    {"default(result, 0) < 0.05", "1", false},
    {"len(result) == 0 || result[0] >= 0.95", "[]", true},
    {"len(result) == 0 || result[0] >= 0.95", "[0.9]", false},
    {"len(result) > 0 && result[0] >= 0.95", "[]", false},
    {"max(result) < 0.05", "[0.01, 0.04]", true},
    {"max(result) < 0.05", "[0.01, 0.06]", false},
    {"all(result, # < 1000)", "[1, 999]", true},
    {"all(result, # < 1000)", "[1, 1000]", false},
    {"all(result.service_apdex.values.values, {# > 1})",
     "{\"service_apdex\": {\"label\": null, \"values\": {\"values\": [2, 2]}}}", true},
    {"all(result.values, {asFloat(.value) >= 9900})", "{\"values\": [{\"value\": \"9900.5\"}]}", true},
    {"len(result[0].Values) >= 5 and all(result[0].Values, {# <= 0.01})", "[{\"Values\": [0, 0, 0, 0, 0.01]}]", true},
    {"2 in result", "[2, 2]", true},
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

/* What cannot be compiled, and where. */
static const struct {
    const char *text;
    size_t column;
    const char *says;
} refused[] = {
    {"", 1, "ends where a value"},
    {"result >", 9, "ends where a value"},
    {"result > > 1", 10, "'>' where a value"},
    {"reslt > 1", 1, "unknown name 'reslt'"},
    {"result[0] >= 0,95", 15, "',' where an operator"},
    {"result = 1", 8, "equality is =="},
    {"result & 1", 8, "no meaning"},
    {"'\xE2\x82\xAC' + reslt", 7, "unknown name"},
    {"\xE2\x82\xAC", 1, "no meaning"},
    {"result == 'open", 11, "does not end"},
    {"result == 'a\\qb'", 14, "escape sequence"},
    {"result == '\\ud800'", 14, "no such character"},
    {"result == '\\x4'", 14, "digits of base 16"},
    {"1 /* open", 3, "comment does not end"},
    {"0x == 1", 1, "not a number of base 16"},
    {"12ab == 1", 1, "not a number"},
    {"1e == 1", 1, "not a number"},
    {"1e999 == 1", 1, "too large"},
    {"0xFFFFFFFFFFFFFFFFFF == 1", 1, "too large"},
    {"(result > 1", 12, "')'"},
    {"result > 1)", 11, "')' where an operator"},
    {"result[0 > 1", 13, "']'"},
    {"result. > 1", 9, "name of a field"},
    {"foo(result)", 1, "no function foo()"},
    {"len()", 1, "takes 1 argument"},
    {"len(result, 1) > 1", 1, "takes 1 argument"},
    {"default(result) > 1", 1, "takes 2 arguments"},
    {"min() > 1", 1, "at least 1"},
    {"len(1) > 1", 5, "this is a number where a string or an array or a map"},
    {"isNaN('a')", 7, "this is a string where a number"},
    {"all(result)", 1, "takes 2 arguments"},
    {"all(result, 1)", 13, "this is a number where a boolean"},
    {"# > 1", 1, "where a value"},
    {"result", 0, NULL}, /* may be a boolean: this compiles */
    {"1", 1, "the condition is a number, it must be true or false"},
    {"result + 1", 8, "the condition is a number"},
    {"len(result)", 1, "the condition is a number"},
    {"'a' == 1", 5, "between a string and a number"},
    {"1 < 'a'", 3, "between a number and a string"},
    {"true < false", 1, "this is a boolean"},
    {"1 + 'a' == 1", 3, "between a number and a string"},
    {"true + 1 == 1", 1, "this is a boolean"},
    {"1 and true", 1, "this is a number where a boolean"},
    {"not 1", 5, "this is a number where a boolean"},
    {"not result == 1", 12, "between a boolean and a number"}, /* (not result) == 1, as in expr-lang */
    {"-'a' == 1", 2, "this is a string where a number"},
    {"1 in 2", 6, "this is a number where"},
    {"1[0] == 1", 1, "this is a number where"},
    {"[1]['a'] == 1", 5, "this is a string where a number"},
    {"{a: 1}[0] == 1", 8, "this is a number where a string"},
    {"{1: 2} == result", 2, "a key"},
    {"{a 2} == result", 4, "':'"},
    {"[1 2] == result", 4, "',' or ']'"},
    {"result ? 1 : true", 0, NULL},
    {"1 ? true : false", 1, "this is a number where a boolean"},
    {"result ? true", 14, "':'"},
    {"result ?? 1 > 2", 13, "put parentheses"},
    {"result not 1", 12, "in, contains"},
    {"result matches 'a'", 8, "'matches' is not supported"},
    {"let x = 1; x > 0", 1, "'let' is not supported"},
    {"result | len() > 1", 8, "no meaning"},
};

/* What compiles, but cannot be told of this answer. */
static const struct {
    const char *text, *result;
    size_t column;
    const char *says;
} untold[] = {
    {"result[0] >= 0.95", "[]", 7, "index 0 is out of range: the array has 0 items"},
    {"result[1] >= 0.95", "[1]", 7, "the array has 1 item"},
    {"result[-2] >= 0.95", "[1]", 7, "index -2 is out of range"},
    {"result[0.5] > 1", "[1]", 8, "0.5 is not a whole number"},
    {"result[0] > 1", "1", 1, "this is a number where an array or a map"},
    {"result[0] > 1", "{}", 8, "this is a number where a string"},
    {"result.a > 1", "[1]", 8, "this is a string where a number"},
    {"result.a > 1", "null", 1, "this is nil"},
    {"result.a > 1", "{}", 8, "this is nil where a number or a string"},
    {"result.a.b > 1", "{}", 8, "this is nil"},
    {"result > 1", "\"2\"", 8, "between a string and a number"},
    {"result == 1", "\"1\"", 8, "between a string and a number"},
    {"result != 'ok'", "1", 8, "between a number and a string"},
    {"result > 1", "true", 1, "this is a boolean"},
    {"default(result, 0) < 0.05", "[]", 1, "this is an array"},
    {"result", "1", 1, "the condition is a number"},
    {"result ? 1 : true", "true", 8, "the condition is a number"},
    {"not result", "1", 5, "this is a number where a boolean"},
    {"result and true", "null", 1, "this is nil where a boolean"},
    {"result % 2 == 1", "1.5", 8, "whole numbers"},
    {"1 % result == 1", "0", 3, "not 0"},
    {"1 % result == 1", "NaN", 3, "whole numbers"},
    {"len(result) > 1", "1", 5, "this is a number"},
    {"isNaN(result)", "[1]", 7, "this is an array where a number"},
    {"isNaN(result)", "null", 7, "this is nil"},
    {"asInt(result) == 1", "\"1.1\"", 1, "not a whole number"},
    {"asInt(result) == 1", "NaN", 1, "not a whole number"},
    {"asFloat(result) == 1", "\"NotANum\"", 1, "string that is not a number"},
    {"asFloat(result) == 1", "\"0x1\"", 1, "string that is not a number"},
    {"asFloat(result) == 1", "\"\"", 1, "string that is not a number"},
    {"max(result) > 1", "[]", 1, "max() of an empty array"},
    {"mean(result) > 1", "[]", 1, "mean() of an empty array"},
    {"max(result) > 1", "[\"a\"]", 1, "max() of a string"},
    {"all(result, # > 1)", "[\"a\"]", 15, "between a string and a number"},
    {"all(result, #)", "[1]", 13, "this is a number where a boolean"},
    {"all(result, true)", "{}", 5, "this is a map where an array"},
    {"'a' contains result", "1", 14, "this is a number where a string"},
    {"1 in result", "{}", 1, "this is a number where a string"},
    {"len(1..result) > 1", "1e15", 6, "too much memory"},
    {"all(1..10000, all(1..10000, # > 0))", "0", 0, "too many steps"},
};

static void tells_what_holds(void **state) {
    for (size_t i = 0; i < ELEMENTS(told); i++) {
        ARENA(arena);
        struct condition condition;
        struct value result;
        struct error err = {.code = 0};
        bool holds = !told[i].holds;
        if (value_read(&arena, told[i].result, &result, &err) < 0 ||
            condition_compile(&arena, told[i].text, &condition, NULL, &err) < 0 ||
            condition_evaluate(&arena, &condition, &result, &holds, NULL, &err) < 0 || holds != told[i].holds)
            fail_msg("%s of %s is not %s: %s", told[i].text, told[i].result, told[i].holds ? "true" : "false",
                     err.text);
    }
}

static void refuses_with_the_column(void **state) {
    for (size_t i = 0; i < ELEMENTS(refused); i++) {
        struct error err = {.code = 0};
        size_t column = 0;
        int r = condition_check(refused[i].text, &column, &err);
        if (!refused[i].says) {
            assert_int_equal(r, 0);
            continue;
        }
        if (r != -EINVAL || column != refused[i].column || !strstr(err.text, refused[i].says))
            fail_msg("%s: %d at column %zu: %s", refused[i].text, r, column, err.text);
    }
}

static void says_why_it_cannot_be_told(void **state) {
    for (size_t i = 0; i < ELEMENTS(untold); i++) {
        ARENA(arena);
        struct condition condition;
        struct value result;
        struct error err = {.code = 0};
        size_t column = 0;
        bool holds = true;
        assert_int_equal(value_read(&arena, untold[i].result, &result, &err), 0);
        assert_int_equal(condition_compile(&arena, untold[i].text, &condition, NULL, &err), 0);
        int r = condition_evaluate(&arena, &condition, &result, &holds, &column, &err);
        if (r >= 0 || !holds || (untold[i].column && column != untold[i].column) || !strstr(err.text, untold[i].says))
            fail_msg("%s of %s: %d at column %zu: %s", untold[i].text, untold[i].result, r, column, err.text);
    }
}

static void is_bounded(void **state) {
    char text[CONDITION_TEXT_MAX + 2];
    static const char *const repeated[] = {"(",     "[",  "!",  "-",  "{a:", "result[",     "len(", "1+",
                                           "true?", "#.", "??", "\"", "1<",  "all(result,", "a?."};
    for (size_t i = 0; i < ELEMENTS(repeated); i++) {
        size_t n = 0;
        while (n + strlen(repeated[i]) <= CONDITION_TEXT_MAX)
            n = (size_t)(stpcpy(text + n, repeated[i]) - text);
        assert_true(condition_check(text, NULL, NULL) < 0);
    }
    memset(text, ' ', CONDITION_TEXT_MAX + 1);
    memcpy(text, "true", 4);
    text[CONDITION_TEXT_MAX + 1] = '\0';
    assert_int_equal(condition_check(text, NULL, NULL), -E2BIG);
    text[CONDITION_TEXT_MAX] = '\0';
    assert_int_equal(condition_check(text, NULL, NULL), 0);
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
        cmocka_unit_test(tells_what_holds),           cmocka_unit_test(refuses_with_the_column),
        cmocka_unit_test(says_why_it_cannot_be_told), cmocka_unit_test(is_bounded),
        cmocka_unit_test(knows_what_asks_for_data),
    };
    return cmocka_run_group_tests_name("condition", tests, NULL, NULL);
}
