/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A balancer that refuses orders, or does not answer for a while: what TrafficRoutingError tells, once each time. */
#include <stdio.h>
#include <string.h>

#include "core/decision.h"

/* Which, and why, if any. */
static bool routing_fails(struct decision *d, char text[static REASON_MAX]) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct balancer_seen *seen = &d->world->balancers[balancer];
        usec_t late = seen->lost_since ? usec_add(seen->lost_since, ROUTING_PATIENCE) : USEC_INFINITY;
        wake_at(d, late);
        if (!*seen->refused && late > d->now)
            continue;
        (void)snprintf(text, REASON_MAX, "%.60s: %.90s", d->spec->haproxy.sockets[balancer],
                       *seen->refused ? seen->refused : seen->problem);
        return true;
    }
    return false;
}

void routing_follow(struct decision *d) {
    char *error = d->next->routing_error, text[REASON_MAX] = "";
    bool fails = routing_fails(d, text);
    if (fails && *error == 0)
        memcpy(error, text, sizeof text);
    else if (!fails && d->balancers_up)
        memset(error, 0, sizeof d->next->routing_error);
}
