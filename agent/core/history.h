/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core's inside: the revisions that were asked for. */
#ifndef ROLLOUT_CORE_HISTORY_H
#define ROLLOUT_CORE_HISTORY_H

#include "core/decide.h"

struct history *history_find(struct state *state, uint32_t revision);

/* A new revision, the newest; what nothing needs goes beyond LIMIT. Who and when is the caller's to fill in. */
struct history *history_add(struct state *next, uint32_t limit, const char *version, struct id128 identity);

/* Another attempt at it begins. */
void history_reopen(struct history *entry, uint32_t attempt);

void history_say(struct history *entry, const char *reason);

/* The latest that was live and is not now; with IDENTITY, the latest that ran just that. NULL: none. */
const struct history *history_live_before(const struct state *state, const struct id128 *identity);

/* How many revisions went live after ENTRY of that state's history did. */
uint32_t history_promoted_after(const struct state *state, const struct history *entry);

#endif
