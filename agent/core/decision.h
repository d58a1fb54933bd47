/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core's inside: one decision as it is being made. decide.c calls the parts in their order; each reads what the
 * ones before it have filled in. Nothing outside core/ includes this. */
#ifndef ROLLOUT_CORE_DECISION_H
#define ROLLOUT_CORE_DECISION_H

#include "core/model.h"

/* Orders to a balancer are given only on a look that is no older. */
#define LOOK_FRESH (500 * USEC_PER_MSEC)
/* How often a balancer is looked at: while something changes there, but for so long at most after an instance came up;
 * while two versions run or something is amiss; while it does not answer. */
#define LOOK_BUSY (50 * USEC_PER_MSEC)
#define LOOK_BUSY_FOR (10 * USEC_PER_SEC)
#define LOOK_CALM USEC_PER_SEC
#define LOOK_LOST (500 * USEC_PER_MSEC)
/* How long a balancer may keep silent before that is told. */
#define ROUTING_PATIENCE (10 * USEC_PER_SEC)
/* What was refused is ordered again after this; and it is spoken of for so long. */
#define REFUSAL_PAUSE (500 * USEC_PER_MSEC)
#define REFUSAL_SHOWN (5 * USEC_PER_SEC)
/* A start that led to nothing is ordered again after this, times the crashes it has had, up to so many. */
#define START_RETRY (2 * USEC_PER_SEC)
#define START_TRIES 30
/* So long the steps wait for a stable color that is not whole, from when it last was. */
#define STABLE_PATIENCE (60 * USEC_PER_SEC)
/* An instance of stable that crashed counts as well again when it has run for so long, or for MinReadySec= if that is
 * longer: a crash loop is ready for a moment, too. */
#define STEADY_AFTER (10 * USEC_PER_SEC)
/* Sessions that were shut down get this long to be gone before the instance is stopped all the same. */
#define SHUTDOWN_GRACE (2 * USEC_PER_SEC)

/* What an instance should do. */
enum want {
    WANT_NOTHING, /* not ours to touch */
    WANT_RUN,
    WANT_KEEP, /* as it is: warm, not started again */
    WANT_DOWN, /* drained, then stopped */
};

struct decision {
    const struct spec *spec;
    const struct world *world;
    usec_t now;
    struct state *next;
    struct plan *plan; /* NULL for explain() */

    /* view.c: what the world amounts to */
    uint32_t span;                      /* instances 0..span-1 of each color exist */
    bool units_known;                   /* of all of them */
    bool pending[COLORS][REPLICAS_MAX]; /* a job, or an order of ours that has not shown its effect yet */
    bool balancers_up;                  /* all of them */
    bool ready_at[BALANCERS_MAX][COLORS]
                 [REPLICAS_MAX];      /* active, of its slot's revision, UP in every backend, for MinReadySec */
    bool ready[COLORS][REPLICAS_MAX]; /* on every balancer that answers */
    uint32_t n_ready[COLORS];

    /* stable.c */
    bool stable_whole; /* all that Replicas= asks for is ready, and steadily so */

    /* scale.c */
    enum want want[COLORS][REPLICAS_MAX];

    /* targets.c */
    share_t share; /* of the color that is not stable */
    uint16_t target[BALANCERS_MAX][BACKENDS_SEEN_MAX][COLORS][REPLICAS_MAX];
};

/* The instance was placed at its slot's revision. */
bool instance_placed(const struct decision *d, enum color color, uint32_t number);
/* The unit runs, and what it runs is its slot's revision. */
bool instance_active(const struct decision *d, enum color color, uint32_t number);
/* The unit is seen stopped, for good or by failing. */
bool instance_stopped(const struct decision *d, enum color color, uint32_t number);

static inline bool id128_equal(const struct id128 *a, const struct id128 *b) {
    return __builtin_memcmp(a, b, sizeof *a) == 0;
}

static inline bool id128_is_null(const struct id128 *id) {
    return id128_equal(id, &(struct id128){0});
}

