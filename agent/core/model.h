/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model: what was decided (state), what is seen (world), what may be done now (plan). Flat structs without pointers
 * and with bounded arrays: copied, compared and reset as values. Zeroed memory is a valid empty value of each.
 *
 * Clocks: every usec_t is on the core's clock (boot time plus an offset that survives reboots) unless its name says
 * wall. */
#ifndef ROLLOUT_CORE_MODEL_H
#define ROLLOUT_CORE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/run.h"
#include "common/time.h"
#include "spec/spec.h"

#define STATE_SCHEMA 1 /* what this program writes */
#define STATE_READER 1 /* the oldest program that can read what this one writes */

#define HISTORY_MAX (HISTORY_LIMIT_MAX + 2)
#define OUTBOX_MAX 64
#define REASON_MAX 160
#define BACKENDS_SEEN_MAX (BACKENDS_MAX + 1) /* Backend= in order, then PreviewBackend= where one is set */

enum color { BLUE, GREEN, COLORS, COLOR_NONE = COLORS };

static inline enum color color_other(enum color color) {
    return color == BLUE ? GREEN : BLUE;
}

/* 128 bits; all zero: none. */
struct id128 {
    uint8_t bytes[16];
};

/* ---------------------------------------------------------------- what was decided */

/* States are compared as bytes, so there are none between their fields that an assignment may leave as they were. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* What occupies a color. */
struct slot {
    uint32_t revision; /* 0: nothing */
    bool adopted; /* it ran before we came: its instances were placed by somebody else, and are started as they are */
    uint8_t unused[3];
    usec_t stop_after; /* when its instances are retired; USEC_INFINITY: not */
};

struct instance {
    struct id128 accepted;    /* the InvocationID that counts as our running instance */
    struct id128 passed_over; /* the one that was there when we last ordered a start: not ours */
    bool crash_counted;       /* the end of `accepted` is in `crashes` already, or none that counts */
    bool ended_quietly;       /* in this attempt: nobody was seen to stop it, and it did not fail */
    uint8_t unused[6];
    uint32_t crashes;   /* in this attempt */
    uint32_t cut_off;   /* requests still in flight when DrainTimeoutSec= was over, so that they were ended */
    usec_t started_at;  /* when a start was last ordered; 0: never */
    usec_t placed_at;   /* when one was that placed another revision; 0: never */
    usec_t drain_since; /* out of every balancer since; 0: not draining */
};

enum mode {
    MODE_IDLE,    /* nothing is under way: only stable counts */
    MODE_RUNNING, /* a revision is on its way */
    MODE_ABORTED, /* the last one was taken back */
    MODE_HELD,    /* we don't know enough to touch anything */
};

/* Why a rollout ended or stands, as Argo's condition reasons; texts for people come from explain(). */
enum reason {
    REASON_NONE,
    REASON_BY_USER,         /* the verb abort */
    REASON_CRASH,           /* crashes beyond CrashLimit */
    REASON_ANALYSIS_FAILED, /* a run Failed */
    REASON_ANALYSIS_ERROR,  /* a run ended in Error */
    REASON_DEADLINE,        /* ProgressDeadlineAbort=yes */
    REASON_HOOK_FAILED,     /* one of pre-rollout or rollout */
    REASON_HOOK_ASKED,      /* one of rollback passed */
    REASON_LOST_STATE,      /* held */
    REASON_NEWER_STATE,     /* held */
};

/* The latest run of its kind in this attempt; id 0: none yet. The document is the store's. state_wants_run() says
 * whether it still counts. */
struct run_ref {
    uint32_t id;
    uint32_t step;        /* that began it */
    enum run_phase phase; /* as world.runs[] said last */
};

/* A hook asked at a moment of the steps, and beside that at rollback. */
enum hook_lane { HOOK_LANE_STEPS, HOOK_LANE_ROLLBACK, HOOK_LANES };

/* The latest question to a hook. */
struct hook_call {
    uint32_t number; /* never reused; 0: none yet */
    enum hook_moment moment;
    bool open; /* its answer is waited for */
    uint8_t unused[3];
    uint32_t failures; /* in a row */
    usec_t ask_at;     /* not again before */
};

struct hook_progress {
    uint32_t passed; /* bits of enum hook_moment; those of a step go with it */
    uint32_t unused;
    struct hook_call calls[HOOK_LANES];
};

