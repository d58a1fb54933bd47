/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIMULATE_RUN_ONE_H
#define SIMULATE_RUN_ONE_H

#include "draw.h"

struct example;
struct sim;

/* What a run of one seed leads to, as far as kills of the agent may not change it (I8). */
struct ending {
    int mode, stable_version;
    uint16_t weights[96];
};

struct ending run_ending(uint64_t seed, enum weather weather);

/* One whole simulation. The result stands until the next one. RECORD gets the draws that were not 0; with LINES the
 * trace is kept as text. */
const struct sim *run_one(uint64_t seed, const struct script *script, struct script *record, bool lines);

/* The same of an example. */
const struct sim *run_example(struct example *example);

#endif
