/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/text.h"
#include "spec/ini.h"

/* Writes what is read as "LINE section|argument|key|value;" so that a case is one string. */
static int note(const struct ini_entry *entry, void *userdata, struct error *err) {
    if (entry->key)
        buffer_printf(userdata, "%d %s|%s|%s|%s;", entry->line, entry->section, entry->argument, entry->key,
                      entry->value);
    else
        buffer_printf(userdata, "%d [%s|%s];", entry->line, entry->section, entry->argument);
    return 0;
}

static void reads_the_dialect(void **state) {
    static const struct {
        const char *text, *read;
    } cases[] = {
        {"", ""},
        {"# nothing\n\n; here\n", ""},
        {"[A]\nKey=value\n", "1 [A|];2 A||Key|value;"},
        {"[A]\nKey=value", "1 [A|];2 A||Key|value;"},
        {"[A]\r\nKey=value\r\n", "1 [A|];2 A||Key|value;"},
        {"\xef\xbb\xbf[A]\nKey=value", "1 [A|];2 A||Key|value;"},
        {"  [A one]  \n\t Key \t=  two words \t\n", "1 [A|one];2 A|one|Key|two words;"},
        {"[A   one ]\n", NULL},
        {"[A]\nKey=\n", "1 [A|];2 A||Key|;"},
        {"[A]\nKey=a=b:c", "1 [A|];2 A||Key|a=b:c;"},
        {"[A]\nKey=a ; b # c", "1 [A|];2 A||Key|a ; b # c;"},
        {"[A]\nKey=; a", "1 [A|];2 A||Key|; a;"},
        {"[A]\nKey=[b]", "1 [A|];2 A||Key|[b];"},
        {"[A]\nKey=\"q\"", "1 [A|];2 A||Key|\"q\";"},
        {"[A]\nK=1\nK=2\n\n#\nK=3", "1 [A|];2 A||K|1;3 A||K|2;6 A||K|3;"},
        {"[A]\nK=one\\\ntwo\nL=3", "1 [A|];2 A||K|one two;4 A||L|3;"},
        {"[A]\nK=one \\\n  # not this\n\n  two\\\n three\nL=6", "1 [A|];2 A||K|one    two  three;7 A||L|6;"},
        {"[A]\nK=back\\\\\nL=3", "1 [A|];2 A||K|back\\\\;3 A||L|3;"},
        {"[A]\nK=back\\ \nL=3", "1 [A|];2 A||K|back\\;3 A||L|3;"},
        {"[A]\nK=end\\", "1 [A|];2 A||K|end;"},
        {"[A]\nK=\\\n  v", "1 [A|];2 A||K|v;"},
        {"[A]\nK=v\n  L=indented\n", "1 [A|];2 A||K|v;3 A||L|indented;"},
        {"[A]\nK=\xc3\xa9\xe2\x82\xac", "1 [A|];2 A||K|\xc3\xa9\xe2\x82\xac;"},
        {"[A]\nK=1\n[B]\n[A]\nK=2", "1 [A|];2 A||K|1;3 [B|];4 [A|];5 A||K|2;"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        _cleanup_buffer_ struct buffer read = BUFFER(4096);
        struct error err = {0};
        int r = ini_read(cases[i].text, strlen(cases[i].text), "f", note, &read, &err);
        if (!cases[i].read) {
            assert_int_equal(r, -EINVAL);
            continue;
        }
        assert_int_equal(r, 0);
        assert_string_equal(buffer_text(&read), cases[i].read);
    }
}

static void says_what_is_wrong_and_where(void **state) {
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"K=v", "f:1: \"K=v\" stands before any section, expected [Section] first"},
        {"\n[A\n", "f:2: bad section header [A, expected [Section] or [Section name]"},
        {"[A]]", "f:1: bad section header [A]], expected [Section] or [Section name]"},
        {"[A] x", "f:1: bad section header [A] x, expected [Section] or [Section name]"},
        {"[A] # x", "f:1: bad section header [A] # x, expected [Section] or [Section name]"},
        {"[]", "f:1: bad section header [], expected [Section] or [Section name]"},
        {"[ A]", "f:1: bad section header [ A], expected [Section] or [Section name]"},
        {"[A b c]", "f:1: bad section header [A b c], expected [Section] or [Section name]"},
        {"[A]\nKey: value", "f:2: no = in \"Key: value\", expected Key=value"},
        {"[A]\nKey: a=b", "f:2: bad key in \"Key: a=b\", expected letters, digits, - . _ before the ="},
        {"[A]\nKey", "f:2: no = in \"Key\", expected Key=value"},
        {"[A]\n=v", "f:2: bad key in \"=v\", expected letters, digits, - . _ before the ="},
        {"[A]\nTwo words=v", "f:2: bad key in \"Two words=v\", expected letters, digits, - . _ before the ="},
        {"[A]\n\nK=a\001b", "f:3: byte 0x01 at column 4, expected text"},
        {"[A]\n# \033[31m", "f:2: byte 0x1b at column 3, expected text"},
        {"[A]\nK=a\\\n\177", "f:3: byte 0x7f at column 1, expected text"},
        {"[A]\nK=a\xff", "f:2: bytes that are not UTF-8, expected text"},
        {"[A]\nK=\xc3", "f:2: bytes that are not UTF-8, expected text"},
        {"[A]\nK=a\rb", "f:2: byte 0x0d at column 4, expected text"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        _cleanup_buffer_ struct buffer read = BUFFER(4096);
        struct error err = {0};
        assert_int_equal(ini_read(cases[i].text, strlen(cases[i].text), "f", note, &read, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].error);
    }
}

