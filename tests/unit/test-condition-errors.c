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

/* What cannot be compiled, and where. */
static const struct {
    const char *text;
    size_t column;
    const char *says;
} refused[] = {
    /* Argo's documentation (docs/analysis/graphite.md) and tests */
    {"results[0] >= 90.000000", 1, "unknown name 'results'"},
    {"a == true", 1, "unknown name 'a'"},
    {"invalidVariable", 1, "unknown name 'invalidVariable'"},
    {"result.Name() == 'hi'", 12, "'(' where an operator"},
    {"asFloat(result) == \"1.1\"", 17, "between a number and a string"},
    {"now() -- ?", 1, "no function now()"},
    /* the others */
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
    {"result. \"a\\", 12, "escape sequence"}, /* nothing is read behind the end */
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
    {"result not 1", 12, "in, contains, startsWith, endsWith or matches"},
    {"result matches 'a(b'", 18, "in this pattern: this parenthesis is not closed"},
    {"result matches '\xE2\x82\xAC['", 18, "this class does not end"},
    {"result matches '\\t(b'", 16, "in this pattern: this parenthesis"}, /* escaped: told at the string */
    {"result matches `\\pL`", 17, "not supported"},
    {"result matches 'a**'", 19, "repeated"},
    {"result matches 1", 16, "this is a number where a string"},
    {"1 matches 'a'", 1, "this is a number where a string"},
    {"$env.result > 1", 1, "unknown name '$env'"},
    {"result > #acc", 10, "where a value"},
    {"trim(result) == ''", 1, "no function trim()"},
    {"b'abc' == result", 1, "unknown name 'b'"},
    {"if result > 1 { true } else { false }", 1, "'if' is not supported"},
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
    {"len(1..result) > 1", "NaN", 8, "not a whole number"},
    {"len(0..result) > 1", "1e300", 8, "not a whole number"},
    {"result[0:1e300] == []", "[]", 10, "not a whole number"},
    {"result[baseline] > 1", "[1]", 8, "no baseline"},
    {"result matches 'a'", "1", 1, "this is a number where a string"},
    {"'a' matches result", "\"a(b\"", 13, "in this pattern: this parenthesis is not closed"},
    {"any(1..100000, 'aaaaaaaaaaaaaaaaaaaaaaaa' matches '(a?){24}b')", "0", 0, "too many steps"},
    {"all(1..10000, all(1..10000, # > 0))", "0", 0, "too many steps"},
};

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
        const struct condition_inputs inputs = {.result = &result};
        bool holds = true;
        assert_int_equal(value_read(&arena, untold[i].result, &result, &err), 0);
        assert_int_equal(condition_compile(&arena, untold[i].text, &condition, NULL, &err), 0);
        int r = condition_evaluate(&arena, &condition, &inputs, &holds, &column, &err);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_with_the_column),
        cmocka_unit_test(says_why_it_cannot_be_told),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests_name("condition errors", tests, NULL, NULL);
}
