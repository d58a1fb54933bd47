/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-one.h"

#include <string.h>

#include "sim.h"

static struct sim sim;
static char lines_kept[TRACE_LINES][TRACE_LINE_MAX];

static const struct sim *run(uint64_t seed, enum weather weather, const struct script *script, struct script *record,
                             bool lines) {
    memset(&sim, 0, sizeof sim);
    sim.trace.wanted = lines;
    sim.trace.lines = lines_kept;
    if (record)
        record->n = 0;
    draws_begin(&sim.draws, seed, weather, script, record, &sim.clock.now);
    host_run(&sim);
    if (record)
        script_sort(record);
    return &sim;
}

const struct sim *run_example(struct example *example) {
    const struct script nothing = {0};
    memset(&sim, 0, sizeof sim);
    sim.trace.lines = lines_kept;
    sim.example = example;
    draws_begin(&sim.draws, 0, WEATHER_ANY, &nothing, NULL, &sim.clock.now);
    host_run(&sim);
    return &sim;
}

const struct sim *run_one(uint64_t seed, const struct script *script, struct script *record, bool lines) {
    return run(seed, WEATHER_ANY, script, record, lines);
}

struct ending run_ending(uint64_t seed, enum weather weather) {
    struct ending ending;
    const struct state *state = &sim.oracle.previous;
    (void)run(seed, weather, NULL, NULL, false);
    memset(&ending, 0, sizeof ending);
    ending.mode = sim.failed ? -1 : (int)state->rollout.mode;
    if (state->stable != COLOR_NONE)
        ending.stable_version = (int)disk_version(&sim, state->slots[state->stable].revision) + 1;
    size_t n = 0;
    for (uint32_t balancer = 0; balancer < SIM_BALANCERS; balancer++)
        for (uint32_t backend = 0; backend < SIM_BACKENDS; backend++)
            for (uint32_t color = BLUE; color < COLORS; color++)
                for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
                    const struct sim_server *server = &sim.balancers[balancer].servers[backend][color][number];
                    ending.weights[n++] = server->maint ? 0 : server->weight;
                }
    return ending;
}
