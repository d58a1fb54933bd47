/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pass: observe, decide, commit, act. */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "core/words.h"
#include "spec/window.h"

bool agent_due(const struct agent *agent, usec_t *ret_wake) {
    if (agent->due)
        return true;
    *ret_wake = agent->wake == USEC_INFINITY ? USEC_INFINITY : agent->wake - agent->clock_offset;
    return false;
}

/* ---------------------------------------------------------------- act */

static void lane_expire(struct agent *agent, struct lane *lane) {
    usec_t end = usec_add(lane->since, LANE_PATIENCE + (lane->prepares ? PREPARE_WAIT_MAX : 0));
    if (!lane->token)
        return;
    if (end <= agent->now)
        lane->token = 0;
    else
        agent_wake_at(agent, end);
}

static void lanes_expire(struct agent *agent) {
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++)
        lane_expire(agent, &agent->balancers[balancer]);
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < agent->watched; number++)
            lane_expire(agent, &agent->units[color][number]);
}

/* What is under way, for the core. */
static void show_lanes(struct agent *agent) {
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < agent->watched; number++) {
            const struct lane *lane = &agent->units[color][number];
            agent->world.ordered[color][number] = lane->token != 0;
            agent->world.preparing[color][number] = lane->token != 0 && lane->prepares;
        }
}

static bool lane_take(struct agent *agent, struct lane *lane) {
    if (lane->token)
        return false;
    *lane = (struct lane){.token = agent_token(agent), .since = agent->now};
    return true;
}

/* Leaves only what may be done without a durable state. Returns whether that is everything. */
static bool keep_retreat(struct balancer_plan *plan) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < plan->n; i++)
        if (!plan->orders[i].advance)
            plan->orders[kept++] = plan->orders[i];
    bool whole = kept == plan->n && plan->routes_order != ROUTES_SET;
    plan->n = kept;
    if (plan->routes_order == ROUTES_SET)
        plan->routes_order = ROUTES_LEAVE;
    return whole;
}

static bool only_retreat(const struct balancer_plan *plan) {
    for (uint32_t i = 0; i < plan->n; i++)
        if (plan->orders[i].advance)
            return false;
    return balancer_plan_orders(plan) && plan->routes_order != ROUTES_SET;
}

/* What this pass is about to do needs a durable state. */
static bool advances(const struct agent *agent) {
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++) {
        const struct balancer_plan *plan = &agent->plan.balancers[balancer];
        if (balancer_plan_orders(plan) && !only_retreat(plan))
            return true;
    }
    for (uint32_t i = 0; i < agent->plan.n_units; i++)
        if (agent->plan.units[i].advance)
            return true;
    return runs_due(agent) || hooks_due(agent);
}

/* The same orders again, so soon: who could not do them a moment ago is not pressed. */
static bool repeats(struct agent *agent, uint32_t balancer) {
    const struct balancer_plan *plan = &agent->plan.balancers[balancer];
    const struct sent *sent = &agent->sent[balancer];
    usec_t end = usec_add(sent->at, REPEAT_PAUSE);
    if (!balancer_plan_orders(plan) || plan->n != sent->n || plan->routes_order != sent->routes_order ||
        memcmp(plan->orders, sent->orders, plan->n * sizeof plan->orders[0]) != 0)
        return false;
    if (end <= agent->now)
        return false;
    agent_wake_at(agent, end);
    return true;
}

static void remember_sent(struct agent *agent, uint32_t balancer) {
    const struct balancer_plan *plan = &agent->plan.balancers[balancer];
    struct sent *sent = &agent->sent[balancer];
    agent->world.balancers[balancer].ordered_at = agent->now;
    sent->n = plan->n;
    sent->routes_order = plan->routes_order;
    sent->at = agent->now;
    memcpy(sent->orders, plan->orders, plan->n * sizeof plan->orders[0]);
}

