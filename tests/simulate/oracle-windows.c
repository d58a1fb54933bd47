/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DeployWindow=: a deploy that comes outside begins nothing until it opens; then it begins. --now waits for no window,
 * and the history says so; a way back waits for none either. */
#include <string.h>

#include "sim.h"

/* The wall clock may be set, so it is looked at once a minute. */
#define NOTICED_WITHIN (SEC(60) + QUIET)

void oracle_pass_begins(struct sim *sim) {
    sim->oracle.was_open = windows_open(sim, sim->clock.now);
}

static const struct history *entry_of(const struct state *state, uint32_t revision) {
    for (uint32_t i = 0; i < state->n_history; i++)
        if (state->history[i].revision == revision)
            return &state->history[i];
    return NULL;
}

static bool begins(const struct state *before, const struct state *state) {
    const struct rollout *rollout = &state->rollout;
    return rollout->mode == MODE_RUNNING &&
           (rollout->revision != before->rollout.revision || rollout->attempt != before->rollout.attempt);
}

/* Neither back to what was live, nor by --now, nor by any verb but deploy. */
static bool needs_a_window(const struct sim *sim, const struct state *before, const struct state *state) {
    const struct api_command *asked = sim->oracle.verb;
    if (!asked)
        return before->queued.revision == state->rollout.revision && !before->queued.now;
    return asked->command.verb == VERB_DEPLOY && !asked->command.now && !state->rollout.full;
}

/* What has begun within its window, but could not be written so far, is written whenever it can be. */
void oracle_window_commit(struct sim *sim, const struct state *before, const struct state *state, bool durable) {
    struct oracle *oracle = &sim->oracle;
    if (!begins(before, state))
        return;
    bool open = oracle->was_open || windows_open(sim, sim->disk.began);
    if (!open && oracle->begun_unwritten != state->rollout.revision && needs_a_window(sim, before, state))
        oracle_fail(sim, "window", "revision %u begins outside of its window", state->rollout.revision);
    oracle->begun_unwritten = durable || oracle->verb ? 0 : state->rollout.revision;
}

void oracle_window_verb(struct sim *sim, const struct api_command *asked, const struct command_result *result) {
    const struct state *state = &sim->oracle.previous;
    if (asked->command.verb != VERB_DEPLOY || !asked->command.now || !result->new_revision)
        return;
    const struct history *entry = entry_of(state, result->revision);
    bool begun = state->rollout.revision == result->revision;
    if (!begun && (state->queued.revision != result->revision || !state->queued.now || !sim->oracle.was_running))
        oracle_fail(sim, "window", "revision %u was to begin now, and waits", result->revision);
    if (begun && !sim->oracle.was_open && !state->rollout.full && (!entry || !strstr(entry->reason, "--now")))
        oracle_fail(sim, "window", "revision %u begins outside of its window, and the history does not say how",
                    result->revision);
}

/* Not behind a rollout whose end it waits for. */
static bool waits_for_its_window(const struct state *state) {
    bool behind = state->rollout.mode == MODE_RUNNING && state->queued.at_end;
    return state->queued.revision && !behind;
}

static bool waits_in_vain(const struct sim *sim) {
    const struct state *state = &sim->oracle.previous;
    return sim->oracle.has_previous && waits_for_its_window(state) && state->rollout.mode != MODE_HELD &&
           (state->queued.now || windows_open(sim, sim->clock.now));
}

void oracle_check_window(struct sim *sim) {
    if (!waits_in_vain(sim))
        sim->oracle.let_in_at = 0;
    else if (!sim->oracle.let_in_at)
        sim->oracle.let_in_at = sim->clock.now;
    else if (sim->oracle.let_in_at + NOTICED_WITHIN < sim->clock.now)
        oracle_fail(sim, "window", "revision %u waits, though its window is open",
                    sim->oracle.previous.queued.revision);
}

bool oracle_window_opens_within(const struct sim *sim, usec_t span) {
    const struct state *state = &sim->oracle.previous;
    for (usec_t later = 0; waits_for_its_window(state) && later <= span + NOTICED_WITHIN; later += SEC(1))
        if (windows_open(sim, sim->clock.now + later))
            return true;
    return false;
}