struct rollout {
    enum mode mode;
    uint32_t revision;   /* under way, or taken back */
    uint32_t attempt;    /* 1, 2 after the first retry, ... */
    enum color color;    /* where it goes */
    uint32_t step;       /* steps finished; the current one has this index */
    uint32_t ready_seen; /* most instances of it seen ready since the step began */
    usec_t step_since;
    usec_t began;
    usec_t progress_at; /* of the latest progress that counts for ProgressDeadlineSec= */
    bool paused_by_user;
    bool paused_inconclusive;
    bool full;         /* promote --full: no more steps, no more analysis */
    bool held_by_hook; /* when it was last looked at: what goes on after that was no delay */
    enum reason reason;
    char detail[REASON_MAX]; /* what a person reads after the reason, e.g. which instance crashed */
    struct run_ref step_run, background_run;
    struct hook_progress hooks[HOOKS_MAX]; /* as in the spec */
};

enum outcome { OUTCOME_RUNNING, OUTCOME_PROMOTED, OUTCOME_ABORTED, OUTCOME_SUPERSEDED, OUTCOME_ROLLED_BACK };

/* A revision that was ever asked for; newest first in state.history. */
struct history {
    usec_t wall_started, wall_finished; /* 0: not yet */
    uint32_t revision;
    uint32_t attempt;
    enum outcome outcome;    /* of the latest attempt */
    uint32_t uid, login_uid; /* who; UINT32_MAX unknown */
    bool live_before;        /* an earlier attempt was promoted */
    uint8_t unused;
    char version[VERSION_TEXT_MAX];
    char configuration[SPEC_DIGEST_MAX]; /* digest of what its latest attempt is pinned to; "": unknown */
    struct id128 identity;               /* digest of version and environment: equal means the same thing runs */
    char reason[REASON_MAX];
};

enum event_kind {
    EVENT_ROLLOUT_UPDATED,
    EVENT_ROLLOUT_STEP_COMPLETED,
    EVENT_ROLLOUT_PAUSED,
    EVENT_ROLLOUT_RESUMED,
    EVENT_ROLLOUT_ABORTED,
    EVENT_ROLLOUT_COMPLETED,
    EVENT_TRAFFIC_WEIGHT_UPDATED,
    EVENT_TRAFFIC_ROUTING_ERROR,
    EVENT_SCALING_REPLICA_SET,
    EVENT_SWITCH_SERVICE,
    EVENT_SKIP_STEPS,
    EVENT_ANALYSIS_RUN_RUNNING,
    EVENT_ANALYSIS_RUN_SUCCESSFUL,
    EVENT_ANALYSIS_RUN_FAILED,
    EVENT_ANALYSIS_RUN_INCONCLUSIVE,
    EVENT_ANALYSIS_RUN_ERROR,
    EVENT_CONNECTIONS_ENDED,
    EVENTS,
};

struct event {
    uint32_t number; /* never reused */
    enum event_kind kind;
    uint32_t revision;
    uint32_t step;
    share_t weight; /* the step's share when it happened */
    uint32_t run;   /* of an analysis event */
    usec_t wall;
    char detail[REASON_MAX];
};

/* What people did to the balancers behind our back, see byhand.c. */
#define RESTORATIONS_MAX 3
#define RESTORATIONS_WITHIN (600 * USEC_PER_SEC)
struct by_hand {
    uint32_t admitted;  /* digest of who is to be let in, when it was last seen to be so; 0: it is not so yet */
    uint32_t confirmed; /* digest of what was wanted when it was last seen to be so; 0: it is not so yet */
    usec_t restored[RESTORATIONS_MAX]; /* when something was put back, oldest first */
    bool yielded;                      /* too often: nothing is put back until the next verb */
    uint8_t unused[7];
};

/* A revision that waits until the one under way has ended, and for its window. */
struct queued {
    uint32_t revision; /* 0: none */
    bool now;          /* whatever DeployWindow= says */
    bool at_end;       /* not before the one under way has ended; else it supersedes that when its window opens */
    uint8_t unused[2];
};