static void refuses_a_nul_byte(void **state) {
    static const char text[] = "[A]\nK=a\0b";
    _cleanup_buffer_ struct buffer read = BUFFER(4096);
    struct error err = {0};

    assert_int_equal(ini_read(text, sizeof text - 1, "f", note, &read, &err), -EINVAL);
    assert_string_equal(err.text, "f:2: byte 0x00 at column 4, expected text");
}

/* Every length around the pieces that libinih takes, with what it would cut or drop at any place. */
static void long_values_come_whole(void **state) {
    static const char pattern[] = " ;x #=:[]\\ \xc3\xa9\t";

    for (size_t len = 1; len < 1200; len++) {
        char text[2048] = "[A]\nKey=|", wanted[2048] = "1 [A|];2 A||Key||";
        size_t at = strlen(text), to = strlen(wanted);
        for (size_t i = 0; i < len; i++)
            text[at + i] = wanted[to + i] = pattern[i % (sizeof pattern - 1)];
        if (!utf8_valid(text, at + len)) /* cut within a character */
            text[at + len - 1] = wanted[to + len - 1] = '.';
        memcpy(text + at + len, "|", 2);
        memcpy(wanted + to + len, "|;", 3);

        _cleanup_buffer_ struct buffer read = BUFFER(4096);
        assert_int_equal(ini_read(text, strlen(text), "f", note, &read, NULL), 0);
        assert_string_equal(buffer_text(&read), wanted);
    }
}

static void lines_are_bounded(void **state) {
    size_t len = INI_LINE_MAX + 16;
    char *text = malloc(len);
    struct error err = {0};
    _cleanup_buffer_ struct buffer read = BUFFER(4 * INI_LINE_MAX);

    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, "[A]\nK=", 6);
    assert_int_equal(ini_read(text, 4 + INI_LINE_MAX, "f", note, &read, &err), 0);
    assert_int_equal(read.len, strlen("1 [A|];2 A||K|;") + INI_LINE_MAX - 2);
    assert_int_equal(ini_read(text, 5 + INI_LINE_MAX, "f", note, &read, &err), -EINVAL);
    assert_string_equal(err.text, "f:2: line of more than 65536 bytes, expected a shorter one");
    free(text);
}

static void names_are_whole_or_refused(void **state) {
    char text[512], wanted[1024], name[INI_NAME_MAX + 1];
    struct error err = {0};

    memset(name, 'n', sizeof name - 1);
    name[INI_NAME_MAX] = '\0';
    for (size_t len = 40; len < INI_NAME_MAX; len++) {
        _cleanup_buffer_ struct buffer read = BUFFER(4096);
        const char *part = name + INI_NAME_MAX - len;
        (void)snprintf(text, sizeof text, "[Metric %s]\n%s=1", part, part);
        (void)snprintf(wanted, sizeof wanted, "1 [Metric|%s];2 Metric|%s|%s|1;", part, part, part);
        assert_int_equal(ini_read(text, strlen(text), "f", note, &read, NULL), 0);
        assert_string_equal(buffer_text(&read), wanted);
    }

    _cleanup_buffer_ struct buffer read = BUFFER(4096);
    (void)snprintf(text, sizeof text, "[Metric %s]", name);
    assert_int_equal(ini_read(text, strlen(text), "f", note, &read, &err), -EINVAL);
    assert_string_equal(err.text, "f:1: section name of 128 bytes, expected at most 127");
    (void)snprintf(text, sizeof text, "[A]\n%s=1", name);
    assert_int_equal(ini_read(text, strlen(text), "f", note, &read, &err), -EINVAL);
    assert_string_equal(err.text, "f:2: key of 128 bytes, expected at most 127");
}

static int refuse_second(const struct ini_entry *entry, void *userdata, struct error *err) {
    return ++*(int *)userdata == 2 ? error_set(err, -EPERM, "enough") : 0;
}

static void the_first_refusal_ends_it(void **state) {
    static const char text[] = "[A]\nK=1\nK=2\nbad\n";
    struct error err = {0};
    int calls = 0;

    assert_int_equal(ini_read(text, sizeof text - 1, "f", refuse_second, &calls, &err), -EPERM);
    assert_int_equal(calls, 2);
    assert_string_equal(err.text, "enough");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_dialect),         cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(refuses_a_nul_byte),        cmocka_unit_test(long_values_come_whole),
        cmocka_unit_test(lines_are_bounded),         cmocka_unit_test(names_are_whole_or_refused),
        cmocka_unit_test(the_first_refusal_ends_it),
    };
    return cmocka_run_group_tests_name("ini", tests, NULL, NULL);
}
