/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "instance/connection.h"

#define MARGIN (30 * USEC_PER_SEC)
#define PATIENCE_MAX (3600 * USEC_PER_SEC) /* for units without limits of their own */

usec_t order_patience(enum unit_order_kind kind, const struct unit_properties *properties) {
    /* TimeoutStartSec= counts anew for ExecStartPre=, ExecStart= and ExecStartPost=, TimeoutStopSec= for ExecStop=,
     * SIGTERM, SIGKILL and ExecStopPost=; a start that fails, or that first has to stop what runs, ends with a stop. */
    usec_t patience = MARGIN;
    for (int i = 0; i < 4; i++)
        patience = usec_add(patience, properties->stop_timeout);
    for (int i = 0; i < 3 && kind == UNIT_START; i++)
        patience = usec_add(patience, properties->start_timeout);
    if (properties->job_timeout > 0 && patience > usec_add(properties->job_timeout, MARGIN))
        patience = usec_add(properties->job_timeout, MARGIN);
    return patience < PATIENCE_MAX ? patience : PATIENCE_MAX;
}

static void look(struct order *order) {
    order->call = sd_bus_slot_unref(order->call);
    order->phase = ORDER_LOOKING;
    order->look(order->userdata);
}

/* What the call was answered with is the end of the order. */
static void refused(struct order *order, const char *name, const char *message) {
    order->by_job = false;
    order->result =
        refusal_sentence(order->unit, order->kind, order->app, name, message, order->sentence, sizeof(order->sentence));
    look(order);
}

static void job_ended(struct order *order) {
    order->by_job = true;
    look(order);
}

/* The job is known: it has ended already, or is waited for. */
static void wait_for_job(struct order *order, uint32_t job) {
    order->call = sd_bus_slot_unref(order->call);
    for (size_t i = 0; i < JOB_ENDS_MAX; i++)
        if (order->ends[i].job == job) {
            order->ends[0] = order->ends[i];
            job_ended(order);
            return;
        }
    order->job = job;
    order->phase = ORDER_WAITING;
}

static int on_called(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
    struct order *order = userdata;
    static const char folder[] = SYSTEMD_PATH "/job/";
    const sd_bus_error *error = sd_bus_message_get_error(reply);
    const char *path;
    if (error)
        refused(order, error->name, error->message);
    else if (sd_bus_message_read(reply, "o", &path) < 0 || strncmp(path, folder, strlen(folder)) != 0)
        refused(order, SD_BUS_ERROR_INCONSISTENT_MESSAGE, "the name of the job is not understood");
    else
        wait_for_job(order, (uint32_t)strtoul(path + strlen(folder), NULL, 10));
    return 0;
}

/* "replace" cancels jobs that are in the way; one that does the same is joined, and is ours then. */
static int call(struct order *order) {
    order->phase = ORDER_CALLING;
    return sd_bus_call_method_async(order->bus, &order->call, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                    order->kind == UNIT_START ? "StartUnit" : "StopUnit", on_called, order, "ss",
                                    order->unit, "replace");
}

static int on_reset(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
    struct order *order = userdata;
    const sd_bus_error *error = sd_bus_message_get_error(reply);
    order->call = sd_bus_slot_unref(order->call);

    /* "Not loaded" is nothing to reset. Any other refusal would only be repeated by the call itself. */
    if (error && strcmp(error->name, "org.freedesktop.systemd1.NoSuchUnit") != 0) {
        refused(order, error->name, error->message);
        return 0;
    }
    int r = call(order);
    if (r < 0)
        refused(order, SD_BUS_ERROR_FAILED, strerror(-r));
    return 0;
}

/* Forgets earlier failures, so that the start limit is not what stops us and NRestarts counts from here. */
static int reset(struct order *order) {
    order->phase = ORDER_RESETTING;
    return sd_bus_call_method_async(order->bus, &order->call, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                    "ResetFailedUnit", on_reset, order, "s", order->unit);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
    struct order *order = userdata;
    if (order->phase == ORDER_LOOKING) /* bounded by itself: a call that isn't answered loses the connection */
        return 0;
    order->by_job = false;
    order->result = waited_sentence(order->unit, order->kind, order->wait, order->sentence, sizeof(order->sentence));
    look(order);
    return 0;
}

int order_begin(struct order *order, sd_bus *bus, sd_event *event, const struct unit_order *what, uint64_t token,
                const struct unit_properties *properties) {
    if (order->phase != ORDER_NONE)
        return -EBUSY;
    order->kind = what->kind;
    order->token = token;
    order->wait = order_patience(what->kind, properties);
    order->bus = sd_bus_ref(bus);
    int r = sd_event_add_time_relative(event, &order->deadline, CLOCK_MONOTONIC, (uint64_t)order->wait, 0, on_deadline,
                                       order);
    if (r >= 0)
        r = what->kind == UNIT_START ? reset(order) : call(order);
    if (r < 0) {
        order_clear(order);
        return r;
    }
    return 0;
}

void order_job_removed(struct order *order, uint32_t job, const char *job_result,
                       const struct unit_properties *properties) {
    if (order->phase != ORDER_CALLING && (order->phase != ORDER_WAITING || order->job != job))
        return;
    memmove(order->ends + 1, order->ends, sizeof(order->ends) - sizeof(order->ends[0]));
    order->ends[0].job = job;
    order->ends[0].properties = *properties;
    (void)string_copy(order->ends[0].result, sizeof(order->ends[0].result), job_result);
    if (order->phase == ORDER_WAITING)
        job_ended(order);
}

bool order_looked(struct order *order, const struct unit_properties *properties) {
    if (order->phase != ORDER_LOOKING)
        return false;
    if (order->by_job) {
        /* A unit that doesn't run is unloaded at once, and its reasons are forgotten: then the job's end is the latest
         * news. */
        const struct job_end *end = &order->ends[0];
        const struct unit_properties *latest = properties->condition_at > 0 ? properties : &end->properties;
        order->result =
            job_sentence(order->unit, order->kind, end->result, latest, order->sentence, sizeof(order->sentence));
    }
    return true;
}

bool order_lost(struct order *order) {
    if (order->phase == ORDER_NONE)
        return false;
    /* What an order had come to stands, also unseen. */
    if (order->phase != ORDER_LOOKING || order->by_job)
        order->result = refusal_sentence(order->unit, order->kind, order->app, SD_BUS_ERROR_DISCONNECTED, NULL,
                                         order->sentence, sizeof(order->sentence));
    return true;
}

void order_clear(struct order *order) {
    order->phase = ORDER_NONE;
    order->call = sd_bus_slot_unref(order->call);
    order->bus = sd_bus_unref(order->bus);
    order->deadline = sd_event_source_disable_unref(order->deadline);
    order->job = 0;
    memset(order->ends, 0, sizeof(order->ends));
}
