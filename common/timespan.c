/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/timespan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)
#define USEC_PER_WEEK (7 * USEC_PER_DAY)
#define USEC_PER_YEAR (8766 * USEC_PER_HOUR) /* 365.25 days, as systemd has it */
#define USEC_PER_MONTH (USEC_PER_YEAR / 12)

static const struct {
    const char *name;
    usec_t span;
} units[] = {
    {"us", 1},
    {"usec", 1},
    {"µs", 1}, /* U+00B5 */
    {"μs", 1}, /* U+03BC */
    {"ms", USEC_PER_MSEC},
    {"msec", USEC_PER_MSEC},
    {"s", USEC_PER_SEC},
    {"sec", USEC_PER_SEC},
    {"second", USEC_PER_SEC},
    {"seconds", USEC_PER_SEC},
    {"m", USEC_PER_MINUTE},
    {"min", USEC_PER_MINUTE},
    {"minute", USEC_PER_MINUTE},
    {"minutes", USEC_PER_MINUTE},
    {"h", USEC_PER_HOUR},
    {"hr", USEC_PER_HOUR},
    {"hour", USEC_PER_HOUR},
    {"hours", USEC_PER_HOUR},
    {"d", USEC_PER_DAY},
    {"day", USEC_PER_DAY},
    {"days", USEC_PER_DAY},
    {"w", USEC_PER_WEEK},
    {"week", USEC_PER_WEEK},
    {"weeks", USEC_PER_WEEK},
    {"M", USEC_PER_MONTH},
    {"month", USEC_PER_MONTH},
    {"months", USEC_PER_MONTH},
    {"y", USEC_PER_YEAR},
    {"year", USEC_PER_YEAR},
    {"years", USEC_PER_YEAR},
};

static const char *skip_spaces(const char *text) {
    return text + strspn(text, " \t");
}

static usec_t find_unit(const char *name, size_t len) {
    if (len == 0)
        return USEC_PER_SEC;
    for (size_t i = 0; i < ELEMENTS(units); i++)
        if (strlen(units[i].name) == len && memcmp(units[i].name, name, len) == 0)
            return units[i].span;
    return 0;
}

static int too_long(const char *text, struct error *err) {
    return error_set(err, -ERANGE, "\"%s\" is longer than any span that can be kept; write \"infinity\" for no end",
                     text);
}

static int not_a_span(const char *text, struct error *err) {
    return error_set(err, -EINVAL, "\"%s\" is no time span, expected one like \"10min\", \"1h 30s\" or \"infinity\"",
                     text);
}

/* The digits before and behind the point, times the unit. Returns 0, or -ERANGE. */
static int scale(const char *whole, size_t n_whole, const char *fraction, size_t n_fraction, usec_t unit, usec_t *ret) {
    usec_t span = 0;
    for (size_t i = 0; i < n_whole; i++)
        if (__builtin_mul_overflow(span, 10, &span) || __builtin_add_overflow(span, whole[i] - '0', &span))
            return -ERANGE;
    if (__builtin_mul_overflow(span, unit, &span))
        return -ERANGE;

    usec_t part = 0;
    for (size_t i = 0; i < n_fraction && unit > 0; i++) {
        unit /= 10;
        part += (fraction[i] - '0') * unit;
    }
    if (__builtin_add_overflow(span, part, &span))
        return -ERANGE;
    *ret = span;
    return 0;
}

int timespan_parse(const char *text, usec_t *ret, struct error *err) {
    const char *at = skip_spaces(text);
    if (*at == '\0')
        return error_set(err, -EINVAL, "a time span is missing, expected one like \"10min\" or \"1h 30s\"");
    if (strncmp(at, "infinity", 8) == 0 && *skip_spaces(at + 8) == '\0') {
        *ret = USEC_INFINITY;
        return 0;
    }
    if (*at == '-')
        return error_set(err, -EINVAL, "\"%s\" is negative, expected a time span of 0 or more", text);

    usec_t sum = 0;
    while (*at) {
        const char *whole = at, *fraction = at;
        size_t n_whole = strspn(at, "0123456789"), n_fraction = 0;
        at += n_whole;
        if (*at == '.') {
            fraction = at + 1;
            n_fraction = strspn(fraction, "0123456789");
            at = fraction + n_fraction;
            if (n_fraction == 0)
                return not_a_span(text, err);
        }
        if (n_whole + n_fraction == 0)
            return not_a_span(text, err);

        const char *name = skip_spaces(at);
        size_t n_name = strcspn(name, " \t0123456789.-+");
        if (n_name == 0 && name == at && *at != '\0')
            return not_a_span(text, err); /* "1.2.3s" is no 1.2 and .3s */
        usec_t unit = find_unit(name, n_name);
        if (unit == 0)
            return error_set(err, -EINVAL,
                             "\"%.*s\" in \"%s\" is no unit of time, expected us, ms, s, min, h, d, w, M or y",
                             (int)n_name, name, text);
        usec_t span;
        if (scale(whole, n_whole, fraction, n_fraction, unit, &span) < 0 || __builtin_add_overflow(sum, span, &sum) ||
            sum == USEC_INFINITY)
            return too_long(text, err);
        at = skip_spaces(name + n_name);
    }
    *ret = sum;
    return 0;
}

const char *timespan_format(char buffer[static TIMESPAN_TEXT_MAX], usec_t span) {
    static const struct {
        const char *name;
        usec_t span;
    } shown[] = {{"d", USEC_PER_DAY}, {"h", USEC_PER_HOUR},  {"min", USEC_PER_MINUTE},
                 {"s", USEC_PER_SEC}, {"ms", USEC_PER_MSEC}, {"us", 1}};

    if (span == USEC_INFINITY) {
        (void)string_copy(buffer, TIMESPAN_TEXT_MAX, "infinity");
        return buffer;
    }
    (void)string_copy(buffer, TIMESPAN_TEXT_MAX, "0");

    size_t used = 0;
    for (size_t i = 0; i < ELEMENTS(shown) && span > 0; i++)
        if (span >= shown[i].span) {
            used += (size_t)snprintf(buffer + used, TIMESPAN_TEXT_MAX - used, "%s%" PRIi64 "%s", used > 0 ? " " : "",
                                     span / shown[i].span, shown[i].name);
            span %= shown[i].span;
        }
    return buffer;
}