/* All backends, the one for previews included. */
static inline uint32_t backends_of(const struct world *world) {
    return world->n_backends + world->preview;
}

static inline bool is_preview(const struct decision *d, uint32_t backend) {
    return backend >= d->world->n_backends;
}

/* The decision has to be made again at that point, at the latest. */
void wake_at(struct decision *d, usec_t when);

/* view.c */
/* Everybody was asked: half of the picture after a start makes nobody unready. */
bool all_is_seen(const struct decision *d);
/* What is known of a balancer is young enough to act on. */
bool look_is_fresh(const struct decision *d, uint32_t balancer);
void view_take(struct decision *d);
/* The color that is not stable: where a rollout goes, or what it left behind. Before the first promotion: where it
 * goes. */
enum color color_canary(const struct state *state);

/* lives.c: which InvocationIDs are ours, and which crashed */
void lives_follow(struct decision *d);
/* The latest start came to nothing, as Prepare= failed. */
bool instance_unprepared(const struct state *state, const struct world *world, enum color color, uint32_t number);
/* A new attempt: what happened in the one before counts no more. */
void lives_begin(struct instance *instance);
uint32_t lives_crashes(const struct state *state, enum color color);

/* state.c */
/* The rollout's revision sits in its slot and is on its way. */
bool rollout_runs(const struct state *state);
/* The last stage: everything to the new revision, no more steps. */
bool rollout_final(const struct spec *spec, const struct state *state);

/* canary.c: from step to step */
void canary_follow(struct decision *d);

/* stable.c: whether stable is whole, and whether that is still waited for */
void stable_follow(struct decision *d);
/* Every instance of stable is ready, be it for a moment. */
bool stable_is_ready(const struct decision *d);
/* The steps need not wait for stable: it is whole, or it was given its time. */
bool stable_lets_go(const struct decision *d);
/* Until when they wait for it, if it stays as it is. */
usec_t stable_patience_end(const struct decision *d);
/* From when on it is Degraded, if it stays as it is. */
usec_t stable_late_at(const struct decision *d);
/* From when on an instance of stable that crashed counts as well again, as it runs now; 0: it has not crashed. */
usec_t stable_steady_at(const struct decision *d, uint32_t number);

/* hooks.c: who is asked, and what follows */
/* Takes answers and asks what is due. True: the rollout has ended by that. */
bool hooks_follow(struct decision *d);
/* Some hook has to pass before the step may do anything: which, and at what moment. */
bool hooks_wait(const struct decision *d, uint32_t *ret_hook, enum hook_moment *ret_moment);
bool hooks_let_go(const struct decision *d);
/* ... and nothing else is in its way. */
bool hooks_hold(const struct decision *d);
/* Instances of the new revision may be started. */
bool hooks_let_start(const struct decision *d);
/* The gate that was asked and has not passed: state alone. */
bool hooks_gate(const struct spec *spec, const struct state *state, uint32_t *ret_hook, enum hook_moment *ret_moment);
/* Bits of enum hook_moment: at the step at hand some hook has yet to pass there. */
uint32_t hooks_of_step(const struct spec *spec, const struct state *state);
void hooks_step_done(struct rollout *rollout);
/* As if all that are asked at these moments had passed. */
void hooks_pass(struct rollout *rollout, uint32_t moments);

/* steps.c: what the current one says */
/* What the color that is not stable may have now. */
share_t canary_share(struct decision *d);
/* What the steps allow before the current one, and when it is done. The rollout runs. */
void steps_shares(const struct spec *spec, const struct state *state, share_t *ret_before, share_t *ret_at);
/* Every instance that the current step needs is ready. */
bool canary_is_ready(const struct decision *d);
/* The rollout may go forward. */
bool may_advance(const struct decision *d);
/* When the pause that the current step is will be over. */
usec_t pause_end(const struct decision *d);
/* The point from which ProgressDeadlineSec= counts; USEC_INFINITY while it does not. */
usec_t progress_since(const struct decision *d);

