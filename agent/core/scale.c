/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many instances of each color, and which revision a color is for. */
#include "core/decide.h"
#include "core/decision.h"

uint32_t scale_of(share_t share, uint32_t replicas) {
    uint32_t part = (uint32_t)(((uint64_t)share * replicas + SHARE_FULL - 1) / SHARE_FULL);
    return part < 1 ? 1 : part > replicas ? replicas : part;
}

/* What the steps ask for; the share that counts is the one that the current step leads to. */
static uint32_t scale_by_steps(const struct spec *spec, const struct state *state) {
    share_t weight = 0;
    const struct step *scale = NULL;
    for (uint32_t i = 0; i <= state->rollout.step && i < spec->n_steps; i++)
        if (spec->steps[i].kind == STEP_SET_WEIGHT)
            weight = spec->steps[i].weight;
        else if (spec->steps[i].kind == STEP_SET_CANARY_SCALE)
            scale = &spec->steps[i];
    if (!scale)
        return scale_of(weight, spec->replicas);
    switch (scale->scale.kind) {
    case SCALE_MATCH_TRAFFIC_WEIGHT:
        return scale_of(weight, spec->replicas);
    case SCALE_WEIGHT:
        return scale_of((share_t)scale->scale.value, spec->replicas);
    case SCALE_REPLICAS:
        return (uint32_t)scale->scale.value < spec->replicas ? (uint32_t)scale->scale.value : spec->replicas;
    }
    return spec->replicas;
}

uint32_t canary_scale(const struct spec *spec, const struct state *state) {
    if (rollout_final(spec, state))
        return spec->replicas;
    uint32_t scale = scale_by_steps(spec, state), least = canary_scale_least(spec, state);
    return scale > least ? scale : least;
}

static bool color_stopped(const struct decision *d, enum color color) {
    if (!d->units_known)
        return false;
    for (uint32_t number = 0; number < d->span; number++)
        if (!instance_stopped(d, color, number))
            return false;
    return true;
}

static bool color_leaves(const struct decision *d, enum color color) {
    const struct slot *slot = &d->next->slots[color];
    return color != d->next->stable && slot->revision && slot->stop_after <= d->now;
}

static void forget_instances(struct state *next, enum color color) {
    for (uint32_t number = 0; number < REPLICAS_MAX; number++)
        next->instances[color][number] = (struct instance){0};
}

/* Was it ever live: an aborted attempt never becomes stable. */
static bool was_promoted(const struct state *state, uint32_t revision) {
    const struct history *entry = state_revision(state, revision);
    return entry && entry->outcome == OUTCOME_PROMOTED;
}

/* Some instance of it runs, and has weight where it is UP: at one balancer or in one backend, if not everywhere. */
static bool color_carries(const struct decision *d, enum color color) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        for (uint32_t backend = 0; backend < d->world->n_backends; backend++)
            for (uint32_t number = 0; number < d->span; number++) {
                const struct server_seen *server = &d->world->balancers[balancer].servers[backend][color][number];
                if (instance_active(d, color, number) && server->up && !server->maint && server->weight > 0)
                    return true;
            }
    return false;
}

/* A deploy takes the place of the color that does not serve, which may change while it waits. Before the first
 * promotion both colors may hold what was tried; later, when nothing of stable is ready and the color that it replaced
 * carries all, that one is stable again and the deploy cures the other. */
static void place_again(struct decision *d) {
    struct state *next = d->next;
    enum color color = next->rollout.color, other = color_other(color);
    if (next->rollout.mode != MODE_RUNNING || rollout_runs(next) || !all_is_seen(d) || d->n_ready[other] > 0)
        return;
    if (d->n_ready[color] == 0 && (!color_carries(d, color) || color_carries(d, other)))
        return;
    if (next->stable != COLOR_NONE) {
        if (!was_promoted(next, next->slots[color].revision))
            return;
        next->stable = color;
        next->share_given = 0;
    }
    next->slots[color].stop_after = USEC_INFINITY;
    next->slots[other].stop_after = d->now;
    next->rollout.color = other;
}

