/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What runs already is taken over, without touching it: after the state was lost, or before there was one. Pure. */
#ifndef ROLLOUT_CORE_ADOPT_H
#define ROLLOUT_CORE_ADOPT_H

#include "core/model.h"

/* A revision that the store still knows. */
struct found {
    uint32_t revision; /* 0: none */
    char version[VERSION_TEXT_MAX];
    struct id128 identity;
};

/* The revision that the instances of a color were placed at, by their env files; 0: none, or more than one. */
uint32_t adopt_revision(const struct world *world, enum color color);

/* Everything that adopt() goes by has been seen: units and balancers. */
bool adopt_possible(const struct spec *spec, const struct world *world);

/* STATE is held because what was decided is lost. FOUND is what the store says of each color's adopt_revision(); FIRST
 * are the first revision and run that are free. Where exactly one color has weight, NEXT makes it stable, and the other
 * one, if its instances run, is retired. Otherwise NEXT is held still, its slots say what was found, and a person
 * decides: promote takes the newer one, abort the older, deploy the one with more weight. Returns whether it was clear.
 */
bool adopt(const struct spec *spec, const struct state *state, const struct world *world,
           const struct found found[COLORS], uint32_t first_revision, uint32_t first_run, usec_t now,
           struct state *next);

/* The color that serves already though nothing was ever deployed; COLOR_NONE: none does. */
enum color adopt_unmanaged(const struct world *world);
/* Both do, so that a person has to say which of them is live. */
bool adopt_ambiguous(const struct world *world);

/* The color that has a revision and the more weight. At least one must have a revision. */
enum color adopt_heavier(const struct state *state, const struct world *world);

/* Makes a color of a held or empty state the stable one. */
void adopt_stable(struct state *next, enum color color, usec_t now);

#endif