/* transitions.c: how a rollout begins and ends */
/* Where the next revision goes: the color that is free. */
enum color color_for_deploy(const struct state *state);
/* Steps from the first, with nothing held against it. */
void rollout_begin(struct state *next, uint32_t revision, uint32_t attempt, enum color color, usec_t now);
void rollout_abort(const struct spec *spec, struct state *next, usec_t now, usec_t wall, enum reason reason,
                   const char *detail);
void rollout_promoted(const struct spec *spec, struct state *next, usec_t now, usec_t wall);
/* Ends by another deploy: SUPERSEDED stops its instances now, ROLLED_BACK keeps them warm as an abort does. WHY is what
 * the history tells of it. */
void rollout_dropped(const struct spec *spec, struct state *next, usec_t now, usec_t wall, enum outcome outcome,
                     const char *why);
void rollout_step_done(struct state *next, usec_t now);

/* deploy.c */
/* What is queued begins when nothing is in its way. */
void queue_follow(const struct spec *spec, struct state *next, const struct world *world, usec_t now);

/* capacity.c: DynamicStableScale= */
bool stable_is_dynamic(const struct spec *spec);
/* How many instances of stable should run. */
uint32_t stable_scale(const struct spec *spec, const struct state *state);
/* And while a rollout is at its step. */
uint32_t stable_scale_at_step(const struct spec *spec, const struct state *state);
/* And of the other color at least: what stable leaves to it. 0 without DynamicStableScale=. The rollout runs. */
uint32_t canary_scale_least(const struct spec *spec, const struct state *state);
/* WANTED, but while stable cannot carry the rest yet what it cannot; never more than was given before. */
share_t share_kept(struct decision *d, share_t wanted);
/* d->share is what is given from now on. */
void share_remember(struct decision *d);

/* scale.c */
/* How many of so many instances hold a share: one at least. */
uint32_t scale_of(share_t share, uint32_t replicas);
uint32_t canary_scale(const struct spec *spec, const struct state *state);
void scale_follow(struct decision *d); /* slots whose color is seen stopped get what comes next */
void scale_want(struct decision *d);

/* targets.c: wanted weights; shift.c: the orders that lead there; units.c: starts and stops */
void targets_set(struct decision *d);
/* Weights seen are the ones wanted, on every balancer, by a fresh look. */
bool targets_reached(const struct decision *d);
/* Who is ready of the new revision has weight and is UP in the preview backend, where there is one. */
bool preview_reached(const struct decision *d);
void shift_plan(struct decision *d);
/* It is out everywhere for DrainTimeoutSec= now: what is still in flight is ended. */
bool drain_is_over(const struct decision *d, enum color color, uint32_t number);
/* Some balancer is not as it should be. */
bool shift_wanted(const struct decision *d);
/* It has just refused an order, and gets none for a moment. */
bool balancer_refuses(struct decision *d, uint32_t balancer);
/* routes.c: which requests go to the new revision whatever its weight is. After targets.c. */
/* There may be some. */
bool routes_possible(const struct decision *d);
struct route_set routes_wanted(const struct decision *d, uint32_t balancer);
/* By the latest look nothing leads to the preview backend any more. */
bool routes_gone(const struct decision *d, uint32_t balancer);
/* What the step at hand asks for is there. */
bool routes_reached(const struct decision *d);
void routes_plan(struct decision *d, uint32_t balancer);
/* routing.c: whether balancers do what they are told */
void routing_follow(struct decision *d);
/* byhand.c: what somebody else did to the balancers, and whether we yield to it */
void byhand_follow(struct decision *d);
void byhand_forget(struct state *next, usec_t now);
void units_plan(struct decision *d);

/* events.c: what became of BEFORE, appended to next->outbox */
void events_append(const struct spec *spec, const struct state *before, struct state *next, usec_t wall);

#endif
