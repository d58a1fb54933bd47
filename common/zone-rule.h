/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a time zone goes on behind what its file lists: "CET-1CEST,M3.5.0,M10.5.0/3", as POSIX says of TZ. */
#ifndef ROLLOUT_COMMON_ZONE_RULE_H
#define ROLLOUT_COMMON_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

enum zone_day_kind {
    ZONE_DAY_OF_MONTH, /* M3.5.0: the last Sunday of March */
    ZONE_DAY_JULIAN,   /* J60: the first of March, of every year */
    ZONE_DAY_OF_YEAR,  /* 59: the sixtieth day */
};

struct zone_day {
    enum zone_day_kind kind;
    int month, week, day; /* week 5: the last; day of the week (0 Sunday), or of the year */
    int32_t seconds;      /* of that day, local time; may reach into others */
};

struct zone_rule {
    int32_t standard, summer; /* seconds east of Greenwich */
    bool has_summer;
    struct zone_day begins, ends; /* summer time */
};

/* -EINVAL: it is none. */
int zone_rule_parse(const char *text, struct zone_rule *ret);

/* Seconds east of Greenwich at AT, in seconds since 1970. */
int32_t zone_rule_offset(const struct zone_rule *rule, int64_t at);

#endif
