/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the world amounts to: which instances are ready, and whether everybody answers. */
#include "core/decision.h"

/* It ran already when it was placed anew, as somebody had started it unseen: what it runs is what was there before. */
static bool is_older_than_its_place(const struct decision *d, enum color color, uint32_t number) {
    const struct unit_seen *unit = &d->world->units[color][number];
    return unit->state == UNIT_ACTIVE && unit->active_since &&
           unit->active_since < d->next->instances[color][number].placed_at;
}

bool instance_placed(const struct decision *d, enum color color, uint32_t number) {
    const struct slot *slot = &d->next->slots[color];
    uint32_t placed = d->world->units[color][number].env_revision;
    if (!slot->adopted && is_older_than_its_place(d, color, number))
        return false;
    return placed == slot->revision || (slot->adopted && placed == 0);
}

bool instance_active(const struct decision *d, enum color color, uint32_t number) {
    const struct unit_seen *unit = &d->world->units[color][number];
    return unit->known && unit->state == UNIT_ACTIVE && instance_placed(d, color, number);
}

bool instance_stopped(const struct decision *d, enum color color, uint32_t number) {
    const struct unit_seen *unit = &d->world->units[color][number];
    return unit->known && !d->pending[color][number] && (unit->state == UNIT_INACTIVE || unit->state == UNIT_FAILED);
}

enum color color_canary(const struct state *state) {
    return state->stable == COLOR_NONE ? state->rollout.color : color_other(state->stable);
}

bool look_is_fresh(const struct decision *d, uint32_t balancer) {
    const struct balancer_seen *seen = &d->world->balancers[balancer];
    return seen->link == LINK_UP && seen->seen_at >= seen->ordered_at && d->now - seen->seen_at <= LOOK_FRESH;
}

void wake_at(struct decision *d, usec_t when) {
    if (d->plan && when > d->now && when < d->plan->wake)
        d->plan->wake = when;
}

/* Instances that exist: those wanted, those that a balancer knows, and those that we once started. */
static uint32_t span_of(const struct decision *d) {
    uint32_t span = d->spec->replicas;
    for (uint32_t number = span; number < REPLICAS_MAX; number++)
        for (enum color color = BLUE; color < COLORS; color++)
            if (d->world->endpoints[color][number].port || d->next->instances[color][number].started_at)
                span = number + 1;
    return span;
}

/* UP in every backend of one balancer; *since is when the last of them came up. */
static bool up_at(const struct decision *d, uint32_t balancer, enum color color, uint32_t number, usec_t *since) {
    const struct balancer_seen *seen = &d->world->balancers[balancer];
    for (uint32_t backend = 0; backend < d->world->n_backends; backend++) {
        const struct server_seen *server = &seen->servers[backend][color][number];
        if (!server->known || !server->up || server->maint || server->drain)
            return false;
        if (server->up_since > *since)
            *since = server->up_since;
    }
    return d->world->n_backends > 0;
}

static bool ready_at(struct decision *d, uint32_t balancer, enum color color, uint32_t number) {
    usec_t since = d->world->units[color][number].active_since;
    if (!instance_active(d, color, number) || !up_at(d, balancer, color, number, &since))
        return false;
    if (d->spec->min_ready == 0)
        return true;
    usec_t ready = usec_add(since, d->spec->min_ready);
    wake_at(d, ready);
    return ready <= d->now;
}

static void count_ready(struct decision *d, enum color color, uint32_t number) {
    bool everywhere = true, somewhere = false;
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        if (d->world->balancers[balancer].link != LINK_UP)
            continue;
        bool ready = ready_at(d, balancer, color, number);
        d->ready_at[balancer][color][number] = ready;
        everywhere = everywhere && ready;
        somewhere = somewhere || ready;
    }
    d->ready[color][number] = everywhere && somewhere;
    d->n_ready[color] += d->ready[color][number];
}

/* A start that was ordered may be on its way to systemd, also when the one who ordered it was killed since. */
static bool is_pending(struct decision *d, enum color color, uint32_t number) {
    const struct unit_seen *unit = &d->world->units[color][number];
    const struct instance *instance = &d->next->instances[color][number];
    if (unit->job || d->world->ordered[color][number])
        return true;
    usec_t end = usec_add(instance->started_at, START_RETRY);
    if (!instance->started_at || end <= d->now || !id128_equal(&unit->invocation, &instance->passed_over))
        return false;
    wake_at(d, end);
    return true;
}

void view_take(struct decision *d) {
    d->span = span_of(d);
    d->units_known = true;
    d->balancers_up = d->world->n_balancers > 0;
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        d->balancers_up = d->balancers_up && d->world->balancers[balancer].link == LINK_UP;
    for (enum color color = BLUE; color < COLORS; color++) {
        d->n_ready[color] = 0;
        for (uint32_t number = 0; number < d->span; number++) {
            d->pending[color][number] = is_pending(d, color, number);
            d->units_known = d->units_known && d->world->units[color][number].known;
            count_ready(d, color, number);
        }
    }
}

bool all_is_seen(const struct decision *d) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        if (d->world->balancers[balancer].link == LINK_UNKNOWN)
            return false;
    return d->units_known;
}
