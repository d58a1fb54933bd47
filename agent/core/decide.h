/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door for everything else: given what is wanted, what was decided, what is seen and the time, the next state and
 * what may be done now. Pure, level-triggered: an event only causes a call. */
#ifndef ROLLOUT_CORE_DECIDE_H
#define ROLLOUT_CORE_DECIDE_H

#include "core/model.h"

/* SPEC is the one that the attempt is pinned to (live keys merged in). NEXT may not alias STATE. PLAN holds what may be
 * done now, in any order; any subset may fail. Orders marked `advance` may go out only once NEXT is durable. */
void decide(const struct spec *spec, const struct state *state, const struct world *world, usec_t now,
            struct state *next, struct plan *plan);

/* A state for an app of which nothing is known. */
void state_init(struct state *state);

/* Nothing was ever deployed, nor taken over. */
bool state_is_blank(const struct state *state);

/* The revision and the finished steps that readers are shown: of the rollout, or at rest of what is live. */
uint32_t state_shown_revision(const struct state *state);
uint32_t state_shown_step(const struct spec *spec, const struct state *state);

/* I16: sizes bounded, slots name known revisions, ids below the next ones. Returns NULL, or what is wrong. */
const char *state_invalid(const struct state *state);

/* The rollout waits for that run or listens to it: it goes on. Any other that has not ended is to be stopped. */
bool state_wants_run(const struct state *state, uint32_t run);

/* The entry of a revision in the history; NULL: none. */
const struct history *state_revision(const struct state *state, uint32_t revision);

#endif
