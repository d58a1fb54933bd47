/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Phase, message and what is waited for: derived, never stored. */
#ifndef ROLLOUT_CORE_EXPLAIN_H
#define ROLLOUT_CORE_EXPLAIN_H

#include "common/string-table.h"
#include "core/model.h"

/* Argo's words, and Idle before the first deploy. */
enum phase { PHASE_IDLE, PHASE_HEALTHY, PHASE_PROGRESSING, PHASE_PAUSED, PHASE_DEGRADED };

/* "Idle", "Healthy", ... */
DECLARE_STRING_TABLE(phase, enum phase);

enum waiting {
    WAITING_NOTHING,
    WAITING_PAUSE,
    WAITING_PROMOTE,
    WAITING_RESUME,
    WAITING_READY,
    WAITING_ANALYSIS,
    WAITING_TRAFFIC,
    WAITING_STABLE,
    WAITING_BALANCER,
    WAITING_SCALE_DOWN,
    WAITING_WINDOW,
    WAITING_GATE
};

/* "pause", "promote", ... ; "" for WAITING_NOTHING. */
DECLARE_STRING_TABLE(waiting, enum waiting);

enum instance_state {
    INSTANCE_STOPPED,
    INSTANCE_STARTING,
    INSTANCE_READY,
    INSTANCE_UNREADY,
    INSTANCE_CRASHED,
    INSTANCE_DRAINING
};

/* "stopped", "starting", ... */
DECLARE_STRING_TABLE(instance_state, enum instance_state);

struct explanation {
    enum phase phase;
    char message[256]; /* "CanaryPauseStep: step 2 of 7" */
    enum waiting waiting;
    usec_t waiting_since;   /* core clock */
    usec_t waiting_until;   /* core clock; USEC_INFINITY: for ever */
    share_t weight_desired; /* of the new revision, by the steps */
    share_t weight_actual;  /* its share of the effective weights of servers that are UP, on the balancer where it is
                               largest;  -1: not known */
};

void explain(const struct spec *spec, const struct state *state, const struct world *world, usec_t now,
             struct explanation *ret);

/* The same for one instance. */
enum instance_state explain_instance(const struct spec *spec, const struct state *state, const struct world *world,
                                     usec_t now, enum color color, uint32_t number);

#endif
