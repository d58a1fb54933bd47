/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strategy canary: how a rollout goes from step to step, to its end or back. Semantics are those of Argo Rollouts 1.8;
 * where ours differ, rollout.conf(5) says so. */
#include <stdio.h>

#include "core/decide.h"
#include "core/decision.h"

/* ---------------------------------------------------------------- what ends it early */

static const struct run_seen *run_find(const struct decision *d, uint32_t id) {
    for (uint32_t i = 0; id && i < RUNS_SEEN_MAX; i++)
        if (d->world->runs[i].id == id)
            return &d->world->runs[i];
    return NULL;
}

/* Takes over what the run's document says. Returns the entry when it just ended in a way that ends or halts the
 * rollout; only then, so that who goes on all the same isn't halted again. */
static const struct run_seen *run_follow(const struct decision *d, struct run_ref *ref) {
    const struct run_seen *seen = run_find(d, ref->id);
    if (!seen || !state_wants_run(d->next, ref->id) || run_phase_ended(ref->phase))
        return NULL;
    ref->phase = seen->phase;
    if (run_phase_ended(ref->phase))
        d->next->rollout.progress_at = d->now;
    return run_phase_ended(ref->phase) && ref->phase != RUN_SUCCESSFUL ? seen : NULL;
}

static bool abort_for_run(struct decision *d, const struct run_seen *seen) {
    struct rollout *rollout = &d->next->rollout;
    if (!seen)
        return false;
    if (seen->phase == RUN_INCONCLUSIVE || seen->on_failure == ON_FAILURE_PAUSE) {
        rollout->paused_inconclusive = true;
        return false;
    }
    rollout_abort(d->spec, d->next, d->now, d->world->wall,
                  seen->phase == RUN_ERROR ? REASON_ANALYSIS_ERROR : REASON_ANALYSIS_FAILED, seen->message);
    return true;
}

static bool abort_for_crash(struct decision *d) {
    struct state *next = d->next;
    enum color color = next->rollout.color;
    if (next->stable == COLOR_NONE || lives_crashes(next, color) <= d->spec->crash_limit)
        return false;
    char detail[REASON_MAX] = "";
    for (uint32_t number = 0; number < d->span; number++)
        if (next->instances[color][number].crashes) {
            const char *result = instance_unprepared(next, d->world, color, number)
                                     ? d->world->unit_problems[color][number]
                                     : d->world->units[color][number].result;
            (void)snprintf(detail, sizeof detail, "%s-%u%s%s", color == BLUE ? "blue" : "green", number + 1,
                           *result ? ", " : "", result);
            break;
        }
    rollout_abort(d->spec, next, d->now, d->world->wall, REASON_CRASH, detail);
    return true;
}

static bool abort_for_deadline(struct decision *d) {
    usec_t since = progress_since(d);
    if (since == USEC_INFINITY)
        return false;
    usec_t deadline = usec_add(since, d->spec->progress_deadline);
    if (d->now < deadline) {
        wake_at(d, deadline);
        return false;
    }
    if (!d->spec->progress_deadline_abort || d->next->stable == COLOR_NONE)
        return false;
    rollout_abort(d->spec, d->next, d->now, d->world->wall, REASON_DEADLINE, "");
    return true;
}

/* ---------------------------------------------------------------- the steps */

static void run_begin_ref(struct state *next, struct run_ref *ref) {
    *ref = (struct run_ref){.id = next->next_run++, .step = next->rollout.step, .phase = RUN_RUNNING};
}

/* A background run begins when its step is reached and the canary is there; it goes on through all that follow. */
static void background_follow(struct decision *d) {
    struct rollout *rollout = &d->next->rollout;
    if (d->spec->background.n_names && !rollout->background_run.id && d->next->stable != COLOR_NONE && !rollout->full &&
        rollout->step >= d->spec->background_starting_step && may_advance(d))
        run_begin_ref(d->next, &rollout->background_run);
}

static bool step_done(struct decision *d) {
    struct rollout *rollout = &d->next->rollout;
    const struct step *step = &d->spec->steps[rollout->step];
    switch (step->kind) {
    case STEP_SET_WEIGHT:
        targets_set(d);
        /* What stable cannot take back yet holds the steps no longer than anything else of its trouble. */
        return (d->share == step->weight || (d->share > step->weight && !d->stable_whole)) && targets_reached(d);
    case STEP_PAUSE:
        wake_at(d, pause_end(d));
        return pause_end(d) <= d->now;
    case STEP_ANALYSIS:
        if (!state_wants_run(d->next, rollout->step_run.id))
            run_begin_ref(d->next, &rollout->step_run);
        return rollout->step_run.phase == RUN_SUCCESSFUL;
    case STEP_SET_CANARY_SCALE: /* may_advance() has waited for its instances */
        targets_set(d);
        return preview_reached(d);
    case STEP_SET_HEADER_ROUTE:
    case STEP_SET_COOKIE_ROUTE:
        targets_set(d);
        return routes_reached(d);
    }
    return false;
}

static void final_follow(struct decision *d) {
    targets_set(d);
    if (d->share == SHARE_FULL && targets_reached(d))
        rollout_promoted(d->spec, d->next, d->now, d->world->wall);
}

/* While a hook holds the steps nothing else does; what then comes has its time from there on. */
static void hooks_excuse(struct decision *d) {
    struct rollout *rollout = &d->next->rollout;
    bool holds = hooks_hold(d);
    if (rollout->held_by_hook && !holds)
        rollout->progress_at = d->now;
    rollout->held_by_hook = holds;
}

void canary_follow(struct decision *d) {
    struct rollout *rollout = &d->next->rollout;
    if (!rollout_runs(d->next) || !d->units_known)
        return;
    hooks_excuse(d);
    if (abort_for_crash(d) || abort_for_run(d, run_follow(d, &rollout->step_run)) ||
        abort_for_run(d, run_follow(d, &rollout->background_run)) || hooks_follow(d) || abort_for_deadline(d))
        return;
    if (d->n_ready[rollout->color] > rollout->ready_seen) {
        rollout->ready_seen = d->n_ready[rollout->color];
        rollout->progress_at = d->now;
    }
    if (d->world->unwritten)
        return; /* what cannot be written goes no further */
    background_follow(d);
    if (!rollout_final(d->spec, d->next) && !rollout->paused_inconclusive && may_advance(d) && hooks_let_go(d) &&
        step_done(d)) {
        rollout_step_done(d->next, d->now); /* one at a time: each is durable before the next one */
        background_follow(d);
        wake_at(d, d->now + 1);
    }
    if (rollout_final(d->spec, d->next) && may_advance(d) && hooks_let_go(d))
        final_follow(d);
}
