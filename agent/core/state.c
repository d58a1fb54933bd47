/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be told from a state alone, and what makes it a valid one. */
#include <string.h>

#include "core/decide.h"
#include "core/decision.h"

void state_init(struct state *state) {
    memset(state, 0, sizeof *state);
    state->schema = STATE_SCHEMA;
    state->next_revision = state->next_run = state->next_event = state->next_call = 1;
    state->stable = state->rollout.color = COLOR_NONE;
    state->slots[BLUE].stop_after = state->slots[GREEN].stop_after = USEC_INFINITY;
}

bool state_is_blank(const struct state *state) {
    return state->stable == COLOR_NONE && !state->slots[BLUE].revision && !state->slots[GREEN].revision;
}

uint32_t state_shown_revision(const struct state *state) {
    if (state->rollout.mode != MODE_IDLE)
        return state->rollout.revision;
    return state->stable == COLOR_NONE ? 0 : state->slots[state->stable].revision;
}

uint32_t state_shown_step(const struct spec *spec, const struct state *state) {
    return state->rollout.mode == MODE_IDLE ? spec->n_steps : state->rollout.step;
}

bool rollout_runs(const struct state *state) {
    const struct rollout *rollout = &state->rollout;
    return rollout->mode == MODE_RUNNING && state->slots[rollout->color].revision == rollout->revision;
}

bool rollout_final(const struct spec *spec, const struct state *state) {
    return state->rollout.full || state->stable == COLOR_NONE || state->rollout.step >= spec->n_steps;
}

bool state_wants_run(const struct state *state, uint32_t run) {
    const struct rollout *rollout = &state->rollout;
    if (run == 0 || rollout->mode != MODE_RUNNING || rollout->full)
        return false;
    return run == rollout->background_run.id ||
           (run == rollout->step_run.id && rollout->step_run.step == rollout->step);
}

static const char *history_invalid(const struct state *state) {
    for (uint32_t i = 0; i < state->n_history; i++) {
        if (state->history[i].revision == 0 || state->history[i].revision >= state->next_revision)
            return "a revision in the history is not below the next one";
        if (i > 0 && state->history[i].revision >= state->history[i - 1].revision)
            return "the history is not newest first";
    }
    return NULL;
}

static const char *slots_invalid(const struct state *state) {
    for (enum color color = BLUE; color < COLORS; color++)
        if (state->slots[color].revision && !state_revision(state, state->slots[color].revision))
            return "a color holds a revision that the history does not know";
    if (state->stable != COLOR_NONE && state->slots[state->stable].revision == 0)
        return "the stable color holds no revision";
    if (state->slots[BLUE].revision && state->slots[BLUE].revision == state->slots[GREEN].revision)
        return "both colors hold the same revision";
    return NULL;
}

static const char *rollout_invalid(const struct state *state) {
    const struct rollout *rollout = &state->rollout;
    if (rollout->revision && !state_revision(state, rollout->revision))
        return "the rollout's revision is not in the history";
    if (rollout->mode != MODE_RUNNING && rollout->mode != MODE_ABORTED)
        return NULL;
    if (rollout->revision == 0)
        return "a rollout without a revision";
    if (rollout->color == COLOR_NONE)
        return "the rollout has no color";
    if (rollout->color == state->stable)
        return "the rollout goes to the stable color";
    return NULL;
}

const char *state_invalid(const struct state *state) {
    if (state->n_history > HISTORY_MAX || state->n_outbox > OUTBOX_MAX)
        return "more entries than there may be";
    if (state->next_revision == 0 || state->next_run == 0 || state->next_event == 0 || state->next_call == 0)
        return "a next number is 0";
    if (state->rollout.step_run.id >= state->next_run || state->rollout.background_run.id >= state->next_run)
        return "a run is not below the next one";
    const char *why = history_invalid(state);
    if (!why)
        why = slots_invalid(state);
    return why ? why : rollout_invalid(state);
}
