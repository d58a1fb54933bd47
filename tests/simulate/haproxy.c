/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "haproxy.h"

#include <string.h>

#include "core/words.h"
#include "exchange.h"
#include "sim.h"

static struct sim_server *server_at(struct sim *sim, uint32_t balancer, uint32_t backend, uint32_t color,
                                    uint32_t number) {
    return &sim->balancers[balancer].servers[backend][color][number];
}

/* ---------------------------------------------------------------- checks */

/* The check's key: which server, and which check of it. */
static void on_check(struct sim *sim, const struct happening *what) {
    uint32_t color = what->b >> 8, number = what->b & 255, balancer = what->a >> 8, backend = what->a & 255;
    struct sim_server *server = server_at(sim, balancer, backend, color, number);
    if (server->check != what->c || sim->balancers[balancer].gone || server->maint)
        return;
    bool up = sim->units[color][number].listening;
    if (server->up == up)
        return;
    disturbed(sim);
    server->up = up;
    server->up_since = sim->clock.now;
    trace(sim, "haproxy: %s%s is %s", INSTANCE_NAME((enum color)color, number), backend ? "'" : "", up ? "UP" : "DOWN");
    requests_follow(sim, balancer, backend, (enum color)color, number);
}

void haproxy_check(struct sim *sim, uint32_t balancer, uint32_t backend, enum color color, uint32_t number) {
    struct sim_server *server = server_at(sim, balancer, backend, color, number);
    bool listening = sim->units[color][number].listening;
    server->check++;
    if (server->maint || server->up == listening)
        return;
    usec_t delay = MSEC(listening ? 50 : 300) + MSEC(50 * DRAW_RARE(sim, CHECK_TIME, 500, 20));
    clock_after(sim, delay, on_check, balancer << 8 | backend, (uint32_t)color << 8 | number, server->check);
}

void haproxy_instance_changed(struct sim *sim, enum color color, uint32_t number) {
    for (uint32_t balancer = 0; balancer < sim->scenario.balancers; balancer++)
        for (uint32_t backend = 0; backend < sim->scenario.backends; backend++) {
            requests_follow(sim, balancer, backend, color, number);
            haproxy_check(sim, balancer, backend, color, number);
        }
}

/* A check fails though the instance is well. */
void haproxy_check_fails(struct sim *sim, uint32_t balancer, enum color color, uint32_t number) {
    for (uint32_t backend = 0; backend < sim->scenario.backends; backend++) {
        server_at(sim, balancer, backend, color, number)->up = false;
        requests_follow(sim, balancer, backend, color, number);
        haproxy_check(sim, balancer, backend, color, number);
    }
}

/* ---------------------------------------------------------------- workers */

/* A new worker knows the state file where there is one, else the configuration: weight 100, not in maint, and UP until
 * a check says otherwise. */
static void worker_begins(struct sim *sim, uint32_t balancer, uint32_t backend, uint32_t color, uint32_t number) {
    struct sim_balancer *b = &sim->balancers[balancer];
    struct sim_server *server = server_at(sim, balancer, backend, color, number);
    const struct server_wanted *wanted = &b->state_file[backend][color][number];
    server->drain = false;
    if (!server->maint)
        server->maint_since = sim->clock.now;
    server->maint = b->remembered && wanted->maint;
    server->weight = b->remembered ? wanted->weight : 100;
    server->up = !server->maint && (!b->remembered || wanted->active);
    server->up_since = sim->clock.now;
    requests_follow(sim, balancer, backend, (enum color)color, number);
    haproxy_check(sim, balancer, backend, (enum color)color, number);
}

#define for_each_server(backend, color, number, sim)                          \
    for (uint32_t backend = 0; backend < (sim)->scenario.backends; backend++) \
        for (uint32_t color = BLUE; color < COLORS; color++)                  \
            for (uint32_t number = 0; number < SIM_INSTANCES; number++)

static void on_told(struct sim *sim, const struct happening *what) {
    host_look(sim);
}

static void worker_replaced(struct sim *sim, uint32_t balancer) {
    sim->balancers[balancer].epoch++;
    for_each_server(backend, color, number, sim) worker_begins(sim, balancer, backend, color, number);
    disturbed(sim);
    clock_after(sim, MSEC(5 + 100 * DRAW_RARE(sim, LOOK_TOLD_LATE, 300, 15)), on_told, 0, 0, 0);
}

void haproxy_begin(struct sim *sim) {
    exchanges_reset();
    for (uint32_t balancer = 0; balancer < sim->scenario.balancers; balancer++)
        for_each_server(backend, color, number, sim) worker_begins(sim, balancer, backend, color, number);
}

void haproxy_reload(struct sim *sim, uint32_t balancer) {
    if (sim->balancers[balancer].gone || sim->balancers[balancer].silent)
        return;
    trace(sim, "haproxy: reload, %s",
          sim->balancers[balancer].remembered ? "with its state file" : "forgets everything");
    for_each_server(backend, color, number, sim)
        requests_to_old_worker(sim, server_at(sim, balancer, backend, color, number));
    worker_replaced(sim, balancer);
}

static void on_back(struct sim *sim, const struct happening *what) {
    if (sim->balancers[what->a].epoch != what->c)
        return;
    trace(sim, "haproxy: back, %s",
          sim->balancers[what->a].remembered ? "with its state file" : "has forgotten everything");
    sim->balancers[what->a].gone = false;
    worker_replaced(sim, what->a);
}

void haproxy_restart(struct sim *sim, uint32_t balancer, usec_t gone_for) {
    struct sim_balancer *b = &sim->balancers[balancer];
    trace(sim, "haproxy: gone");
    b->gone = true;
    b->silent = false;
    b->epoch++;
    disturbed(sim);
    exchanges_lose(sim, balancer);
    for_each_server(backend, color, number, sim) b->servers[backend][color][number].requests = (struct sim_requests){0};
    clock_after(sim, gone_for, on_back, balancer, 0, b->epoch);
}

static void on_voice(struct sim *sim, const struct happening *what) {
    if (!sim->balancers[what->a].silent)
        return;
    trace(sim, "haproxy: answers again");
    sim->balancers[what->a].silent = false;
    disturbed(sim);
    exchanges_resume(sim, what->a);
}

void haproxy_silence(struct sim *sim, uint32_t balancer, usec_t span) {
    if (sim->balancers[balancer].gone || sim->balancers[balancer].silent)
        return;
    trace(sim, "haproxy: silent");
    sim->balancers[balancer].silent = true;
    disturbed(sim);
    clock_after(sim, span, on_voice, balancer, 0, 0);
}

void haproxy_forget_agent(struct sim *sim) {
    for (uint32_t balancer = 0; balancer < BALANCERS_MAX; balancer++)
        memset(&sim->balancers[balancer].told, 0, sizeof sim->balancers[balancer].told);
}

/* ---------------------------------------------------------------- the state file */

int haproxy_remember(void *userdata, const struct plan *plan, struct error *err) {
    struct sim *sim = userdata;
    if (!host_may_act(sim))
        return 0;
    struct sim_balancer *balancer = &sim->balancers[0];
    if (DRAW_RARE(sim, REMEMBER_FAILS, 300, 1))
        return error_set(err, -28, "no space left");
    balancer->remembered = true;
    for_each_server(backend, color, number, sim) balancer->state_file[backend][color][number] =
        plan->wanted[backend][color][number];
    (void)host_may_act(sim);
    return 0;
}
