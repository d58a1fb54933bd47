/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host: its clocks, the agent's lives on it, and the loop that drives the agent as main.c does. */
#ifndef SIMULATE_HOST_H
#define SIMULATE_HOST_H

#include "agent.h"
#include "haproxy.h"

/* When the last fault comes; what must be settled by then; how long nothing may happen after that. */
#define FAULTS_END SEC(14)
#define SETTLED_BY SEC(400)
#define EXAMPLES_TAKE SEC(86400)

struct host {
    struct agent *agent; /* NULL: not running */
    struct agent_ports ports;
    struct manager manager;
    struct router router;
    uint32_t life; /* of the agent; 0 is nobody's */
    usec_t began;  /* this life */
    bool dying;    /* killed in the middle of a pass: what it does from there on never happens */
    bool down;     /* the machine is down */
    usec_t booted; /* virtual time */
    uint32_t boots;
    usec_t wall_offset;
    uint64_t invocations, serials;
    usec_t disturbed_at; /* by anything outside */
    uint32_t passes_now; /* without time going on */
    uint64_t passes;
    bool over;   /* no more faults */
    bool asking; /* inside a verb */
};

struct sim;

/* Runs a host from its first boot until everything has settled, or an invariant is broken. */
void host_run(struct sim *sim);
/* Called by every port before and after its effect: false when the agent is dead, which this may be the moment of. */
bool host_may_act(struct sim *sim);
/* The faults have ended. */
bool host_is_over(const struct sim *sim);
/* Virtual time on the wall clock, as it is set now. */
usec_t host_wall(const struct sim *sim, usec_t when);
/* Virtual time on CLOCK_BOOTTIME. */
usec_t host_boottime(const struct sim *sim, usec_t when);

void host_kill(struct sim *sim);
void host_reboot(struct sim *sim);

/* What the agent is told; nobody hears it while there is none. */
void host_unit_seen(struct sim *sim, enum color color, uint32_t number, const struct unit_seen *seen);
void host_unit_done(struct sim *sim, enum color color, uint32_t number, uint64_t token, int result,
                    const char *sentence);
void host_exchanged(struct sim *sim, uint32_t life, uint32_t balancer, uint64_t token,
                    const struct exchange_result *result, const struct sim_told *told);
void host_measured(struct sim *sim, uint32_t life, uint64_t token, const char *value, const char *message);
/* False: nobody waited for it. */
bool host_hook_answered(struct sim *sim, uint32_t life, uint64_t token, bool passed, const char *message);
void host_look(struct sim *sim);

/* metrics.c: the port that asks */
int metrics_ask(void *sim, const struct metric_spec *metric, const struct subject *subject, uint64_t token,
                struct error *err);
/* weather.c: what goes wrong at some time; operator.c: who types verbs */
void weather_begin(struct sim *sim);
void operator_begin(struct sim *sim);
void operator_asks(struct sim *sim, enum verb verb);
int operator_types(struct sim *sim, const struct api_command *asked);

#endif