static void exchange(struct agent *agent, uint32_t balancer) {
    struct balancer_plan *plan = &agent->plan.balancers[balancer];
    struct lane *lane = &agent->balancers[balancer];
    const struct router *router = agent->ports.router;
    if ((!balancer_plan_orders(plan) && !plan->look) || repeats(agent, balancer) || !lane_take(agent, lane))
        return;
    if (router->exchange(router->self, balancer, plan, lane->token) < 0) {
        lane->token = 0;
        agent_wake_at(agent, usec_add(agent->now, ORDER_RETRY));
    } else {
        agent->world.balancers[balancer].asked_at = agent->now;
        if (balancer_plan_orders(plan))
            remember_sent(agent, balancer);
    }
    balancer_plan_drop_orders(plan);
    plan->look = false;
}

static bool orders_balancers(const struct agent *agent) {
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++)
        if (balancer_plan_orders(&agent->plan.balancers[balancer]))
            return true;
    return false;
}

/* What HAProxy reads when it restarts in the middle of what follows; routes are written when they were seen. */
static void remember(struct agent *agent, bool orders) {
    struct error err = {0};
    const struct router *router = agent->ports.router;
    struct route_set *routes = &agent->plan.routes;
    if (agent->undurable && routes->revision)
        *routes = ROUTES_OTHER;
    bool news = !routes_equal(routes, &ROUTES_OTHER) && !routes_equal(routes, &agent->remembered);
    if (!agent->plan.wanted_known || (!orders && !news))
        return;
    if (router->remember(router->self, &agent->plan, &err) >= 0) {
        agent->haproxy_file_problem[0] = 0;
        agent->remembered = news ? *routes : agent->remembered;
    } else if (strcmp(agent->haproxy_file_problem, err.text) != 0) {
        log_warning("traffic", "cannot write what HAProxy reads at its next start: %s", err.text);
        (void)snprintf(agent->haproxy_file_problem, sizeof agent->haproxy_file_problem, "%s", err.text);
    }
}

/* Taking requests away from where they should not be waits for nothing, not even the disk. */
static void act_retreat_first(struct agent *agent) {
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++)
        if (only_retreat(&agent->plan.balancers[balancer]))
            exchange(agent, balancer);
}

static int place(struct agent *agent, const struct unit_order *order, struct error *err) {
    const struct store *store = agent->ports.store;
    const struct spec *spec = agent_spec(agent);
    _cleanup_free_ char *release = NULL;
    struct revision *revision = NULL;
    int r = store->load_revision(store->self, order->revision, &revision, err);
    if (r < 0)
        return r;
    r = spec_release_folder(spec, revision->version, &release, err);
    if (r >= 0)
        r = store->place(store->self, (enum color)order->color, order->number, revision, release,
                         &agent->world.endpoints[order->color][order->number], err);
    revision_free(revision);
    return r;
}

static void unit_order(struct agent *agent, const struct unit_order *order) {
    struct error err = {0};
    struct lane *lane = &agent->units[order->color][order->number];
    const struct manager *manager = agent->ports.manager;
    if (agent->undurable && order->advance)
        return;
    if (order->kind == UNIT_STOP && lane->stop_again > agent->now) {
        agent_wake_at(agent, lane->stop_again);
        return;
    }
    if (order->kind == UNIT_STOP && !lane->stops)
        lane->token = 0;
    if (!lane_take(agent, lane))
        return;
    /* What was adopted is started as it is. */
    const char *prepare = order->kind == UNIT_START && order->revision ? agent_spec(agent)->prepare : "";
    lane->stops = order->kind == UNIT_STOP;
    lane->prepares = *prepare;
    int r = order->kind == UNIT_START && order->revision ? place(agent, order, &err) : 0;
    bool placed = agent->world.units[order->color][order->number].env_revision == order->revision;
    if (r < 0 && placed && !order->advance) {
        log_warning("instance", "%s: started by what was written before: %s",
                    INSTANCE_NAME((enum color)order->color, order->number), err.text);
        r = 0; /* stable comes back on a full disk too */
    }
    if (r >= 0) {
        r = manager->order(manager->self, order, prepare, lane->token);
        if (r < 0)
            (void)error_set(&err, r, "systemd cannot be asked: %s", strerror(-r));
    }
    if (r < 0) {
        agent_unit_failed(agent, (enum color)order->color, order->number, err.text);
        agent_wake_at(agent, usec_add(agent->now, ORDER_RETRY));
    }
}

