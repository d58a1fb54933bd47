/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom the agent asks between the steps: hooks with a temper, that say so late, twice, in vain or not at all. */
#ifndef SIMULATE_HOOKS_H
#define SIMULATE_HOOKS_H

#include "core/model.h"
#include "provider/provider.h"
#include "scenario.h"

/* One question: by whom, and about what, as it was durable then. */
struct sim_call {
    uint32_t hook; /* of h0, h1, ... */
    enum hook_moment moment;
    uint32_t revision, attempt, step;
    uint32_t life; /* of the agent */
    uint64_t token;
    bool passes; /* what it says */
    bool lost;   /* nobody hears of it: the agent waits in vain */
};

#define SIM_CALLS 1024
#define SIM_PASSES 512

struct sim_hooks {
    uint32_t n_calls, n_passes;         /* ever */
    struct sim_call calls[SIM_CALLS];   /* the latest */
    struct sim_call passes[SIM_PASSES]; /* the latest that were said, heard or not */
    struct sim_call latest;             /* at a step */
    uint32_t failed[SIM_HOOKS];         /* calls at a step that came to nothing, in this attempt */
    uint32_t refused[SIM_HOOKS];        /* those since the faults are over, heard, in a row */
    usec_t told_at;                     /* when somebody was last told of an event */
    usec_t condemned_at;                /* by somebody whose word ends this attempt; 0: not so */
};

struct sim;

/* The port that asks. */
int hook_is_asked(void *sim, const struct party_spec *hook, const struct subject *subject, const char *body,
                  uint64_t token, struct error *err);
/* In no mood it never passes. */
bool hook_refuses(const struct sim *sim, const struct sim_call *call);

#endif
