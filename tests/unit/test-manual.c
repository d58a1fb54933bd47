/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "spec/table.h"

/* The manual's text of "THE [NAME...] SECTION". The caller frees it. */
static char *manual_section(const char *manual, const char *name) {
    char heading[64];
    size_t len = (size_t)snprintf(heading, sizeof heading, "\n.SH THE [%s", name);

    for (const char *at = strstr(manual, "\n.SH "); at; at = strstr(at + 1, "\n.SH "))
        if (strncasecmp(at, heading, len) == 0 && (at[len] == ']' || at[len] == ' ')) {
            const char *end = strstr(at + 1, "\n.SH ");
            return strndup(at + len, end ? (size_t)(end - at) - len : strlen(at + len));
        }
    fail_msg("the manual has no section for [%s]", name);
    return NULL;
}

static char *read_manual(void) {
    const char *srcdir = getenv("srcdir");
    char path[PATH_MAX], *text = NULL;

    (void)snprintf(path, sizeof path, "%s/man/rollout.conf.5", srcdir ? srcdir : ".");
    assert_int_equal(file_read(path, 1 << 20, &text, NULL, NULL), 0);
    return text;
}

static void every_key_is_in_the_manual(void **state) {
    _cleanup_free_ char *manual = read_manual();

    for (size_t i = 0; i < SECTIONS; i++) {
        _cleanup_free_ char *section = manual_section(manual, section_table[i].name);
        for (size_t k = 0; k < section_table[i].n_keys; k++) {
            char item[128];
            (void)snprintf(item, sizeof item, "\n.TP\n.BI %s= ", section_table[i].keys[k].name);
            if (!strstr(section, item))
                fail_msg("[%s] %s= is not in the manual", section_table[i].name, section_table[i].keys[k].name);
        }
    }
}

static void every_key_of_the_manual_is_known(void **state) {
    _cleanup_free_ char *manual = read_manual();

    for (size_t i = 0; i < SECTIONS; i++) {
        _cleanup_free_ char *section = manual_section(manual, section_table[i].name);
        for (char *at = strstr(section, "\n.BI "); at; at = strstr(at + 1, "\n.BI ")) {
            char key[64] = "";
            size_t len = strcspn(at + 5, "= \n");
            if (at[5 + len] != '=' || len >= sizeof key)
                continue;
            memcpy(key, at + 5, len);
            if (!key_find(&section_table[i], key))
                fail_msg("[%s] %s= of the manual is unknown", section_table[i].name, key);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_in_the_manual),
        cmocka_unit_test(every_key_of_the_manual_is_known),
    };
    return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
