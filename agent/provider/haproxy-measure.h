/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What two readings of HAProxy's counters say of a color's servers. Pure. */
#ifndef ROLLOUT_PROVIDER_HAPROXY_MEASURE_H
#define ROLLOUT_PROVIDER_HAPROXY_MEASURE_H

#include "common/string-table.h"
#include "traffic/haproxy-stats.h"

/* Over all requests of the window:
 * error-ratio          those answered with 5xx, broken off, or given up without a connection
 * request-rate         requests per second
 * response-time        mean seconds until the response begins
 * queue-time           mean seconds in a server's queue
 * connect-error-ratio  of the connections tried, those that failed or broke before an answer came */
enum measure {
    MEASURE_ERROR_RATIO,
    MEASURE_REQUEST_RATE,
    MEASURE_RESPONSE_TIME,
    MEASURE_QUEUE_TIME,
    MEASURE_CONNECT_ERROR_RATIO,
};
DECLARE_STRING_TABLE(measure, enum measure);

/* What one balancer has shown. */
struct haproxy_window {
    struct haproxy_stats before, after;
    usec_t between;
};

#define MEASURED_MAX 48

/* JSON text: an array of the one figure, or "[]" when there was no request (request-rate is 0 then). Of a counter that
 * went back (HAProxy was reloaded, or its counters cleared) what it counted since then is taken. -ENOENT when no
 * balancer has such a server, -EOPNOTSUPP when none is in a backend of mode http and the figure needs it. */
int haproxy_measure(enum measure measure, const struct haproxy_window *windows, size_t n, char ret[static MEASURED_MAX],
                    struct error *err);

#endif
