/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance/connection.h"

#include <inttypes.h>
#include <string.h>

#include "common/log.h"

#define BACKOFF_MIN (50 * USEC_PER_MSEC) /* a daemon-reexec takes a few of these */
#define BACKOFF_MAX USEC_PER_SEC         /* an attempt is cheap, and who waits for it is blind */
#define STEADY (30 * USEC_PER_SEC)       /* a connection that held so long is no part of a series of failures */
#define CALL_TIMEOUT (20 * USEC_PER_SEC) /* for every call; polkit may have to start first */

static usec_t now_of(sd_event *event) {
    uint64_t now = 0;
    (void)sd_event_now(event, CLOCK_MONOTONIC, &now);
    return (usec_t)now;
}

static void drop(struct connection *connection) {
    connection->disconnected = sd_bus_slot_unref(connection->disconnected);
    connection->owner_changed = sd_bus_slot_unref(connection->owner_changed);
    connection->reloading = sd_bus_slot_unref(connection->reloading);
    connection->subscribe = sd_bus_slot_unref(connection->subscribe);
    connection->bus = sd_bus_close_unref(connection->bus);
    connection->up = false;
}

void connection_lost(struct connection *connection, const char *why) {
    bool was_up = connection->up;
    if (was_up && now_of(connection->event) - connection->up_since > STEADY)
        connection->backoff = BACKOFF_MIN;
    log_debug("instance", "systemd is out of reach: %s; the next attempt is in %" PRIi64 " ms", why,
              connection->backoff / USEC_PER_MSEC);

    connection->up = false; /* before the callback, which may look */
    if (was_up)
        connection->callbacks.down(connection->callbacks.userdata);
    drop(connection);
    int r = sd_event_source_set_time_relative(connection->retry, (uint64_t)connection->backoff);
    if (r >= 0)
        r = sd_event_source_set_enabled(connection->retry, SD_EVENT_ONESHOT);
    if (r < 0)
        log_debug("instance", "cannot set the timer: %s", strerror(-r));
    connection->backoff = connection->backoff * 2 < BACKOFF_MAX ? connection->backoff * 2 : BACKOFF_MAX;
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    connection_lost(userdata, "the bus closed the connection");
    return 0;
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    connection_lost(userdata, "systemd left the bus, or is new on it");
    return 0;
}

static int on_reloading(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    struct connection *connection = userdata;
    int begins;
    int r = sd_bus_message_read(message, "b", &begins);
    if (r < 0)
        connection_lost(connection, "the signal Reloading is not understood");
    else if (!begins && connection->up)
        connection->callbacks.reloaded(connection->callbacks.userdata);
    return 0;
}

static int on_subscribed(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    struct connection *connection = userdata;
    connection->subscribe = sd_bus_slot_unref(connection->subscribe);
    if (sd_bus_message_is_method_error(reply, NULL)) {
        connection_lost(connection, sd_bus_message_get_error(reply)->name);
        return 0;
    }
    connection->up = true;
    connection->up_since = now_of(connection->event);
    connection->callbacks.up(connection->callbacks.userdata, connection->bus);
    return 0;
}

/* Without auto-start, because activating systemd over D-Bus is pointless: where it isn't on the bus, we hear so at
 * once. */
static int subscribe(struct connection *connection) {
    sd_bus_message *call = NULL;
    int r = sd_bus_message_new_method_call(connection->bus, &call, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "Subscribe");
    if (r >= 0)
        r = sd_bus_message_set_auto_start(call, false);
    if (r >= 0)
        r = sd_bus_call_async(connection->bus, &connection->subscribe, call, on_subscribed, connection, 0);
    sd_bus_message_unref(call);
    return r;
}

/* Everything below is only queued: sd-bus authenticates and says Hello from the event loop. A match that the bus
 * refuses ends the connection (that is sd-bus's answer where no callback is given), so it comes back as `disconnected`.
 */
static int connect_bus(struct connection *connection) {
    int r = sd_bus_open_system_with_description(&connection->bus, "rollout");
    if (r < 0)
        return r;
    if ((r = sd_bus_set_method_call_timeout(connection->bus, (uint64_t)CALL_TIMEOUT)) < 0 ||
        (r = sd_bus_attach_event(connection->bus, connection->event, SD_EVENT_PRIORITY_NORMAL)) < 0)
        return r;

    r = sd_bus_match_signal_async(connection->bus, &connection->disconnected, NULL, "/org/freedesktop/DBus/Local",
                                  "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL, connection);
    if (r < 0)
        return r;
    r = sd_bus_add_match_async(connection->bus, &connection->owner_changed,
                               "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                               "member='NameOwnerChanged',arg0='" SYSTEMD_NAME "'",
                               on_owner_changed, NULL, connection);
    if (r < 0)
        return r;
    r = sd_bus_match_signal_async(connection->bus, &connection->reloading, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                  "Reloading", on_reloading, NULL, connection);
    if (r < 0)
        return r;
    return subscribe(connection);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
    struct connection *connection = userdata;
    int r = connect_bus(connection);
    if (r < 0)
        connection_lost(connection, strerror(-r));
    return 0;
}

int connection_open(struct connection *connection, sd_event *event, const struct connection_callbacks *callbacks,
                    struct error *err) {
    connection->callbacks = *callbacks;
    connection->backoff = BACKOFF_MIN;
    connection->event = sd_event_ref(event);
    int r = sd_event_add_time_relative(event, &connection->retry, CLOCK_MONOTONIC, 0, 0, on_retry, connection);
    if (r < 0) {
        connection_close(connection);
        return error_set(err, r, "cannot set a timer to connect to systemd: %s", strerror(-r));
    }
    return 0;
}

void connection_close(struct connection *connection) {
    drop(connection);
    connection->retry = sd_event_source_disable_unref(connection->retry);
    connection->event = sd_event_unref(connection->event);
}
