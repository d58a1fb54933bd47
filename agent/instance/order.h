/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One order to systemd, from the call to the last look at the unit:
 *
 *     RESETTING --reply--> CALLING --job--> WAITING --JobRemoved or deadline--> LOOKING --properties read--> ended
 *                             |                                                   ^
 *                             +------ refused, or nothing to do ------------------+
 *
 * A stop begins at CALLING. When the connection is lost the order ends at once: what came of it will be seen. */
#ifndef ROLLOUT_INSTANCE_ORDER_H
#define ROLLOUT_INSTANCE_ORDER_H

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "instance/sentence.h"

enum order_phase { ORDER_NONE, ORDER_RESETTING, ORDER_CALLING, ORDER_WAITING, ORDER_LOOKING };

/* A job's end may be told before the reply that names the job; so many ends are remembered until then. One is enough,
 * but for the job that ours replaced and those that people add. */
#define JOB_ENDS_MAX 4

struct order {
    enum order_phase phase;
    enum unit_order_kind kind;
    uint64_t token;
    const char *unit, *app;       /* borrowed */
    void (*look)(void *userdata); /* wants the unit's properties read, then order_looked() */
    void *userdata;
    sd_bus *bus;
    sd_bus_slot *call;
    sd_event_source *deadline;
    usec_t wait;  /* what the deadline is set to */
    uint32_t job; /* while WAITING */
    struct job_end {
        uint32_t job;
        char result[16];
        struct unit_properties properties; /* as they were then */
    } ends[JOB_ENDS_MAX];                  /* the newest first */
    bool by_job;                           /* while LOOKING: ends[0] decides, else what follows */
    int result;
    char sentence[SENTENCE_MAX];
};

/* Where it stands and how it ends is written into ORDER, which must be zeroed at first; unit, app, look and userdata
 * are set by the caller. PROPERTIES tell how long systemd itself may take. Negative errno, and nothing begun, when it
 * can't be. */
int order_begin(struct order *order, sd_bus *bus, sd_event *event, const struct unit_order *what, uint64_t token,
                const struct unit_properties *properties);

/* A job of the unit ended: perhaps this order's. systemd tells what the job made of the unit before that, so PROPERTIES
 * are those of this moment. */
void order_job_removed(struct order *order, uint32_t job, const char *job_result,
                       const struct unit_properties *properties);

/* The unit's properties were read. True when that ends the order: result and sentence are valid then. */
bool order_looked(struct order *order, const struct unit_properties *properties);

/* The connection is gone. True when that ends the order. */
bool order_lost(struct order *order);

/* Forgets the order, if there is one. */
void order_clear(struct order *order);

/* How long to wait for a job: what the unit's own limits allow, and a margin. */
usec_t order_patience(enum unit_order_kind kind, const struct unit_properties *properties);

#endif
