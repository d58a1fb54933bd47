/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The revisions that were asked for, newest first. */
#include "core/history.h"

#include <stdio.h>
#include <string.h>

const struct history *state_revision(const struct state *state, uint32_t revision) {
    for (uint32_t i = 0; i < state->n_history; i++)
        if (state->history[i].revision == revision)
            return &state->history[i];
    return NULL;
}

struct history *history_find(struct state *state, uint32_t revision) {
    const struct history *entry = state_revision(state, revision);
    return entry ? &state->history[entry - state->history] : NULL;
}

static bool in_use(const struct state *state, uint32_t revision) {
    return revision == state->slots[BLUE].revision || revision == state->slots[GREEN].revision ||
           revision == state->rollout.revision || revision == state->queued.revision;
}

/* Drops the oldest entries that nothing needs, down to the limit plus the new one. */
static void trim(struct state *next, uint32_t limit) {
    for (uint32_t i = next->n_history; i-- > 0 && next->n_history > limit;) {
        if (in_use(next, next->history[i].revision))
            continue;
        memmove(&next->history[i], &next->history[i + 1], (next->n_history - i - 1) * sizeof next->history[0]);
        next->n_history--;
    }
}

struct history *history_add(struct state *next, uint32_t limit, const char *version, struct id128 identity) {
    trim(next, limit < HISTORY_LIMIT_MAX ? limit : HISTORY_LIMIT_MAX);
    memmove(&next->history[1], &next->history[0], next->n_history * sizeof next->history[0]);
    next->n_history++;
    struct history *entry = &next->history[0];
    memset(entry, 0, sizeof *entry); /* states are compared as values */
    entry->revision = next->next_revision++;
    entry->attempt = 1;
    (void)snprintf(entry->version, sizeof entry->version, "%s", version);
    entry->identity = identity;
    entry->outcome = OUTCOME_RUNNING;
    return entry;
}

static bool was_promoted(const struct history *entry) {
    return entry->outcome == OUTCOME_PROMOTED || entry->live_before;
}

void history_reopen(struct history *entry, uint32_t attempt) {
    char before[REASON_MAX];
    const char *last = entry->reason; /* what was said of its own end, not of those before */
    for (const char *at = last; (at = strstr(at, "; "));)
        last = at += 2;
    (void)snprintf(before, sizeof before, "attempt %u ended: %.80s", entry->attempt, last);
    history_say(entry, entry->outcome == OUTCOME_ABORTED ? before : "");
    entry->attempt = attempt;
    entry->live_before = was_promoted(entry);
    entry->outcome = OUTCOME_RUNNING;
    entry->wall_finished = 0;
}

void history_say(struct history *entry, const char *reason) {
    memset(entry->reason, 0, sizeof entry->reason);
    (void)snprintf(entry->reason, sizeof entry->reason, "%s", reason);
}

static bool was_live(const struct state *state, const struct history *entry) {
    return was_promoted(entry) &&
           (state->stable == COLOR_NONE || entry->revision != state->slots[state->stable].revision);
}

const struct history *history_live_before(const struct state *state, const struct id128 *identity) {
    for (uint32_t i = 0; i < state->n_history; i++)
        if (was_live(state, &state->history[i]) &&
            (!identity || memcmp(&state->history[i].identity, identity, sizeof *identity) == 0))
            return &state->history[i];
    return NULL;
}

uint32_t history_promoted_after(const struct state *state, const struct history *entry) {
    uint32_t n = 0;
    for (const struct history *at = state->history; at < entry; at++)
        n += was_promoted(at);
    return n;
}
