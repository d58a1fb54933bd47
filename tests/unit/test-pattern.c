/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "analysis/pattern.h"
#include "common/text.h"

#define EURO "\xE2\x82\xAC"

/* found: somewhere in the text; whole: the text as a whole. */
static const struct {
    const char *pattern, *text;
    bool found, whole;
} told[] = {
    {"", "", true, true},
    {"", "a", true, false},
    {"a", "", false, false},
    {"abc", "xabcx", true, false},
    {"abc", "abc", true, true},
    {".", "\n", false, false},
    {".", EURO, true, true},
    {EURO "+", EURO EURO, true, true},
    {"[" EURO "]", EURO, true, true},
    {"[^a]", EURO, true, true},
    {"[^a]", "\n", true, true},
    {"a.c", "abc", true, true},
    /* alternatives and groups */
    {"a|b|c", "c", true, true},
    {"ab|cd|", "cd", true, true},
    {"(a|ab)(c|bcd)", "abcd", true, true},
    {"(?:a|b)c", "bc", true, true},
    {"(?P<name>a)(?<other>b)", "ab", true, true},
    {"a(b|c(d|e)f)*g", "abcdfcefg", true, true},
    {"()", "", true, true},
    {"(|a)+b", "aab", true, true},
    /* repetitions */
    {"ab*c", "ac", true, true},
    {"ab*c", "abbbc", true, true},
    {"ab+c", "ac", false, false},
    {"ab?c", "abbc", false, false},
    {"a{2}", "aaa", true, false},
    {"a{2,}", "aaa", true, true},
    {"a{2,3}", "aaaa", true, false},
    {"a{0,2}", "aa", true, true},
    {"(ab){0}c", "c", true, true},
    {"(a{2}){2}", "aaaa", true, true},
    {"(a|b){2,3}?", "aba", true, true},
    {"a*?b+?c??", "aabb", true, true},
    {"a{,2}", "a{,2}", true, true}, /* no repetition: as it is written */
    {"a{x}{", "a{x}{", true, true},
    {"(a*)*b", "aaac", false, false},
    {"((a*)*)*", "aaa", true, true},
    /* classes */
    {"[a-c]+", "abc", true, true},
    {"[^a-c]", "b", false, false},
    {"[]a]+", "]a", true, true},
    {"[^]a]", "b", true, true},
    {"[a-]+", "a-", true, true},
    {"[-a]+", "-a", true, true},
    {"[a\\]b]+", "]", true, true},
    {"[\\w.]+", "a_1.", true, true},
    {"[^\\W_]", "_", false, false},
    {"[[:alpha:][:digit:]]+", "aZ9", true, true},
    {"[[:^digit:]]", "1", false, false},
    {"[[:punct:]]+", "!/:@[`{~", true, true},
    {"\\d\\D\\s\\S\\w\\W", "1a b_-", true, true},
    {"\\s", "\v", false, false}, /* as RE2 */
    {"[[:space:]]", "\v", true, true},
    /* places */
    {"^a$", "a", true, true},
    {"^b", "ab", false, false},
    {"a$", "a\n", false, false},
    {"(?m)^b$", "a\nb\nc", true, false},
    {"\\Aa\\z", "a", true, true},
    {"(?m)\\Ab", "a\nb", false, false},
    {"\\bup\\b", "is up now", true, false},
    {"\\bup\\b", "upper", false, false},
    {"\\Bp", "up", true, false},
    {"\\b", "", false, false},
    {"\\B", "", true, true},
    {"a^b", "ab", false, false},
    {"(^|x)a", "xa", true, true},
    /* flags */
    {"(?i)Ok", "oK", true, true},
    {"(?i)[a-c]", "B", true, true},
    {"(?i)[^a-c]", "B", false, false},
    {"(?i:a)b", "Ab", true, true},
    {"(?i:a)b", "AB", false, false},
    {"(?i)a(?-i)b", "Ab", true, true},
    {"(?i)a(?-i)b", "AB", false, false},
    {"((?i)a)b", "AB", false, false},
    {"(?s).", "\n", true, true},
    {"(?s-i:.)a", "\na", true, true},
    {"(?i)\\Q[K\\E", "[k", true, true},
    /* escapes */
    {"\\.\\*\\\\\\-", ".*\\-", true, true},
    {"\\n\\t\\x41\\x{20AC}", "\n\tA" EURO, true, true},
    {"\\Qa.b\\E+", "a.bb", true, true},
    {"\\Q", "", true, true},
    {"[\\n-\\r]", "\f", true, true},
    {"[\\x61-c]", "b", true, true},
    /* what isn't UTF-8 is one character for each byte */
    {"^..$", "\xFF\xE2", true, true},
};

