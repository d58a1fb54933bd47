/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "analysis/jsonpath.h"
#include "common/text.h"

/* What cannot be compiled, and where. */
static const struct {
    const char *path;
    size_t column;
    const char *says;
} refused[] = {
    /* RFC 9535, 2.4.9: what is not well-typed, and functions that there are not */
    {"$[?length(@.*) < 3]", 11, "may select several nodes"},
    {"$[?count(1) == 1]", 10, "a path was expected"},
    {"$[?count(foo(@.*)) == 1]", 10, "no function foo()"},
    {"$[?match(@.timezone, 'Europe/.*') == true]", 4, "true or false"},
    {"$[?value(@..color)]", 4, "compare it"},
    {"$[?bar(@.a)]", 4, "no function bar()"},
    {"$[?bnl(@.*)]", 4, "no function bnl()"},
    {"$[?blt(1==1)]", 4, "no function blt()"},
    {"$[?bal(1)]", 4, "no function bal()"},
    /* its grammar */
    {"", 1, "begins with $"},
    {"a.b", 1, "begins with $"},
    {"{$.a}", 1, "no braces"},
    {" $.a", 1, "begins with $"},
    {"$.a ", 4, "'.', '[' or the end"},
    {"$.", 3, "ends where a name or '*'"},
    {"$..", 4, "ends where a name or '*'"},
    {"$.[0]", 3, "a name or '*'"},
    {"$.1", 3, "a name or '*'"},
    {"$.a-b", 4, "'-' where"},
    {"$[]", 3, "a name in quotes, a number"},
    {"$[a]", 3, "a name in quotes, a number"},
    {"$[0", 4, "ends where ',' or ']'"},
    {"$[0,]", 5, "a name in quotes, a number"},
    {"$[01]", 3, "not a whole number"},
    {"$[-0]", 3, "not a whole number"},
    {"$[1.0]", 4, "',' or ']'"},
    {"$[9007199254740992]", 3, "too large"},
    {"$[0:99999999999999999999]", 5, "not a whole number"},
    {"$['a]", 6, "ends where the end of the string"},
    {"$['a\nb']", 5, "'\\n' where the end of the string"},
    {"$['\\x']", 5, "behind a backslash"},
    {"$['\\\"']", 5, "behind a backslash"},
    {"$['\\u12']", 8, "hexadecimal"},
    {"$['\\ud800']", 6, "half a character"},
    {"$['\\udc00']", 6, "half a character"},
    {"$['\xE2\x82\xAC'].1", 8, "a name or '*'"},
    {"$['\xFF']", 1, "not valid UTF-8"},
    {"$[?]", 4, "@, $, a constant or a function"},
    {"$[?@.a ==]", 10, "@, $, a constant or a function"},
    {"$[?@.a = 1]", 8, "',' or ']'"},
    {"$[?@.a == @.*]", 11, "several nodes"},
    {"$[?@[0,1] < 2]", 4, "several nodes"},
    {"$[?true]", 4, "no test"},
    {"$[?'a' && @]", 4, "no test"},
    {"$[?!@.a == 1]", 9, "',' or ']'"},
    {"$[?(@.a]", 8, "')'"},
    {"$[?@.a == 01]", 11, "not a number"},
    {"$[?@.a == 1.]", 11, "not a number"},
    {"$[?@.a == .5]", 11, "a constant"},
    {"$[?@.a == True]", 11, "a constant"},
    {"$[?count (@.*) == 1]", 4, "a constant or a function"},
    {"$[?length() == 1]", 11, "a constant or a function"},
    {"$[?length(@, @) == 1]", 12, "')'"},
    {"$[?match(@)]", 11, "another argument"},
    /* patterns: checked with the path */
    {"$[?match(@, 'a(b')]", 15, "in this pattern: this parenthesis"},
    {"$[?match(@, 'a\\\\p{Lu}')]", 15, "in this pattern: Unicode's categories"},
    {"$[?search(@, '\xE2\x82\xAC**')]", 17, "repeated"},
    {"$[?search(@, '\\u0061**')]", 14, "repeated"}, /* escaped: told at the string */
    {"$[?match(@, '\\\\d')]", 14, "escape sequence"},
};

static void refuses_with_the_column(void **state) {
    for (size_t i = 0; i < ELEMENTS(refused); i++) {
        struct error err = {.code = 0};
        size_t column = 0;
        int r = jsonpath_check(refused[i].path, &column, &err);
        if (r != -EINVAL || column != refused[i].column || !strstr(err.text, refused[i].says))
            fail_msg("%s: %d at column %zu: %s", refused[i].path, r, column, err.text);
    }
}

static void repeat(char *text, size_t size, const char *before, const char *part, size_t n, const char *behind) {
    char *at = stpcpy(text, before);
    for (; n > 0 && at + strlen(part) + strlen(behind) < text + size; n--)
        at = stpcpy(at, part);
    (void)stpcpy(at, behind);
}

static void is_bounded(void **state) {
    static char text[JSONPATH_TEXT_MAX + 2];
    static const char *const repeated[] = {"[?",  "[?(", "[?!(",       "[?@",        "[?count(@", "[?length(value(@",
                                           "..a", "[0]", "[?@.a||@.b", "[?match(@,$"};
    for (size_t i = 0; i < ELEMENTS(repeated); i++) {
        repeat(text, sizeof text, "$", repeated[i], SIZE_MAX, "");
        assert_true(jsonpath_check(text, NULL, NULL) < 0);
    }
    repeat(text, sizeof text, "$['", "x", SIZE_MAX, "']");
    assert_int_equal(jsonpath_check(text, NULL, NULL), -E2BIG);
    repeat(text, sizeof text, "$['", "x", JSONPATH_TEXT_MAX - 5, "']");
    assert_int_equal(jsonpath_check(text, NULL, NULL), 0);
}

/* Paths and answers that would take for ever. */
static void ends_in_time(void **state) {
    static char path_text[JSONPATH_TEXT_MAX + 1], answer_text[VALUE_TEXT_MAX + 1];
    static const struct {
        const char *part, *begin, *repeated;
        size_t n;
    } cases[] = {
        {"..*", "[", "0,", 20000},
        {"..*", "", "[0,", 30},
        {"[*,*,*,*]", "", "[0,", 60},
        {"[?count($..*) > 1]", "[", "[0],", 5000},
        {"[?search(@,'(a?){500}b')]", "[", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",", 5000},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        ARENA(arena);
        struct jsonpath path;
        struct value answer, selected;
        struct error err = {.code = 0};
        repeat(path_text, sizeof path_text, "$", cases[i].part, 30, "");
        repeat(answer_text, sizeof answer_text, cases[i].begin, cases[i].repeated, cases[i].n, "0");
        size_t depth = *cases[i].begin ? 1 : cases[i].n, length = strlen(answer_text);
        memset(answer_text + length, ']', depth);
        answer_text[length + depth] = '\0';
        assert_int_equal(jsonpath_compile(&arena, path_text, &path, NULL, &err), 0);
        assert_int_equal(value_read(&arena, answer_text, &answer, &err), 0);
        int r = jsonpath_evaluate(&arena, &path, &answer, &selected, &err);
        if (r != -E2BIG && !(r == 0 && selected.length == 0))
            fail_msg("%s: %d %s", path_text, r, err.text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_with_the_column),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(ends_in_time),
    };
    return cmocka_run_group_tests_name("jsonpath errors", tests, NULL, NULL);
}
