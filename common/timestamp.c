/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/timestamp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST_SECOND INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

const char *timestamp_format(char buffer[static TIMESTAMP_TEXT_MAX], usec_t wall) {
    int64_t second = wall / USEC_PER_SEC, usec = wall % USEC_PER_SEC;
    if (usec < 0) {
        second--;
        usec += USEC_PER_SEC;
    }
    if (second < FIRST_SECOND) {
        second = FIRST_SECOND;
        usec = 0;
    } else if (second > LAST_SECOND) {
        second = LAST_SECOND;
        usec = USEC_PER_SEC - 1;
    }

    time_t time = (time_t)second;
    struct tm tm;
    (void)gmtime_r(&time, &tm);
    (void)snprintf(buffer, TIMESTAMP_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(usec / USEC_PER_MSEC));
    return buffer;
}

/* Exactly n digits, and on. */
static bool read_digits(const char **at, size_t n, int *ret) {
    int value = 0;
    for (size_t i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *ret = value;
    return true;
}

static bool read_char(const char **at, char wanted) {
    return *(*at)++ == wanted;
}

static bool read_fraction(const char **at, int *ret_usec) {
    *ret_usec = 0;
    if (**at != '.')
        return true;
    (*at)++;
    size_t n = strspn(*at, "0123456789");
    if (n < 1 || n > 6 || !read_digits(at, n, ret_usec))
        return false;
    for (; n < 6; n++)
        *ret_usec *= 10;
    return true;
}

int timestamp_parse(const char *text, usec_t *ret_wall, struct error *err) {
    const char *at = text;
    int year, month, day, hour, minute, second, usec;
    bool shaped = read_digits(&at, 4, &year) && read_char(&at, '-') && read_digits(&at, 2, &month) &&
                  read_char(&at, '-') && read_digits(&at, 2, &day) && read_char(&at, 'T') &&
                  read_digits(&at, 2, &hour) && read_char(&at, ':') && read_digits(&at, 2, &minute) &&
                  read_char(&at, ':') && read_digits(&at, 2, &second) && read_fraction(&at, &usec) &&
                  read_char(&at, 'Z') && *at == '\0';
    if (shaped) {
        struct tm tm = {.tm_year = year - 1900,
                        .tm_mon = month - 1,
                        .tm_mday = day,
                        .tm_hour = hour,
                        .tm_min = minute,
                        .tm_sec = second};
        const struct tm read = tm;
        time_t time = timegm(&tm);
        /* timegm() carries a 31st of April over into May: a date that it changed is none. */
        if (tm.tm_mon == read.tm_mon && tm.tm_mday == read.tm_mday && tm.tm_hour == read.tm_hour &&
            tm.tm_min == read.tm_min && tm.tm_sec == read.tm_sec) {
            *ret_wall = (usec_t)time * USEC_PER_SEC + usec;
            return 0;
        }
    }
    return error_set(err, -EINVAL, "\"%s\" is no time, expected one like 2026-11-23T10:00:00.000Z", text);
}
