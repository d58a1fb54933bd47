/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One simulated host with the agent on it. The parts are values in one struct; each part's file changes its own part,
 * and tells the others by a function call. The rooms:
 *
 *   main, script, run-one      runs, seeds, shrinking
 *   example                    a shipped configuration, through whole rollouts
 *   clock, draw, sites.h       time, chance; trace: what happened
 *   scenario, files, windows   what is configured and deployed, and which configuration counts
 *   host, operator, hands      the agent's life; who types verbs; what people do behind its back
 *   haproxy, exchange, requests    the balancers
 *   units, disk, metrics       systemd; the store; what analysis is told
 *   hooks                      who is asked between the steps
 *   weather                    what goes wrong at some time
 *   oracle-*.c                 what must hold
 *
 * A new fault: a line in sites.h, and a draw() where it happens (weather.c where it happens at some time).
 * A new invariant: a check in the oracle's file of its kind, see oracle.h. */
#ifndef SIMULATE_SIM_H
#define SIMULATE_SIM_H

#include "agent.h"
#include "clock.h"
#include "disk.h"
#include "draw.h"
#include "example.h"
#include "files.h"
#include "hands.h"
#include "haproxy.h"
#include "hooks.h"
#include "host.h"
#include "oracle.h"
#include "scenario.h"
#include "trace.h"
#include "units.h"

#define MSEC(n) ((usec_t)(n)*USEC_PER_MSEC)
#define SEC(n) ((usec_t)(n)*USEC_PER_SEC)

struct sim {
    struct clock clock;
    struct draws draws;
    struct example *example; /* NULL: what is drawn */
    struct trace trace;
    struct scenario scenario;
    struct files files;
    struct host host;
    struct disk disk;
    struct sim_unit units[COLORS][SIM_INSTANCES];
    bool bus_gone;
    struct sim_balancer balancers[SIM_BALANCERS];
    struct sim_state_file state_file;
    struct hands hands;
    struct sim_hooks hooks;
    struct oracle oracle;
    bool failed; /* an invariant is broken: nothing more is simulated */
};

/* Something outside happened that the agent could not foresee: invariants that hold "from 2 s after" wait again. */
void disturbed(struct sim *sim);
/* The same, and it will be told only then. */
void disturbed_until(struct sim *sim, usec_t when);

#define DRAW(sim, site, n) draw(&(sim)->draws, AT_##site, n)
#define DRAW_RARE(sim, site, permille, n) draw_rare(&(sim)->draws, AT_##site, permille, n)

#endif
