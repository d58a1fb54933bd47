/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An exchange: the orders arrive after a while, are carried out one by one, and a look at the servers comes back, if
 * all goes well. The connection may break at any command: the orders before it took effect, no reply comes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "core/words.h"
#include "exchange.h"
#include "sim.h"
#include "traffic/haproxy-routes.h"

#define ORDERS_MAX (SIM_BACKENDS * COLORS * SIM_INSTANCES * 2)
#define MAP_CHANGES_MAX 32
#define EXCHANGES_MAX 128
#define DEADLINE SEC(2) /* of the traffic room */

/* They outlive the life of the agent that began them. */
struct exchange {
    enum { FREE, ON_ITS_WAY, HELD_UP, ANSWERED } phase;
    uint32_t balancer, life;
    uint64_t token, serial;
    usec_t began;
    uint32_t n, done;
    bool refused;
    struct server_order orders[ORDERS_MAX];
    enum routes_order routes_order;
    struct route_set routes;
    char seen[SIM_MAP_MAX], wanted[SIM_MAP_MAX]; /* the map, by the look before */
    struct sim_told look;
    uint32_t inflight[COLORS][SIM_INSTANCES];
};

static struct exchange exchanges[EXCHANGES_MAX];
static struct exchange_result result; /* what is handed over; zero but for what is filled in */

void exchanges_reset(void) {
    for (size_t i = 0; i < EXCHANGES_MAX; i++)
        exchanges[i].phase = FREE;
}

static struct exchange *take_free(void) {
    for (size_t i = 0; i < EXCHANGES_MAX; i++)
        if (exchanges[i].phase == FREE)
            return &exchanges[i];
    (void)fprintf(stderr, "simulate: more exchanges than there may be\n");
    abort();
}

/* ---------------------------------------------------------------- the reply */

static void fill_servers(struct sim *sim, const struct exchange *exchange) {
    const struct sim_told *look = &exchange->look;
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            for (uint32_t backend = 0; backend < scenario_all_backends(&sim->scenario); backend++)
                result.seen.servers[backend][color][number] = (struct server_seen){
                    .known = true,
                    .checked = true,
                    .maint = look->servers[backend][color][number].maint,
                    .drain = look->servers[backend][color][number].drain,
                    .up = look->servers[backend][color][number].up,
                    .weight = look->servers[backend][color][number].weight,
                    .up_since = host_boottime(sim, look->servers[backend][color][number].up_since),
                };
            result.seen.inflight[color][number] = exchange->inflight[color][number];
            result.endpoints[color][number] =
                (struct endpoint){.host = "127.0.0.1", .port = (uint16_t)(9001 + 100 * color + number)};
        }
}

static struct route_set routes_seen(const struct exchange *exchange) {
    if (!*exchange->look.map)
        return (struct route_set){0};
    return haproxy_map_equal(exchange->look.map, exchange->wanted) ? exchange->routes : ROUTES_OTHER;
}

static void reply(struct sim *sim, struct exchange *exchange, enum link link) {
    if (link == LINK_UP)
        fill_servers(sim, exchange);
    result.seen.link = link;
    result.seen.epoch = exchange->look.epoch;
    result.seen.routes = routes_seen(exchange);
    result.seen.routes_asked = exchange->routes;
    result.refused = exchange->refused;
    (void)snprintf(result.seen.problem, sizeof result.seen.problem, "%s",
                   exchange->refused   ? "No such server."
                   : link == LINK_UP   ? ""
                   : link == LINK_GONE ? "refused"
                                       : "no answer");
    if (link != LINK_UP || exchange->refused)
        disturbed(sim);
    if (link != LINK_UP)
        trace(sim, "haproxy %u: %s", exchange->balancer,
              link == LINK_GONE ? "refused the connection" : "did not answer in time");
    struct sim_told told = exchange->look;
    told.link = link;
    told.began = exchange->began;
    host_exchanged(sim, exchange->life, exchange->balancer, exchange->token, &result, &told);
}

