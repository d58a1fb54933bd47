/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host.h"

#include <errno.h>
#include <string.h>

#include "sim.h"

#define BOOTTIME_AT_BOOT SEC(8)
#define PASSES_AT_ONCE_MAX 200

bool host_is_over(const struct sim *sim) {
    return sim->host.over;
}

void disturbed_until(struct sim *sim, usec_t when) {
    if (when > sim->host.disturbed_at)
        sim->host.disturbed_at = when;
}

void disturbed(struct sim *sim) {
    disturbed_until(sim, sim->clock.now);
}

usec_t host_boottime(const struct sim *sim, usec_t when) {
    return when ? when - sim->host.booted + BOOTTIME_AT_BOOT : 0;
}

usec_t host_wall(const struct sim *sim, usec_t when) {
    return SEC(1700000000) + when + sim->host.wall_offset;
}

bool host_may_act(struct sim *sim) {
    struct host *host = &sim->host;
    if (!host->dying && !host->over && DRAW_RARE(sim, KILL, 10, 1)) {
        trace(sim, "host: the agent is killed here");
        host->dying = true;
        disturbed(sim);
    }
    return !host->dying;
}

/* ---------------------------------------------------------------- the agent's ports */

static void port_clock(void *userdata, struct agent_clock *ret) {
    const struct sim *sim = userdata;
    ret->boottime = host_boottime(sim, sim->clock.now);
    ret->wall = host_wall(sim, sim->clock.now);
}

static void port_event(void *userdata, const struct spec *spec, const struct state *state, const struct event *event) {
    struct sim *sim = userdata;
    if (!sim->host.dying)
        oracle_event(sim, state, event);
    if (!sim->host.dying && sim->example)
        example_event(sim, state, event);
}

static void ports_begin(struct sim *sim) {
    struct host *host = &sim->host;
    host->manager = (struct manager){.self = sim, .watch = units_watch, .order = units_order};
    host->router = (struct router){.self = sim, .exchange = haproxy_exchange, .remember = haproxy_remember};
    host->ports = (struct agent_ports){.userdata = sim,
                                       .router = &host->router,
                                       .manager = &host->manager,
                                       .store = &sim->disk.port,
                                       .clock = port_clock,
                                       .load_spec = files_load,
                                       .ask = metrics_ask,
                                       .ask_hook = hook_is_asked,
                                       .event = port_event,
                                       .configure = files_configure};
    memcpy(host->ports.boot.bytes, &host->boots, sizeof host->boots);
}

/* ---------------------------------------------------------------- lives */

static void on_agent_starts(struct sim *sim, const struct happening *what);

static void agent_returns(struct sim *sim) {
    clock_after(sim, MSEC(20 + 50 * DRAW_RARE(sim, RETURN_TIME, 500, 40)), on_agent_starts, 0, 0, sim->host.boots);
}

static void on_agent_starts(struct sim *sim, const struct happening *what) {
    struct host *host = &sim->host;
    struct error err = {0};
    if (host->agent || host->down || host->boots != what->c)
        return;
    host->life++;
    host->began = sim->clock.now;
    host->dying = false;
    disturbed(sim);
    trace(sim, "host: the agent starts");
    ports_begin(sim);
    if (agent_start(sim->scenario.app, &host->ports, &host->agent, &err) >= 0)
        return;
    if (!sim->files.bad || sim->files.pinned)
        oracle_fail(sim, "start", "the agent does not start: %s", err.text);
    agent_returns(sim); /* nothing was ever deployed, and the files are bad: somebody has to mend them */
}

static void agent_ends(struct sim *sim) {
    struct host *host = &sim->host;
    if (!host->agent)
        return;
    host->agent = agent_free(host->agent);
    host->dying = false;
    units_forget_agent(sim);
    haproxy_forget_agent(sim);
    files_forget_agent(sim);
    oracle_forget_agent(sim);
    disturbed(sim);
}

void host_kill(struct sim *sim) {
    if (!sim->host.agent)
        return;
    trace(sim, "host: the agent is killed");
    agent_ends(sim);
    agent_returns(sim);
}

static void on_booted(struct sim *sim, const struct happening *what) {
    trace(sim, "host: booted");
    sim->host.down = false;
    agent_returns(sim);
}

void host_reboot(struct sim *sim) {
    struct host *host = &sim->host;
    usec_t down = MSEC(500 + 100 * DRAW(sim, REBOOT_TIME, 30));
    if (host->down)
        return;
    trace(sim, "host: goes down");
    agent_ends(sim);
    host->down = true;
    host->boots++;
    host->booted = sim->clock.now;
    disk_reboot(sim);
    units_reboot(sim);
    for (uint32_t balancer = 0; balancer < sim->scenario.all_balancers; balancer++)
        if (!sim->scenario.remote[balancer])
            haproxy_restart(sim, balancer, down + MSEC(100 * DRAW(sim, RESTART_TIME, 30)));
    clock_after(sim, down, on_booted, 0, 0, 0);
}

