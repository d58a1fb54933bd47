/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the durable state allows the new revision, and asks of stable. */
#include "sim.h"

share_t oracle_share_of_steps(const struct spec *spec, uint32_t steps) {
    share_t share = 0;
    for (uint32_t i = 0; i < steps && i < spec->n_steps; i++)
        if (spec->steps[i].kind == STEP_SET_WEIGHT)
            share = spec->steps[i].weight;
    return share;
}

bool oracle_is_on_its_way(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    const struct rollout *rollout = &state->rollout;
    return sim->oracle.has_previous && rollout->mode == MODE_RUNNING &&
           state->slots[rollout->color].revision == rollout->revision;
}

/* The share that the step at hand leads to. */
static share_t share_at_step(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    const struct rollout *rollout = &state->rollout;
    const struct spec *spec = sim->scenario.spec;
    if (state->stable == COLOR_NONE || rollout->full || rollout->step >= spec->n_steps)
        return SHARE_FULL;
    return oracle_share_of_steps(spec, rollout->step + 1);
}

/* Until everybody who is asked has passed it stays as the steps before have left it, or goes down. */
static share_t share_let_go(const struct sim *sim) {
    share_t before = oracle_share_of_steps(sim->scenario.spec, sim->oracle.previous.rollout.step);
    share_t at = share_at_step(sim);
    return at < before || oracle_hooks_let_go(sim) ? at : before;
}

/* With DynamicStableScale= what was given goes down as stable comes back. */
share_t oracle_allowed(const struct sim *sim) {
    share_t steps = oracle_is_on_its_way(sim) ? share_let_go(sim) : 0;
    share_t given = sim->oracle.has_previous ? sim->oracle.previous.share_given : 0;
    return steps > given ? steps : given;
}

uint32_t oracle_stable_scale(const struct sim *sim) {
    const struct spec *spec = sim->scenario.spec;
    if (!spec->dynamic_stable_scale || !oracle_is_on_its_way(sim))
        return spec->replicas;
    share_t before = oracle_share_of_steps(spec, sim->oracle.previous.rollout.step), at = share_at_step(sim);
    share_t stable = SHARE_FULL - (before < at ? before : at);
    uint32_t needed = ((uint32_t)stable * spec->replicas + SHARE_FULL - 1) / SHARE_FULL;
    return needed ? needed : 1;
}
