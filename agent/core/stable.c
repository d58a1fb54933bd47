/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the stable color is whole, and how long a rollout waits for one that is not. Its trouble may be what the new
 * version cures, so it must not keep its cure away: after STABLE_PATIENCE it is its own. */
#include "core/decision.h"

bool stable_is_ready(const struct decision *d) {
    if (d->next->stable == COLOR_NONE)
        return true;
    uint32_t scale = stable_scale(d->spec, d->next), ready = 0;
    for (uint32_t number = 0; number < scale; number++)
        ready += d->ready[d->next->stable][number];
    return ready >= scale;
}

usec_t stable_steady_at(const struct decision *d, uint32_t number) {
    enum color stable = d->next->stable;
    usec_t proof = d->spec->min_ready > STEADY_AFTER ? d->spec->min_ready : STEADY_AFTER;
    if (d->next->instances[stable][number].crashes == 0)
        return 0;
    return usec_add(d->world->units[stable][number].active_since, proof);
}

static bool is_whole(struct decision *d) {
    bool whole = stable_is_ready(d);
    uint32_t scale = stable_scale(d->spec, d->next);
    for (uint32_t number = 0; d->next->stable != COLOR_NONE && number < scale; number++) {
        usec_t steady = stable_steady_at(d, number);
        wake_at(d, steady);
        whole = whole && steady <= d->now;
    }
    return whole;
}

usec_t stable_patience_end(const struct decision *d) {
    usec_t since = d->next->stable_ailing_since;
    return usec_add(since ? since : d->now, STABLE_PATIENCE);
}

usec_t stable_late_at(const struct decision *d) {
    usec_t since = d->next->stable_ailing_since;
    return usec_add(since ? since : d->now, d->spec->progress_deadline);
}

void stable_follow(struct decision *d) {
    struct state *next = d->next;
    d->stable_whole = is_whole(d);
    if (!d->units_known || !d->balancers_up)
        return;
    if (!d->stable_whole && !next->stable_ailing_since)
        next->stable_ailing_since = d->now;
    if (d->stable_whole && next->stable_ailing_since) {
        next->stable_ailing_since = 0;
        if (rollout_runs(next) && canary_is_ready(d))
            next->rollout.progress_at = d->now; /* it was not what took so long */
    }
    if (!d->stable_whole && next->rollout.mode == MODE_RUNNING)
        wake_at(d, stable_patience_end(d));
    if (!d->stable_whole && next->rollout.mode == MODE_IDLE)
        wake_at(d, stable_late_at(d));
}

bool stable_lets_go(const struct decision *d) {
    return d->stable_whole || stable_patience_end(d) <= d->now;
}
