/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "common/timespan.h"
#include "common/timestamp.h"

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void reads_spans(void **state) {
    static const struct {
        const char *text;
        usec_t span;
    } cases[] = {
        {"0", 0},
        {"90", 90 * USEC_PER_SEC},
        {"10min", 10 * MINUTE},
        {"1h 30s", HOUR + 30 * USEC_PER_SEC},
        {"1h30s", HOUR + 30 * USEC_PER_SEC},
        {" 5 minutes ", 5 * MINUTE},
        {"500ms", 500 * USEC_PER_MSEC},
        {"1.5d", 36 * HOUR},
        {".5s", USEC_PER_SEC / 2},
        {"0.000001", 1},
        {"0.0000001", 0},
        {"0.05min", 3 * USEC_PER_SEC},
        {"2 hr 3 hours 1hour", 6 * HOUR},
        {"7us 2usec 1µs 1μs", 11},
        {"1m", MINUTE},
        {"1M", 30 * DAY + 10 * HOUR + 30 * MINUTE},
        {"2weeks", 14 * DAY},
        {"1y", 365 * DAY + 6 * HOUR},
        {"infinity", USEC_INFINITY},
        {" infinity ", USEC_INFINITY},
        {"292271years", 292271 * (365 * DAY + 6 * HOUR)},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        usec_t span = -1;
        struct error err = {0};
        if (timespan_parse(cases[i].text, &span, &err) < 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_int_equal(span, cases[i].span);
    }
}

static void refuses_what_is_no_span(void **state) {
    static const struct {
        const char *text;
        int code;
        const char *says;
    } cases[] = {
        {"", -EINVAL, "missing"},
        {"  ", -EINVAL, "missing"},
        {"-1s", -EINVAL, "negative"},
        {"-infinity", -EINVAL, "negative"},
        {"soon", -EINVAL, "no time span"},
        {"10mins", -EINVAL, "\"mins\" in \"10mins\" is no unit"},
        {"10 S", -EINVAL, "no unit"},
        {"1.", -EINVAL, "no time span"},
        {".", -EINVAL, "no time span"},
        {"1.2.3s", -EINVAL, "no time span"},
        {"5min -3s", -EINVAL, "no time span"},
        {"+5s", -EINVAL, "no time span"},
        {"0x10", -EINVAL, "no unit"},
        {"1e3", -EINVAL, "no unit"},
        {"1s infinity", -EINVAL, "no time span"},
        {"infinity 1s", -EINVAL, "no time span"},
        {"infinityy", -EINVAL, "no time span"},
        {"99999999999999999999", -ERANGE, "infinity"},
        {"9223372036854775807us", -ERANGE, "infinity"},
        {"292271y 292271y", -ERANGE, "infinity"},
        {"292272y", -ERANGE, "infinity"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        usec_t span = 42;
        struct error err = {0};
        int r = timespan_parse(cases[i].text, &span, &err);
        if (r != cases[i].code || !strstr(err.text, cases[i].says))
            fail_msg("\"%s\": %d %s", cases[i].text, r, err.text);
        assert_int_equal(span, 42);
    }
}

static void writes_the_shortest_span(void **state) {
    assert_string_equal(FORMAT_TIMESPAN(0), "0");
    assert_string_equal(FORMAT_TIMESPAN(10 * MINUTE), "10min");
    assert_string_equal(FORMAT_TIMESPAN(90 * USEC_PER_SEC), "1min 30s");
    assert_string_equal(FORMAT_TIMESPAN(1500 * USEC_PER_MSEC), "1s 500ms");
    assert_string_equal(FORMAT_TIMESPAN(30 * DAY + 1), "30d 1us");
    assert_string_equal(FORMAT_TIMESPAN(USEC_INFINITY), "infinity");
    assert_string_equal(FORMAT_TIMESPAN(-5), "0");
    assert_string_equal(FORMAT_TIMESPAN(USEC_INFINITY - 1), "106751991d 4h 54s 775ms 806us");
}

static void spans_come_back_exactly(void **state) {
    for (usec_t span = 1; span < USEC_INFINITY / 7; span = span * 7 + 3) {
        usec_t back = -1;
        assert_int_equal(timespan_parse(FORMAT_TIMESPAN(span), &back, NULL), 0);
        assert_int_equal(back, span);
    }
}

static void spans_add_without_overflow(void **state) {
    assert_int_equal(usec_add(1, 2), 3);
    assert_int_equal(usec_add(USEC_INFINITY, 1), USEC_INFINITY);
    assert_int_equal(usec_add(-1, USEC_INFINITY), USEC_INFINITY);
    assert_int_equal(usec_add(USEC_INFINITY - 1, 2), USEC_INFINITY);
}

static void writes_times(void **state) {
    assert_string_equal(FORMAT_TIMESTAMP(0), "1970-01-01T00:00:00.000Z");
    assert_string_equal(FORMAT_TIMESTAMP(INT64_C(1795428000123999)), "2026-11-23T10:00:00.123Z");
    assert_string_equal(FORMAT_TIMESTAMP(-1), "1969-12-31T23:59:59.999Z");
    assert_string_equal(FORMAT_TIMESTAMP(USEC_INFINITY), "9999-12-31T23:59:59.999Z");
    assert_string_equal(FORMAT_TIMESTAMP(INT64_MIN), "0000-01-01T00:00:00.000Z");
}

static void reads_times(void **state) {
    usec_t wall = 0;
    assert_int_equal(timestamp_parse("2026-11-23T10:00:00.123Z", &wall, NULL), 0);
    assert_int_equal(wall, INT64_C(1795428000123000));
    assert_int_equal(timestamp_parse("2024-02-29T23:59:59Z", &wall, NULL), 0);
    assert_string_equal(FORMAT_TIMESTAMP(wall), "2024-02-29T23:59:59.000Z");
    assert_int_equal(timestamp_parse("1970-01-01T00:00:00.000001Z", &wall, NULL), 0);
    assert_int_equal(wall, 1);
    assert_int_equal(timestamp_parse("1969-12-31T23:59:59.5Z", &wall, NULL), 0);
    assert_int_equal(wall, -USEC_PER_SEC / 2);
}

static void refuses_what_is_no_time(void **state) {
    static const char *const bad[] = {
        "",
        "now",
        "2026-11-23",
        "2026-11-23 10:00:00Z",
        "2026-11-23T10:00:00",
        "2026-11-23T10:00:00+01:00",
        "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00.1234567Z",
        "2026-11-23T10:00:00Zx",
        "2026-13-01T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-1-01T00:00:00Z",
        "-026-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < ELEMENTS(bad); i++) {
        usec_t wall = 42;
        struct error err = {0};
        assert_int_equal(timestamp_parse(bad[i], &wall, &err), -EINVAL);
        assert_int_equal(wall, 42);
        assert_non_null(strstr(err.text, "is no time, expected one like"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_spans),
        cmocka_unit_test(refuses_what_is_no_span),
        cmocka_unit_test(writes_the_shortest_span),
        cmocka_unit_test(spans_come_back_exactly),
        cmocka_unit_test(spans_add_without_overflow),
        cmocka_unit_test(writes_times),
        cmocka_unit_test(reads_times),
        cmocka_unit_test(refuses_what_is_no_time),
    };
    return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
