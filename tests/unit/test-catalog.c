/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kind of event has an identity of its own, and a text in the journal's catalog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "core/words.h"
#include "notify/catalog.h"

static void every_event_is_explained(void **unused) {
    const char *srcdir = getenv("srcdir");
    char path[4096], line[64];
    struct error err = {0};
    _cleanup_free_ char *text = NULL;
    (void)snprintf(path, sizeof(path), "%s/units/rollout.catalog", srcdir ? srcdir : ".");
    if (file_read(path, 1 << 20, &text, NULL, &err) < 0)
        fail_msg("%s", err.text);
    for (enum event_kind kind = 0; kind < EVENTS; kind++) {
        (void)snprintf(line, sizeof(line), "-- %s\nSubject: ", event_message_ids[kind]);
        if (!strstr(text, line))
            fail_msg("no text for %s", event_kind_to_string(kind));
    }
}

static void identities_differ(void **unused) {
    for (enum event_kind kind = 0; kind < EVENTS; kind++) {
        assert_int_equal(strspn(event_message_ids[kind], "0123456789abcdef"), 32);
        for (enum event_kind other = 0; other < kind; other++)
            assert_string_not_equal(event_message_ids[kind], event_message_ids[other]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_is_explained),
        cmocka_unit_test(identities_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
