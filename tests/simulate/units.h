/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemd: units with their jobs, restarts and invocations, and the bus that tells of them. */
#ifndef SIMULATE_UNITS_H
#define SIMULATE_UNITS_H

#include "core/model.h"
#include "instance/manager.h"
#include "scenario.h"

enum sim_job { JOB_NONE, JOB_START, JOB_STOP };

struct sim_unit {
    enum unit_state state;
    enum sim_job job;
    bool ours;          /* the job was ordered by this life of the agent, which waits for ... */
    uint64_t token;     /* ... this */
    uint64_t serial;    /* of the job */
    uint32_t taken_for; /* somebody was starting it, unseen, while it was placed at this revision; 0: not so */
    bool by_hand;       /* what is under way was ordered by a person */
    bool masked;
    struct id128 invocation;
    uint32_t restarts;
    uint32_t fails; /* in a row, for the start limit */
    uint32_t runs;  /* the revision of the process; 0: there is none */
    bool listening;
    usec_t active_since;
    usec_t failed_at; /* when a process of it last ended without having been asked to; 0: never */
    uint32_t life;    /* of the process or of what is under way: what was planned for an earlier one does not happen */
    char result[48];
    bool telling; /* a look at it is under way */
};

struct sim;

/* The manager port. */
int units_watch(void *sim, uint32_t n);
int units_order(void *sim, const struct unit_order *order, const char *prepare, uint64_t token);

/* Some color may run before the first deploy. */
void units_begin(struct sim *sim);
/* The agent ended: nobody waits for jobs any more. */
void units_forget_agent(struct sim *sim);
void units_reboot(struct sim *sim);
void units_crash(struct sim *sim, enum color color, uint32_t number, const char *why);
/* Somebody starts or stops it. */
void units_by_hand(struct sim *sim, enum color color, uint32_t number, bool starts);
void units_bus_gone(struct sim *sim);
void units_bus_back(struct sim *sim);
/* A server of it gets requests from now on. */
void units_loaded(struct sim *sim, enum color color, uint32_t number);

/* Active, in truth. */
bool unit_active(const struct sim_unit *unit);
const char *unit_state_name(enum unit_state state);

#endif
