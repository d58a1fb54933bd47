/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's inside, shared by agent.c (the pass), agent-commit.c, agent-start.c, agent-adopt.c (what was lost),
 * agent-doors.c (what is told), agent-verbs.c and agent-refusals.c (what is asked), agent-runs.c, agent-by-hand.c,
 * agent-questions.c and agent-arguments.c (analysis), agent-hooks.c (who is asked) and agent-tell.c (who is told). */
#ifndef ROLLOUT_AGENT_INSIDE_H
#define ROLLOUT_AGENT_INSIDE_H

#include "agent.h"
#include "core/decide.h"

/* An order whose answer never came is given up after this; its late answer is known by its token and dropped. */
#define LANE_PATIENCE (60 * USEC_PER_SEC)
/* Orders that were answered and had no effect are repeated after this. */
#define REPEAT_PAUSE (50 * USEC_PER_MSEC)
/* A question whose answer never came counts as an error after this; providers have shorter bounds of their own. */
#define QUESTION_PATIENCE (PROVIDER_WAIT_MAX + 300 * USEC_PER_SEC)
/* A stop that failed is ordered again after this; a start waits in the core. */
#define STOP_RETRY (2 * USEC_PER_SEC)
/* For so long after a start, orders that the life before sent may still be carried out. */
#define ELDER_ORDERS (2 * USEC_PER_SEC)
/* A commit that failed is tried again after this. */
#define COMMIT_RETRY USEC_PER_SEC
/* After a commit that took longer, what was seen before it is too old to act on. */
#define COMMIT_SLOW (50 * USEC_PER_MSEC)
/* Who is refused for what was seen is refused when that is still so after this: a HAProxy that starts or reloads, or a
 * unit that was just written, is seen a moment later. */
#define REFUSAL_HOLDS USEC_PER_SEC
/* An order that could not even begin is thought over after this. */
#define ORDER_RETRY (500 * USEC_PER_MSEC)

/* One order at a time; a busy lane drops its new order, the next pass has it again. But a start may never end: a stop
 * takes its place. */
struct lane {
    uint64_t token;    /* 0: free */
    usec_t since;      /* core clock */
    bool stops;        /* a unit's: the latest order is a stop */
    bool prepares;     /* a unit's: the latest order is a start that Prepare= comes before */
    usec_t stop_again; /* a unit's: when a stop that failed may be ordered again */
};

/* The latest orders to a balancer. */
struct sent {
    uint32_t n;
    enum routes_order routes_order;
    usec_t at; /* core clock */
    struct server_order orders[SERVER_ORDERS_MAX];
};

/* Runs by hand at a time, beside those of the rollout. */
#define RUNS_BY_HAND_MAX 4
#define RUNS_AT_ONCE (RUNS_SEEN_MAX + RUNS_BY_HAND_MAX)
/* A run that has not ended is not written more often than this: many metrics at short intervals share their writes. */
#define RUN_COMMIT_PAUSE (200 * USEC_PER_MSEC)

/* What a measurement is made of: the answers to the metric's own query, and to its further ones. */
enum part { PART_RESULT, PART_BASELINE, PART_SAMPLES, PARTS };

/* A metric's question in flight. */
struct measuring {
    uint64_t tokens[PARTS]; /* 0: answered, or not asked */
    char *values[PARTS];    /* what was answered so far; NULL: nothing */
    char *warning;          /* what the provider said beside its value; NULL: nothing */
};

/* An analysis run that goes on. */
struct active_run {
    struct run *run; /* NULL: the place is free */
    struct expanded_analysis *analysis;
    struct measuring *measuring; /* by metric */
    enum color canary, stable;   /* whom it judges, and whom it compares with */
    bool changed;                /* since its document was committed */
    usec_t committed_at;         /* core clock */
    struct question due[RUN_METRICS_MAX];
    size_t n_due;
    usec_t wake; /* core clock */
};

/* The latest call of a hook. */
struct hook_asked {
    uint64_t token; /* 0: it was answered, or never made */
    uint32_t call;
    usec_t at; /* core clock */
};

/* What somebody is to be told: a hook of the configuration that is in force then. */
struct telling {
    char hook[METRIC_NAME_MAX];
    enum hook_moment moment;
    struct event event;
    uint64_t token; /* 0: it is not under way */
    usec_t at;      /* core clock: when it began, or begins */
    uint32_t failures;
};

/* More than happen at once in any rollout; then the oldest is lost of the hook that has most. */
#define TELLINGS_MAX (2 * OUTBOX_MAX)

struct agent {
    char app[APP_NAME_MAX];
    char unit[UNIT_NAME_MAX]; /* Unit= at the start: whose instances are watched */
    struct agent_ports ports;
    struct spec *files;  /* what the files say; NULL while they are bad */
    struct spec *pinned; /* what the latest attempt began with; NULL before the first */
    char spec_problem[ERROR_TEXT_MAX], disk_problem[ERROR_TEXT_MAX];
    char haproxy_file_problem[ERROR_TEXT_MAX]; /* of what HAProxy reads at its next start */
    char degraded[ERROR_TEXT_MAX + 32];

    struct state state, next;
    struct world world;
    struct plan plan;
    usec_t clock_offset; /* core clock = CLOCK_BOOTTIME + this */
    usec_t now, wall;    /* of the latest look at the clocks; now is on the core's clock */
    bool unwritten;      /* state is ahead of the disk: written as soon as it can be */
    bool undurable;      /* or may be, as after a start: written before anything advances */

    bool looked_for;    /* what was lost, in what runs */
    usec_t look_for_at; /* core clock; not again before */
    usec_t look_again;  /* core clock; after a start: when everybody is looked at once more; 0: done */

