/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "analysis/value.h"
#include "common/text.h"

static void reads_answers_strictly(void **state) {
    static const char *const good[] = {
        "0",           "-0",     "0.5",
        "-1.5e-3",     "1E+2",   " [ ] ",
        "[1,2]",       "{}",     "{\"a\":{\"b\":[]}}",
        "\"\\u0000\"", "NaN",    "[NaN, Infinity, -Infinity]",
        "null",        "true",   "false",
        "\"\"",        "1e-999",
    };
    static const char *const bad[] = {
        "",         " ",         "01",          "1.",
        ".5",       "+1",        "-",           "1e",
        "0x10",     "nan",       "inf",         "1 2",
        "[1,]",     "[",         "]",           "[1 2]",
        "{",        "{\"a\"}",   "{a:1}",       "{\"a\":1,}",
        "\"",       "\"\\",      "\"\\\"",      "\"\t\"",
        "\"\\x\"",  "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
        "\"\xFF\"", "1e999",     "truex",       "NaNs",
        "--1",      "-NaN",      "+Infinity",   "\"\\udc00\"",
    };
    for (size_t i = 0; i < ELEMENTS(good); i++) {
        ARENA(arena);
        struct value value;
        if (value_read(&arena, good[i], &value, NULL) < 0)
            fail_msg("%s is not read", good[i]);
    }
    for (size_t i = 0; i < ELEMENTS(bad); i++) {
        ARENA(arena);
        struct value value;
        struct error err = {.code = 0};
        if (value_read(&arena, bad[i], &value, &err) != -EINVAL || !*err.text)
            fail_msg("%s is read", bad[i]);
    }
}

static void reads_answers_within_bounds(void **state) {
    static char text[VALUE_TEXT_MAX + 2];
    struct value value;

    memset(text, '[', VALUE_DEPTH_MAX);
    memset(text + VALUE_DEPTH_MAX, ']', VALUE_DEPTH_MAX);
    {
        ARENA(arena);
        assert_int_equal(value_read(&arena, text, &value, NULL), 0);
    }
    memset(text, '[', VALUE_DEPTH_MAX + 1);
    {
        ARENA(arena);
        assert_int_equal(value_read(&arena, text, &value, NULL), -E2BIG);
    }
    for (size_t i = 0; i < VALUE_TEXT_MAX; i++)
        text[i] = i == 0 ? '[' : i == VALUE_TEXT_MAX - 1 ? ']' : i % 2 ? '1' : ',';
    text[VALUE_TEXT_MAX - 2] = ' ';
    text[VALUE_TEXT_MAX - 3] = '1';
    {
        ARENA(arena);
        assert_int_equal(value_read(&arena, text, &value, NULL), 0);
        assert_int_equal(value.length, VALUE_TEXT_MAX / 2 - 1);
    }
    text[VALUE_TEXT_MAX] = ' ';
    {
        ARENA(arena);
        assert_int_equal(value_read(&arena, text, &value, NULL), -E2BIG);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_answers_strictly),
        cmocka_unit_test(reads_answers_within_bounds),
    };
    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
