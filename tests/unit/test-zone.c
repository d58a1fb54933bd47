/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time zones: what libc says of them in a process of their own, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/files.h"
#include "common/text.h"
#include "common/zone-rule.h"
#include "common/zone.h"

#define DAY 86400

static struct zone *loaded(const char *name) {
    struct zone *zone = NULL;
    struct error err = {0};
    if (zone_load(name, &zone, &err) < 0)
        fail_msg("%s", err.text);
    return zone;
}

static int32_t offset_of_libc(int64_t at) {
    time_t seconds = at;
    struct tm tm;
    assert_non_null(localtime_r(&seconds, &tm));
    return (int32_t)tm.tm_gmtoff;
}

/* 1970 to 2150: what the files list, and what follows from their rules. */
static void as_libc_says(void **state) {
    static const char *const names[] = {
        "Europe/Berlin",     "UTC",          "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
        "Africa/Casablanca", "America/Nuuk", "Pacific/Apia",     "Europe/Dublin",       "Asia/Gaza",
        "America/Santiago",  "Asia/Tehran"};
    for (size_t i = 0; i < ELEMENTS(names); i++) {
        struct zone *zone = loaded(names[i]);
        (void)setenv("TZ", names[i], 1);
        tzset();
        for (int64_t at = 0; at < (int64_t)180 * 365 * DAY; at += 12 * 3600 + 7)
            if (zone_offset(zone, at) != offset_of_libc(at))
                fail_msg("%s at %ld: %d, not %d", names[i], (long)at, zone_offset(zone, at), offset_of_libc(at));
        zone_free(zone);
    }
}

/* Every 20 minutes of a year, there and back; twice a year an hour is the other of two. */
static void there_and_back(void **state) {
    struct zone *zone = loaded("Europe/Berlin");
    for (int64_t at = 1767225600; at < 1767225600 + 365 * DAY; at += 1200) {
        struct tm local = zone_local(zone, at);
        int64_t back = zone_time(zone, &local);
        assert_true(back == at || back == at + 3600 || back == at - 3600);
        assert_true(back == at || (local.tm_mon == 9 && local.tm_mday == 25 && local.tm_hour == 2));
    }
    struct tm leapt_over = {.tm_year = 126, .tm_mon = 2, .tm_mday = 29, .tm_hour = 2, .tm_min = 30};
    int64_t at = zone_time(zone, &leapt_over);
    assert_true(at == 1774747800 || at == 1774744200); /* 03:30 or 01:30 */
    zone_free(zone);
}

static void rules(void **state) {
    static const char *const good[] = {"UTC0",
                                       "CET-1CEST,M3.5.0,M10.5.0/3",
                                       "<+0330>-3:30",
                                       "EST5EDT,M3.2.0,M11.1.0",
                                       "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                       "AAA3BBB,J60/0,300/24:30:15"};
    static const char *const bad[] = {
        "",       "UT0",   "UTC",   "CET-1CEST",     "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "<+03-3", "UTC0 ", "UTC25", "AAA3BBB,J0,J2", "AAA3BBB,1,2/168",  "CET-1:60"};
    struct zone_rule rule;
    for (size_t i = 0; i < ELEMENTS(good); i++)
        if (zone_rule_parse(good[i], &rule) < 0)
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < ELEMENTS(bad); i++)
        if (zone_rule_parse(bad[i], &rule) != -EINVAL)
            fail_msg("%s is taken", bad[i]);
}

static void names(void **state) {
    static const char *const bad[] = {"",
                                      "/etc/passwd",
                                      "../../../etc/passwd",
                                      "Europe",
                                      "Europe/",
                                      "x\n",
                                      "zone.tab",
                                      "a-name-that-is-much-too-long-to-be-that-of-any-time-zone-of-the-world"};
    struct zone *zone = NULL;
    for (size_t i = 0; i < ELEMENTS(bad); i++)
        if (zone_load(bad[i], &zone, NULL) != -EINVAL)
            fail_msg("%s is taken", bad[i]);
}

/* Cut anywhere it is none; with a byte turned it may be one, and is asked. */
static void broken_files(void **state) {
    char *bytes = NULL;
    size_t len = 0;
    struct zone *zone = NULL;
    assert_int_equal(file_read("/usr/share/zoneinfo/Europe/Berlin", 1 << 16, &bytes, &len, NULL), 0);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(zone_parse("x", bytes, cut, &zone, NULL), -EINVAL);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)(bytes[i] ^ 0x81);
        if (zone_parse("x", bytes, len, &zone, NULL) >= 0) {
            (void)zone_offset(zone, 1795420800);
            (void)zone_offset(zone, 4102444800);
            zone = zone_free(zone);
        }
        bytes[i] = (char)(bytes[i] ^ 0x81);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_libc_says), cmocka_unit_test(there_and_back), cmocka_unit_test(rules),
        cmocka_unit_test(names),        cmocka_unit_test(broken_files),
    };
    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
