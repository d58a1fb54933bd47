/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "haproxy.h"

#include <string.h>

#include "common/text.h"
#include "core/words.h"
#include "exchange.h"
#include "sim.h"

static struct sim_server *server_at(struct sim *sim, uint32_t balancer, uint32_t backend, uint32_t color,
                                    uint32_t number) {
    return &sim->balancers[balancer].servers[backend][color][number];
}

const char *backend_mark(uint32_t backend) {
    static const char *const marks[SIM_BACKENDS] = {"", "'", "''"};
    return marks[backend];
}

/* ---------------------------------------------------------------- checks */

/* The check's key: which server, and which check of it. */
static void on_check(struct sim *sim, const struct happening *what) {
    uint32_t color = what->b >> 8, number = what->b & 255, balancer = what->a >> 8, backend = what->a & 255;
    struct sim_server *server = server_at(sim, balancer, backend, color, number);
    if (server->check != what->c || sim->balancers[balancer].gone || server->maint)
        return;
    bool up = sim->units[color][number].listening && !server->cut_off;
    if (server->up == up)
        return;
    disturbed(sim);
    server->up = up;
    server->up_since = sim->clock.now;
    trace(sim, "haproxy %u: %s%s is %s", balancer, INSTANCE_NAME((enum color)color, number), backend_mark(backend),
          up ? "UP" : "DOWN");
    requests_follow(sim, balancer, backend, (enum color)color, number);
}

void haproxy_check(struct sim *sim, uint32_t balancer, uint32_t backend, enum color color, uint32_t number) {
    struct sim_server *server = server_at(sim, balancer, backend, color, number);
    bool answers = sim->units[color][number].listening && !server->cut_off;
    server->check++;
    if (server->maint || server->up == answers)
        return;
    usec_t delay = MSEC(answers ? 50 : 300) + MSEC(50 * DRAW_RARE(sim, CHECK_TIME, 500, 20));
    clock_after(sim, delay, on_check, balancer << 8 | backend, (uint32_t)color << 8 | number, server->check);
}

void haproxy_instance_changed(struct sim *sim, enum color color, uint32_t number) {
    for (uint32_t balancer = 0; balancer < sim->scenario.all_balancers; balancer++)
        for (uint32_t backend = 0; backend < scenario_all_backends(&sim->scenario); backend++) {
            requests_follow(sim, balancer, backend, color, number);
            haproxy_check(sim, balancer, backend, color, number);
        }
}

/* A check fails though the instance is well. */
void haproxy_check_fails(struct sim *sim, uint32_t balancer, enum color color, uint32_t number) {
    for (uint32_t backend = 0; backend < scenario_all_backends(&sim->scenario); backend++) {
        server_at(sim, balancer, backend, color, number)->up = false;
        requests_follow(sim, balancer, backend, color, number);
        haproxy_check(sim, balancer, backend, color, number);
    }
}

/* ---------------------------------------------------------------- workers */

static bool worker_remembers(const struct sim *sim, uint32_t balancer) {
    return sim->state_file.written && !sim->scenario.remote[balancer];
}

/* A new worker knows the state file where there is one, else the configuration: weight 100, not in maint, and UP until
 * a check says otherwise. */
static void worker_begins(struct sim *sim, uint32_t balancer, uint32_t backend, uint32_t color, uint32_t number) {
    struct sim_server *server = server_at(sim, balancer, backend, color, number);
    const struct server_wanted *wanted = &sim->state_file.wanted[backend][color][number];
    bool remembers = worker_remembers(sim, balancer);
    server->drain = false;
    if (!server->maint)
        server->maint_since = sim->clock.now;
    server->maint = remembers && wanted->maint;
    server->weight = remembers ? wanted->weight : 100;
    server->up = !server->maint && (!remembers || wanted->active);
    server->up_since = sim->clock.now;
    requests_follow(sim, balancer, backend, (enum color)color, number);
    haproxy_check(sim, balancer, backend, (enum color)color, number);
}

#define for_each_server(backend, color, number, sim)                                         \
    for (uint32_t backend = 0; backend < scenario_all_backends(&(sim)->scenario); backend++) \
        for (uint32_t color = BLUE; color < COLORS; color++)                                 \
            for (uint32_t number = 0; number < SIM_INSTANCES; number++)

static void on_told(struct sim *sim, const struct happening *what) {
    host_look(sim);
}

/* Another host's file of routes is as empty as it was made. */
static void read_map(struct sim *sim, uint32_t balancer) {
    struct sim_balancer *b = &sim->balancers[balancer];
    (void)string_copy(b->map, sizeof b->map, sim->scenario.remote[balancer] ? "" : sim->state_file.map);
}

static void worker_replaced(struct sim *sim, uint32_t balancer) {
    sim->balancers[balancer].epoch++;
    read_map(sim, balancer);
    for_each_server(backend, color, number, sim) worker_begins(sim, balancer, backend, color, number);
    disturbed(sim);
    if (sim->scenario.remote[balancer]) /* found out by polling */
        disturbed_until(sim, sim->clock.now + sim->scenario.spec->haproxy.poll);
    else
        clock_after(sim, MSEC(5 + 100 * DRAW_RARE(sim, LOOK_TOLD_LATE, 300, 15)), on_told, 0, 0, 0);
}

