/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance/oneshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "common/timespan.h"
#include "instance/connection.h"
#include "instance/order.h"
#include "instance/watch.h"

struct oneshots {
    sd_event *event;
    char *app;
    struct connection connection;
    struct oneshot *first;
};

struct oneshot {
    struct oneshots *oneshots;
    struct watch watch;
    struct order order;
    sd_event_source *deadline;
    usec_t since, timeout;
    bool started;            /* the start was ordered: the run is ours */
    struct id128 invocation; /* of a run seen under way, zero: none */
    oneshot_done done;
    void *userdata;
    struct oneshot *next, **place;
};

/* ---------------------------------------------------------------- judging */

/* Words of Result= (service_result_table of systemd's service.c) for a process that ran and did not do well. All others
 * are of units that could not be started. */
static bool ran_badly(const struct unit_properties *properties) {
    char shown[48];
    unit_properties_result(properties, shown, sizeof shown);
    if (strchr(shown, '/')) /* systemd's own exit code: the program was not even run */
        return false;
    return STR_IN_SET(properties->result, "exit-code", "signal", "core-dump", "timeout", "watchdog", "oom-kill");
}

enum oneshot_end oneshot_judge(const char *job_result, const struct unit_properties *properties) {
    bool succeeded = strcmp(properties->result, "success") == 0 && strcmp(properties->active_state, "inactive") == 0 &&
                     properties->condition_result;
    if (strcmp(job_result, "done") == 0 && succeeded)
        return ONESHOT_DONE;
    if (strcmp(job_result, "failed") == 0 && ran_badly(properties))
        return ONESHOT_FAILED;
    return ONESHOT_NOT_DONE;
}

/* RUN: what is known of the run that ended, or NULL. */
static void finish(struct oneshot *oneshot, enum oneshot_end end, const struct unit_properties *run,
                   const char *sentence) {
    struct oneshot_result result = {.end = end};
    if (run) {
        result.invocation = run->invocation;
        result.began = run->started_at;
    }
    (void)string_copy(result.sentence, sizeof result.sentence, sentence);
    order_clear(&oneshot->order);
    watch_end(&oneshot->watch);
    oneshot->deadline = sd_event_source_disable_unref(oneshot->deadline);
    oneshot->done(oneshot->userdata, &result); /* may free it */
}

static bool is_running(const struct unit_properties *properties) {
    return STR_IN_SET(properties->active_state, "active", "reloading", "refreshing");
}

/* What became of a run whose job ended as JOB_RESULT; SENTENCE is about a start, which is not all that a job is. */
static void judge(struct oneshot *oneshot, const char *job_result, const struct unit_properties *properties,
                  const char *sentence) {
    char text[SENTENCE_MAX], why[48];
    enum oneshot_end end = oneshot_judge(job_result, properties);
    unit_properties_result(properties, why, sizeof why);
    if (end == ONESHOT_DONE)
        *text = '\0';
    else if (end == ONESHOT_FAILED)
        (void)snprintf(text, sizeof text, "%s: failed: %s", oneshot->watch.unit, why);
    else if (is_running(properties))
        (void)snprintf(text, sizeof text, "%s: runs on after its start, expected Type=oneshot without RemainAfterExit=",
                       oneshot->watch.unit);
    else
        (void)string_copy(text, sizeof text, sentence);
    finish(oneshot, end, properties, text);
}

/* ---------------------------------------------------------------- from the watch */

static void give_up(struct oneshot *oneshot, const char *why) {
    char text[SENTENCE_MAX];
    (void)snprintf(text, sizeof text, "%s: %s", oneshot->watch.unit, why);
    finish(oneshot, ONESHOT_NOT_DONE, NULL, text);
}

/* Systemd's stamp is on CLOCK_MONOTONIC, which stands still in suspend: see systemd.h. */
static bool began_before(const struct unit_properties *properties, usec_t since) {
    struct timespec monotonic, boottime;
    (void)clock_gettime(CLOCK_MONOTONIC, &monotonic);
    (void)clock_gettime(CLOCK_BOOTTIME, &boottime);
    usec_t slept = (boottime.tv_sec - monotonic.tv_sec) * USEC_PER_SEC + (boottime.tv_nsec - monotonic.tv_nsec) / 1000;
    return properties->started_at + slept < since;
}

