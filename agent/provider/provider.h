/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where measurements come from: the interface of a metric provider, and the table of them. A provider is one file and
 * one line in the table of provider.c. */
#ifndef ROLLOUT_PROVIDER_PROVIDER_H
#define ROLLOUT_PROVIDER_PROVIDER_H

#include <stdint.h>

#include "analysis/metric.h"
#include "common/error.h"

struct provider_host; /* event loop, libcurl's multi handle: what providers stand on; made by main.c */

/* The answer to one question: VALUE is JSON text (NaN, Infinity and -Infinity are allowed numbers) or NULL, then
 * MESSAGE is the error. Called exactly once for each ask() that returned 0, never from inside it. */
typedef void (*provider_done)(void *userdata, uint64_t token, const char *value, const char *message);

struct provider {
    const char *name;
    /* Checks the metric's settings: unknown keys (with "did you mean"), bad values, missing ones; FILE:LINE in the
     * error. */
    int (*check)(const struct metric_spec *metric, struct error *err);
    /* Asks. METRIC is expanded, and borrowed for the call. Every wait is bounded by the metric's TimeoutSec=. */
    int (*ask)(struct provider_host *host, const struct metric_spec *metric, uint64_t token, struct error *err);
};

const struct provider *provider_find(const char *name);
const char *const *provider_names(void); /* NULL-terminated */

#endif
