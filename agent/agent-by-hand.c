/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs by hand: an analysis outside any rollout. It takes its number from the state and touches nothing else of it; it
 * ends with the agent's life, if not before. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/log.h"

static struct active_run *free_place(struct agent *agent) {
    for (size_t i = RUNS_SEEN_MAX; i < RUNS_AT_ONCE; i++)
        if (!agent->runs[i].run)
            return &agent->runs[i];
    return NULL;
}

/* Whom it judges, and against whom: both sides of a rollout under way, else what is live. */
static bool sides_of(const struct state *state, enum color ret[2]) {
    bool under_way = state->rollout.mode == MODE_RUNNING;
    enum color live = state->stable != COLOR_NONE ? state->stable : under_way ? state->rollout.color : COLOR_NONE;
    ret[0] = under_way ? state->rollout.color : live;
    ret[1] = live;
    return live != COLOR_NONE;
}

/* With the configuration that the files have now. */
static int expand(struct agent *agent, const struct analysis_use *use, struct active_run *active, struct error *err) {
    struct spec *spec = NULL;
    enum color sides[2];
    if (!sides_of(&agent->state, sides))
        return error_set(err, -ENOTCONN, "nothing is deployed yet");
    int r = agent->ports.load_analysis(agent->ports.userdata, use, &spec, err);
    if (r < 0)
        return r == -ENOMEM ? r : -ENOEXEC;
    active->canary = sides[0];
    active->stable = sides[1];
    active->stable = sides[1];
    r = arguments_expand(agent, spec, &agent->state, sides, use, &active->analysis, err);
    (void)spec_free(spec);
    return r == -ENOMEM || r >= 0 ? r : -EINVAL;
}

/* The number is taken: the next run has another one, also after a kill. */
static int take_number(struct agent *agent, struct error *err) {
    struct state before;
    memcpy(&before, &agent->state, sizeof before);
    memcpy(&agent->next, &agent->state, sizeof agent->next);
    agent->next.next_run++;
    if (agent_commit(agent) >= 0)
        return 0;
    memcpy(&agent->state, &before, sizeof before); /* as a verb that could not be written, see agent-verbs.c */
    agent->due = true;
    return error_set(err, -EIO, "the state cannot be written: %s", agent->disk_problem);
}

int agent_analyze(void *userdata, const struct api_analysis *asked, uint32_t *ret_run, struct error *err) {
    struct agent *agent = userdata;
    agent_clock(agent);
    struct active_run *active = free_place(agent);
    struct run about = {.id = agent->state.next_run, .step = -1, .uid = asked->uid, .login_uid = asked->login_uid};
    struct error prune = {0};
    if (!active)
        return error_set(err, -EBUSY, "%d runs by hand go on already, wait for one of them", RUNS_BY_HAND_MAX);
    if (agent->state.rollout.mode == MODE_HELD)
        return error_set(err, -ENOTCONN, "held: %s", agent->state.rollout.detail);
    int r = expand(agent, &asked->use, active, err);
    if (r >= 0)
        r = run_start(agent, active, &about, NULL, err);
    if (r >= 0)
        r = take_number(agent, err);
    if (r < 0) {
        run_release(active);
        return r;
    }
    if (agent->ports.store->prune(agent->ports.store->self, &agent->state, &prune) < 0)
        log_debug("store", "%s", prune.text);
    log_info("api", "analyze by uid %u: run %u of %s", asked->uid, about.id, active->run->name);
    *ret_run = about.id;
    return 0;
}

int agent_run(void *userdata, uint32_t id, struct run_view *ret, struct error *err) {
    struct agent *agent = userdata;
    const struct store *store = agent->ports.store;
    struct active_run *shown = &agent->shown;
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        if (agent->runs[i].run && agent->runs[i].run->id == id) {
            *ret = (struct run_view){.run = agent->runs[i].run, .asked = agent->runs[i].analysis};
            return 0;
        }
    run_release(shown);
    int r = store->load_run(store->self, id, &shown->run, &shown->analysis, err);
    if (r < 0)
        return r;
    if (shown->run->revision == 0) /* its agent is no more */
        run_fail(shown->run, shown->run->started, 0, "the agent was restarted before the run had ended");
    *ret = (struct run_view){.run = shown->run, .asked = shown->analysis};
    return 0;
}
