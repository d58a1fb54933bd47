/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/words.h"
#include "sim.h"

#define START_LIMIT 5
#define START_TIMEOUT SEC(3)

static const char *const state_names[] = {
    [UNIT_INACTIVE] = "inactive", [UNIT_STARTING] = "starting", [UNIT_ACTIVE] = "active",
    [UNIT_STOPPING] = "stopping", [UNIT_FAILED] = "failed",     [UNIT_RESTARTING] = "auto-restart",
};

const char *unit_state_name(enum unit_state state) {
    return state_names[state];
}

bool unit_active(const struct sim_unit *unit) {
    return unit->state == UNIT_ACTIVE;
}

static struct sim_unit *unit_at(struct sim *sim, uint32_t color, uint32_t number) {
    return &sim->units[color][number];
}

static const struct version *version_of(const struct sim *sim, const struct sim_unit *unit) {
    return &sim->scenario.versions[disk_version(sim, unit->runs)];
}

/* ---------------------------------------------------------------- telling */

static struct unit_seen seen_of(const struct sim *sim, uint32_t color, uint32_t number) {
    const struct sim_unit *unit = &sim->units[color][number];
    struct unit_seen seen;
    memset(&seen, 0, sizeof seen);
    seen.known = true;
    seen.state = unit->state;
    seen.job = unit->job != JOB_NONE;
    seen.missing = unit->masked;
    seen.invocation = unit->invocation;
    seen.restarts = unit->restarts;
    seen.env_revision = sim->disk.links[color][number];
    seen.active_since = unit_active(unit) ? host_boottime(sim, unit->active_since) : 0;
    memcpy(seen.result, unit->result, sizeof seen.result);
    return seen;
}

static void tell(struct sim *sim, uint32_t color, uint32_t number) {
    struct unit_seen seen = seen_of(sim, color, number);
    if (sim->bus_gone)
        memset(&seen, 0, sizeof seen);
    host_unit_seen(sim, (enum color)color, number, &seen);
}

static void on_tell(struct sim *sim, const struct happening *what) {
    sim->units[what->a][what->b].telling = false;
    if (!sim->bus_gone)
        tell(sim, what->a, what->b);
}

/* A signal goes out, and is sometimes late; a lost one is made good by the next look at everything. */
static void changed(struct sim *sim, uint32_t color, uint32_t number) {
    struct sim_unit *unit = unit_at(sim, color, number);
    trace(sim, "%s: %s%s, revision %u%s%s", INSTANCE_NAME((enum color)color, number), unit_state_name(unit->state),
          unit->job ? " with a job" : "", unit->runs, *unit->result ? ", " : "", unit->result);
    haproxy_instance_changed(sim, (enum color)color, number);
    if (unit->telling)
        return;
    unit->telling = true;
    usec_t delay = MSEC(1);
    uint32_t late = DRAW_RARE(sim, SIGNAL_LATE, 200, 50);
    if (late)
        delay = MSEC(10 * late);
    if (DRAW_RARE(sim, SIGNAL_LOST, 100, 1))
        delay = SEC(2);
    if (delay > MSEC(1))
        disturbed_until(sim, sim->clock.now + delay);
    clock_after(sim, delay, on_tell, color, number, 0);
}

/* The end of a job is told after what it led to, as the manager does. */
static void job_ended(struct sim *sim, uint32_t color, uint32_t number, int result, const char *sentence) {
    struct sim_unit *unit = unit_at(sim, color, number);
    bool told = unit->ours;
    unit->job = JOB_NONE;
    unit->ours = false;
    if (!told || sim->bus_gone)
        return;
    tell(sim, color, number);
    host_unit_done(sim, (enum color)color, number, unit->token, result, sentence);
}

/* ---------------------------------------------------------------- lives */

static void process_starts(struct sim *sim, uint32_t color, uint32_t number);

static void on_auto_restart(struct sim *sim, const struct happening *what) {
    struct sim_unit *unit = unit_at(sim, what->a, what->b);
    if (unit->life != what->c || unit->state != UNIT_RESTARTING || unit->job == JOB_STOP)
        return;
    unit->restarts++;
    unit->job = JOB_START;
    process_starts(sim, what->a, what->b);
}

