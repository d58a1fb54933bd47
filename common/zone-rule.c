/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/zone-rule.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define DAY 86400
#define HOUR 3600

static bool digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static bool letter(char byte) {
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static int take_number(const char **text, int min, int max, int *ret) {
    int number = 0;
    if (!digit(**text))
        return -EINVAL;
    for (; digit(**text) && number <= max; (*text)++)
        number = 10 * number + **text - '0';
    if (number < min || number > max)
        return -EINVAL;
    *ret = number;
    return 0;
}

static bool take(const char **text, char byte) {
    if (**text != byte)
        return false;
    (*text)++;
    return true;
}

/* CET, or <+03>; nobody is shown it. */
static int take_name(const char **text) {
    const char *at = *text;
    bool quoted = take(text, '<');
    const char *name = *text;
    while (letter(**text) || (quoted && (digit(**text) || **text == '+' || **text == '-')))
        (*text)++;
    if (*text - name < 3 || (quoted && !take(text, '>'))) {
        *text = at;
        return -EINVAL;
    }
    return 0;
}

/* [+-]H[:MM[:SS]] */
static int take_time(const char **text, int hours_max, int32_t *ret) {
    int sign = take(text, '-') ? -1 : (take(text, '+'), 1), hours, minutes = 0, seconds = 0;
    int r = take_number(text, 0, hours_max, &hours);
    if (r == 0 && take(text, ':')) {
        r = take_number(text, 0, 59, &minutes);
        if (r == 0 && take(text, ':'))
            r = take_number(text, 0, 59, &seconds);
    }
    if (r == 0)
        *ret = sign * (hours * HOUR + minutes * 60 + seconds);
    return r;
}

/* POSIX counts west of Greenwich. */
static int take_offset(const char **text, int32_t *ret) {
    int32_t west;
    int r = take_time(text, 24, &west);
    if (r == 0)
        *ret = -west;
    return r;
}

static int take_month_day(const char **text, struct zone_day *day) {
    day->kind = ZONE_DAY_OF_MONTH;
    int r = take_number(text, 1, 12, &day->month);
    if (r == 0)
        r = take(text, '.') ? take_number(text, 1, 5, &day->week) : -EINVAL;
    if (r == 0)
        r = take(text, '.') ? take_number(text, 0, 6, &day->day) : -EINVAL;
    return r;
}

static int take_day(const char **text, struct zone_day *ret) {
    struct zone_day day = {.seconds = 2 * HOUR};
    int r;
    if (!take(text, ','))
        return -EINVAL;
    if (take(text, 'M'))
        r = take_month_day(text, &day);
    else {
        day.kind = take(text, 'J') ? ZONE_DAY_JULIAN : ZONE_DAY_OF_YEAR;
        r = take_number(text, day.kind == ZONE_DAY_JULIAN, 365, &day.day);
    }
    if (r == 0 && take(text, '/'))
        r = take_time(text, 167, &day.seconds);
    if (r == 0)
        *ret = day;
    return r;
}

int zone_rule_parse(const char *text, struct zone_rule *ret) {
    struct zone_rule rule = {0};
    int r = take_name(&text);
    if (r == 0)
        r = take_offset(&text, &rule.standard);
    if (r == 0 && *text != '\0') {
        rule.has_summer = true;
        rule.summer = rule.standard + HOUR;
        r = take_name(&text);
        if (r == 0 && *text != ',')
            r = take_offset(&text, &rule.summer);
        if (r == 0)
            r = take_day(&text, &rule.begins);
        if (r == 0)
            r = take_day(&text, &rule.ends);
        if (r == 0 && *text != '\0')
            r = -EINVAL;
    }
    if (r == 0)
        *ret = rule;
    return r;
}

/* ---------------------------------------------------------------- when that is */

/* Seconds since 1970 of a day as if it were of Greenwich; tm_wday is found on the way. */
static int64_t begin_of(int year, int month, int day, int *ret_weekday) {
    struct tm tm = {.tm_year = year, .tm_mon = month, .tm_mday = day};
    int64_t at = timegm(&tm);
    *ret_weekday = tm.tm_wday;
    return at;
}

static bool is_leap(int year) { /* since 1900, as tm_year */
    int full = year + 1900;
    return full % 4 == 0 && (full % 100 != 0 || full % 400 == 0);
}

static int64_t day_of_month(const struct zone_day *day, int year) {
    int weekday, unused;
    int64_t first = begin_of(year, day->month - 1, 1, &weekday);
    int64_t at = first + (int64_t)((day->day - weekday + 7) % 7 + 7 * (day->week - 1)) * DAY;
    return at < begin_of(year, day->month, 1, &unused) ? at : at - 7 * DAY; /* the fifth, where there are four */
}

/* As local time. */
static int64_t time_of(const struct zone_day *day, int year) {
    int unused;
    int64_t begin = 0;
    switch (day->kind) {
    case ZONE_DAY_OF_MONTH:
        begin = day_of_month(day, year);
        break;
    case ZONE_DAY_JULIAN:
        begin = begin_of(year, 0, day->day + (is_leap(year) && day->day >= 60), &unused);
        break;
    case ZONE_DAY_OF_YEAR:
        begin = begin_of(year, 0, day->day + 1, &unused);
        break;
    }
    return begin + day->seconds;
}

int32_t zone_rule_offset(const struct zone_rule *rule, int64_t at) {
    time_t local = at + rule->standard;
    struct tm tm;
    if (!rule->has_summer || !gmtime_r(&local, &tm))
        return rule->standard;
    int64_t begins = time_of(&rule->begins, tm.tm_year) - rule->standard;
    int64_t ends = time_of(&rule->ends, tm.tm_year) - rule->summer;
    bool summer = begins < ends ? at >= begins && at < ends : at >= begins || at < ends;
    return summer ? rule->summer : rule->standard;
}
