/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must hold, judged by simulated truth, by what is durable, and by what the agent has been told (never by what it
 * made of that).
 *
 *   oracle-orders.c   at each command the agent sends: I1 I2 I3 I4 I6 I7 I11 I15
 *   oracle-routes.c   of routes: I3 I4 I12 I15
 *   oracle-shares.c   what the durable state allows and asks for
 *   oracle-adopt.c    while nothing is known that was decided: nothing is touched, and only what is clear is taken over
 *   oracle-hooks.c    what hooks have said: nothing goes on without it
 *   oracle-commits.c  over the course of states, runs and verbs: I5 I6 I9 I14 I16
 *   oracle-windows.c  who waits for his window
 *   oracle-quiet.c    from 2 s after the last disturbance: I1 I2 I3 I6 I11 I12
 *   oracle-rest.c     at the end: I10 I13
 *
 * Beside the invariants there are window, hook (ARCHITECTURE.md: Hooks), held (what was lost is not touched,
 * ARCHITECTURE.md: What is lost), yield (What people do) and pin (Model: what the pinned configuration is).
 *
 * Tolerances. The agent cannot know what happened after its last look. So "just seen" is what it was last told: of a
 * unit the last unit_seen, of a server the last look, which may have begun JUST_SEEN ago at most. Orders are judged by
 * that, and prefixes of a batch are played on it; what is true meanwhile counts from QUIET after the last disturbance
 * on, which every fault prolongs until its last effect has been told. */
#ifndef SIMULATE_ORACLE_H
#define SIMULATE_ORACLE_H

#include "api/api.h"
#include "core/command.h"
#include "core/model.h"
#include "scenario.h"

#define JUST_SEEN MSEC(575) /* LOOK_FRESH, and the fsyncs between decision and order */
#define QUIET SEC(2)
/* How long the steps wait for a stable color that is not whole, and how long an instance of it that crashed has to run
 * before it counts again: as rollout.conf(5) says. */
#define STABLE_PATIENCE SEC(60)
#define STEADY_AFTER SEC(10)
/* A look that is due comes, and its orders are carried out. */
#define SETTLING MSEC(1200)

struct sim_step {
    uint32_t revision, attempt, index;
};

struct oracle {
    struct unit_seen told[COLORS][SIM_INSTANCES]; /* last told to this life of the agent */
    bool held;                                    /* what was decided is not known: nothing is touched */
    bool has_previous;
    struct state previous;                  /* what this life of the agent began with, or committed last */
    struct sim_step step, step_before_verb; /* of the latest commit, durable or not */
    usec_t promoting_at;                    /* when a promotion was decided; from then on its delays count, ... */
    usec_t promoted_at;                     /* ... but only once it is durable */
    bool retired_by_verb;                   /* a deploy took the warm color */
    const struct api_command *verb;         /* under way */
    uint64_t commits_by_verb;               /* verbs that were accepted */
    bool was_open;                          /* deploys were let in when the pass or verb began */
    uint32_t begun_unwritten;               /* a revision, in the eyes of the agent that runs */
    bool was_running;                       /* a rollout was under way when the verb began */
    usec_t let_in_at;                       /* what is queued could have begun then; 0: it can't */
    uint32_t crashes[64];                   /* by revision, REVISIONS_MAX */
    uint32_t crashes_suffered;              /* by this attempt, after the faults have ended */
    usec_t waiting_since;                   /* the new version is well, and yet its step, ... */
    uint32_t waiting_step;                  /* ... this one, does not end */
    usec_t settled_at;                      /* 0: not yet */
    uint64_t orders, commits_settled, orders_settled, passes_settled;
    bool unwell; /* something keeps failing by itself, so it never gets calm */
    bool done;
    char message[512]; /* the first violation */
    usec_t failed_at;
};

struct sim;

/* INVARIANT is broken: the run ends here. */
void oracle_fail(struct sim *sim, const char *invariant, const char *format, ...) __attribute__((format(printf, 3, 4)));

void oracle_begin(struct sim *sim);
bool oracle_is_done(const struct sim *sim);
void oracle_not_settled(struct sim *sim);

/* What the agent was told, and that there is none any more. */
void oracle_told_unit(struct sim *sim, enum color color, uint32_t number, const struct unit_seen *seen);
void oracle_forget_agent(struct sim *sim);