/* The process is gone without anybody having asked for it. */
static void process_ended(struct sim *sim, uint32_t color, uint32_t number, enum ending_kind how, const char *why) {
    struct sim_unit *unit = unit_at(sim, color, number);
    disturbed(sim);
    oracle_process_failed(sim, unit->runs);
    unit->failed_at = sim->clock.now;
    unit->life++;
    unit->runs = 0;
    unit->listening = false;
    (void)snprintf(unit->result, sizeof unit->result, "%s", why);
    if (how == ENDS_INACTIVE)
        unit->state = UNIT_INACTIVE;
    else if (++unit->fails < START_LIMIT) {
        unit->state = UNIT_RESTARTING;
        clock_after(sim, MSEC(100 + 100 * DRAW_RARE(sim, RESTART_SEC, 300, 20)), on_auto_restart, color, number,
                    unit->life);
    } else {
        unit->state = UNIT_FAILED;
        unit->fails = 0;
    }
    if (unit->job == JOB_START)
        job_ended(sim, color, number, -EPROTO, "the process ended before it was ready");
    changed(sim, color, number);
}

static void process_failed(struct sim *sim, uint32_t color, uint32_t number, const char *why) {
    process_ended(sim, color, number, ENDS_FAILED, why);
}

static void on_crash(struct sim *sim, const struct happening *what) {
    struct sim_unit *unit = unit_at(sim, what->a, what->b);
    if (unit->life != what->c || unit->state != UNIT_ACTIVE)
        return;
    const struct version *version = version_of(sim, unit);
    if (!host_is_over(sim) || version->loops)
        process_ended(sim, what->a, what->b, version->ends, version->ends == ENDS_FAILED ? "exit-code 1" : "");
}

static void process_ready(struct sim *sim, uint32_t color, uint32_t number, const struct version *version) {
    struct sim_unit *unit = unit_at(sim, color, number);
    disturbed(sim);
    unit->state = UNIT_ACTIVE;
    unit->active_since = sim->clock.now;
    unit->listening = version_health(version, number) != HEALTH_DEAF;
    if (version_health(version, number) == HEALTH_CRASHES_LATER)
        clock_after(sim, version->crashes_after, on_crash, color, number, unit->life);
    job_ended(sim, color, number, 0, "");
    changed(sim, color, number);
}

static void on_started(struct sim *sim, const struct happening *what) {
    struct sim_unit *unit = unit_at(sim, what->a, what->b);
    if (unit->life != what->c || unit->state != UNIT_STARTING)
        return;
    const struct version *version = version_of(sim, unit);
    enum health health = version_health(version, what->b);
    if (health == HEALTH_CRASHES_AT_ONCE || DRAW_RARE(sim, START_FAILS, 100, 1))
        process_failed(sim, what->a, what->b, "exit-code 2");
    else if (health == HEALTH_NEVER_READY && what->when < unit->active_since + START_TIMEOUT)
        clock_after(sim, START_TIMEOUT, on_started, what->a, what->b, what->c);
    else if (health == HEALTH_NEVER_READY)
        process_failed(sim, what->a, what->b, "timeout");
    else
        process_ready(sim, what->a, what->b, version);
}

static void process_starts(struct sim *sim, uint32_t color, uint32_t number) {
    struct sim_unit *unit = unit_at(sim, color, number);
    unit->life++;
    unit->state = UNIT_STARTING;
    unit->runs = sim->disk.links[color][number] ? sim->disk.links[color][number] : REVISION_UNMANAGED;
    unit->result[0] = 0;
    unit->taken_for = 0;
    uint64_t invocation = ++sim->host.invocations;
    memcpy(unit->invocation.bytes, &invocation, sizeof invocation);
    unit->active_since = sim->clock.now; /* while it starts: since when */
    oracle_process_starts(sim, (enum color)color, number);
    clock_after(sim, version_of(sim, unit)->start_time, on_started, color, number, unit->life);
    changed(sim, color, number);
}

void units_loaded(struct sim *sim, enum color color, uint32_t number) {
    struct sim_unit *unit = unit_at(sim, color, number);
    const struct version *version = version_of(sim, unit);
    if (unit->state == UNIT_ACTIVE && version_health(version, number) == HEALTH_CRASHES_LOADED)
        clock_after(sim, version->crashes_after / 4, on_crash, color, number, unit->life);
}

