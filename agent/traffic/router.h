/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who gets requests: the interface to a balancer. Nothing here blocks; answers come by the callback, from the event
 * loop. */
#ifndef ROLLOUT_TRAFFIC_ROUTER_H
#define ROLLOUT_TRAFFIC_ROUTER_H

#include "common/error.h"
#include "core/model.h"

#define UNFIT_MAX 160

/* How an exchange ended. */
struct exchange_result {
    struct balancer_seen seen;                       /* link says how far it came; servers are known when UP */
    struct endpoint endpoints[COLORS][REPLICAS_MAX]; /* valid when UP */
    char unfit[BACKENDS_SEEN_MAX][UNFIT_MAX];        /* why weights are no shares of requests there; "" nothing known */
    bool refused;                                    /* an order was answered with an error; seen.problem quotes it */
};

/* Called once for each exchange() that began, never from inside it. RESULT is borrowed. The callee stamps seen_at and
 * asked_at; each server's up_since is a point of CLOCK_BOOTTIME, which the callee moves to the core's clock. */
typedef void (*exchange_done)(void *userdata, uint32_t balancer, uint64_t token, const struct exchange_result *result);

struct router {
    void *self;
    /* Begins one exchange: `show info`, the orders in their order, `show servers state`, the sessions, the routes.
     * Bounded by a deadline. At most one at a time and balancer. PLAN may be discarded after the call. Negative errno
     * when it can't even begin. */
    int (*exchange)(void *self, uint32_t balancer, const struct balancer_plan *plan, uint64_t token);
    /* Writes what HAProxy reads at its next start: for every backend (server-state-file) wanted weights and admin
     * states, and the wanted routes (RouteMap=). Does nothing when it stands so already. Synchronous; called before
     * anything is lowered. */
    int (*remember)(void *self, const struct plan *plan, struct error *err);
};

#endif