    bool due;    /* something happened */
    usec_t wake; /* core clock */
    uint64_t last_token;
    struct lane balancers[BALANCERS_MAX];
    struct sent sent[BALANCERS_MAX];
    struct route_set remembered; /* the routes that HAProxy reads at its next start, as far as we wrote them */
    struct lane units[COLORS][REPLICAS_MAX];
    uint32_t watched;                     /* instances of each color */
    struct active_run runs[RUNS_AT_ONCE]; /* the rollout's, then those by hand */
    struct hook_asked hooks[HOOKS_MAX][HOOK_LANES];
    uint32_t n_tellings;
    struct telling tellings[TELLINGS_MAX]; /* oldest first; of each hook one at a time is under way */
    struct active_run shown;               /* the stored run that a reader looks at */

    struct haproxy_spec met;                                 /* what world.balancers are */
    char unfit[BALANCERS_MAX][BACKENDS_SEEN_MAX][UNFIT_MAX]; /* as last seen */
};

/* What is in force: the pinned configuration, or that of the files before the first attempt. */
static inline const struct spec *agent_spec(const struct agent *agent) {
    return agent->pinned ? agent->pinned : agent->files;
}

/* What the next attempt will go by. */
static inline const struct spec *agent_spec_new(const struct agent *agent) {
    return agent->files ? agent->files : agent->pinned;
}

/* Reads both clocks. */
static inline void agent_clock(struct agent *agent) {
    struct agent_clock clock;
    agent->ports.clock(agent->ports.userdata, &clock);
    agent->now = clock.boottime + agent->clock_offset;
    agent->wall = clock.wall;
}

static inline uint64_t agent_token(struct agent *agent) {
    return ++agent->last_token;
}

static inline void agent_wake_at(struct agent *agent, usec_t when) {
    if (when < agent->wake)
        agent->wake = when;
}

/* Makes TEXT the configuration in force, with the live keys of the files. On failure the one of before stays. */
int agent_pin(struct agent *agent, const char *text, const char *name, struct error *err);

/* agent-commit.c */
/* Another color is stable in `next`, or another one tries to become the first that is. */
bool agent_roles_turn(const struct agent *agent);
/* Makes `next` the state, durable if the disk lets us. Returns 0 or the store's error; the state is taken over all the
 * same, and nothing advances until a later commit succeeds. */
int agent_commit(struct agent *agent);

/* Goes by what the latest attempt is pinned to: what was queued and begins, or was found again, has been pinned before.
 */
void agent_take_up_pinned(struct agent *agent);

/* agent-adopt.c: finds a lost state again, as soon as enough is seen. */
void agent_adopt(struct agent *agent);

/* agent-refusals.c: why a new attempt by this configuration could not work. */
/* For its template, whatever the host looks like. -ENOEXEC. */
int agent_refuse_template(const struct agent *agent, const struct spec *spec, struct error *err);
/* For what was seen. -ENOEXEC: the host or HAProxy has to be changed; -EHOSTDOWN: a balancer that was never seen does
 * not answer. */
int agent_refuse_attempt(const struct agent *agent, const struct spec *spec, struct error *err);

/* An order to a unit ended badly: says so once, and shows it in the world. */
void agent_unit_failed(struct agent *agent, enum color color, uint32_t number, const char *sentence);

/* agent-runs.c */
/* Takes up the runs that the state wants, at the start. */
void runs_resume(struct agent *agent);
/* Ends what is not wanted any more, moves the rest on, commits documents that changed, and shows them in the world. */
void runs_follow(struct agent *agent);
/* Makes documents for runs that `next` names for the first time. */
int runs_begin(struct agent *agent, struct error *err);
/* One step of a run, with an answer or without. */
void runs_step(struct agent *agent, struct active_run *active, const struct answer *answer);
/* Begins a run of the place's analysis (NULL: out of memory), with the numbers of ABOUT; it has ended when BROKEN (may
 * be NULL) says why it cannot be asked. Its document is committed; on failure the place is empty. */
int run_start(struct agent *agent, struct active_run *active, const struct run *about, const char *broken,
              struct error *err);
/* Empties a place. */
void run_release(struct active_run *active);

void runs_free(struct agent *agent);

/* agent-hooks.c */
/* Some call is due that this life of the agent has not made yet. */
bool hooks_due(const struct agent *agent);
void hooks_ask(struct agent *agent);
/* One call, at a moment of the steps, or (with EVENT) to tell of it. The answer comes through agent_hook_answered(). */
int hook_call(struct agent *agent, const struct spec *spec, const struct party_spec *hook, enum hook_moment moment,
              const struct event *event, uint64_t token, struct error *err);

/* agent-tell.c */
/* An event that is durable, for those who want to know. */
void hooks_tell(struct agent *agent, const struct event *event);
/* Tells what is due. */
void tellings_follow(struct agent *agent);
/* False: it is no token of theirs. */
bool tellings_answered(struct agent *agent, uint64_t token, bool passed, const char *message);

/* agent-questions.c */
/* Makes and frees what is needed to ask. */
int questions_begin(struct active_run *active);
void questions_end(struct active_run *active);
/* Questions that nobody answered have failed. */
void questions_expire(struct agent *agent, struct active_run *active);
/* Some question is due. */
bool runs_due(const struct agent *agent);
/* Asks what is due. */
void runs_ask(struct agent *agent);

/* agent-arguments.c: the metrics of an analysis, with the builtin arguments for sides[0] as canary and sides[1] as
 * stable. */
int arguments_expand(const struct agent *agent, const struct spec *spec, const struct state *state,
                     const enum color sides[2], const struct analysis_use *use, struct expanded_analysis **ret,
                     struct error *err);

#endif
