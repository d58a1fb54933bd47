/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What HAProxy calls our things: backends, and the server of each instance. Everything here is safe to put into a
 * command: HAProxy's own set of characters for names, which has no space, semicolon, slash or newline. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_NAMES_H
#define ROLLOUT_TRAFFIC_HAPROXY_NAMES_H

#include "core/model.h"

struct haproxy_names {
    uint32_t n_backends; /* Backend= in order, then PreviewBackend= */
    char backends[BACKENDS_SEEN_MAX][BACKEND_NAME_MAX];
    char servers[COLORS][REPLICAS_MAX][SERVER_NAME_MAX];
    char route_map[256]; /* RouteMap=; "": none */
};

struct instance_place {
    uint8_t color, number; /* number is 0-based */
};

/* -EINVAL for a name that HAProxy could not have. */
int haproxy_names_load(const struct spec *spec, struct haproxy_names *ret, struct error *err);

/* Negative when it is none of ours: -ENOENT. */
int haproxy_names_server(const struct haproxy_names *names, const char *server, struct instance_place *ret);
int haproxy_names_backend(const struct haproxy_names *names, const char *backend); /* index */

#endif
