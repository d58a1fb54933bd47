/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A state that was lost is found again in what runs: env files say which revisions, weights which of them is stable. */
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/log.h"
#include "core/adopt.h"
#include "core/words.h"

static struct found find(struct agent *agent, enum color color) {
    const struct store *store = agent->ports.store;
    struct found found = {.revision = adopt_revision(&agent->world, color)};
    struct revision *revision = NULL;
    struct error err = {0};
    if (!found.revision)
        return found;
    if (store->load_revision(store->self, found.revision, &revision, &err) < 0) {
        log_error("store", "%s runs revision %u, of which nothing is known: %s", color_to_string(color), found.revision,
                  err.text);
        return (struct found){0};
    }
    (void)snprintf(found.version, sizeof found.version, "%s", revision->version);
    found.identity = revision_identity(revision->version, revision->env);
    revision_free(revision);
    return found;
}

void agent_adopt(struct agent *agent) {
    const struct rollout *held = &agent->state.rollout;
    const struct store *store = agent->ports.store;
    struct error err = {0};
    uint32_t revision, run;
    if (held->mode != MODE_HELD || held->reason != REASON_LOST_STATE || agent->looked_for ||
        !adopt_possible(agent_spec(agent), &agent->world))
        return;
    if (agent->look_for_at > agent->now) {
        agent_wake_at(agent, agent->look_for_at);
        return;
    }
    agent->looked_for = true;
    if (store->highest(store->self, &revision, &run, &err) < 0) {
        log_error("store", "%s", err.text);
        return;
    }
    const struct found found[COLORS] = {find(agent, BLUE), find(agent, GREEN)};
    bool clear =
        adopt(agent_spec(agent), &agent->state, &agent->world, found, revision + 1, run + 1, agent->now, &agent->next);
    if (!clear) {
        memcpy(&agent->state, &agent->next, sizeof agent->state); /* not written: nothing has been decided */
        log_warning("store", "held: %s", agent->state.rollout.detail);
        return;
    }
    if (agent_commit(agent) < 0) { /* held still: there is nothing to write but what was just found, so find it again */
        agent->unwritten = agent->looked_for = false;
        agent->look_for_at = usec_add(agent->now, COMMIT_RETRY);
        return;
    }
    log_notice("store", "the saved state was lost; revision %u is stable, by its weight",
               agent->state.rollout.revision);
    agent_take_up_pinned(agent);
}