/* Takes out what relies on a fresh look. A start doesn't: the state says already that it was ordered. */
static void look_first(struct agent *agent) {
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++) {
        struct balancer_plan *plan = &agent->plan.balancers[balancer];
        plan->look = plan->look || balancer_plan_orders(plan);
        balancer_plan_drop_orders(plan);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < agent->plan.n_units; i++)
        if (agent->plan.units[i].kind == UNIT_START)
            agent->plan.units[kept++] = agent->plan.units[i];
    agent->due = agent->due || kept < agent->plan.n_units;
    agent->plan.n_units = kept;
}

/* Stops come first: they rely on what was just seen, and a start waits for the disk. */
static void unit_orders(struct agent *agent, enum unit_order_kind kind) {
    for (uint32_t i = 0; i < agent->plan.n_units; i++)
        if (agent->plan.units[i].kind == kind)
            unit_order(agent, &agent->plan.units[i]);
}

static void act(struct agent *agent) {
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++) {
        if (agent->undurable)
            (void)keep_retreat(&agent->plan.balancers[balancer]);
        exchange(agent, balancer);
    }
    unit_orders(agent, UNIT_STOP);
    unit_orders(agent, UNIT_START);
    if (agent->undurable)
        return;
    runs_ask(agent);
    hooks_ask(agent);
}

/* ---------------------------------------------------------------- the pass */

/* Instances beyond Replicas= are watched too, where a balancer knows them: they may have to be stopped. */
static void watch(struct agent *agent) {
    uint32_t wanted = agent_spec(agent)->replicas;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = wanted; number < REPLICAS_MAX; number++)
            if (agent->world.endpoints[color][number].port || agent->state.instances[color][number].started_at)
                wanted = number + 1;
    if (wanted > agent->watched && agent->ports.manager->watch(agent->ports.manager->self, wanted) >= 0)
        agent->watched = wanted;
}

/* What the life before ordered is over and done with. */
static void look_after_elder(struct agent *agent) {
    if (!agent->look_again)
        return;
    if (agent->look_again > agent->now) {
        agent_wake_at(agent, agent->look_again);
        return;
    }
    agent->look_again = 0;
    agent_look(agent);
    agent->due = false; /* this pass looks */
}

void agent_pass(struct agent *agent) {
    agent->due = false;
    agent->wake = USEC_INFINITY;
    agent_clock(agent);
    agent->world.wall = agent->wall;
    look_after_elder(agent);
    watch(agent);
    lanes_expire(agent);
    show_lanes(agent);
    agent_adopt(agent);
    runs_follow(agent);
    tellings_follow(agent);

    agent_clock(agent); /* the disk may have taken its time */
    agent->world.unwritten = agent->unwritten;
    if (agent->state.queued.revision)
        agent->world.window_opens = deploy_windows_open(agent_spec_new(agent), agent->wall);
    uint32_t revision = agent->state.rollout.revision;
    usec_t decided = agent->now;
    decide(agent_spec(agent), &agent->state, &agent->world, agent->now, &agent->next, &agent->plan);
    agent_wake_at(agent, agent->plan.wake);

    bool orders = orders_balancers(agent);
    if (!agent_roles_turn(agent)) /* what is retreat depends on the roles */
        act_retreat_first(agent);
    bool changed = memcmp(&agent->state, &agent->next, sizeof agent->state) != 0;
    if (changed || agent->unwritten || (agent->undurable && advances(agent))) {
        if (agent_commit(agent) < 0)
            agent_wake_at(agent, usec_add(agent->now, COMMIT_RETRY));
        else if (agent->world.unwritten)
            agent->due = true; /* what is queued waited for the disk */
    }
    if (agent->state.rollout.revision != revision) { /* what was queued has begun */
        agent_take_up_pinned(agent);
        agent->due = true;
    }
    if (agent_roles_turn(agent))
        return; /* the plan was for roles that could not be written */
    agent_clock(agent);
    if (agent->now - decided > COMMIT_SLOW)
        look_first(agent);
    remember(agent, orders);
    act(agent);
}
