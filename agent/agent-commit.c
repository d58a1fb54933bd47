/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commit: what was decided becomes durable, and what happened is told. */
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/log.h"

static void deliver(struct agent *agent) {
    struct state *state = &agent->state;
    for (uint32_t i = 0; i < state->n_outbox; i++)
        if (state->outbox[i].number > state->delivered) {
            agent->ports.event(agent->ports.userdata, agent_spec(agent), state, &state->outbox[i]);
            hooks_tell(agent, &state->outbox[i]);
        }
    state->delivered = state->next_event - 1;
}

static int write_next(struct agent *agent, struct error *err) {
    struct state *next = &agent->next;
    int r = runs_begin(agent, err);
    if (r < 0)
        return r;
    next->generation = agent->state.generation + 1;
    next->boot = agent->ports.boot;
    next->clock = agent->now;
    next->clock_offset = agent->clock_offset;
    return agent->ports.store->commit_state(agent->ports.store->self, next, err);
}

bool agent_roles_turn(const struct agent *agent) {
    const struct state *state = &agent->state, *next = &agent->next;
    return next->stable != state->stable ||
           (state->stable == COLOR_NONE && next->rollout.color != state->rollout.color);
}

int agent_commit(struct agent *agent) {
    struct error err = {0};
    int r = write_next(agent, &err);
    bool had = *agent->disk_problem != 0;
    bool turns = agent_roles_turn(agent);
    if (r >= 0 || !turns) /* roles change on the disk, or not at all: what is retreat depends on them */
        memcpy(&agent->state, &agent->next, sizeof agent->state);
    agent->undurable = agent->unwritten = r < 0;
    if (r < 0) {
        if (!had)
            log_error("store", "cannot write the state, so nothing goes forward until it can be written: %s", err.text);
        (void)snprintf(agent->disk_problem, sizeof agent->disk_problem, "%s", err.text);
        return r;
    }
    if (had)
        log_notice("store", "the state can be written again");
    agent->disk_problem[0] = 0;
    deliver(agent);
    if (agent->ports.changed)
        agent->ports.changed(agent->ports.userdata);
    return 0;
}
