/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the steps say at this moment: the share they allow, what has to be ready before they go on, and since when
 * nothing has. */
#include "core/decide.h"
#include "core/decision.h"

/* The weight that the first so many steps have set. */
static share_t share_after(const struct spec *spec, uint32_t steps) {
    while (steps-- > 0)
        if (spec->steps[steps].kind == STEP_SET_WEIGHT)
            return spec->steps[steps].weight;
    return 0;
}

bool canary_is_ready(const struct decision *d) {
    enum color color = d->next->rollout.color;
    uint32_t scale = canary_scale(d->spec, d->next), ready = 0;
    for (uint32_t number = 0; number < scale; number++)
        ready += d->ready[color][number];
    return ready >= scale;
}

/* Advance needs everybody's answer, a whole canary, and a stable side that could take everything back; that side is
 * waited for only so long, and by promote --full not at all. */
bool may_advance(const struct decision *d) {
    return d->balancers_up && d->units_known && !d->next->by_hand.yielded && !d->next->rollout.paused_by_user &&
           canary_is_ready(d) && (d->next->rollout.full || stable_lets_go(d));
}

void steps_shares(const struct spec *spec, const struct state *state, share_t *ret_before, share_t *ret_at) {
    *ret_before = state->stable == COLOR_NONE ? 0 : share_after(spec, state->rollout.step);
    *ret_at = rollout_final(spec, state) ? SHARE_FULL : share_after(spec, state->rollout.step + 1);
}

share_t canary_share(struct decision *d) {
    share_t before = 0, at = 0;
    if (rollout_runs(d->next))
        steps_shares(d->spec, d->next, &before, &at);
    return share_kept(d, at <= before || (may_advance(d) && hooks_let_go(d)) ? at : before);
}

usec_t pause_end(const struct decision *d) {
    const struct rollout *rollout = &d->next->rollout;
    return usec_add(rollout->step_since, d->spec->steps[rollout->step].duration);
}

/* What a ready canary waits for on the other side is no delay of its own. */
static usec_t progress_but_for_stable(const struct decision *d) {
    const struct rollout *rollout = &d->next->rollout;
    if (rollout->full || !d->next->stable_ailing_since || !rollout_runs(d->next) || !canary_is_ready(d))
        return rollout->progress_at;
    usec_t end = stable_patience_end(d);
    return end > d->now ? USEC_INFINITY : end > rollout->progress_at ? end : rollout->progress_at;
}

usec_t progress_since(const struct decision *d) {
    const struct rollout *rollout = &d->next->rollout;
    usec_t since = progress_but_for_stable(d);
    if (rollout->mode != MODE_RUNNING || d->next->by_hand.yielded || rollout->paused_by_user ||
        rollout->paused_inconclusive || hooks_hold(d))
        return USEC_INFINITY;
    if (since == USEC_INFINITY || !rollout_runs(d->next) || rollout_final(d->spec, d->next))
        return since;
    const struct step *step = &d->spec->steps[rollout->step];
    if (step->kind == STEP_PAUSE) {
        usec_t end = pause_end(d);
        return end > d->now ? USEC_INFINITY : end > since ? end : since;
    }
    if (step->kind == STEP_ANALYSIS && state_wants_run(d->next, rollout->step_run.id) &&
        !run_phase_ended(rollout->step_run.phase))
        return USEC_INFINITY;
    return since;
}