static void on_reply(struct sim *sim, const struct happening *what) {
    struct exchange *exchange = &exchanges[what->a];
    if (exchange->serial != what->c || exchange->phase == FREE)
        return;
    reply(sim, exchange, (enum link)what->b);
    if (DRAW_RARE(sim, REPLY_DOUBLED, 50, 1))
        reply(sim, exchange, (enum link)what->b);
    exchange->phase = FREE;
}

static void on_deadline(struct sim *sim, const struct happening *what) {
    struct exchange *exchange = &exchanges[what->a];
    if (exchange->serial != what->c || (exchange->phase != HELD_UP && exchange->phase != ANSWERED))
        return;
    reply(sim, exchange, LINK_SILENT);
    if (exchange->phase == ANSWERED)
        exchange->phase = FREE;
    else
        exchange->life = 0; /* still in HAProxy's queue: may be carried out when it wakes up */
}

static void answer(struct sim *sim, struct exchange *exchange, enum link link, usec_t delay) {
    uint32_t at = (uint32_t)(exchange - exchanges);
    usec_t left = exchange->began + DEADLINE - sim->clock.now;
    if (exchange->life == 0) {
        exchange->phase = FREE;
        return;
    }
    exchange->phase = ANSWERED;
    if (delay >= left)
        clock_after(sim, left < 0 ? 0 : left, on_deadline, at, 0, exchange->serial);
    else
        clock_after(sim, delay, on_reply, at, (uint32_t)link, exchange->serial);
}

/* ---------------------------------------------------------------- carried out */

static struct sim_server *server_of(struct sim *sim, uint32_t balancer, const struct server_order *order) {
    return &sim->balancers[balancer].servers[order->backend][order->color][order->number];
}

static void obey(struct sim *sim, uint32_t balancer, const struct server_order *order) {
    struct sim_server *server = server_of(sim, balancer, order);
    switch (order->kind) {
    case SERVER_WEIGHT:
        if (!server->drain)
            server->weight = order->weight;
        break;
    case SERVER_ENABLE:
        server->weight = 0;
        server->maint = server->drain = server->up = false;
        break;
    case SERVER_MAINT:
        if (!server->maint)
            server->maint_since = sim->clock.now;
        server->maint = true;
        server->up = false;
        break;
    case SERVER_SHUTDOWN:
        requests_shut_down(sim, server);
        break;
    }
    requests_follow(sim, balancer, order->backend, (enum color)order->color, order->number);
    haproxy_check(sim, balancer, order->backend, (enum color)order->color, order->number);
}

static bool is_refused(struct sim *sim, struct exchange *exchange, const char *what) {
    if (!DRAW_RARE(sim, EXCHANGE_REFUSED, 20, 1))
        return false;
    exchange->refused = true;
    trace(sim, "haproxy %u: %s refused", exchange->balancer, what);
    return true;
}

/* The first n commands about the map: of one that clears it, or of those that change it. */
static void change_map(struct sim *sim, struct exchange *exchange, const struct haproxy_map_change *changes,
                       uint32_t n) {
    struct sim_balancer *balancer = &sim->balancers[exchange->balancer];
    bool clears = exchange->routes_order == ROUTES_CLEAR;
    for (uint32_t i = 0; i < n; i++)
        if (is_refused(sim, exchange, "a route"))
            continue;
        else if (clears)
            balancer->map[0] = '\0';
        else
            routes_change(balancer->map, &changes[i]);
    if (n > 0 && exchange->life != sim->host.life)
        balancer->map_touched_at = sim->clock.now;
}

static void look_at(struct sim *sim, struct exchange *exchange) {
    const struct sim_balancer *balancer = &sim->balancers[exchange->balancer];
    exchange->look.epoch = balancer->epoch;
    (void)string_copy(exchange->look.map, SIM_MAP_MAX, sim->scenario.routes ? balancer->map : "");
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            for (uint32_t backend = 0; backend < scenario_all_backends(&sim->scenario); backend++) {
                const struct sim_server *server = &balancer->servers[backend][color][number];
                exchange->look.servers[backend][color][number].maint = server->maint;
                exchange->look.servers[backend][color][number].drain = server->drain;
                exchange->look.servers[backend][color][number].up = server->up;
                exchange->look.servers[backend][color][number].weight = server->weight;
                exchange->look.servers[backend][color][number].up_since = server->up ? server->up_since : 0;
            }
            exchange->inflight[color][number] = requests_in_flight(sim, exchange->balancer, (enum color)color, number);
        }
}

