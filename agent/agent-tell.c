/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whoever wants to know of all that happens, and of each end of a rollout: each hook in the order of the events, one
 * call at a time, again when it fails as often as Retries= says. Nobody waits for that, and what a killed agent had not
 * told yet is not told any more, but for the events of its last commit. */
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/log.h"
#include "common/text.h"
#include "core/words.h"

/* Who that is says the configuration of now, as the beginning of an attempt is told before its own is in force. */
static const struct party_spec *hook_of(const struct agent *agent, const struct telling *telling) {
    const struct spec *spec = agent_spec_new(agent);
    for (size_t i = 0; spec && i < spec->n_hooks; i++)
        if (strcmp(spec->hooks[i].name, telling->hook) == 0)
            return &spec->hooks[i];
    return NULL;
}

static void give_up(const struct telling *telling, const char *why) {
    log_warning("notify", "the hook %s was not told of %s, revision %u: %s", telling->hook,
                event_kind_to_string(telling->event.kind), telling->event.revision, why);
}

static void drop(struct agent *agent, uint32_t place) {
    struct telling *telling = &agent->tellings[place];
    agent->n_tellings--;
    memmove(telling, telling + 1, (agent->n_tellings - place) * sizeof *telling);
}

static uint32_t waiting_of(const struct agent *agent, const char *hook) {
    uint32_t n = 0;
    for (uint32_t place = 0; place < agent->n_tellings; place++)
        n += strcmp(agent->tellings[place].hook, hook) == 0;
    return n;
}

/* The oldest of the hook that has most, so that whoever does not answer loses his own; not what is under way. */
static void make_room(struct agent *agent) {
    uint32_t oldest = 0, most = 0;
    for (uint32_t place = 0; place < agent->n_tellings; place++) {
        uint32_t n = agent->tellings[place].token ? 0 : waiting_of(agent, agent->tellings[place].hook);
        if (n > most) {
            oldest = place;
            most = n;
        }
    }
    give_up(&agent->tellings[oldest], "too much is to be told already");
    drop(agent, oldest);
}

static void add(struct agent *agent, const struct party_spec *hook, enum hook_moment moment,
                const struct event *event) {
    struct telling telling = {.moment = moment, .event = *event, .at = agent->now};
    (void)string_copy(telling.hook, sizeof telling.hook, hook->name);
    if (agent->n_tellings == TELLINGS_MAX)
        make_room(agent);
    agent->tellings[agent->n_tellings++] = telling;
    agent->due = true;
}

void hooks_tell(struct agent *agent, const struct event *event) {
    const struct spec *spec = agent_spec_new(agent);
    bool end = event->kind == EVENT_ROLLOUT_COMPLETED || event->kind == EVENT_ROLLOUT_ABORTED;
    for (size_t i = 0; spec && i < spec->n_hooks; i++) {
        if (spec->hooks[i].moments >> HOOK_EVENT & 1)
            add(agent, &spec->hooks[i], HOOK_EVENT, event);
        if (spec->hooks[i].moments >> HOOK_POST_ROLLOUT & 1 && end)
            add(agent, &spec->hooks[i], HOOK_POST_ROLLOUT, event);
    }
}

/* Returns whether the place is free, so that another one is there now. */
static bool failed(struct agent *agent, uint32_t place, const char *why) {
    struct telling *telling = &agent->tellings[place];
    const struct party_spec *hook = hook_of(agent, telling);
    telling->token = 0;
    if (!hook || telling->failures++ >= hook->retries) {
        give_up(telling, why);
        drop(agent, place);
        return true;
    }
    telling->at = usec_add(agent->now, hook->interval);
    agent_wake_at(agent, telling->at);
    return false;
}

bool tellings_answered(struct agent *agent, uint64_t token, bool passed, const char *message) {
    for (uint32_t place = 0; token && place < agent->n_tellings; place++) {
        if (agent->tellings[place].token != token)
            continue;
        if (passed)
            drop(agent, place);
        else
            (void)failed(agent, place, message ? message : "it failed");
        agent->due = true;
        return true;
    }
    return false;
}

static bool is_first(const struct agent *agent, uint32_t place) {
    for (uint32_t before = 0; before < place; before++)
        if (strcmp(agent->tellings[before].hook, agent->tellings[place].hook) == 0)
            return false;
    return true;
}

/* Returns as failed() does. */
static bool tell(struct agent *agent, uint32_t place) {
    struct telling *telling = &agent->tellings[place];
    const struct party_spec *hook = hook_of(agent, telling);
    struct error err = {0};
    usec_t due = usec_add(telling->at, telling->token ? QUESTION_PATIENCE : 0);
    if (due > agent->now) {
        agent_wake_at(agent, due);
        return false;
    }
    if (telling->token)
        return failed(agent, place, "no answer");
    if (!hook)
        return failed(agent, place, "it is not in the configuration any more");
    telling->token = agent_token(agent);
    telling->at = agent->now;
    if (hook_call(agent, agent_spec_new(agent), hook, telling->moment, &telling->event, telling->token, &err) < 0)
        return failed(agent, place, err.text);
    agent_wake_at(agent, usec_add(telling->at, QUESTION_PATIENCE));
    return false;
}

void tellings_follow(struct agent *agent) {
    for (uint32_t place = 0; place < agent->n_tellings;)
        if (!is_first(agent, place) || !tell(agent, place))
            place++;
}