void haproxy_begin(struct sim *sim) {
    exchanges_reset();
    for (uint32_t balancer = 0; balancer < sim->scenario.all_balancers; balancer++)
        for_each_server(backend, color, number, sim) worker_begins(sim, balancer, backend, color, number);
}

void haproxy_reload(struct sim *sim, uint32_t balancer) {
    if (sim->balancers[balancer].gone || sim->balancers[balancer].silent)
        return;
    trace(sim, "haproxy %u: reload, %s", balancer,
          worker_remembers(sim, balancer) ? "with its state file" : "forgets everything");
    for_each_server(backend, color, number, sim)
        requests_to_old_worker(sim, server_at(sim, balancer, backend, color, number));
    worker_replaced(sim, balancer);
}

static void on_back(struct sim *sim, const struct happening *what) {
    if (sim->balancers[what->a].epoch != what->c)
        return;
    trace(sim, "haproxy %u: back, %s", what->a,
          worker_remembers(sim, what->a) ? "with its state file" : "has forgotten everything");
    sim->balancers[what->a].gone = false;
    worker_replaced(sim, what->a);
}

void haproxy_restart(struct sim *sim, uint32_t balancer, usec_t gone_for) {
    struct sim_balancer *b = &sim->balancers[balancer];
    trace(sim, "haproxy %u: gone", balancer);
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
    trace(sim, "haproxy %u: answers again", what->a);
    sim->balancers[what->a].silent = false;
    disturbed(sim);
    exchanges_resume(sim, what->a);
}

void haproxy_silence(struct sim *sim, uint32_t balancer, usec_t span) {
    if (sim->balancers[balancer].gone || sim->balancers[balancer].silent)
        return;
    trace(sim, "haproxy %u: silent", balancer);
    sim->balancers[balancer].silent = true;
    disturbed(sim);
    clock_after(sim, span, on_voice, balancer, 0, 0);
}

void haproxy_slow(struct sim *sim, uint32_t balancer, usec_t by, usec_t span) {
    trace(sim, "haproxy %u: slow", balancer);
    sim->balancers[balancer].slow_by = by;
    sim->balancers[balancer].slow_until = sim->clock.now + span;
    disturbed_until(sim, sim->clock.now + span + by);
}

static void cut_off(struct sim *sim, uint32_t balancer, uint32_t where, enum color color, uint32_t number, bool cut) {
    trace(sim, "haproxy %u: %s %s", balancer, cut ? "cannot reach" : "can reach", INSTANCE_NAME(color, number));
    disturbed(sim);
    for (uint32_t backend = 0; backend < scenario_all_backends(&sim->scenario); backend++)
        if (where == SIM_BACKENDS || where == backend) {
            server_at(sim, balancer, backend, color, number)->cut_off = cut;
            haproxy_check(sim, balancer, backend, color, number);
        }
}

static void on_reached(struct sim *sim, const struct happening *what) {
    cut_off(sim, what->a >> 8, what->a & 255, (enum color)(what->b >> 8), what->b & 255, false);
}

void haproxy_cut_off(struct sim *sim, uint32_t balancer, uint32_t backend, enum color color, uint32_t number,
                     usec_t span) {
    cut_off(sim, balancer, backend, color, number, true);
    clock_after(sim, span, on_reached, balancer << 8 | backend, (uint32_t)color << 8 | number, 0);
}

void haproxy_faults_end(struct sim *sim) {
    for (uint32_t balancer = 0; balancer < sim->scenario.all_balancers; balancer++) {
        sim->balancers[balancer].slow_until = 0;
        for_each_server(backend, color, number, sim) if (server_at(sim, balancer, backend, color, number)->cut_off)
            cut_off(sim, balancer, backend, (enum color)color, number, false);
    }
}

void haproxy_counted(struct sim *sim) {
    for (uint32_t balancer = sim->scenario.balancers; balancer < SIM_BALANCERS; balancer++) {
        memset(&sim->balancers[balancer].told, 0, sizeof sim->balancers[balancer].told);
        exchanges_forget(balancer);
    }
}

void haproxy_forget_agent(struct sim *sim) {
    for (uint32_t balancer = 0; balancer < SIM_BALANCERS; balancer++)
        memset(&sim->balancers[balancer].told, 0, sizeof sim->balancers[balancer].told);
}

/* ---------------------------------------------------------------- the state file */

int haproxy_remember(void *userdata, const struct plan *plan, struct error *err) {
    struct sim *sim = userdata;
    if (!host_may_act(sim))
        return 0;
    if (DRAW_RARE(sim, REMEMBER_FAILS, 300, 1))
        return error_set(err, -28, "no space left");
    sim->state_file.written = true;
    for_each_server(backend, color, number, sim) sim->state_file.wanted[backend][color][number] =
        plan->wanted[backend][color][number];
    if (plan->routes.revision != ROUTES_OTHER.revision)
        routes_text(sim, &plan->routes, sim->state_file.map);
    (void)host_may_act(sim);
    return 0;
}
