/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/haproxy-measure.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

DEFINE_STRING_TABLE(measure, enum measure, [MEASURE_ERROR_RATIO] = "error-ratio",
                    [MEASURE_REQUEST_RATE] = "request-rate", [MEASURE_RESPONSE_TIME] = "response-time",
                    [MEASURE_QUEUE_TIME] = "queue-time", [MEASURE_CONNECT_ERROR_RATIO] = "connect-error-ratio")

struct sums {
    size_t servers, http;
    double rate, requests, bad, attempts, failed;
    double answered, queue_seconds;     /* requests that have times */
    double responses, response_seconds; /* those of mode http */
};

static bool went_back(const struct haproxy_counters *from, const struct haproxy_counters *to) {
    return to->requests < from->requests || to->errors < from->errors || to->broken < from->broken ||
           to->refused < from->refused || to->retried < from->retried || to->attempts < from->attempts;
}

static void add_server(struct sums *sums, const struct haproxy_server_stats *from,
                       const struct haproxy_server_stats *to, double seconds) {
    const struct haproxy_counters *a = &from->counters, *b = &to->counters;
    double requests = (double)(b->requests - a->requests);
    double without_answer = (double)(b->broken - a->broken) + (double)(b->refused - a->refused);
    double errors = (double)(b->errors - a->errors);
    sums->servers++;
    sums->http += to->http;
    sums->requests += requests + without_answer;
    sums->bad += errors + without_answer;
    sums->rate += seconds > 0 ? (requests + without_answer) / seconds : 0;
    sums->attempts += (double)(b->attempts - a->attempts);
    sums->failed += (double)(b->refused - a->refused) + (double)(b->retried - a->retried);
    if (requests <= 0)
        return;
    sums->answered += requests;
    sums->queue_seconds +=
        requests * haproxy_window_mean(from->queue_msec, a->requests, to->queue_msec, b->requests) / 1000;
    if (to->http) {
        sums->responses += requests;
        sums->response_seconds +=
            requests * haproxy_window_mean(from->response_msec, a->requests, to->response_msec, b->requests) / 1000;
    }
}

/* A worker that is younger than the window counts from 0. */
static void add_window(struct sums *sums, const struct haproxy_window *window) {
    static const struct haproxy_server_stats nothing;
    bool reloaded = window->before.info.epoch != window->after.info.epoch;
    usec_t span = reloaded && window->after.info.uptime < window->between ? window->after.info.uptime : window->between;
    if (span < USEC_PER_SEC)
        span = USEC_PER_SEC; /* ages are told in whole seconds */
    for (size_t backend = 0; backend < BACKENDS_SEEN_MAX; backend++)
        for (size_t number = 0; number < REPLICAS_MAX; number++) {
            const struct haproxy_server_stats *from = &window->before.servers[backend][number];
            const struct haproxy_server_stats *to = &window->after.servers[backend][number];
            if (!to->known)
                continue;
            if (reloaded || went_back(&from->counters, &to->counters))
                from = &nothing;
            add_server(sums, from, to, (double)span / USEC_PER_SEC);
        }
}

/* NAN: there was nothing to measure. */
static double figure(enum measure measure, const struct sums *sums) {
    switch (measure) {
    case MEASURE_ERROR_RATIO:
        return sums->requests > 0 ? sums->bad / sums->requests : NAN;
    case MEASURE_REQUEST_RATE:
        return sums->rate;
    case MEASURE_RESPONSE_TIME:
        return sums->responses > 0 ? sums->response_seconds / sums->responses : NAN;
    case MEASURE_QUEUE_TIME:
        return sums->answered > 0 ? sums->queue_seconds / sums->answered : NAN;
    case MEASURE_CONNECT_ERROR_RATIO:
        return sums->attempts > 0 ? fmin(sums->failed / sums->attempts, 1) : NAN;
    }
    return NAN;
}

int haproxy_measure(enum measure measure, const struct haproxy_window *windows, size_t n, char ret[static MEASURED_MAX],
                    struct error *err) {
    struct sums sums = {0};
    for (size_t i = 0; i < n; i++)
        add_window(&sums, &windows[i]);
    if (sums.servers == 0)
        return error_set(err, -ENOENT, "HAProxy has none of the servers in its backends");
    if (sums.http == 0 && (measure == MEASURE_ERROR_RATIO || measure == MEASURE_RESPONSE_TIME))
        return error_set(err, -EOPNOTSUPP, "HAProxy measures no %s in backends of mode tcp",
                         measure_to_string(measure));
    double value = figure(measure, &sums);
    (void)snprintf(ret, MEASURED_MAX, isnan(value) ? "[]" : "[%.9g]", value);
    return 0;
}
