/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a rollout is going to do if all goes well, step by step, and how long that takes at least. Pure. It counts what
 * the configuration says (pauses, measurements, MinReadySec=), not how long instances take to start or requests to be
 * moved. */
#ifndef ROLLOUT_CORE_FORECAST_H
#define ROLLOUT_CORE_FORECAST_H

#include "core/explain.h"
#include "core/model.h"

struct forecast_step {
    const char *text;      /* the specification's, or a constant: lives as long as the specification */
    share_t share;         /* of all requests, for the new revision when the step is done */
    uint32_t scale;        /* instances of the new revision when it is done */
    uint32_t stable_scale; /* instances of what is live meanwhile; 0: nothing is live */
    enum waiting waiting;  /* for what, at last */
    uint32_t asks;         /* bits of enum hook_moment: hooks that have to pass first; that takes the time it takes */
    usec_t begins;         /* from now, at the earliest; USEC_INFINITY: when somebody says so */
    usec_t lasts;          /* at least; USEC_INFINITY: until somebody says so */
};

#define FORECAST_STEPS_MAX (STEPS_MAX + 2)

struct forecast {
    uint32_t n_steps;
    struct forecast_step steps[FORECAST_STEPS_MAX];
};

/* The rest of the way of REVISION, which STATE has under way or queued: a queued one is taken to begin now. The steps
 * of SPEC that are left, then the promotion, then the old revision's end. Nothing is left of any other revision. */
void forecast(const struct spec *spec, const struct state *state, usec_t now, uint32_t revision, struct forecast *ret);

#endif
