/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-one.h"

#include <string.h>

#include "sim.h"

static struct sim sim;
static char lines_kept[TRACE_LINES][TRACE_LINE_MAX];

const struct sim *run_one(uint64_t seed, const struct script *script, struct script *record, bool lines) {
    memset(&sim, 0, sizeof sim);
    sim.trace.wanted = lines;
    sim.trace.lines = lines_kept;
    if (record)
        record->n = 0;
    draws_begin(&sim.draws, seed, script, record, &sim.clock.now);
    host_run(&sim);
    if (record)
        script_sort(record);
    return &sim;
}