void units_crash(struct sim *sim, enum color color, uint32_t number, const char *why) {
    const struct sim_unit *unit = &sim->units[color][number];
    if (unit->state == UNIT_ACTIVE || unit->state == UNIT_STARTING)
        process_failed(sim, color, number, why);
}

/* ---------------------------------------------------------------- orders */

/* Where nobody could see whose doing it was, it may count the second time. */
static void stopped_by_hand(struct sim *sim, struct sim_unit *unit, const struct unit_seen *told) {
    unit->failed_at = sim->clock.now;
    if (told->state != UNIT_STOPPING || sim->disk.doubtful)
        oracle_process_failed(sim, unit->runs);
}

static void on_stopped(struct sim *sim, const struct happening *what) {
    struct sim_unit *unit = unit_at(sim, what->a, what->b);
    if (unit->life != what->c || unit->state != UNIT_STOPPING)
        return;
    if (unit->by_hand)
        stopped_by_hand(sim, unit, &sim->oracle.told[what->a][what->b]);
    unit->by_hand = false;
    unit->life++;
    unit->state = UNIT_INACTIVE;
    unit->runs = 0;
    unit->fails = 0;
    job_ended(sim, what->a, what->b, 0, "");
    changed(sim, what->a, what->b);
}

static void start(struct sim *sim, uint32_t color, uint32_t number) {
    struct sim_unit *unit = unit_at(sim, color, number);
    if (unit->masked) {
        job_ended(sim, color, number, -ENOENT, "the unit is masked");
        changed(sim, color, number);
    } else if (unit->state == UNIT_ACTIVE)
        job_ended(sim, color, number, 0, "");
    else if (unit->state != UNIT_STARTING) {
        unit->restarts = 0;
        process_starts(sim, color, number);
    }
}

static void stop(struct sim *sim, uint32_t color, uint32_t number) {
    struct sim_unit *unit = unit_at(sim, color, number);
    if (unit->state == UNIT_INACTIVE || unit->state == UNIT_FAILED) {
        job_ended(sim, color, number, 0, "");
        changed(sim, color, number);
        return;
    }
    unit->life++;
    unit->listening = false;
    unit->state = UNIT_STOPPING;
    uint32_t stubborn = DRAW_RARE(sim, STOP_TIME, 200, 20);
    clock_after(sim, MSEC(20 + 200 * stubborn), on_stopped, color, number, unit->life);
    changed(sim, color, number);
}

static void on_job(struct sim *sim, const struct happening *what) {
    struct sim_unit *unit = unit_at(sim, what->a, what->b);
    if (unit->serial != what->c || unit->job == JOB_NONE)
        return;
    if (unit->job == JOB_START && unit->state == UNIT_STOPPING) /* waits for the end of the stop */
        clock_after(sim, MSEC(20), on_job, what->a, what->b, what->c);
    else if (unit->job == JOB_START)
        start(sim, what->a, what->b);
    else
        stop(sim, what->a, what->b);
}

static void queue_job(struct sim *sim, uint32_t color, uint32_t number, enum sim_job job) {
    struct sim_unit *unit = unit_at(sim, color, number);
    unit->job = job;
    clock_after(sim, MSEC(1 + 20 * DRAW_RARE(sim, JOB_TIME, 200, 20)), on_job, color, number, unit->serial);
}

/* Only then the start is ordered, by an agent that is still there to do it. */
static void on_prepared(struct sim *sim, const struct happening *what) {
    struct sim_unit *unit = unit_at(sim, what->a, what->b);
    if (unit->serial != what->c || !unit->ours)
        return;
    if (!DRAW_RARE(sim, PREPARE_FAILS, 200, 1)) {
        queue_job(sim, what->a, what->b, JOB_START);
        return;
    }
    trace(sim, "%s: cannot be prepared", INSTANCE_NAME((enum color)what->a, what->b));
    disturbed(sim);
    oracle_process_failed(sim, sim->disk.links[what->a][what->b]);
    unit->failed_at = sim->clock.now;
    job_ended(sim, what->a, what->b, -ECHILD, "shop-fetch: failed: exit-code 1");
}