static const struct {
    const char *pattern, *text;
    bool found, whole;
} told_i_regexp[] = {
    {"a.c|d", "abc", true, true},      {".", "\r", false, false},
    {".", "\xE2\x80\xA8", true, true}, {"[^\\-x]+\\.", "ab.", true, true},
    {"[-a]{2,3}", "-a-", true, true},  {"[a-]", "-", true, true},
    {"(a|b)?c*d+", "bdd", true, true}, {"\\^\\|\\n[$]", "^|\n$", true, true},
    {"^ab", "xab", false, false},      {"Europe/.*", "Europe/Rome", true, true},
};

static const struct {
    const char *pattern;
    enum pattern_syntax syntax;
    size_t at;
    const char *says;
} refused[] = {
    {"a(b", PATTERN_RE2, 1, "not closed"},
    {"a)b", PATTERN_RE2, 1, "no parenthesis"},
    {"*a", PATTERN_RE2, 0, "nothing to repeat"},
    {"a|+", PATTERN_RE2, 2, "nothing to repeat"},
    {"(?i)*", PATTERN_RE2, 4, "nothing to repeat"},
    {"a**", PATTERN_RE2, 2, "repeated"},
    {"a{2}{3}", PATTERN_RE2, 4, "repeated"},
    {"a{3,2}", PATTERN_RE2, 1, "number of repetitions"},
    {"a{1001}", PATTERN_RE2, 1, "number of repetitions"},
    {"a{99999999999}", PATTERN_RE2, 1, "number of repetitions"},
    {"x[a", PATTERN_RE2, 1, "does not end"},
    {"x[^", PATTERN_RE2, 1, "does not end"},
    {"[]", PATTERN_RE2, 0, "does not end"},
    {"[b-a]", PATTERN_RE2, 1, "not a range"},
    {"[a-\\d]", PATTERN_RE2, 1, "not a range"},
    {"[[:letter:]]", PATTERN_RE2, 1, "no class of this name"},
    {"a\\", PATTERN_RE2, 1, "nothing behind"},
    {"\\q", PATTERN_RE2, 0, "not known"},
    {"(a)\\1", PATTERN_RE2, 3, "not known"},
    {"\\pL", PATTERN_RE2, 0, "not supported"},
    {"\\x4", PATTERN_RE2, 2, "hexadecimal"},
    {"\\x{110000}", PATTERN_RE2, 3, "hexadecimal"},
    {"(?=a)", PATTERN_RE2, 0, "not a group"},
    {"(?U)a", PATTERN_RE2, 0, "not a group"},
    {"(?P<>a)", PATTERN_RE2, 0, "name of a group"},
    {"(?i", PATTERN_RE2, 0, "not a group"},
    {"(?:a", PATTERN_I_REGEXP, 1, "nothing to repeat"},
    {"a{,2}", PATTERN_I_REGEXP, 1, "needs a backslash"},
    {"a]", PATTERN_I_REGEXP, 1, "needs a backslash"},
    {"a}", PATTERN_I_REGEXP, 1, "needs a backslash"},
    {"[a[]", PATTERN_I_REGEXP, 2, "needs a backslash"},
    {"[]", PATTERN_I_REGEXP, 1, "needs a backslash"},
    {"[a-b-c]", PATTERN_I_REGEXP, 4, "minus sign"},
    {"a+?", PATTERN_I_REGEXP, 2, "repeated"},
    {"\\d", PATTERN_I_REGEXP, 0, "not known"},
    {"\\p{Lu}", PATTERN_I_REGEXP, 0, "not supported"},
};

