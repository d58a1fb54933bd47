/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where measurements come from: the interface of a metric provider, and the table of them. A provider is one file and
 * one line in the table of provider.c. */
#ifndef ROLLOUT_PROVIDER_PROVIDER_H
#define ROLLOUT_PROVIDER_PROVIDER_H

#include <stdint.h>

#include "analysis/run.h"
#include "common/error.h"
#include "core/model.h"

struct provider_host; /* event loop, libcurl's multi handle: what providers stand on; made by main.c */

/* The longest that TimeoutSec= and WindowSec= may be. */
#define PROVIDER_WAIT_MAX (3600 * USEC_PER_SEC)

/* Whom a question is about. */
struct subject {
    const struct spec *spec; /* in force; borrowed for the call */
    enum color canary;       /* the new revision's color */
    enum color stable;       /* the other one, or the same when nothing is under way */
    usec_t since;            /* CLOCK_BOOTTIME: when this attempt began; what ran before says nothing of it */
};

/* The answer to one question. VALUE is given with ANSWER_VALUE only: JSON text, in which NaN, Infinity and -Infinity
 * are numbers too. MESSAGE is the error, the reason of a verdict, a warning beside a value, or NULL. Called exactly
 * once for each ask() that returned 0, never from inside it. */
typedef void (*provider_done)(void *userdata, uint64_t token, enum answer_kind kind, const char *value,
                              const char *message);

struct provider {
    const char *name;
    /* Checks the metric's settings: unknown keys (with "did you mean"), bad values, missing ones; FILE:LINE in the
     * error. */
    int (*check)(const struct metric_spec *metric, struct error *err);
    /* Asks. METRIC is expanded; it and SUBJECT are borrowed for the call. Every wait is bounded by the metric's own
     * settings, none of which is longer than PROVIDER_WAIT_MAX. */
    int (*ask)(struct provider_host *host, const struct metric_spec *metric, const struct subject *subject,
               uint64_t token, struct error *err);
};

const struct provider *provider_find(const char *name);
const char *const *provider_names(void); /* NULL-terminated */

#endif