static void carry_out_orders(struct sim *sim, struct exchange *exchange, uint32_t n) {
    /* What makes HAProxy refuse one weight makes it refuse all; the orders of a canary stand more than that. */
    bool together = sim->scenario.spec->strategy == STRATEGY_BLUE_GREEN;
    bool no_weight = together && DRAW_RARE(sim, EXCHANGE_REFUSED, 20, 1);
    for (uint32_t i = 0; i < n; i++) {
        bool weight = together && exchange->orders[i].kind == SERVER_WEIGHT;
        if (weight ? no_weight : DRAW_RARE(sim, EXCHANGE_REFUSED, 20, 1)) {
            exchange->refused = true;
            trace(sim, "haproxy %u: order %u refused", exchange->balancer, i);
            continue;
        }
        obey(sim, exchange->balancer, &exchange->orders[i]);
        if (exchange->life != sim->host.life)
            server_of(sim, exchange->balancer, &exchange->orders[i])->touched_at = sim->clock.now;
    }
}

static void carry_out(struct sim *sim, struct exchange *exchange) {
    struct haproxy_map_change changes[MAP_CHANGES_MAX];
    uint32_t before = exchange->routes_order == ROUTES_CLEAR, after = 0;
    if (exchange->routes_order == ROUTES_SET)
        after = (uint32_t)haproxy_map_changes(exchange->seen, exchange->wanted, changes, MAP_CHANGES_MAX);
    uint32_t all = before + exchange->n + after, cut = DRAW_RARE(sim, EXCHANGE_CUT, 50, all + 1);
    uint32_t n = cut ? cut - 1 : all;
    if (n > 0 && exchange->life != sim->host.life) /* known only when everybody is looked at once more */
        disturbed_until(sim, sim->clock.now > sim->host.began + DEADLINE ? sim->clock.now : sim->host.began + DEADLINE);
    uint32_t servers = n < before ? 0 : n - before < exchange->n ? n - before : exchange->n;
    change_map(sim, exchange, changes, n < before ? n : before);
    carry_out_orders(sim, exchange, servers);
    change_map(sim, exchange, changes, n - servers - (n < before ? n : before));
    look_at(sim, exchange);
    if (cut)
        trace(sim, "haproxy %u: cut after %u of %u orders", exchange->balancer, n, all);
    uint32_t late = DRAW_RARE(sim, REPLY_LATE, 100, 40);
    usec_t delay = DRAW_RARE(sim, REPLY_LOST, 50, 1) ? DEADLINE : MSEC(50 * late) + 200;
    if (delay > MSEC(1))
        disturbed_until(sim, sim->clock.now + delay);
    answer(sim, exchange, cut ? LINK_SILENT : LINK_UP, delay);
    if (DRAW_RARE(sim, RELOAD_SOON, 20, 1))
        haproxy_reload(sim, exchange->balancer);
}

static void on_arrival(struct sim *sim, const struct happening *what) {
    struct exchange *exchange = &exchanges[what->a];
    const struct sim_balancer *balancer = &sim->balancers[exchange->balancer];
    if (exchange->serial != what->c || exchange->phase != ON_ITS_WAY)
        return;
    if (balancer->gone)
        answer(sim, exchange, LINK_GONE, 100);
    else if (balancer->silent) {
        exchange->phase = HELD_UP;
        usec_t left = exchange->began + DEADLINE - sim->clock.now;
        clock_after(sim, left, on_deadline, what->a, 0, exchange->serial);
    } else
        carry_out(sim, exchange);
}

/* The one that waits longest; NULL: none does. */
static struct exchange *first_held_up(uint32_t balancer) {
    struct exchange *first = NULL;
    for (size_t i = 0; i < EXCHANGES_MAX; i++)
        if (exchanges[i].phase == HELD_UP && exchanges[i].balancer == balancer &&
            (!first || exchanges[i].serial < first->serial))
            first = &exchanges[i];
    return first;
}