static void order_unit(struct oneshot *oneshot, enum unit_order_kind kind) {
    const struct unit_order what = {.kind = kind};
    oneshot->started = kind == UNIT_START;
    order_clear(&oneshot->order);
    int r = order_begin(&oneshot->order, oneshot->watch.bus, oneshot->oneshots->event, &what, 0,
                        &oneshot->watch.properties);
    if (r < 0)
        give_up(oneshot, strerror(-r));
}

static bool id_equal(const struct id128 *a, const struct id128 *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

/* Nothing is ordered yet, or the connection was lost since. */
static void look(struct oneshot *oneshot) {
    const struct unit_properties *properties = &oneshot->watch.properties;
    static const struct id128 none;
    bool activating = strcmp(properties->active_state, "activating") == 0;
    bool seen = !id_equal(&oneshot->invocation, &none) && id_equal(&oneshot->invocation, &properties->invocation);
    if (is_running(properties))
        give_up(oneshot, "is active already, expected Type=oneshot without RemainAfterExit=");
    else if (activating && began_before(properties, oneshot->since))
        order_unit(oneshot, UNIT_STOP); /* it asks about another version */
    else if (oneshot->started && seen && !activating)
        judge(oneshot, strcmp(properties->active_state, "failed") == 0 ? "failed" : "done", properties, "");
    else
        order_unit(oneshot, UNIT_START);
}

static void on_changed(void *userdata) {
    struct oneshot *oneshot = userdata;
    if (oneshot->started && strcmp(oneshot->watch.properties.active_state, "activating") == 0)
        oneshot->invocation = oneshot->watch.properties.invocation;
}

static void on_job_removed(void *userdata, uint32_t job, const char *job_result) {
    struct oneshot *oneshot = userdata;
    order_job_removed(&oneshot->order, job, job_result, &oneshot->watch.properties);
}

static void on_read(void *userdata) {
    struct oneshot *oneshot = userdata;
    struct order *order = &oneshot->order;
    if (order->phase == ORDER_NONE) {
        look(oneshot);
        return;
    }
    if (!order_looked(order, &oneshot->watch.properties))
        return;
    if (order->kind == UNIT_STOP && order->result >= 0) {
        order_unit(oneshot, UNIT_START);
    } else if (order->kind == UNIT_START && order->by_job) {
        struct unit_properties at_end = order->ends[0].properties; /* later ones may be of another run */
        char job_result[sizeof order->ends[0].result], sentence[SENTENCE_MAX];
        (void)string_copy(job_result, sizeof job_result, order->ends[0].result);
        (void)string_copy(sentence, sizeof sentence, order->sentence);
        judge(oneshot, job_result, &at_end, sentence);
    } else {
        char sentence[SENTENCE_MAX];
        (void)string_copy(sentence, sizeof sentence, order->sentence);
        finish(oneshot, ONESHOT_NOT_DONE, NULL, sentence);
    }
}

static void on_broken(void *userdata, const char *why) {
    struct oneshot *oneshot = userdata;
    connection_lost(&oneshot->oneshots->connection, why);
}

static const struct watch_callbacks watch_callbacks = {
    .changed = on_changed,
    .job_removed = on_job_removed,
    .read = on_read,
    .broken = on_broken,
};

/* ---------------------------------------------------------------- from order, clock and connection */

static void on_look(void *userdata) {
    struct oneshot *oneshot = userdata;
    int r = watch_read(&oneshot->watch);
    if (r < 0)
        connection_lost(&oneshot->oneshots->connection, strerror(-r));
}

/* The order is only sent: nobody waits for its end. */
static int send_stop(struct oneshot *oneshot) {
    return sd_bus_call_method_async(oneshot->watch.bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit",
                                    NULL, NULL, "ss", oneshot->watch.unit, "replace");
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
    struct oneshot *oneshot = userdata;
    char text[128];
    if (!oneshot->watch.bus || !oneshot->started) {
        (void)snprintf(text, sizeof text, "was not started within %s", FORMAT_TIMESPAN(oneshot->timeout));
        give_up(oneshot, text);
        return 0;
    }
    int r = send_stop(oneshot);
    (void)snprintf(text, sizeof text, "%s after %s, as TimeoutSec= says", r < 0 ? "was given up" : "was stopped",
                   FORMAT_TIMESPAN(oneshot->timeout));
    give_up(oneshot, text);
    return 0;
}

static void on_up(void *userdata, sd_bus *bus) {
    struct oneshots *oneshots = userdata;
    for (struct oneshot *oneshot = oneshots->first; oneshot; oneshot = oneshot->next) {
        int r = watch_begin(&oneshot->watch, bus);
        if (r < 0) {
            connection_lost(&oneshots->connection, strerror(-r));
            return;
        }
    }
}

/* The unit runs on; what became of it is seen when the connection is back. */
static void on_down(void *userdata) {
    struct oneshots *oneshots = userdata;
    for (struct oneshot *oneshot = oneshots->first; oneshot; oneshot = oneshot->next) {
        watch_end(&oneshot->watch);
        order_clear(&oneshot->order);
    }
}

static void on_reloaded(void *userdata) {
    (void)userdata;
}

/* ---------------------------------------------------------------- the interface */

int oneshots_new(sd_event *event, const char *app, struct oneshots **ret, struct error *err) {
    struct oneshots *oneshots = calloc(1, sizeof *oneshots);
    char *copy = strdup(app);
    const struct connection_callbacks callbacks = {
        .userdata = oneshots, .up = on_up, .down = on_down, .reloaded = on_reloaded};
    int r = oneshots && copy ? connection_open(&oneshots->connection, event, &callbacks, err)
                             : error_set(err, -ENOMEM, "cannot connect to systemd: no memory");
    if (r < 0) {
        free(oneshots);
        free(copy);
        return r;
    }
    oneshots->event = sd_event_ref(event);
    oneshots->app = copy;
    *ret = oneshots;
    return 0;
}

struct oneshots *oneshots_free(struct oneshots *oneshots) {
    if (!oneshots)
        return NULL;
    connection_close(&oneshots->connection);
    sd_event_unref(oneshots->event);
    free(oneshots->app);
    free(oneshots);
    return NULL;
}

static int set_up(struct oneshot *oneshot, const char *unit) {
    struct oneshots *oneshots = oneshot->oneshots;
    int r = watch_init(&oneshot->watch, unit, &watch_callbacks, oneshot);
    if (r < 0)
        return r;
    oneshot->order.unit = oneshot->watch.unit;
    oneshot->order.app = oneshots->app;
    oneshot->order.look = on_look;
    oneshot->order.userdata = oneshot;
    r = sd_event_add_time_relative(oneshots->event, &oneshot->deadline, CLOCK_MONOTONIC, (uint64_t)oneshot->timeout, 0,
                                   on_deadline, oneshot);
    return r >= 0 && oneshots->connection.up ? watch_begin(&oneshot->watch, oneshots->connection.bus) : r;
}

int oneshot_run(struct oneshots *oneshots, const char *unit, usec_t since, usec_t timeout, oneshot_done done,
                void *userdata, struct oneshot **ret, struct error *err) {
    struct oneshot *oneshot = calloc(1, sizeof *oneshot);
    if (!oneshot)
        return error_set(err, -ENOMEM, "cannot run %s: no memory", unit);
    oneshot->oneshots = oneshots;
    oneshot->since = since;
    oneshot->timeout = timeout;
    oneshot->done = done;
    oneshot->userdata = userdata;
    oneshot->next = oneshots->first;
    oneshot->place = &oneshots->first;
    if (oneshot->next)
        oneshot->next->place = &oneshot->next;
    oneshots->first = oneshot;
    int r = set_up(oneshot, unit);
    if (r < 0) {
        oneshot_free(oneshot);
        return error_set(err, r, "cannot run %s: %s", unit, strerror(-r));
    }
    *ret = oneshot;
    return 0;
}

struct oneshot *oneshot_cancel(struct oneshot *oneshot) {
    if (oneshot && oneshot->started && oneshot->watch.bus)
        (void)send_stop(oneshot); /* one that runs on all the same is stopped before it is run again */
    return oneshot_free(oneshot);
}

struct oneshot *oneshot_free(struct oneshot *oneshot) {
    if (!oneshot)
        return NULL;
    *oneshot->place = oneshot->next;
    if (oneshot->next)
        oneshot->next->place = oneshot->place;
    order_clear(&oneshot->order);
    watch_destroy(&oneshot->watch);
    sd_event_source_disable_unref(oneshot->deadline);
    free(oneshot);
    return NULL;
}
