/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/string-table.h"
#include "common/text.h"

static void copies_and_tells_what_was_cut(void **state) {
    char buffer[6];
    assert_int_equal(string_copy(buffer, sizeof(buffer), "blue"), 0);
    assert_string_equal(buffer, "blue");
    assert_int_equal(string_copy(buffer, sizeof(buffer), "green"), 0);
    assert_string_equal(buffer, "green");
    assert_int_equal(string_copy(buffer, sizeof(buffer), "orange"), -ENOSPC);
    assert_string_equal(buffer, "orang");
    assert_int_equal(string_copy(buffer, 1, "x"), -ENOSPC);
    assert_string_equal(buffer, "");
}

static void a_cut_never_splits_a_character(void **state) {
    char buffer[6];
    assert_int_equal(string_copy(buffer, sizeof(buffer), "1234€"), -ENOSPC);
    assert_string_equal(buffer, "1234");
    assert_int_equal(string_copy(buffer, sizeof(buffer), "12€"), 0);
    assert_string_equal(buffer, "12€");
    assert_int_equal(string_copy(buffer, sizeof(buffer), "12€4"), -ENOSPC);
    assert_string_equal(buffer, "12€");
}

static void knows_utf8(void **state) {
    assert_int_equal(utf8_length("a", 1), 1);
    assert_int_equal(utf8_length("é", 2), 2);
    assert_int_equal(utf8_length("€", 3), 3);
    assert_int_equal(utf8_length("😀", 4), 4);
    assert_int_equal(utf8_length("", 0), 0);

    static const char *const bad[] = {
        "\x80",             /* a continuation alone */
        "\xC3",             /* cut */
        "\xC3(",            /* no continuation */
        "\xC0\xAF",         /* overlong */
        "\xE0\x80\xAF",     /* overlong */
        "\xF0\x80\x80\xAF", /* overlong */
        "\xED\xA0\x80",     /* a surrogate */
        "\xF4\x90\x80\x80", /* beyond U+10FFFF */
        "\xF5\x80\x80\x80",
        "\xFF",
    };
    for (size_t i = 0; i < ELEMENTS(bad); i++) {
        assert_int_equal(utf8_length(bad[i], strlen(bad[i])), 0);
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
    }
    assert_int_equal(utf8_length("€", 2), 0);
    assert_true(utf8_valid("grün 😀", strlen("grün 😀")));
}

static void finds_words(void **state) {
    assert_true(STR_IN_SET("b", "a", "b"));
    assert_false(STR_IN_SET("B", "a", "b"));
    assert_false(str_in_set("a", NULL, 0));
}

static const char *near(const char *word) {
    static const char *const names[] = {"Replicas", "Release", "Strategy", "setWeight", "Of"};
    return nearest(word, names, ELEMENTS(names));
}

static void suggests_the_nearest_word(void **state) {
    assert_string_equal(near("Replcas"), "Replicas");
    assert_string_equal(near("relaese"), "Release");
    assert_string_equal(near("setweight"), "setWeight");
    assert_string_equal(near("set-weight"), "setWeight");
    assert_string_equal(near("Fo"), "Of");
    assert_null(near("Backend"));
    assert_null(near("x"));
    assert_null(near(""));

    char endless[200];
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_null(near(endless));
}

static const char *escaped(const char *bytes, size_t len) {
    static char buffer[16];
    return text_escape(buffer, sizeof(buffer), bytes, len);
}

static void makes_bytes_safe_to_show(void **state) {
    assert_string_equal(escaped("grün", strlen("grün")), "grün");
    assert_string_equal(escaped("a\nb\tc", 5), "a\\nb\\tc");
    assert_string_equal(escaped("\x1b[2J", 4), "\\x1b[2J");
    assert_string_equal(escaped("a\0b", 3), "a\\x00b");
    assert_string_equal(escaped("\xC2\x9B", 2), "\\xc2\\x9b"); /* a terminal's CSI in one character */
    assert_string_equal(escaped("\xFF", 1), "\\xff");
    assert_string_equal(escaped("", 0), "");
    assert_string_equal(escaped("123456789012345", 15), "123456789012345");
    assert_string_equal(escaped("1234567890123456", 16), "123456789012...");
    assert_string_equal(escaped("12345678901€456", strlen("12345678901€456")), "12345678901...");

    char tiny[4];
    assert_string_equal(text_escape(tiny, sizeof(tiny), "\n\n", 2), "...");
}

static void errors_carry_code_and_text(void **state) {
    struct error err = {0};
    assert_int_equal(error_set(&err, -ENOENT, "cannot open %s", "x"), -ENOENT);
    assert_int_equal(err.code, -ENOENT);
    assert_string_equal(err.text, "cannot open x");
    assert_int_equal(error_prefix(&err, "step %d", 3), -ENOENT);
    assert_string_equal(err.text, "step 3: cannot open x");
    assert_int_equal(error_set(&err, -EIO, "again: %s", err.text), -EIO);
    assert_string_equal(err.text, "again: step 3: cannot open x");

    assert_int_equal(error_set(NULL, -EIO, "nobody listens"), -EIO);
    assert_int_equal(error_prefix(NULL, "nobody"), 0);
    struct error unset = {0};
    assert_int_equal(error_prefix(&unset, "nothing"), 0);
    assert_string_equal(unset.text, "");
}

static void long_errors_are_cut_between_characters(void **state) {
    char endless[2 * ERROR_TEXT_MAX];
    for (size_t i = 0; i + 2 < sizeof(endless); i += 2)
        memcpy(endless + i, "é", 3);
    struct error err = {0};
    (void)error_set(&err, -EINVAL, "%s", endless);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 2);
    assert_true(utf8_valid(err.text, strlen(err.text)));
    (void)error_prefix(&err, "x");
    assert_true(utf8_valid(err.text, strlen(err.text)));
}

enum color { BLUE, GREEN };
DECLARE_STRING_TABLE(color, enum color);
DEFINE_STRING_TABLE(color, enum color, [BLUE] = "blue", [GREEN] = "green")

static void one_table_for_enum_and_words(void **state) {
    enum color color = BLUE;
    assert_string_equal(color_to_string(GREEN), "green");
    assert_string_equal(color_to_string((enum color)2), "unknown");
    assert_string_equal(color_to_string((enum color) - 1), "unknown");
    assert_int_equal(color_from_string("green", &color), 0);
    assert_int_equal(color, GREEN);
    assert_int_equal(color_from_string("Blue", &color), -EINVAL);
    assert_int_equal(color, GREEN);

    size_t n = 0;
    const char *const *names = color_names(&n);
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "blue");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_and_tells_what_was_cut),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(finds_words),
        cmocka_unit_test(suggests_the_nearest_word),
        cmocka_unit_test(makes_bytes_safe_to_show),
        cmocka_unit_test(errors_carry_code_and_text),
        cmocka_unit_test(long_errors_are_cut_between_characters),
        cmocka_unit_test(one_table_for_enum_and_words),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