void exchanges_resume(struct sim *sim, uint32_t balancer) {
    for (struct exchange *exchange; (exchange = first_held_up(balancer));)
        if (exchange->life != 0 || DRAW_RARE(sim, SILENT_LATER, 500, 1))
            carry_out(sim, exchange);
        else
            exchange->phase = FREE;
}

void exchanges_forget(uint32_t balancer) {
    for (size_t i = 0; i < EXCHANGES_MAX; i++)
        if (exchanges[i].phase != FREE && exchanges[i].balancer == balancer)
            exchanges[i].life = 0;
}

void exchanges_lose(struct sim *sim, uint32_t balancer) {
    for (size_t i = 0; i < EXCHANGES_MAX; i++)
        if (exchanges[i].phase == HELD_UP && exchanges[i].balancer == balancer)
            answer(sim, &exchanges[i], LINK_SILENT, 100);
}

static void trace_orders(struct sim *sim, uint32_t balancer, const struct balancer_plan *plan) {
    char line[TRACE_LINE_MAX] = "";
    size_t length = 0;
    static const char *const kinds[] = {"weight", "enable", "maint", "shutdown"};
    for (uint32_t i = 0; i < plan->n && length < sizeof line; i++) {
        const struct server_order *order = &plan->orders[i];
        length += (size_t)snprintf(line + length, sizeof line - length, "; %s%s %s%s %u", kinds[order->kind],
                                   order->advance ? "*" : "", INSTANCE_NAME((enum color)order->color, order->number),
                                   backend_mark(order->backend), order->weight);
    }
    if (plan->routes_order != ROUTES_LEAVE && length < sizeof line)
        (void)snprintf(line + length, sizeof line - length, "; %s routes %u.%u, step %u",
                       plan->routes_order == ROUTES_SET ? "set*" : "clear", plan->routes.revision, plan->routes.attempt,
                       plan->routes.steps);
    trace_line(sim, "agent: look %u%s", balancer, line);
}

static void take_routes(struct sim *sim, struct exchange *exchange, const struct balancer_plan *plan) {
    exchange->routes_order = plan->routes_order;
    exchange->routes = plan->routes;
    routes_text(sim, &plan->routes, exchange->wanted);
    (void)string_copy(exchange->seen, SIM_MAP_MAX, sim->balancers[exchange->balancer].told.map);
}

int haproxy_exchange(void *userdata, uint32_t balancer, const struct balancer_plan *plan, uint64_t token) {
    struct sim *sim = userdata;
    if (!host_may_act(sim))
        return 0;
    if (sim->trace.wanted)
        trace_orders(sim, balancer, plan);
    trace_number(&sim->trace, plan->n);
    oracle_exchange(sim, balancer, plan);
    if (DRAW_RARE(sim, EXCHANGE_BEGIN, 20, 1)) {
        disturbed(sim);
        return -EAGAIN;
    }
    struct exchange *exchange = take_free();
    exchange->phase = ON_ITS_WAY;
    exchange->balancer = balancer;
    exchange->life = sim->host.life;
    exchange->token = token;
    exchange->serial = ++sim->host.serials;
    exchange->began = sim->clock.now;
    exchange->n = plan->n < ORDERS_MAX ? plan->n : ORDERS_MAX;
    exchange->refused = false;
    memcpy(exchange->orders, plan->orders, exchange->n * sizeof plan->orders[0]);
    take_routes(sim, exchange, plan);
    usec_t late = MSEC(20 * DRAW_RARE(sim, EXCHANGE_LATE, 100, 20));
    if (sim->balancers[balancer].slow_until > sim->clock.now)
        late += sim->balancers[balancer].slow_by;
    if (late)
        disturbed_until(sim, sim->clock.now + late);
    clock_after(sim, late + 200, on_arrival, (uint32_t)(exchange - exchanges), 0, exchange->serial);
    (void)host_may_act(sim);
    return 0;
}
