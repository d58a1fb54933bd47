/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent is told: it goes into the world, and the next pass sees it. Times arrive on CLOCK_BOOTTIME. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/log.h"
#include "core/words.h"

static usec_t shift(const struct agent *agent, usec_t boottime) {
    return boottime ? boottime + agent->clock_offset : 0;
}

static void take_servers(struct agent *agent, struct balancer_seen *seen, const struct exchange_result *result,
                         usec_t began) {
    usec_t ordered_at = seen->ordered_at, refused_at = seen->refused_at, asked_at = seen->asked_at;
    char refused[sizeof seen->refused];
    memcpy(refused, seen->refused, sizeof refused);
    *seen = result->seen;
    seen->ordered_at = ordered_at;
    seen->asked_at = asked_at;
    seen->refused_at = refused_at;
    memcpy(seen->refused, refused, sizeof refused);
    seen->seen_at = began;
    for (uint32_t backend = 0; backend < BACKENDS_SEEN_MAX; backend++)
        for (enum color color = BLUE; color < COLORS; color++)
            for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
                struct server_seen *server = &seen->servers[backend][color][number];
                server->up_since = shift(agent, server->up_since);
            }
    memcpy(agent->unfit[seen - agent->world.balancers], result->unfit, sizeof result->unfit);
    memcpy(agent->world.endpoints, result->endpoints, sizeof agent->world.endpoints);
}

/* The same refusal is told once, however often it comes. */
static void take_refusal(struct balancer_seen *seen, const char *refused, usec_t now) {
    if (strcmp(seen->refused, refused) != 0)
        log_warning("traffic", "the balancer refused an order: %s", refused);
    (void)snprintf(seen->refused, sizeof seen->refused, "%s", refused);
    seen->refused_at = now;
}

void agent_exchanged(void *userdata, uint32_t balancer, uint64_t token, const struct exchange_result *result) {
    struct agent *agent = userdata;
    struct lane *lane = &agent->balancers[balancer];
    if (balancer >= agent->world.n_balancers || !token || lane->token != token)
        return; /* given up long ago */
    struct balancer_seen *seen = &agent->world.balancers[balancer];
    bool was_up = seen->link == LINK_UP;
    agent_clock(agent);
    lane->token = 0;
    agent->due = true;
    if (result->seen.link == LINK_UP)
        take_servers(agent, seen, result, lane->since);
    else {
        seen->link = result->seen.link;
        (void)snprintf(seen->problem, sizeof seen->problem, "%s", result->seen.problem);
    }
    seen->lost_since = seen->link == LINK_UP ? 0 : seen->lost_since ? seen->lost_since : agent->now;
    if (seen->asked_at) /* else something happened since this look began, and asks for another one */
        seen->asked_at = agent->now;
    if (seen->link == LINK_UP && seen->ordered_at == lane->since && !result->refused) { /* these orders went through */
        seen->refused_at = 0;
        seen->refused[0] = 0;
    }
    if (result->refused)
        take_refusal(seen, result->seen.problem, agent->now);
    else if (was_up && seen->link != LINK_UP)
        log_warning("traffic", "the balancer does not answer: %s", seen->problem);
    else if (!was_up && seen->link == LINK_UP)
        log_info("traffic", "the balancer answers");
}

void agent_look(struct agent *agent) {
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++)
        agent->world.balancers[balancer].asked_at = 0;
    agent->due = true;
}

void agent_unit_seen(void *userdata, enum color color, uint32_t number, const struct unit_seen *seen) {
    struct agent *agent = userdata;
    struct unit_seen now = *seen;
    if (number >= REPLICAS_MAX)
        return;
    now.active_since = shift(agent, seen->active_since);
    if (memcmp(&agent->world.units[color][number], &now, sizeof now) == 0)
        return;
    if (now.state != agent->world.units[color][number].state)
        agent->world.unit_problems[color][number][0] = 0; /* it went on all the same */
    memcpy(&agent->world.units[color][number], &now, sizeof now);
    agent->due = true;
    /* An instance came or went: what a balancer was seen to do before says little now. */
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++)
        agent->world.balancers[balancer].asked_at = agent->world.balancers[balancer].refused_at = 0;
}

void agent_unit_failed(struct agent *agent, enum color color, uint32_t number, const char *sentence) {
    struct lane *lane = &agent->units[color][number];
    char *problem = agent->world.unit_problems[color][number];
    lane->token = 0;
    lane->stop_again = usec_add(agent->now, STOP_RETRY);
    if (strncmp(problem, sentence, REASON_MAX - 1) != 0)
        log_warning("instance", "%s: %s", INSTANCE_NAME(color, number), sentence);
    (void)snprintf(problem, REASON_MAX, "%s", sentence);
}

void agent_unit_done(void *userdata, enum color color, uint32_t number, uint64_t token, int result,
                     const char *sentence) {
    struct agent *agent = userdata;
    struct lane *lane = &agent->units[color][number];
    if (number >= REPLICAS_MAX || !token || lane->token != token)
        return;
    lane->token = 0;
    agent->due = true;
    if (result == -ECHILD) {
        agent_clock(agent);
        agent->world.unprepared[color][number] = agent->now;
    }
    if (result < 0)
        agent_unit_failed(agent, color, number, sentence);
    else
        agent->world.unit_problems[color][number][0] = 0;
}

/* Who is asked for a first deploy as soon as it is ready has looked around by then. */
static bool has_looked(const struct agent *agent) {
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++)
        if (agent->world.balancers[balancer].link == LINK_UNKNOWN)
            return false;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < agent->watched; number++)
            if (!agent->world.units[color][number].known)
                return false;
    return true;
}

bool agent_settled(const struct agent *agent) {
    enum color stable = agent->state.stable;
    if (stable == COLOR_NONE)
        return has_looked(agent);
    for (uint32_t number = 0; number < agent_spec(agent)->replicas; number++)
        if (agent->world.units[stable][number].state != UNIT_ACTIVE)
            return false;
    return true;
}