/* Commands, as they are sent. */
void oracle_exchange(struct sim *sim, uint32_t balancer, const struct balancer_plan *plan);
void oracle_routes_exchange(struct sim *sim, uint32_t balancer, const struct balancer_plan *plan);
void oracle_unit_order(struct sim *sim, const struct unit_order *order);
void oracle_place(struct sim *sim, enum color color, uint32_t number, uint32_t revision);

/* Their effects. */
void oracle_process_failed(struct sim *sim, uint32_t revision);
void oracle_process_starts(struct sim *sim, enum color color, uint32_t number);

/* An order, of any kind, to anybody. */
void oracle_adopt_order(struct sim *sim);
/* What is made of it when nothing was known. */
void oracle_adopt_commit(struct sim *sim, const struct state *state);

/* Before the disk takes it over. */
void oracle_commit(struct sim *sim, const struct state *state, bool durable);
/* What a new life begins with; NULL: nothing. */
void oracle_loaded(struct sim *sim, const struct state *state);
/* It begins with nothing: HELD if there was something, which can't be read. */
void oracle_lost(struct sim *sim, bool held);
void oracle_run(struct sim *sim, const struct run *before, const struct run *run);
void oracle_event(struct sim *sim, const struct state *state, const struct event *event);
void oracle_verb_begins(struct sim *sim, const struct api_command *asked);
void oracle_verb_ends(struct sim *sim, const struct api_command *asked, const struct command_result *result, int r);

void oracle_pass_begins(struct sim *sim);
/* What is durable from now on; a verb that was accepted; time goes on. */
void oracle_window_commit(struct sim *sim, const struct state *before, const struct state *state, bool durable);
void oracle_window_verb(struct sim *sim, const struct api_command *asked, const struct command_result *result);
void oracle_check_window(struct sim *sim);
/* What is queued may begin that soon. */
bool oracle_window_opens_within(const struct sim *sim, usec_t span);

/* A hook is asked, has said something, and the agent heard of it, or that it said nothing. */
struct sim_call;
void oracle_hook_asked(struct sim *sim, const struct sim_call *call);
void oracle_hook_says(struct sim *sim, const struct sim_call *call);
void oracle_hook_told(struct sim *sim, const struct sim_call *call, bool passed);
/* What the steps lead to needs no hook any more that has not passed. */
bool oracle_hooks_let_go(const struct sim *sim);
/* Instances of the new revision may begin to be its own, and that is durable. */
bool oracle_start_is_known(const struct sim *sim);
void oracle_hooks_start(struct sim *sim, enum color color);
void oracle_hooks_commit(struct sim *sim, const struct state *before, const struct state *state);
/* The gate that the rollout waits for never passes. */
bool oracle_gate_stays(const struct sim *sim);
/* Somebody is asked again and again. */
bool oracle_hooks_are_asked(const struct sim *sim);
/* Nobody is going to be told of an event that has been. */
bool oracle_all_is_told(const struct sim *sim);
/* The faults are over: who was to be taken back is. */
void oracle_hooks_rest(struct sim *sim);

/* Nothing outside has happened for so long. */
bool oracle_is_quiet(const struct sim *sim, usec_t span);
/* In truth: it runs, a balancer has it UP in every backend, for MinReadySec and a while. */
bool oracle_truly_ready(const struct sim *sim, uint32_t balancer, uint32_t color, uint32_t number);
/* The faults are over: whether all has come to rest. */
void oracle_check_rest(struct sim *sim);

/* A step that makes or removes a route is passed only when that was seen. */
void oracle_routes_commit(struct sim *sim, const struct state *state);
/* The routes of one balancer, when all is quiet. */
void oracle_routes_quiet(struct sim *sim, uint32_t balancer);

/* A rollout has its color. */
bool oracle_is_on_its_way(const struct sim *sim);
/* The share of the new revision that the durable state allows. */
share_t oracle_allowed(const struct sim *sim);
/* What the first so many steps have set. */
share_t oracle_share_of_steps(const struct spec *spec, uint32_t steps);
/* How many instances of stable have to run: with DynamicStableScale= what its share needs. */
uint32_t oracle_stable_scale(const struct sim *sim);
/* It runs since before the verb restart, as the agent was told. */
bool oracle_restarts(const struct sim *sim, enum color color, uint32_t number);
/* The color that a rollout goes to, or that the last one left behind; COLOR_NONE before the first. */
enum color oracle_canary(const struct state *state);

#endif
