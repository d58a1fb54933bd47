/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who and when, as people read it. Each returns buffer. */
#ifndef ROLLOUT_CTL_PEOPLE_H
#define ROLLOUT_CTL_PEOPLE_H

#include "common/json.h"

/* The name of who did it, of {"uid", "loginUid"}: who logged in counts, sudo changes only the other. "-": unknown. */
const char *person(const cJSON *by, char *buffer, size_t size);

/* "2026-11-23T10:00:00.000Z" as "2026-11-23 10:00:00Z"; "-" for "". SIZE is at least 21. */
const char *point_of_time(const char *time, char *buffer, size_t size);

#endif