struct state {
    uint32_t schema;                                         /* STATE_SCHEMA of the writer */
    uint32_t generation;                                     /* grows by one with each commit */
    struct id128 boot;                                       /* boot in which this was written */
    usec_t clock;                                            /* the core's clock when it was written */
    usec_t clock_offset;                                     /* the core's clock less CLOCK_BOOTTIME, in that boot */
    uint32_t next_revision, next_run, next_event, next_call; /* never reused; start at 1 */
    enum color stable;                                       /* COLOR_NONE before the first promotion */
    share_t share_given;        /* DynamicStableScale=: what the color that is not stable may have; see capacity.c */
    usec_t stable_ailing_since; /* not all of it was ready, and steadily so, since; 0: all is */
    struct slot slots[COLORS];
    struct instance instances[COLORS][REPLICAS_MAX];
    struct rollout rollout;
    struct queued queued;
    usec_t restart_at; /* who runs since before is restarted; 0: nobody */
    struct by_hand by_hand;
    char routing_error[REASON_MAX]; /* which balancer does not do what it is told, and why; "" all do */
    uint32_t unused;
    uint32_t n_history;
    struct history history[HISTORY_MAX];
    uint32_t
        delivered; /* number of the latest event that everybody who asked for it was told; later ones are told again */
    uint32_t n_outbox; /* oldest first; when full the oldest goes */
    struct event outbox[OUTBOX_MAX];
};

#pragma GCC diagnostic pop

/* ---------------------------------------------------------------- what is seen */

enum unit_state {
    UNIT_INACTIVE,
    UNIT_STARTING,
    UNIT_ACTIVE, /* for Type=notify: it said READY */
    UNIT_STOPPING,
    UNIT_FAILED,
    UNIT_RESTARTING, /* crashed; systemd will start it again (auto-restart) */
};

struct unit_seen {
    bool known;
    enum unit_state state;
    bool job;                /* a job is queued or runs */
    bool missing;            /* no such template, or masked */
    struct id128 invocation; /* may be that of the last run while inactive */
    uint32_t restarts;       /* NRestarts */
    uint32_t env_revision;   /* that instances/INSTANCE points to; 0: none */
    usec_t active_since;     /* core clock; 0: not active */
    char result[48];         /* of the last end: "exit-code 1", "signal SEGV"; "" none */
};

struct server_seen {
    bool known; /* the server exists in this backend */
    bool maint; /* srv_admin_state has a MAINT bit */
    bool drain;
    bool up;         /* by HAProxy's checks, and not in maint */
    bool checked;    /* it has checks */
    uint16_t weight; /* srv_uweight */
    usec_t up_since; /* core clock; 0: not up */
};

/* What leads requests to the new revision past the weights: the routes that the first so many steps of an attempt have
 * made, and its session cookie. All zero: nothing does. */
struct route_set {
    uint32_t revision, attempt;
    enum color color;
    uint32_t steps;
};

/* Something else than what was asked about. */
#define ROUTES_OTHER ((struct route_set){.revision = UINT32_MAX})

static inline bool routes_equal(const struct route_set *a, const struct route_set *b) {
    return a->revision == b->revision && a->attempt == b->attempt && a->color == b->color && a->steps == b->steps;
}

enum link {
    LINK_UNKNOWN, /* not asked yet */
    LINK_UP,
    LINK_GONE,   /* refused: it carries nothing */
    LINK_SILENT, /* no answer in time: it may carry its last weights */
};

struct balancer_seen {
    enum link link;
    usec_t seen_at;    /* when the latest good look began; 0: never */
    usec_t asked_at;   /* when the latest look ended, good or not; 0: never */
    usec_t lost_since; /* asked in vain since; 0: it answers */
    usec_t ordered_at; /* when orders were last sent: a look that began before says nothing about now */
    uint64_t epoch;    /* changes with each worker (pid and start) */
    struct server_seen servers[BACKENDS_SEEN_MAX][COLORS][REPLICAS_MAX];
    /* Requests in flight on an instance, over every entry of every backend with its address and port, those of old
     * workers after a reload among them; queued ones too. */
    uint32_t inflight[COLORS][REPLICAS_MAX];
    struct route_set routes;       /* in RouteMap=; ROUTES_OTHER when they are not those that it was asked about */
    struct route_set routes_asked; /* those of the plan then */
    bool no_route_map;             /* it has no such map: nothing is routed there */
    char problem[REASON_MAX];      /* why it isn't UP, or what it refused; "" none */
    usec_t refused_at;             /* when it last refused an order; 0: never, or in another situation */
    char refused[REASON_MAX];      /* the order and its answer */
};

/* A run that is not archived yet, as its document says. */
struct run_seen {
    uint32_t id; /* 0: no entry */
    enum run_phase phase;
    enum on_failure on_failure; /* of the metric that ended it */
    char message[REASON_MAX];
};

