/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* While nothing is known that was decided, before the first deploy or after the state was lost: nothing is touched, and
 * only what is clear is taken over. */
#include "core/words.h"
#include "sim.h"

void oracle_lost(struct sim *sim, bool held) {
    oracle_loaded(sim, NULL);
    files_attempt(sim, held ? disk_nearest(sim) : 0);
    sim->oracle.held = held;
    sim->oracle.retired_by_verb = true; /* what was promised of delays is lost as well */
}

static bool is_blank(const struct state *state) {
    return state->stable == COLOR_NONE && !state->slots[BLUE].revision && !state->slots[GREEN].revision;
}

void oracle_adopt_order(struct sim *sim) {
    if (sim->oracle.held)
        oracle_fail(sim, "held", "what was decided is not known, but an order is given");
    else if (is_blank(&sim->oracle.previous) && !sim->disk.doubtful)
        oracle_fail(sim, "held", "nothing was ever deployed, but an order is given");
}

/* As told: it is in the agent's eyes that has to be clear. */
static bool told_weight(const struct sim *sim, enum color color) {
    for (uint32_t b = 0; b < sim->scenario.balancers; b++)
        for (uint32_t backend = 0; backend < sim->scenario.backends; backend++)
            for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
                const struct sim_told *told = &sim->balancers[b].told;
                if (!told->servers[backend][color][number].maint && !told->servers[backend][color][number].drain &&
                    told->servers[backend][color][number].weight > 0)
                    return true;
            }
    return false;
}

static void check_adopted(struct sim *sim, const struct state *state) {
    /* The next one's may be there, of a deploy that was refused; two, where it had found something running. */
    for (uint32_t revision = state->next_revision + 2; revision < REVISION_UNMANAGED; revision++)
        if (sim->disk.revisions[revision].cached)
            oracle_fail(sim, "I16", "revision %u will be given out again", revision);
    if (sim->oracle.verb || state->rollout.mode == MODE_HELD)
        return; /* a person has decided; or could not, and the disk is told so */
    if (state->stable == COLOR_NONE || state->rollout.mode != MODE_IDLE) {
        oracle_fail(sim, "held", "what was lost is written though nothing is clear");
        return;
    }
    if (!told_weight(sim, state->stable) || told_weight(sim, color_other(state->stable)))
        oracle_fail(sim, "held", "%s is taken for stable, which is not clear", color_to_string(state->stable));
    for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
        const struct unit_seen *unit = &sim->oracle.told[state->stable][number];
        if (unit->state == UNIT_ACTIVE && unit->env_revision != state->slots[state->stable].revision)
            oracle_fail(sim, "held", "%s is taken for revision %u, but is %u", INSTANCE_NAME(state->stable, number),
                        state->slots[state->stable].revision, unit->env_revision);
    }
}

/* Whether its checks fail just now, nobody tells. */
static bool is_let_in(const struct sim_server *server) {
    return !server->maint && !server->drain && server->weight > 0;
}

/* At a balancer whose last reload was seen. */
static bool truly_serves(const struct sim *sim, enum color color) {
    for (uint32_t b = 0; b < sim->scenario.balancers; b++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++)
            if (sim->balancers[b].told.epoch == sim->balancers[b].epoch &&
                sim->units[color][number].runs == REVISION_UNMANAGED && unit_active(&sim->units[color][number]) &&
                is_let_in(&sim->balancers[b].servers[0][color][number]))
                return true;
    return false;
}

/* What serves when the first deploy comes, or did when the agent looked last, is stable: nobody loses a request to it.
 */
static void check_first_deploy(struct sim *sim, const struct state *before, const struct state *state) {
    bool serves[COLORS] = {truly_serves(sim, BLUE), truly_serves(sim, GREEN)};
    if (!is_blank(before) || is_blank(state) || !(serves[BLUE] || serves[GREEN]))
        return;
    if (state->stable == COLOR_NONE || !(serves[state->stable] || told_weight(sim, state->stable)))
        oracle_fail(sim, "I2", "what served before the first deploy is not stable");
}

void oracle_adopt_commit(struct sim *sim, const struct state *state) {
    if (sim->oracle.held)
        check_adopted(sim, state);
    else if (sim->oracle.has_previous)
        check_first_deploy(sim, &sim->oracle.previous, state);
}
