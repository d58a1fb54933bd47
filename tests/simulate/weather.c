/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes wrong at some time, by itself. A new kind is a line in the table. */
#include "core/words.h"
#include "sim.h"

#define SLOTS 270 /* of 50 ms, before the faults end */

/* Which balancer it happens to. */
static uint32_t which(struct sim *sim) {
    return DRAW(sim, WHICH, sim->scenario.all_balancers);
}

static void reload(struct sim *sim) {
    haproxy_reload(sim, which(sim));
}

static void restart(struct sim *sim) {
    haproxy_restart(sim, which(sim), MSEC(100 + 100 * DRAW(sim, RESTART_TIME, 30)));
}

static void silence(struct sim *sim) {
    haproxy_silence(sim, which(sim), MSEC(200 + 200 * DRAW(sim, SILENCE_TIME, 25)));
}

static void check_fails(struct sim *sim) {
    uint32_t who = DRAW(sim, CRASH_WHO, COLORS * SIM_INSTANCES);
    disturbed(sim);
    haproxy_check_fails(sim, which(sim), (enum color)(who % COLORS), who / COLORS);
}

static void slow(struct sim *sim) {
    haproxy_slow(sim, which(sim), MSEC(100 + 100 * DRAW(sim, SLOW_BY, 12)), MSEC(500 + 500 * DRAW(sim, SLOW_TIME, 10)));
}

static void cut_off(struct sim *sim) {
    uint32_t who = DRAW(sim, CRASH_WHO, COLORS * SIM_INSTANCES);
    uint32_t where = DRAW(sim, CUT_OFF_WHERE, scenario_all_backends(&sim->scenario) + 1);
    haproxy_cut_off(sim, which(sim), where == 0 ? SIM_BACKENDS : where - 1, (enum color)(who % COLORS), who / COLORS,
                    MSEC(500 + 500 * DRAW(sim, CUT_OFF_TIME, 16)));
}

static void crash(struct sim *sim) {
    uint32_t who = DRAW(sim, CRASH_WHO, COLORS * SIM_INSTANCES);
    units_crash(sim, (enum color)(who % COLORS), who / COLORS, "signal SEGV");
}

static void on_unmask(struct sim *sim, const struct happening *what) {
    sim->units[what->a][what->b].masked = false;
}

static void mask(struct sim *sim) {
    uint32_t who = DRAW(sim, CRASH_WHO, COLORS * SIM_INSTANCES);
    trace(sim, "%s is masked", INSTANCE_NAME((enum color)(who % COLORS), who / COLORS));
    sim->units[who % COLORS][who / COLORS].masked = true;
    clock_after(sim, SEC(3), on_unmask, who % COLORS, who / COLORS, 0);
}

static void on_bus_back(struct sim *sim, const struct happening *what) {
    trace(sim, "the bus is back");
    disturbed(sim);
    units_bus_back(sim);
}

static void bus_gone(struct sim *sim) {
    if (sim->bus_gone || sim->host.down)
        return;
    trace(sim, "the bus is gone");
    disturbed(sim);
    units_bus_gone(sim);
    clock_after(sim, MSEC(50 + 100 * DRAW(sim, BUS_GONE_TIME, 20)), on_bus_back, 0, 0, 0);
}

static void on_disk_good(struct sim *sim, const struct happening *what) {
    trace(sim, "the disk is good again");
    disturbed(sim);
    sim->disk.bad = false;
}

static void disk_bad(struct sim *sim) {
    trace(sim, "the disk is full");
    disturbed(sim);
    sim->disk.bad = true;
    clock_after(sim, MSEC(100 + 200 * DRAW(sim, DISK_BAD_TIME, 25)), on_disk_good, 0, 0, 0);
}

static void clock_step(struct sim *sim) {
    usec_t by = SEC(DRAW(sim, CLOCK_STEP_BY, 200)) * 60 - SEC(6000);
    trace(sim, "the clock steps by %lld s", (long long)(by / USEC_PER_SEC));
    sim->host.wall_offset += by;
}

static const struct {
    enum site site;
    uint32_t times, permille;
    void (*comes)(struct sim *sim);
} kinds[] = {
    {AT_RELOAD, 2, 500, reload},
    {AT_RESTART, 2, 400, restart},
    {AT_SILENCE, 2, 500, silence},
    {AT_CHECK_FAILS, 2, 500, check_fails},
    {AT_CRASH, 3, 500, crash},
    {AT_MASKED, 1, 500, mask},
    {AT_BUS_GONE, 2, 500, bus_gone},
    {AT_DISK_BAD, 2, 500, disk_bad},
    {AT_KILL_AT, 3, 500, host_kill},
    {AT_REBOOT, 1, 500, host_reboot},
    {AT_CLOCK_STEP, 2, 500, clock_step},
    {AT_SLOW, 2, 500, slow},
    {AT_CUT_OFF, 3, 500, cut_off},
    {AT_HAND_WEIGHT, 4, 500, hands_weight},
    {AT_HAND_STATE, 3, 500, hands_state},
    {AT_FILES_CHANGE, 3, 500, files_change},
    {AT_FILES_BAD, 2, 500, files_spoil},
    {AT_HAND_STOP, 2, 500, hands_stop},
    {AT_HAND_START, 2, 500, hands_start},
    {AT_HAND_ROUTES, 3, 500, hands_routes},
};

static void on_weather(struct sim *sim, const struct happening *what) {
    kinds[what->a].comes(sim);
}

void weather_begin(struct sim *sim) {
    for (uint32_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++)
        for (uint32_t n = 0; n < kinds[kind].times; n++) {
            uint32_t slot = draw_rare(&sim->draws, kinds[kind].site, kinds[kind].permille, SLOTS);
            if (slot)
                clock_after(sim, MSEC(50 * slot), on_weather, kind, 0, 0);
        }
}
