/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIMULATE_RUN_ONE_H
#define SIMULATE_RUN_ONE_H

#include "draw.h"

struct sim;

/* One whole simulation. The result stands until the next one. RECORD gets the draws that were not 0; with LINES the
 * trace is kept as text. */
const struct sim *run_one(uint64_t seed, const struct script *script, struct script *record, bool lines);

#endif
