/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When deploys may begin: "Mon..Thu 09:00-16:00 Europe/Berlin"; in the host's local time where no zone is given. */
#ifndef ROLLOUT_SPEC_WINDOW_H
#define ROLLOUT_SPEC_WINDOW_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/error.h"
#include "common/zone.h"
#include "spec/spec.h"

struct deploy_window {
    uint8_t days;             /* bit 0: Sunday, as tm_wday */
    char zone[ZONE_NAME_MAX]; /* "": the host's */
    uint16_t from, to; /* minutes of the day; to is not within, 1440 is midnight; from > to reaches into the next day */
};

/* Days as a list of Mon, Tue ... and ranges (Fri..Mon goes around the week), then a range of hours; either may be left
 * out for every day or all day. Then a zone that the host knows, or none. */
int deploy_window_parse(const char *text, struct deploy_window *ret, struct error *err);

/* Whether a local time lies within. */
bool deploy_window_contains(const struct deploy_window *window, const struct tm *local);

/* When a deploy may begin by DeployWindow=: 0 at once, else a wall clock's time; USEC_INFINITY where that is never. */
usec_t deploy_windows_open(const struct spec *spec, usec_t wall);

#endif
