/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The router for HAProxy, by the runtime API of each Socket=. Needs level admin there, and AF_UNIX, AF_INET, AF_INET6
 * and AF_NETLINK (sock_diag). MasterSocket= belongs to the first Socket=. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_H
#define ROLLOUT_TRAFFIC_HAPROXY_H

#include <systemd/sd-event.h>

#include "traffic/router.h"

/* STATE_DIR (/var/lib/rollout/APP/haproxy; made if it isn't there) is where remember() writes BACKEND.state, from the
 * tables of the first balancer that has shown that backend. Free with haproxy_router_free(). */
int haproxy_router_new(sd_event *event, const struct spec *spec, const char *state_dir, exchange_done done,
                       void *userdata, struct router *ret, struct error *err);

/* RouteMap= is replaced as a whole, which its folder has to allow: -EACCES and others with what was expected. */
int haproxy_check_route_map(const struct spec *spec, struct error *err);

/* A changed specification (Socket= is live): balancer N is now spec's Nth. What was being asked of one that changed is
 * answered as LINK_UNKNOWN. On failure everything stays as it was. */
int haproxy_router_set_spec(struct router *router, const struct spec *spec, struct error *err);

/* Nothing is called back any more. */
void haproxy_router_free(struct router *router);

#endif
