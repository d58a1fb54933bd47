/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/window.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "spec/place.h"

#define DAY_MINUTES 1440
#define EVERY_DAY 0x7f
#define WEEK 7

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static int take_day(const char **text) {
    for (int day = 0; day < 7; day++)
        if (strncmp(*text, days[day], 3) == 0) {
            *text += 3;
            return day;
        }
    return -EINVAL;
}

static int take_days(const char **text, uint8_t *ret) {
    unsigned mask = 0;

    for (;;) {
        int first = take_day(text), last = first;
        if (first >= 0 && strncmp(*text, "..", 2) == 0) {
            *text += 2;
            last = take_day(text);
        }
        if (first < 0 || last < 0)
            return -EINVAL;
        for (int day = first; mask |= 1u << day, day != last;)
            day = (day + 1) % 7;
        if (**text != ',')
            break;
        (*text)++;
    }
    *ret = (uint8_t)mask;
    return 0;
}

static bool digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* HH:MM, up to 24:00. */
static int take_minutes(const char **text, uint16_t *ret) {
    const char *at = *text;

    if (!digit(at[0]) || !digit(at[1]) || at[2] != ':' || !digit(at[3]) || !digit(at[4]))
        return -EINVAL;
    int hours = (at[0] - '0') * 10 + at[1] - '0', minutes = (at[3] - '0') * 10 + at[4] - '0';
    if (minutes > 59 || hours * 60 + minutes > DAY_MINUTES)
        return -EINVAL;
    *text += 5;
    *ret = (uint16_t)(hours * 60 + minutes);
    return 0;
}

/* All but whether this host knows the zone. */
static int parse(const char *text, struct deploy_window *ret, struct error *err) {
    struct deploy_window window = {.days = EVERY_DAY, .to = DAY_MINUTES};
    const char *at = text;
    int r = 0;

    if (!digit(*at)) {
        r = take_days(&at, &window.days);
        if (r == 0 && *at != '\0')
            r = *at == ' ' ? 0 : -EINVAL;
        at += strspn(at, " ");
    }
    if (r == 0 && digit(*at)) {
        r = take_minutes(&at, &window.from);
        if (r == 0)
            r = *at++ == '-' ? take_minutes(&at, &window.to) : -EINVAL;
        if (r == 0 && ((*at != '\0' && *at != ' ') || window.from == window.to || window.from == DAY_MINUTES))
            r = -EINVAL;
        at += r == 0 ? strspn(at, " ") : 0;
    }
    if (r >= 0)
        r = string_copy(window.zone, sizeof window.zone, at);
    if (r < 0)
        return error_set(err, -EINVAL, "\"%s\" is no deploy window, expected one like \"Mon..Thu 09:00-16:00\"",
                         SHOWN(text));
    *ret = window;
    return 0;
}

int deploy_window_parse(const char *text, struct deploy_window *ret, struct error *err) {
    struct deploy_window window;
    struct zone *zone = NULL;
    int r = parse(text, &window, err);

    if (r >= 0 && *window.zone)
        r = zone_load(window.zone, &zone, err);
    if (r >= 0)
        *ret = window;
    zone_free(zone);
    return r;
}

bool deploy_window_contains(const struct deploy_window *window, const struct tm *local) {
    int minute = local->tm_hour * 60 + local->tm_min;
    bool today = window->days >> local->tm_wday & 1, yesterday = window->days >> (local->tm_wday + 6) % 7 & 1;

    if (window->from < window->to)
        return today && minute >= window->from && minute < window->to;
    return (today && minute >= window->from) || (yesterday && minute < window->to);
}

/* When it begins on the day that is LATER days after LOCAL; USEC_INFINITY: not on that day. */
static usec_t window_begins(const struct deploy_window *window, const struct zone *zone, const struct tm *local,
                            int later) {
    struct tm begin = *local;
    begin.tm_mday += later;
    begin.tm_hour = window->from / 60;
    begin.tm_min = window->from % 60;
    begin.tm_sec = 0;
    begin.tm_isdst = -1;
    time_t time = zone ? zone_time(zone, &begin) : mktime(&begin); /* also finds the day of the week */
    return time == (time_t)-1 || !(window->days >> begin.tm_wday & 1) ? USEC_INFINITY : time * USEC_PER_SEC;
}

/* When it lets a deploy begin: 0 now, USEC_INFINITY never. */
static usec_t window_opens(const struct deploy_window *window, const struct zone *zone, usec_t wall) {
    time_t seconds = wall / USEC_PER_SEC;
    usec_t opens = USEC_INFINITY;
    struct tm local;

    if (zone)
        local = zone_local(zone, seconds);
    else if (!localtime_r(&seconds, &local))
        return USEC_INFINITY;
    if (deploy_window_contains(window, &local))
        return 0;
    for (int later = 0; later <= WEEK + 1; later++) { /* one more: a clock may leap over what would begin tomorrow */
        usec_t begins = window_begins(window, zone, &local, later);
        if (begins > wall && begins < opens)
            opens = begins;
    }
    return opens;
}

usec_t deploy_windows_open(const struct spec *spec, usec_t wall) {
    usec_t opens = spec->n_deploy_windows == 0 ? 0 : USEC_INFINITY;

    for (size_t i = 0; i < spec->n_deploy_windows && opens != 0; i++) {
        struct deploy_window window;
        struct zone *zone = NULL;
        /* All was checked when it was read; but a zone that the host has lost since lets nobody in. */
        if (parse(spec->deploy_windows[i], &window, NULL) < 0 ||
            (*window.zone && zone_load(window.zone, &zone, NULL) < 0))
            continue;
        usec_t one = window_opens(&window, zone, wall);
        opens = one < opens ? one : opens;
        zone_free(zone);
    }
    return opens;
}
