/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/defaults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define MINUTE (60 * USEC_PER_SEC)

static const struct spec spec_defaults = {
    .strategy = STRATEGY_CANARY,
    .replicas = 1,
    .progress_deadline = 10 * MINUTE,
    .revision_history_limit = 10,
    .scale_down_delay = 30 * USEC_PER_SEC,
    .abort_scale_down_delay = 30 * USEC_PER_SEC,
    .drain_timeout = 30 * USEC_PER_SEC,
    .on_supersede = SUPERSEDE_REPLACE,
    .haproxy = {.server = "%c-%n", .poll = 5 * USEC_PER_SEC},
    .session_cookie_max_age = 24 * 60 * MINUTE,
    .auto_promotion = true,
};

struct spec *spec_new(const char *app) {
    struct spec *spec = malloc(sizeof *spec);

    if (!spec)
        return NULL;
    *spec = spec_defaults;
    (void)string_copy(spec->app, sizeof spec->app, app);
    (void)snprintf(spec->unit, sizeof spec->unit, "%s@.service", spec->app);
    return spec;
}

void metric_defaults(struct metric_spec *metric) {
    metric->consecutive_error_limit = 4;
    metric->retain = 10;
}

void spec_complete(struct spec *spec) {
    struct haproxy_spec *haproxy = &spec->haproxy;

    if (haproxy->n_sockets == 0)
        (void)string_copy(haproxy->sockets[haproxy->n_sockets++], SOCKET_NAME_MAX, "/run/haproxy/admin.sock");
    if (haproxy->n_backends == 0)
        (void)string_copy(haproxy->backends[haproxy->n_backends++], BACKEND_NAME_MAX, spec->app);
}
