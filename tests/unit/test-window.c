/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "spec/window.h"

/* 2026-11-23 is a Monday. */
static bool open_at(const char *text, const char *when) {
    struct deploy_window window;
    struct tm local = {0};

    assert_int_equal(deploy_window_parse(text, &window, NULL), 0);
    assert_non_null(strptime(when, "%Y-%m-%d %H:%M", &local));
    return deploy_window_contains(&window, &local);
}

static void opens_and_closes(void **state) {
    static const struct {
        const char *text, *when;
        bool open;
    } cases[] = {
        {"Mon..Thu 09:00-16:00", "2026-11-23 09:00", true},
        {"Mon..Thu 09:00-16:00", "2026-11-23 08:59", false},
        {"Mon..Thu 09:00-16:00", "2026-11-26 15:59", true},
        {"Mon..Thu 09:00-16:00", "2026-11-26 16:00", false},
        {"Mon..Thu 09:00-16:00", "2026-11-27 10:00", false},
        {"Mon", "2026-11-23 00:00", true},
        {"Mon", "2026-11-23 23:59", true},
        {"Mon", "2026-11-24 00:00", false},
        {"Mon,Wed..Thu 00:00-24:00", "2026-11-25 12:00", true},
        {"Mon,Wed..Thu", "2026-11-24 12:00", false},
        {"Fri..Mon", "2026-11-22 12:00", true},
        {"Fri..Mon", "2026-11-24 12:00", false},
        {"22:00-04:00", "2026-11-23 23:00", true},
        {"22:00-04:00", "2026-11-23 03:59", true},
        {"22:00-04:00", "2026-11-23 04:00", false},
        {"Mon 22:00-04:00", "2026-11-24 03:00", true},
        {"Mon 22:00-04:00", "2026-11-23 03:00", false},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        if (open_at(cases[i].text, cases[i].when) != cases[i].open)
            fail_msg("%s at %s", cases[i].text, cases[i].when);
}

static void refuses_nonsense(void **state) {
    static const char *const cases[] = {
        "Mo",          "Mon..",       "..Mon",       "Mon,",        "Mon 9:00-16:00", "Mon 09:00", "09:00-",
        "09:00-25:00", "09:60-10:00", "09:00-09:00", "24:00-02:00", "Mon09:00-10:00", "always",    "Mon 09:00-10:00 x",
        "mon",         "Mon Tue",     "24:01-10:00",
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct deploy_window window;
        struct error err = {0};
        if (deploy_window_parse(cases[i], &window, &err) != -EINVAL)
            fail_msg("%s is taken", cases[i]);
    }
    struct error err = {0};
    assert_int_equal(deploy_window_parse("always", &(struct deploy_window){0}, &err), -EINVAL);
    assert_string_equal(err.text, "\"always\" is no deploy window, expected one like \"Mon..Thu 09:00-16:00\"");
}

static void a_zone_counts(void **state) {
    static const struct {
        const char *text;
        usec_t wall, opens; /* seconds since 1970 */
    } cases[] = {
        {"Mon..Thu 09:00-16:00 Europe/Berlin", 1795420800, 0},          /* Monday 2026-11-23 08:00 UTC */
        {"Mon..Thu 09:00-16:00 Europe/Berlin", 1795420799, 1795420800}, /* a second before */
        {"Mon..Thu 09:00-16:00 UTC", 1795420800, 1795424400},
        {"Mon..Thu 09:00-16:00 America/New_York", 1795420800, 1795442400},
        {"Mon Asia/Kolkata", 1795420800, 0},
        {"Tue Asia/Kolkata", 1795420800, 1795458600},          /* its midnight is 18:30 UTC */
        {"09:00-10:00 Europe/Berlin", 1792904400, 1792915200}, /* the night in which summer time ends */
        /* Sunday began at 01:00, and would have opened before that: who waited for it waits for the next one */
        {"Sun 00:05-00:50 America/Havana", 1741493100, 1742097900},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char *text = (char *)(uintptr_t)cases[i].text;
        struct spec spec = {.deploy_windows = &text, .n_deploy_windows = 1};
        usec_t opens = deploy_windows_open(&spec, cases[i].wall * USEC_PER_SEC);
        if (opens != cases[i].opens * USEC_PER_SEC)
            fail_msg("%s at %ld opens at %ld", text, (long)cases[i].wall, (long)(opens / USEC_PER_SEC));
    }
}

static void a_zone_is_known(void **state) {
    struct error err = {0};
    assert_int_equal(deploy_window_parse("Mon Europe/Atlantis", &(struct deploy_window){0}, &err), -EINVAL);
    assert_string_equal(err.text, "\"Europe/Atlantis\" is no time zone of /usr/share/zoneinfo, expected one like "
                                  "Europe/Berlin or UTC");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(opens_and_closes), cmocka_unit_test(refuses_nonsense),
                                       cmocka_unit_test(a_zone_counts), cmocka_unit_test(a_zone_is_known)};
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
