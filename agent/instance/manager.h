/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What runs: the interface to the instances of an app. Nothing here blocks; what is seen and how orders end comes by
 * callbacks, from the event loop. */
#ifndef ROLLOUT_INSTANCE_MANAGER_H
#define ROLLOUT_INSTANCE_MANAGER_H

#include "common/error.h"
#include "core/model.h"

struct manager_callbacks {
    void *userdata;
    /* What is seen of one instance changed (also: it became unknown because the bus is gone). SEEN is borrowed;
     * env_revision is filled by the manager from the link. Times are on CLOCK_BOOTTIME: the callee shifts them. */
    void (*seen)(void *userdata, enum color color, uint32_t number, const struct unit_seen *seen);
    /* An order ended: result 0, or a negative errno with a sentence. */
    void (*done)(void *userdata, enum color color, uint32_t number, uint64_t token, int result, const char *sentence);
};

/* What Prepare= runs is stopped after this, if its own unit doesn't say less. */
#define PREPARE_WAIT_MAX (3600 * USEC_PER_SEC)

struct manager {
    void *self;
    /* Watches instances 1..n of both colors (n may grow later). What is seen is told by and by. */
    int (*watch)(void *self, uint32_t n);
    /* Carries out one order. The files of a start (env, release, link) have been written by the store before. PREPARE
     * is the oneshot template that has to succeed before a start, "" for none; that it failed is told as -ECHILD. An
     * order takes the place of one under way for the same instance, whose end is not told any more. Negative errno when
     * it can't even begin; what was being prepared is not started then either. */
    int (*order)(void *self, const struct unit_order *order, const char *prepare, uint64_t token);
};

#endif
