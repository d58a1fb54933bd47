/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hooks' questions: asked as the plan says, once a call, and what came of them shown in the world. */
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/cleanup.h"
#include "common/json-writer.h"
#include "common/log.h"
#include "core/explain.h"
#include "core/words.h"

#define BODY_MAX 8192

static void put_identity(struct json_writer *json, const struct history *entry) {
    char text[sizeof entry->identity.bytes * 2 + 1] = "";
    for (size_t i = 0; i < sizeof entry->identity.bytes; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", entry->identity.bytes[i]);
    json_put_string(json, "checksum", text);
    json_put_string(json, "version", entry->version);
}

/* Flagger's body, and what it has not: our revision, step and moment. EVENT may be NULL. */
static int write_body(struct agent *agent, const struct party_spec *hook, enum hook_moment moment,
                      const struct event *event, char **ret, struct error *err) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(BODY_MAX);
    uint32_t revision = event ? event->revision : agent->state.rollout.revision;
    const struct history *entry = state_revision(&agent->state, revision);
    struct explanation e;
    explain(agent_spec(agent), &agent->state, &agent->world, agent->now, &e);
    json_open_object(&json, NULL);
    json_put_string(&json, "name", agent->app);
    json_put_string(&json, "app", agent->app);
    json_put_string(&json, "hook", hook->name);
    json_put_string(&json, "type", hook_moment_to_string(moment));
    json_put_string(&json, "phase", phase_to_string(e.phase));
    json_put_u32(&json, "revision", revision);
    if (entry)
        put_identity(&json, entry);
    json_put_u32(&json, "step", event ? event->step : agent->state.rollout.step);
    json_open_object(&json, "metadata");
    if (event) {
        char stamp[32];
        (void)snprintf(stamp, sizeof stamp, "%lld", (long long)(event->wall / USEC_PER_MSEC));
        json_put_string(&json, "eventType", event_kind_to_string(event->kind));
        json_put_string(&json, "eventMessage", event->detail);
        json_put_string(&json, "timestamp", stamp);
    }
    json_close(&json);
    json_close(&json);
    return json_finish(&json, ret, NULL, err);
}

int hook_call(struct agent *agent, const struct spec *spec, const struct party_spec *hook, enum hook_moment moment,
              const struct event *event, uint64_t token, struct error *err) {
    const struct subject subject = {.spec = spec,
                                    .canary =
                                        agent->state.rollout.color == COLOR_NONE ? BLUE : agent->state.rollout.color,
                                    .stable = agent->state.stable == COLOR_NONE ? BLUE : agent->state.stable,
                                    .since = agent->now - agent->clock_offset};
    _cleanup_free_ char *body = NULL;
    int r = write_body(agent, hook, moment, event, &body, err);
    return r < 0 ? r : agent->ports.ask_hook(agent->ports.userdata, hook, &subject, body, token, err);
}

static void answered(struct agent *agent, uint32_t hook, enum hook_lane lane, bool passed, const char *message) {
    struct hook_asked *asked = &agent->hooks[hook][lane];
    struct hook_seen *seen = &agent->world.hooks[hook][lane];
    *seen = (struct hook_seen){.call = asked->call, .passed = passed};
    (void)snprintf(seen->message, sizeof seen->message, "%s", message ? message : "");
    asked->token = 0;
    agent->due = true;
}

bool agent_hook_answered(struct agent *agent, uint64_t token, bool passed, const char *message) {
    agent_clock(agent);
    for (uint32_t hook = 0; token && hook < HOOKS_MAX; hook++)
        for (enum hook_lane lane = 0; lane < HOOK_LANES; lane++)
            if (agent->hooks[hook][lane].token == token) {
                answered(agent, hook, lane, passed, message);
                return true;
            }
    return tellings_answered(agent, token, passed, message);
}

/* A call that nobody answered has failed. */
static void expire(struct agent *agent, uint32_t hook, enum hook_lane lane) {
    const struct hook_asked *asked = &agent->hooks[hook][lane];
    usec_t end = usec_add(asked->at, QUESTION_PATIENCE);
    if (!asked->token)
        return;
    agent_wake_at(agent, end);
    if (end <= agent->now)
        answered(agent, hook, lane, false, "no answer");
}

bool hooks_due(const struct agent *agent) {
    for (uint32_t hook = 0; hook < HOOKS_MAX; hook++)
        for (enum hook_lane lane = 0; lane < HOOK_LANES; lane++)
            if (agent->plan.hooks[hook][lane].call &&
                agent->plan.hooks[hook][lane].call != agent->hooks[hook][lane].call)
                return true;
    return false;
}

/* Of a call that the rollout has left behind nobody takes the answer. */
void hooks_ask(struct agent *agent) {
    for (uint32_t hook = 0; hook < HOOKS_MAX; hook++)
        for (enum hook_lane lane = 0; lane < HOOK_LANES; lane++) {
            const struct hook_order *order = &agent->plan.hooks[hook][lane];
            struct hook_asked *asked = &agent->hooks[hook][lane];
            struct error err = {0};
            expire(agent, hook, lane);
            if (!order->call || order->call == asked->call)
                continue;
            *asked = (struct hook_asked){.token = agent_token(agent), .call = order->call, .at = agent->now};
            if (hook_call(agent, agent_spec(agent), &agent_spec(agent)->hooks[hook], order->moment, NULL, asked->token,
                          &err) < 0)
                answered(agent, hook, lane, false, err.text);
        }
}
