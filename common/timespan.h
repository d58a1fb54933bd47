/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spans of time as people write them, in the notation of systemd.time(7): "10min", "1h 30s", "500ms", "1.5d", "90"
 * (seconds), "infinity". */
#ifndef ROLLOUT_COMMON_TIMESPAN_H
#define ROLLOUT_COMMON_TIMESPAN_H

#include "common/error.h"
#include "common/time.h"

#define TIMESPAN_TEXT_MAX 64

/* -EINVAL for what is no span (negative ones too), -ERANGE for more than fits. */
int timespan_parse(const char *text, usec_t *ret, struct error *err);

/* The shortest form that timespan_parse() reads back exactly: "10min", "1min 30s", "0", "infinity"; days are the
 * largest unit. Negative spans show as "0". Returns buffer. */
const char *timespan_format(char buffer[static TIMESPAN_TEXT_MAX], usec_t span);

/* The same as a temporary, for printf arguments. It lives until the enclosing block ends. */
#define FORMAT_TIMESPAN(span) timespan_format((char[TIMESPAN_TEXT_MAX]){0}, span)

#endif
