/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A oneshot unit that is run to its end, once at a time: one that runs already is joined. */
#ifndef ROLLOUT_INSTANCE_ONESHOT_H
#define ROLLOUT_INSTANCE_ONESHOT_H

#include <systemd/sd-event.h>

#include "instance/sentence.h"

enum oneshot_end {
    ONESHOT_DONE,     /* it ran, and succeeded */
    ONESHOT_FAILED,   /* it ran, and failed */
    ONESHOT_NOT_DONE, /* it could not be started, or was ended by somebody: nothing is known */
};

struct oneshot_result {
    enum oneshot_end end;
    char sentence[SENTENCE_MAX]; /* unless it succeeded */
    struct id128 invocation;     /* of the run that ended; zero when unknown */
    usec_t began;                /* that run did, CLOCK_MONOTONIC */
};

/* A connection to systemd for them. APP is whom a refusal tells to permit. Fails only for want of memory. */
struct oneshots;
int oneshots_new(sd_event *event, const char *app, struct oneshots **ret, struct error *err);

/* None may be under way. Takes NULL, returns NULL. */
struct oneshots *oneshots_free(struct oneshots *oneshots);

struct oneshot;

/* Called once, never from inside oneshot_run(). The oneshot must be freed by oneshot_free(), there or later. */
typedef void (*oneshot_done)(void *userdata, const struct oneshot_result *result);

/* Starts UNIT (borrowed for the call) and waits for its end. A run that is under way is joined when it began at SINCE
 * (CLOCK_BOOTTIME) or later; an older one is stopped first. After TIMEOUT it is stopped as well. */
int oneshot_run(struct oneshots *oneshots, const char *unit, usec_t since, usec_t timeout, oneshot_done done,
                void *userdata, struct oneshot **ret, struct error *err);

/* Stops the unit, if it was started, without waiting for that; then as oneshot_free(). */
struct oneshot *oneshot_cancel(struct oneshot *oneshot);

/* Forgets it; the unit runs on. Takes NULL, returns NULL. */
struct oneshot *oneshot_free(struct oneshot *oneshot);

/* What the end of a start job says of a run, by the unit's properties at that moment. SENTENCE is what order.h says of
 * it. */
enum oneshot_end oneshot_judge(const char *job_result, const struct unit_properties *properties);

#endif
