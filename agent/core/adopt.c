/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/adopt.h"

#include <stdio.h>
#include <string.h>

#include "core/decide.h"
#include "core/decision.h"
#include "core/history.h"

uint32_t adopt_revision(const struct world *world, enum color color) {
    uint32_t revision = 0;
    bool runs = false;
    for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
        const struct unit_seen *unit = &world->units[color][number];
        if (unit->state == UNIT_ACTIVE) { /* what runs without having been placed is something else, too */
            if (runs && unit->env_revision != revision)
                return 0;
            revision = unit->env_revision;
            runs = true;
        } else if (!runs && !revision)
            revision = unit->env_revision;
    }
    return revision;
}

bool adopt_possible(const struct spec *spec, const struct world *world) {
    for (uint32_t balancer = 0; balancer < world->n_balancers; balancer++)
        if (world->balancers[balancer].link != LINK_UP)
            return false;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < spec->replicas; number++)
            if (!world->units[color][number].known)
                return false;
    return world->n_balancers > 0;
}

/* What a color could be given, over all balancers: the weights of its servers that are not in maintenance. A server
 * that is down counts too: after a boot nothing runs yet, but HAProxy has its weights back. */
static uint64_t weight_of(const struct world *world, enum color color) {
    uint64_t weight = 0;
    for (uint32_t balancer = 0; balancer < world->n_balancers; balancer++)
        for (uint32_t backend = 0; backend < world->n_backends; backend++)
            for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
                const struct server_seen *server = &world->balancers[balancer].servers[backend][color][number];
                if (server->known && !server->maint && !server->drain)
                    weight += server->weight;
            }
    return weight;
}

/* It runs, or is about to again: systemd starts anew what crashed. */
static bool is_alive(const struct unit_seen *unit) {
    return unit->state == UNIT_ACTIVE || unit->state == UNIT_RESTARTING;
}

/* An instance of it is alive, and some server of that instance has weight. */
static bool serves(const struct world *world, enum color color) {
    for (uint32_t balancer = 0; balancer < world->n_balancers; balancer++)
        for (uint32_t backend = 0; backend < world->n_backends; backend++)
            for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
                const struct server_seen *server = &world->balancers[balancer].servers[backend][color][number];
                if (is_alive(&world->units[color][number]) && server->known && !server->maint && !server->drain &&
                    server->weight > 0)
                    return true;
            }
    return false;
}

/* Something of it is not stopped: it may still be starting, or be started again by systemd. */
static bool is_there(const struct world *world, enum color color) {
    for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
        const struct unit_seen *unit = &world->units[color][number];
        if (unit->known && unit->state != UNIT_INACTIVE && unit->state != UNIT_FAILED)
            return true;
    }
    return false;
}

static void remember(struct state *next, const struct found *found, usec_t wall) {
    uint32_t at = next->n_history > 0 && next->history[0].revision > found->revision ? 1 : 0;
    if (at == 0)
        next->history[1] = next->history[0];
    struct history *entry = &next->history[at];
    memset(entry, 0, sizeof *entry);
    entry->revision = found->revision;
    entry->attempt = 1;
    memcpy(entry->version, found->version, sizeof entry->version);
    entry->identity = found->identity;
    entry->outcome = OUTCOME_PROMOTED;
    entry->uid = entry->login_uid = UINT32_MAX;
    entry->wall_started = entry->wall_finished = wall;
    (void)snprintf(entry->reason, sizeof entry->reason, "found running when the saved state was lost");
    next->n_history++;
}

void adopt_stable(struct state *next, enum color color, usec_t now) {
    enum color other = color_other(color);
    next->stable = color;
    next->share_given = 0;
    next->slots[color].stop_after = USEC_INFINITY;
    if (next->slots[other].revision) {
        struct history *left = history_find(next, next->slots[other].revision);
        next->slots[other].stop_after = now;
        if (left)
            left->outcome = OUTCOME_ABORTED;
    }
    next->rollout = (struct rollout){.mode = MODE_IDLE,
                                     .revision = next->slots[color].revision,
                                     .attempt = 1,
                                     .color = color,
                                     .step_since = now,
                                     .began = now,
                                     .progress_at = now};
}

static void explain_doubt(struct state *next, const uint64_t weight[COLORS]) {
    char *text = next->rollout.detail;
    if (weight[BLUE] == 0 && weight[GREEN] == 0)
        (void)snprintf(text, REASON_MAX, "the saved state was lost and no color has weight: deploy a version");
    else if (next->slots[BLUE].revision == 0 && next->slots[GREEN].revision == 0)
        (void)snprintf(text, REASON_MAX, "the saved state was lost and no revision is known: deploy a version");
    else
        (void)snprintf(text, REASON_MAX,
                       "the saved state was lost; blue (revision %u) has weight %u, green (revision %u) %u: promote "
                       "takes the newer, "
                       "abort the older",
                       next->slots[BLUE].revision, (uint32_t)weight[BLUE], next->slots[GREEN].revision,
                       (uint32_t)weight[GREEN]);
}

bool adopt(const struct spec *spec, const struct state *state, const struct world *world,
           const struct found found[COLORS], uint32_t first_revision, uint32_t first_run, usec_t now,
           struct state *next) {
    (void)spec;
    uint64_t weight[COLORS] = {weight_of(world, BLUE), weight_of(world, GREEN)};
    memcpy(next, state, sizeof *next);
    next->n_history = 0;
    next->next_revision = first_revision;
    next->next_run = first_run;
    for (enum color color = BLUE; color < COLORS; color++) {
        bool there = found[color].revision && (weight[color] || is_there(world, color));
        next->slots[color] = (struct slot){.revision = there ? found[color].revision : 0, .stop_after = USEC_INFINITY};
        if (there)
            remember(next, &found[color], world->wall);
    }
    for (enum color color = BLUE; color < COLORS; color++)
        if (weight[color] && !weight[color_other(color)] && next->slots[color].revision) {
            adopt_stable(next, color, now);
            return true;
        }
    explain_doubt(next, weight);
    return false;
}

enum color adopt_heavier(const struct state *state, const struct world *world) {
    if (!state->slots[BLUE].revision || !state->slots[GREEN].revision)
        return state->slots[BLUE].revision ? BLUE : GREEN;
    return weight_of(world, GREEN) > weight_of(world, BLUE) ? GREEN : BLUE;
}

/* ---------------------------------------------------------------- before the first deploy */

bool adopt_ambiguous(const struct world *world) {
    return serves(world, BLUE) && serves(world, GREEN);
}

enum color adopt_unmanaged(const struct world *world) {
    for (enum color color = BLUE; color < COLORS; color++)
        if (serves(world, color))
            return color;
    return COLOR_NONE;
}