void scale_follow(struct decision *d) {
    struct state *next = d->next;
    place_again(d);
    for (enum color color = BLUE; color < COLORS; color++) {
        if (!color_leaves(d, color) || !color_stopped(d, color))
            continue;
        next->slots[color] = (struct slot){.stop_after = USEC_INFINITY};
        next->share_given = 0;
        forget_instances(next, color);
    }
    struct rollout *rollout = &next->rollout;
    if (rollout->mode == MODE_RUNNING && next->slots[rollout->color].revision == 0) {
        next->slots[rollout->color] = (struct slot){.revision = rollout->revision, .stop_after = USEC_INFINITY};
        rollout->progress_at = d->now;
    }
}

/* What a smaller canary still has of the requests, the instances that it keeps can carry. */
static bool canary_may_shrink(const struct decision *d, uint32_t scale) {
    for (uint32_t number = 0; d->next->share_given && number < scale; number++)
        if (!d->ready[color_canary(d->next)][number])
            return false;
    return true;
}

static enum want want_of_canary(const struct decision *d, uint32_t number) {
    uint32_t scale = canary_scale(d->spec, d->next);
    if (!hooks_let_start(d))
        return WANT_KEEP;
    if (number < scale)
        return WANT_RUN;
    return canary_may_shrink(d, scale) ? WANT_DOWN : WANT_KEEP;
}

static enum want want_of(const struct decision *d, enum color color, uint32_t number) {
    const struct state *next = d->next;
    const struct slot *slot = &next->slots[color];
    const struct unit_seen *unit = &d->world->units[color][number];
    bool stopped = instance_stopped(d, color, number);
    if (slot->revision == 0 && next->stable != COLOR_NONE)
        return WANT_DOWN; /* also what systemd has started again when its revision was gone */
    if (slot->revision == 0)
        return stopped && next->rollout.revision ? WANT_DOWN
                                                 : WANT_NOTHING; /* before the first deploy all is as found */
    if (unit->known && !stopped && !instance_placed(d, color, number) && !d->pending[color][number])
        return WANT_DOWN; /* another revision runs in its place */
    if (color == next->stable)
        return number < stable_scale(d->spec, next) ? WANT_RUN : WANT_DOWN;
    if (slot->stop_after <= d->now)
        return next->share_given ? WANT_KEEP : WANT_DOWN; /* stable cannot do without it yet */
    return rollout_runs(next) && color == next->rollout.color ? want_of_canary(d, number) : WANT_KEEP;
}

/* It runs since before a restart was asked for. */
static bool restart_due(const struct decision *d, enum color color, uint32_t number) {
    const struct unit_seen *unit = &d->world->units[color][number];
    return d->want[color][number] == WANT_RUN && d->next->restart_at && unit->known && unit->state == UNIT_ACTIVE &&
           unit->active_since <= d->next->restart_at;
}

/* There are others of its color that should run, also with the Replicas= of now. */
static bool has_others(const struct decision *d, enum color color, uint32_t number) {
    for (uint32_t other = 0; other < d->span; other++)
        if (other != number && d->want[color][other] == WANT_RUN)
            return true;
    return false;
}

/* ... and all of them are ready. */
static bool others_are_ready(const struct decision *d, enum color color, uint32_t number) {
    for (uint32_t other = 0; other < d->span; other++)
        if (other != number && d->want[color][other] == WANT_RUN && !d->ready[color][other])
            return false;
    return true;
}

/* One after the other, stable first, and only while the others of its color serve: it is drained and stopped, and then
 * it is missing. Who is the only one stays, until there are others. */
static void restart_one(struct decision *d) {
    const enum color canary = color_canary(d->next);
    for (uint32_t turn = 0; canary != COLOR_NONE && turn < COLORS; turn++) {
        enum color color = turn == 0 ? color_other(canary) : canary;
        bool due = false;
        for (uint32_t number = 0; number < d->span; number++) {
            if (!restart_due(d, color, number) || !has_others(d, color, number))
                continue;
            due = true;
            if (others_are_ready(d, color, number)) {
                d->want[color][number] = WANT_DOWN;
                return;
            }
        }
        if (due)
            return;
    }
}

void scale_want(struct decision *d) {
    for (enum color color = BLUE; color < COLORS; color++) {
        if (d->next->slots[color].revision && color != d->next->stable)
            wake_at(d, d->next->slots[color].stop_after);
        for (uint32_t number = 0; number < d->span; number++)
            d->want[color][number] = want_of(d, color, number);
    }
    restart_one(d);
}