/* The latest answer of a hook. */
struct hook_seen {
    uint32_t call; /* that it answers; 0: none */
    bool passed;
    char message[REASON_MAX];
};

#define RUNS_SEEN_MAX 4

/* Where an instance listens, as the balancer's servers say. port 0: unknown. */
struct endpoint {
    char host[48];
    uint16_t port;
};

struct world {
    struct id128 boot;
    usec_t wall;
    usec_t window_opens; /* wall clock, when DeployWindow= lets a deploy begin again; 0: now */
    bool unwritten;      /* the state is ahead of the disk */
    uint32_t n_balancers;
    uint32_t n_backends; /* those of [HAProxy] Backend= */
    bool preview;        /* PreviewBackend= comes after them */
    struct unit_seen units[COLORS][REPLICAS_MAX];
    bool ordered[COLORS][REPLICAS_MAX];                   /* an order of ours to the unit has not ended */
    bool preparing[COLORS][REPLICAS_MAX];                 /* and it is a start that Prepare= may still be busy with */
    usec_t unprepared[COLORS][REPLICAS_MAX];              /* core clock; when Prepare= last failed; 0: it didn't */
    char unit_problems[COLORS][REPLICAS_MAX][REASON_MAX]; /* why the latest order came to nothing; "" it didn't */
    struct balancer_seen balancers[BALANCERS_MAX];
    struct endpoint endpoints[COLORS][REPLICAS_MAX];
    struct run_seen runs[RUNS_SEEN_MAX];
    struct hook_seen hooks[HOOKS_MAX][HOOK_LANES];
};

/* ---------------------------------------------------------------- what may be done now */

enum server_order_kind {
    SERVER_WEIGHT,   /* set weight */
    SERVER_ENABLE,   /* one line: weight 0; state ready; health down (the last only where it has checks) */
    SERVER_MAINT,    /* state maint */
    SERVER_SHUTDOWN, /* shutdown sessions server */
};

struct server_order {
    enum server_order_kind kind;
    bool advance;                   /* needs a durable state */
    uint8_t backend, color, number; /* number is 0-based: blue-1 is 0 */
    uint16_t weight;
};

#define SERVER_ORDERS_MAX (BACKENDS_SEEN_MAX * COLORS * REPLICAS_MAX * 2)

enum routes_order {
    ROUTES_LEAVE,
    ROUTES_CLEAR, /* none is left; before all other orders */
    ROUTES_SET,   /* what is there becomes `routes`; after all other orders. An advance */
};

/* One exchange with one balancer: the orders, in this order, then a look. */
struct balancer_plan {
    bool look; /* also without orders */
    enum routes_order routes_order;
    struct route_set routes; /* wanted there */
    uint32_t n;
    struct server_order orders[SERVER_ORDERS_MAX];
};

static inline bool balancer_plan_orders(const struct balancer_plan *plan) {
    return plan->n > 0 || plan->routes_order != ROUTES_LEAVE;
}

static inline void balancer_plan_drop_orders(struct balancer_plan *plan) {
    plan->n = 0;
    plan->routes_order = ROUTES_LEAVE;
}

enum unit_order_kind {
    UNIT_START, /* write env and release of `revision`, swap the link, run Prepare=, reset-failed, start */
    UNIT_STOP,
};

struct unit_order {
    enum unit_order_kind kind;
    bool advance;
    uint8_t color, number;
    uint32_t revision; /* 0: start it as it is placed */
};

/* What a server should look like if nothing else happened: for the state file that HAProxy reads at its next start. */
struct server_wanted {
    bool maint;
    bool active; /* its unit runs: written as up, so that a reload trusts it */
    uint16_t weight;
};

struct hook_order {
    uint32_t call; /* 0: nothing is asked */
    enum hook_moment moment;
};

struct plan {
    struct balancer_plan balancers[BALANCERS_MAX];
    uint32_t n_units;
    struct unit_order units[COLORS * REPLICAS_MAX];
    struct hook_order hooks[HOOKS_MAX][HOOK_LANES]; /* advance */
    bool wanted_known;
    struct server_wanted wanted[BACKENDS_SEEN_MAX][COLORS][REPLICAS_MAX];
    struct route_set routes; /* for RouteMap=, likewise; ROUTES_OTHER: what it says stands */
    usec_t wake;             /* decide again then, if nothing happens before; USEC_INFINITY: never */
};

#endif
