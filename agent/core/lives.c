/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which InvocationIDs count as our running instances, and which of them crashed. A crash is a level, not an event: it
 * is seen whenever somebody looks, and counted once. */
#include <string.h>

#include "core/decision.h"

/* After a reboot no invocation of before means anything, and its end was no crash. */
static void forget_boot(struct decision *d) {
    struct state *next = d->next;
    if (id128_equal(&next->boot, &d->world->boot))
        return;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
            struct instance *instance = &next->instances[color][number];
            *instance = (struct instance){.crashes = instance->crashes, .ended_quietly = instance->ended_quietly};
        }
    next->boot = d->world->boot;
}

static void crashed(struct instance *instance) {
    instance->crashes++;
    instance->crash_counted = true;
}

/* It went without failing and without a stop job that was seen: the process ended by itself, or somebody stopped it
 * unseen. Once may be a person; again and again is a loop. */
static void ended_quietly(struct instance *instance) {
    if (instance->ended_quietly)
        crashed(instance);
    instance->ended_quietly = instance->crash_counted = true;
}

static void accept(struct instance *instance, const struct id128 *invocation) {
    instance->accepted = *invocation;
    instance->crash_counted = false;
}

static void follow(struct instance *instance, const struct unit_seen *unit) {
    bool ended = unit->state == UNIT_FAILED || unit->state == UNIT_RESTARTING;
    bool stopped = unit->state == UNIT_FAILED || unit->state == UNIT_INACTIVE;
    if (id128_is_null(&unit->invocation) || id128_equal(&unit->invocation, &instance->passed_over))
        return;
    if (stopped && !instance->started_at && id128_is_null(&instance->accepted))
        return; /* the remains of an earlier life, from before we began */
    if (!id128_equal(&unit->invocation, &instance->accepted)) {
        /* A new life. If systemd began it by itself, the one before it ended in a crash, seen or not. */
        if (!id128_is_null(&instance->accepted) && !instance->crash_counted && unit->restarts > 0)
            crashed(instance);
        accept(instance, &unit->invocation);
    }
    if (instance->crash_counted)
        return;
    if (unit->state == UNIT_STOPPING && unit->job)
        instance->crash_counted = true; /* a job that isn't ours stops it: the end of this life is no crash */
    else if (ended)
        crashed(instance);
    else if (unit->state == UNIT_INACTIVE && !unit->job)
        ended_quietly(instance);
}

/* A start that Prepare= did not let happen is a crash: of a life that never was, unless a person began one since. */
static void follow_preparation(struct decision *d, enum color color, uint32_t number) {
    struct instance *instance = &d->next->instances[color][number];
    bool lives = !id128_is_null(&instance->accepted);
    if (instance_unprepared(d->next, d->world, color, number) && !lives && !instance->crash_counted)
        crashed(instance);
}

bool instance_unprepared(const struct state *state, const struct world *world, enum color color, uint32_t number) {
    usec_t started_at = state->instances[color][number].started_at, unprepared = world->unprepared[color][number];
    return started_at && unprepared > started_at; /* what failed in this very moment is that of the start before */
}

void lives_begin(struct instance *instance) {
    instance->crashes = 0;
    instance->ended_quietly = false;
}

void lives_follow(struct decision *d) {
    forget_boot(d);
    for (enum color color = BLUE; color < COLORS; color++) {
        bool occupied = d->next->slots[color].revision != 0;
        for (uint32_t number = 0; occupied && number < d->span; number++) {
            const struct unit_seen *unit = &d->world->units[color][number];
            struct instance *instance = &d->next->instances[color][number];
            bool ours = unit->env_revision == d->next->slots[color].revision;
            follow_preparation(d, color, number);
            if (unit->known && instance_placed(d, color, number))
                follow(instance, unit);
            else if (unit->known && unit->state == UNIT_ACTIVE && ours)
                instance->passed_over = unit->invocation; /* placed while it ran: what it runs is another's */
        }
    }
}

uint32_t lives_crashes(const struct state *state, enum color color) {
    uint32_t crashes = 0;
    for (uint32_t number = 0; number < REPLICAS_MAX; number++)
        crashes += state->instances[color][number].crashes;
    return crashes;
}
