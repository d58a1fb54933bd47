/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points of wall time as text: RFC 3339, UTC, milliseconds: "2026-11-23T10:00:00.000Z". */
#ifndef ROLLOUT_COMMON_TIMESTAMP_H
#define ROLLOUT_COMMON_TIMESTAMP_H

#include "common/error.h"
#include "common/time.h"

#define TIMESTAMP_TEXT_MAX 80 /* 25 are used; the rest lets compilers prove that nothing is cut */

/* wall: microseconds since 1970. Cut (not rounded) to milliseconds; years outside 0000..9999 are clamped.
 * Returns buffer. */
const char *timestamp_format(char buffer[static TIMESTAMP_TEXT_MAX], usec_t wall);

/* Reads that form, with 0 to 6 digits of a second and with "Z" only. -EINVAL for anything else. */
int timestamp_parse(const char *text, usec_t *ret_wall, struct error *err);

/* A temporary for printf arguments; it lives until the enclosing block ends. */
#define FORMAT_TIMESTAMP(wall) timestamp_format((char[TIMESTAMP_TEXT_MAX]){0}, wall)

#endif