static void check(const char *text, enum pattern_syntax syntax, const char *over, bool found, bool whole) {
    ARENA(arena);
    const struct pattern *pattern = NULL;
    struct error err = {.code = 0};
    struct fault fault = {.err = &err};
    uint32_t steps = 1000;

    if (pattern_compile(&arena, text, strlen(text), syntax, &pattern, &fault) < 0 ||
        pattern_match(&arena, pattern, false, over, strlen(over), &steps) != found ||
        pattern_match(&arena, pattern, true, over, strlen(over), &steps) != whole)
        fail_msg("%s over %s: not %sfound or not %sthe whole; %s", text, over, found ? "" : "not ", whole ? "" : "not ",
                 err.text);
}

static void tells_what_matches(void **state) {
    for (size_t i = 0; i < ELEMENTS(told); i++)
        check(told[i].pattern, PATTERN_RE2, told[i].text, told[i].found, told[i].whole);
    for (size_t i = 0; i < ELEMENTS(told_i_regexp); i++)
        check(told_i_regexp[i].pattern, PATTERN_I_REGEXP, told_i_regexp[i].text, told_i_regexp[i].found,
              told_i_regexp[i].whole);
}

static void refuses_with_the_place(void **state) {
    for (size_t i = 0; i < ELEMENTS(refused); i++) {
        ARENA(arena);
        const struct pattern *pattern;
        struct error err = {.code = 0};
        struct fault fault = {.err = &err};
        const char *text = refused[i].pattern;
        int r = pattern_compile(&arena, text, strlen(text), refused[i].syntax, &pattern, &fault);
        if (r != -EINVAL || fault.at != refused[i].at || !strstr(err.text, refused[i].says))
            fail_msg("%s: %d at %zu: %s", text, r, fault.at, err.text);
    }
}

/* Programs are bounded, and so is the time that they take, whatever the pattern. */
static void is_bounded(void **state) {
    static const char *const large[] = {"(a{1000}){5}", "((((a{9}){9}){9}){9}){9}", "(((a{0,1000}){0,1000}){0,1000}"};
    static char text[100001], deep[PATTERN_DEPTH_MAX + 2];
    const struct pattern *pattern;

    for (size_t i = 0; i < ELEMENTS(large); i++) {
        ARENA(arena);
        struct fault fault = {.err = NULL};
        assert_int_equal(pattern_compile(&arena, large[i], strlen(large[i]), PATTERN_RE2, &pattern, &fault), -E2BIG);
    }
    memset(deep, '(', sizeof deep - 1);
    ARENA(arena);
    struct fault fault = {.err = NULL};
    assert_int_equal(pattern_compile(&arena, deep, strlen(deep), PATTERN_RE2, &pattern, &fault), -E2BIG);

    /* what blows up where one way is tried after the other */
    static const char explosive[] = "^(a+)+(a|aa)*(a?){30}$";
    uint32_t steps = 1000000;
    memset(text, 'a', sizeof text - 1);
    fault = (struct fault){.err = NULL};
    assert_int_equal(pattern_compile(&arena, explosive, strlen(explosive), PATTERN_RE2, &pattern, &fault), 0);
    text[5000] = 'b';
    assert_int_equal(pattern_match(&arena, pattern, false, text, 5001, &steps), 0);
    assert_true(steps > 800000);
    text[5000] = 'a';
    assert_int_equal(pattern_match(&arena, pattern, false, text, sizeof text - 1, &steps), -E2BIG);
    assert_int_equal(steps, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_matches),
        cmocka_unit_test(refuses_with_the_place),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