int units_order(void *userdata, const struct unit_order *order, const char *prepare, uint64_t token) {
    struct sim *sim = userdata;
    struct sim_unit *unit = unit_at(sim, order->color, order->number);
    if (!host_may_act(sim))
        return 0;
    oracle_unit_order(sim, order);
    if (unit->job == JOB_NONE)
        unit->ours = false; /* what prepares it is stopped */
    if (sim->bus_gone || DRAW_RARE(sim, ORDER_REFUSED, 100, 1))
        return -ENOTCONN;
    trace(sim, "agent: %s %s", order->kind == UNIT_START ? "start" : "stop",
          INSTANCE_NAME((enum color)order->color, order->number));
    unit->by_hand = false;
    unit->ours = true; /* nobody waits for the one before it any more */
    unit->token = token;
    unit->serial = ++sim->host.serials;
    if (*prepare) {
        unit->job = JOB_NONE;
        clock_after(sim, MSEC(10 + 200 * DRAW_RARE(sim, PREPARE_TIME, 300, 20)), on_prepared, order->color,
                    order->number, unit->serial);
    } else
        queue_job(sim, order->color, order->number, order->kind == UNIT_START ? JOB_START : JOB_STOP);
    (void)host_may_act(sim);
    return 0;
}

/* A job takes the place of ours, if there is one. */
void units_by_hand(struct sim *sim, enum color color, uint32_t number, bool starts) {
    struct sim_unit *unit = unit_at(sim, color, number);
    bool idle = unit->state == UNIT_INACTIVE || unit->state == UNIT_FAILED;
    if (sim->host.down || idle != starts || (starts && sim->disk.links[color][number] == 0))
        return;
    trace(sim, "hand: %s %s", starts ? "start" : "stop", INSTANCE_NAME(color, number));
    disturbed_until(sim, sim->clock.now + SEC(1) + sim->scenario.spec->drain_timeout);
    if (unit->ours)
        job_ended(sim, color, number, -ECANCELED, "another job took its place");
    unit->by_hand = true;
    unit->job = starts ? JOB_START : JOB_STOP;
    unit->serial = ++sim->host.serials;
    clock_after(sim, MSEC(1), on_job, color, number, unit->serial);
}

int units_watch(void *userdata, uint32_t n) {
    struct sim *sim = userdata;
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < n && number < SIM_INSTANCES; number++) {
            unit_at(sim, color, number)->telling = true;
            clock_after(sim, MSEC(2), on_tell, color, number, 0);
        }
    return 0;
}

/* ---------------------------------------------------------------- the bus and the host */

void units_begin(struct sim *sim) {
    static const bool serves[4][COLORS] = {{false, false}, {true, false}, {false, true}, {true, true}};
    uint32_t which = DRAW_RARE(sim, UNMANAGED, 60, 3);
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; serves[which][color] && number < sim->scenario.spec->replicas; number++) {
            struct sim_unit *unit = unit_at(sim, color, number);
            uint64_t invocation = ++sim->host.invocations;
            *unit = (struct sim_unit){
                .state = UNIT_ACTIVE, .runs = REVISION_UNMANAGED, .listening = true, .active_since = sim->clock.now};
            memcpy(unit->invocation.bytes, &invocation, sizeof invocation);
        }
}

void units_forget_agent(struct sim *sim) {
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++)
            unit_at(sim, color, number)->ours = false;
}

void units_bus_gone(struct sim *sim) {
    sim->bus_gone = true;
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            struct sim_unit *unit = unit_at(sim, color, number);
            tell(sim, color, number);
            if (unit->ours)
                host_unit_done(sim, (enum color)color, number, unit->token, -ECONNRESET, "the bus is gone");
            unit->ours = false;
        }
}

void units_bus_back(struct sim *sim) {
    sim->bus_gone = false;
    (void)units_watch(sim, SIM_INSTANCES);
}

void units_reboot(struct sim *sim) {
    sim->bus_gone = false;
    for (uint32_t color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            struct sim_unit *unit = unit_at(sim, color, number);
            *unit = (struct sim_unit){.life = unit->life + 1, .masked = unit->masked, .failed_at = unit->failed_at};
            haproxy_instance_changed(sim, (enum color)color, number);
        }
}
