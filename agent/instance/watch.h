/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One unit under watch: its properties, kept true by signals and by full reads. */
#ifndef ROLLOUT_INSTANCE_WATCH_H
#define ROLLOUT_INSTANCE_WATCH_H

#include <systemd/sd-bus.h>

#include "instance/properties.h"

struct watch_callbacks {
    void (*changed)(void *userdata);                                           /* the properties may have changed */
    void (*job_removed)(void *userdata, uint32_t job, const char *job_result); /* ours or anybody's; a read follows */
    void (*read)(void *userdata);                                              /* ... and this is its end */
    void (*broken)(void *userdata, const char *why); /* no sense can be got out of this connection */
};

struct watch {
    char *unit; /* "shop@blue-1.service" */
    char *path; /* its object on the bus */
    const struct watch_callbacks *callbacks;
    void *userdata;
    sd_bus *bus; /* NULL: not watching */
    sd_bus_slot *properties_changed, *filter, *add_match, *read;
    struct unit_properties properties;
};

/* UNIT is copied; WATCH must be zeroed and stay where it is. -ENOMEM. */
int watch_init(struct watch *watch, const char *unit, const struct watch_callbacks *callbacks, void *userdata);
void watch_destroy(struct watch *watch);

/* Subscribes to the unit on BUS, which is up, and reads it. Negative errno when that cannot even be queued. */
int watch_begin(struct watch *watch, sd_bus *bus);

/* Lets go of the bus. What was known is no longer. */
void watch_end(struct watch *watch);

/* Reads all properties; read() says when. A read that is under way is as good: its reply comes after every signal that
 * came before this call. -ENOTCONN without a bus. */
int watch_read(struct watch *watch);

#endif
