/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DynamicStableScale=: stable has as many instances as its share needs. It shrinks after requests have left it, and
 * grows before they come back: what was given to the other color is taken back only as fast as stable regains its
 * instances, as in Argo Rollouts. */
#include "core/decide.h"
#include "core/decision.h"

bool stable_is_dynamic(const struct spec *spec) {
    return spec->dynamic_stable_scale && spec->strategy == STRATEGY_CANARY;
}

uint32_t stable_scale_at_step(const struct spec *spec, const struct state *state) {
    share_t before, at;
    if (!stable_is_dynamic(spec))
        return spec->replicas;
    steps_shares(spec, state, &before, &at);
    return scale_of(SHARE_FULL - (at < before ? at : before), spec->replicas);
}

uint32_t canary_scale_least(const struct spec *spec, const struct state *state) {
    share_t before = 0, at = 0, most = state->share_given;
    if (stable_is_dynamic(spec))
        steps_shares(spec, state, &before, &at);
    most = before > most ? before : most;
    most = at > most ? at : most;
    return most > 0 ? scale_of(most, spec->replicas) : 0;
}

uint32_t stable_scale(const struct spec *spec, const struct state *state) {
    bool shrinks = rollout_runs(state) && state->stable != COLOR_NONE;
    return shrinks ? stable_scale_at_step(spec, state) : spec->replicas;
}

static bool any_active(const struct decision *d, enum color color) {
    for (uint32_t number = 0; number < d->span; number++)
        if (instance_active(d, color, number))
            return true;
    return false;
}

/* A deploy that waits for its color waits for that only so long: it may be the cure. */
static bool deploy_waits_too_long(struct decision *d) {
    const struct rollout *rollout = &d->next->rollout;
    usec_t end = usec_add(rollout->began, d->spec->progress_deadline);
    if (rollout->mode != MODE_RUNNING || rollout_runs(d->next))
        return false;
    wake_at(d, end);
    return end <= d->now;
}

/* What stable cannot carry, by the balancers that answer: who is gone carries nothing, and who is silent hears
 * nothing. */
static share_t share_beyond_stable(struct decision *d) {
    uint32_t ready = 0, replicas = d->spec->replicas;
    if (deploy_waits_too_long(d) || (d->units_known && !any_active(d, color_canary(d->next))))
        return 0;
    if (!all_is_seen(d))
        return SHARE_FULL; /* nobody knows yet */
    for (uint32_t number = 0; number < replicas; number++)
        ready += d->ready[d->next->stable][number];
    return ready >= replicas ? 0 : SHARE_FULL - (share_t)((uint32_t)SHARE_FULL * ready / replicas);
}

share_t share_kept(struct decision *d, share_t wanted) {
    share_t given = d->next->share_given;
    if (wanted >= given || d->next->stable == COLOR_NONE)
        return wanted;
    share_t beyond = share_beyond_stable(d);
    share_t kept = beyond < given ? beyond : given;
    return kept > wanted ? kept : wanted;
}

void share_remember(struct decision *d) {
    share_t given = d->next->share_given;
    if (d->next->stable == COLOR_NONE)
        d->next->share_given = 0;
    else if (stable_is_dynamic(d->spec) || d->share < given)
        d->next->share_given = d->share;
}
