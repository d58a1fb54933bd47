/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to systemd on the system bus: made without blocking, made again when it is lost. Lost is: the bus went
 * away, systemd left the bus (daemon-reexec, a restart of D-Bus), or whoever uses it got no sense out of it. There is
 * one way back from all of these: drop everything, connect, subscribe, read anew. */
#ifndef ROLLOUT_INSTANCE_CONNECTION_H
#define ROLLOUT_INSTANCE_CONNECTION_H

#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "common/error.h"
#include "common/time.h"

/* Where systemd is. */
#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

struct connection_callbacks {
    void *userdata;
    void (*up)(void *userdata, sd_bus *bus); /* BUS is borrowed, until down() */
    void (*down)(void *userdata);            /* slots on the bus must be let go now */
    void (*reloaded)(void *userdata);        /* systemd has read its unit files again */
};

struct connection {
    sd_event *event;
    sd_bus *bus; /* NULL between two attempts */
    sd_bus_slot *disconnected, *owner_changed, *reloading, *subscribe;
    sd_event_source *retry;
    bool up;
    usec_t up_since; /* CLOCK_MONOTONIC */
    usec_t backoff;
    struct connection_callbacks callbacks;
};

/* Begins to connect; fails only for want of memory or an event loop. CONNECTION must be zeroed and stay where it is. */
int connection_open(struct connection *connection, sd_event *event, const struct connection_callbacks *callbacks,
                    struct error *err);

/* Gives the connection up as lost, because of WHY, and begins anew after a moment. May be called from the bus's
 * callbacks. */
void connection_lost(struct connection *connection, const char *why);

/* Ends it without a callback. */
void connection_close(struct connection *connection);

#endif