/* ---------------------------------------------------------------- telling */

static struct agent *listener(const struct sim *sim) {
    return sim->host.dying ? NULL : sim->host.agent;
}

void host_unit_seen(struct sim *sim, enum color color, uint32_t number, const struct unit_seen *seen) {
    if (!listener(sim))
        return;
    oracle_told_unit(sim, color, number, seen);
    agent_unit_seen(sim->host.agent, color, number, seen);
}

void host_unit_done(struct sim *sim, enum color color, uint32_t number, uint64_t token, int result,
                    const char *sentence) {
    if (listener(sim))
        agent_unit_done(sim->host.agent, color, number, token, result, sentence);
}

void host_exchanged(struct sim *sim, uint32_t life, uint32_t balancer, uint64_t token,
                    const struct exchange_result *result, const struct sim_told *told) {
    if (!listener(sim) || life != sim->host.life)
        return;
    sim->balancers[balancer].told = *told;
    agent_exchanged(sim->host.agent, balancer, token, result);
}

void host_measured(struct sim *sim, uint32_t life, uint64_t token, const char *value, const char *message) {
    if (listener(sim) && life == sim->host.life)
        agent_measured(sim->host.agent, token, value ? ANSWER_VALUE : ANSWER_ERROR, value, message);
}

bool host_hook_answered(struct sim *sim, uint32_t life, uint64_t token, bool passed, const char *message) {
    return listener(sim) && life == sim->host.life && agent_hook_answered(sim->host.agent, token, passed, message);
}

void host_look(struct sim *sim) {
    if (listener(sim))
        agent_look(sim->host.agent);
}

/* ---------------------------------------------------------------- the loop */

static void pass(struct sim *sim) {
    struct host *host = &sim->host;
    if (++host->passes_now > PASSES_AT_ONCE_MAX) {
        oracle_fail(sim, "busy", "%d passes without time going on", PASSES_AT_ONCE_MAX);
        return;
    }
    host->passes++;
    oracle_pass_begins(sim);
    agent_pass(host->agent);
}

/* One step: a pass if it is due, else the next thing that happens. False when nothing ever will. */
static bool host_step(struct sim *sim) {
    struct host *host = &sim->host;
    usec_t next = clock_next(&sim->clock), wake = USEC_INFINITY;
    if (host->dying) {
        agent_ends(sim);
        agent_returns(sim);
        return true;
    }
    if (host->agent) {
        if (agent_due(host->agent, &wake)) {
            pass(sim);
            return true;
        }
        if (wake != USEC_INFINITY)
            wake += host->booted - BOOTTIME_AT_BOOT;
    }
    if (next == USEC_INFINITY && wake == USEC_INFINITY)
        return false;
    usec_t then = next < wake ? next : wake;
    if (then > sim->clock.now) {
        sim->clock.now = then;
        host->passes_now = 0;
    }
    if (next <= wake) {
        struct happening what = clock_take(&sim->clock);
        trace_number(&sim->trace, (uint64_t)what.when ^ what.a << 8 ^ what.b ^ what.c << 20);
        what.act(sim, &what);
    } else
        pass(sim);
    return true;
}

static void on_faults_end(struct sim *sim, const struct happening *what) {
    trace(sim, "host: no more faults");
    draws_end_faults(&sim->draws);
    sim->host.over = true;
    sim->disk.bad = false;
    haproxy_faults_end(sim);
    files_faults_end(sim);
    disturbed(sim);
}

void host_run(struct sim *sim) {
    struct host *host = &sim->host;
    host->boots = 1;
    sim->clock.now = SEC(1);
    host->booted = 0;
    host->wall_offset = SEC(DRAW(sim, WALL, 60));
    if (sim->example)
        example_scenario(sim);
    else
        scenario_begin(sim);
    disk_begin(sim);
    units_begin(sim);
    haproxy_begin(sim);
    weather_begin(sim);
    if (sim->example)
        example_begin(sim);
    else
        operator_begin(sim);
    hands_begin(sim);
    oracle_begin(sim);
    clock_after(sim, 0, on_agent_starts, 0, 0, host->boots);
    clock_after(sim, FAULTS_END, on_faults_end, 0, 0, 0);
    while (!sim->failed && !oracle_is_done(sim) && host_step(sim))
        if (sim->clock.now > (sim->example ? EXAMPLES_TAKE : SETTLED_BY + FAULTS_END))
            oracle_not_settled(sim);
    host->agent = agent_free(host->agent);
    scenario_end(sim);
    disk_end(sim);
}
