/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time zones by their names. libc knows one at a time, that of the process, and TZ may not be changed while a thread of
 * libcurl resolves a name; so the system's files are read here (TZif, RFC 9636). */
#ifndef ROLLOUT_COMMON_ZONE_H
#define ROLLOUT_COMMON_ZONE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/error.h"

#define ZONE_NAME_MAX 64

struct zone;

/* The zone of that name, as Europe/Berlin. -EINVAL: no such zone, or its file is not what it should be. The caller
 * frees it with zone_free(). */
int zone_load(const char *name, struct zone **ret, struct error *err);

/* The same from the bytes of a file, which are copied. */
int zone_parse(const char *name, const void *bytes, size_t len, struct zone **ret, struct error *err);

/* Takes NULL, returns NULL. */
struct zone *zone_free(struct zone *zone);

/* Seconds east of Greenwich at AT, in seconds since 1970. */
int32_t zone_offset(const struct zone *zone, int64_t at);

/* Local time at AT. Where there is no such year: the zeroth of January 1900, as no time is. */
struct tm zone_local(const struct zone *zone, int64_t at);

/* When it is that local time, normalized in place as mktime() does. Of two times the one or the other; one that a clock
 * leaps over is as much before or after the leap. */
int64_t zone_time(const struct zone *zone, struct tm *local);

#endif
