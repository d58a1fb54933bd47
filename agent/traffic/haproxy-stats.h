/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What HAProxy counts of our servers: one reading of `show stat`. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_STATS_H
#define ROLLOUT_TRAFFIC_HAPROXY_STATS_H

#include "common/buffer.h"
#include "traffic/haproxy-info.h"
#include "traffic/haproxy-names.h"

/* Counters since HAProxy's start, or since somebody cleared them; names in brackets are the columns of `show stat`. */
struct haproxy_counters {
    uint64_t requests; /* responses of every class (hrsp_*), or sessions (stot) where it isn't mode http */
    uint64_t errors;   /* responses of class 5xx (hrsp_5xx) */
    uint64_t broken;   /* no response, or not a whole one (eresp) */
    uint64_t refused;  /* given up without a connection (econ) */
    uint64_t retried;  /* tried again, here or at another server (the larger of wretr and wredis) */
    uint64_t attempts; /* connections made or used again, failed ones too (connect, reuse) */
};

struct haproxy_server_stats {
    bool known; /* there is such a server */
    bool http;
    struct haproxy_counters counters;
    uint32_t queue_msec,
        response_msec; /* averages over the latest requests (qtime, rtime), see haproxy_window_mean() */
};

struct haproxy_stats {
    struct haproxy_info info;
    struct haproxy_server_stats servers[BACKENDS_SEEN_MAX][REPLICAS_MAX]; /* of one color */
};

/* Appends the whole exchange for one reading. */
int haproxy_stats_commands(const struct haproxy_names *names, struct buffer *text);

/* Reads the answers (taken apart in place) to that. A backend that this HAProxy doesn't have has no servers. -EPROTO
 * for what HAProxy does not answer. */
int haproxy_stats_read(const struct haproxy_names *names, enum color color, const char *commands, char *replies,
                       size_t len, struct haproxy_stats *ret, struct error *err);

/* The mean of those requests that came between two readings of an average, in milliseconds.
 *
 * HAProxy's averages (swrate_add_dynamic() in its freq_ctr.h) are the true mean of the first HAPROXY_SAMPLES requests;
 * from then on each new one takes the place of 1/HAPROXY_SAMPLES of the whole. So they remember requests of long ago,
 * of another version too. What was before the first reading is taken out again; as averages are told in whole
 * milliseconds this leaves a range, of which the point next to HAProxy's latest average is returned. BEFORE and AFTER
 * count all requests at both readings; before < after. */
double haproxy_window_mean(uint32_t average_before, uint64_t before, uint32_t average_after, uint64_t after);

#define HAPROXY_SAMPLES 512 /* TIME_STATS_SAMPLES */

#endif
