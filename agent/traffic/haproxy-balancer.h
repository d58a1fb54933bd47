/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One HAProxy: a lane for one exchange at a time, and what it has shown last.
 *
 * An exchange is one connection to its stats socket, never kept: after a reload it would go on talking to the old
 * worker, and keep that alive. Then, while workers that a reload replaced may still finish their sessions, those are
 * counted too. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_BALANCER_H
#define ROLLOUT_TRAFFIC_HAPROXY_BALANCER_H

#include <systemd/sd-event.h>

#include "traffic/connection.h"
#include "traffic/haproxy-elders.h"
#include "traffic/haproxy-look.h"
#include "traffic/haproxy-routes.h"

#define HAPROXY_DEADLINE (2 * USEC_PER_SEC)
#define HAPROXY_REPLY_MAX ((size_t)32 << 20)

struct haproxy_balancer {
    /* set by the owner */
    uint32_t index;
    sd_event *event;                     /* borrowed, as names */
    const struct haproxy_names *names;   /* when what it points to changes: haproxy_balancer_forget() */
    const struct haproxy_routes *routes; /* likewise */
    exchange_done done;
    void *userdata;

    char socket[SOCKET_NAME_MAX];
    struct address address;
    struct address master; /* len 0: none */

    /* inside */
    struct connection *connection; /* NULL: idle */
    uint64_t token;
    bool stale; /* what is being asked isn't what the configuration says now */
    struct buffer commands;
    struct route_set wanted; /* and as text */
    struct buffer map;
    struct haproxy_look *asked; /* while the master is asked too */
    struct haproxy_look *last;  /* the latest good look; NULL: none */
    uint64_t alone;             /* the epoch whose worker is known to have no elders */
};

/* As struct router's. */
int haproxy_balancer_exchange(struct haproxy_balancer *balancer, const struct balancer_plan *plan, uint64_t token);

/* What it is, or its names, changed: an exchange under way will end as LINK_UNKNOWN, what was seen is forgotten. */
void haproxy_balancer_forget(struct haproxy_balancer *balancer);

/* Ends everything without a callback. */
void haproxy_balancer_end(struct haproxy_balancer *balancer);

#endif
