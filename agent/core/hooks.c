/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hooks: who is asked at which moment of a rollout, and what follows from the answer. Moments mean what they mean in
 * Flagger 1.x; where ours differ, rollout.conf(5) says so. A call is decided and durable before it is made, and is made
 * again by an agent that finds it open; so an answer may be lost, but none counts twice. Nothing else waits for a hook
 * that waits: what ends a rollout early is looked at before. */
#include <stdio.h>

#include "core/decide.h"
#include "core/decision.h"

/* The moments that come again with the next step. */
#define OF_A_STEP (1u << HOOK_ROLLOUT | 1u << HOOK_CONFIRM_TRAFFIC_INCREASE)

static bool is_gate(enum hook_moment moment) {
    return moment == HOOK_CONFIRM_ROLLOUT || moment == HOOK_CONFIRM_TRAFFIC_INCREASE ||
           moment == HOOK_CONFIRM_PROMOTION;
}

/* Before the first promotion there is nothing to confirm, and promote --full confirms all. */
static bool is_asked(const struct state *state) {
    return state->stable != COLOR_NONE && !state->rollout.full;
}

static bool apply(const struct state *state) {
    return rollout_runs(state) && is_asked(state);
}

static bool has(const struct party_spec *hook, enum hook_moment moment) {
    return hook->moments >> moment & 1;
}

/* The first hook of that moment that has not passed; negative: all have. */
static int first_open(const struct spec *spec, const struct rollout *rollout, enum hook_moment moment) {
    for (size_t i = 0; i < spec->n_hooks; i++)
        if (has(&spec->hooks[i], moment) && !(rollout->hooks[i].passed >> moment & 1))
            return (int)i;
    return -1;
}

/* What a moment needs to be there for this step; the order is that of the enum. */
static bool moment_is_now(const struct spec *spec, const struct state *state, enum hook_moment moment) {
    const struct step *step = rollout_final(spec, state) ? NULL : &spec->steps[state->rollout.step];
    share_t before, at;
    steps_shares(spec, state, &before, &at);
    switch (moment) {
    case HOOK_CONFIRM_ROLLOUT:
    case HOOK_PRE_ROLLOUT:
        return true;
    case HOOK_ROLLOUT:
        return step && (step->kind == STEP_PAUSE || step->kind == STEP_ANALYSIS);
    case HOOK_CONFIRM_TRAFFIC_INCREASE:
        return at > before;
    case HOOK_CONFIRM_PROMOTION:
        return at == SHARE_FULL;
    case HOOK_POST_ROLLOUT:
    case HOOK_ROLLBACK:
    case HOOK_EVENT:
    case HOOK_MOMENTS:
        return false;
    }
    return false;
}

bool hooks_wait(const struct decision *d, uint32_t *ret_hook, enum hook_moment *ret_moment) {
    for (enum hook_moment moment = 0; apply(d->next) && moment < HOOK_MOMENTS; moment++) {
        int hook = moment_is_now(d->spec, d->next, moment) ? first_open(d->spec, &d->next->rollout, moment) : -1;
        if (hook < 0)
            continue;
        *ret_hook = (uint32_t)hook;
        *ret_moment = moment;
        return true;
    }
    return false;
}

bool hooks_let_go(const struct decision *d) {
    uint32_t hook;
    enum hook_moment moment;
    return !hooks_wait(d, &hook, &moment);
}

bool hooks_hold(const struct decision *d) {
    uint32_t hook;
    enum hook_moment moment;
    return hooks_wait(d, &hook, &moment) && (moment == HOOK_CONFIRM_ROLLOUT || may_advance(d));
}

bool hooks_let_start(const struct decision *d) {
    return !apply(d->next) || first_open(d->spec, &d->next->rollout, HOOK_CONFIRM_ROLLOUT) < 0;
}

bool hooks_gate(const struct spec *spec, const struct state *state, uint32_t *ret_hook, enum hook_moment *ret_moment) {
    for (uint32_t hook = 0; apply(state) && hook < spec->n_hooks; hook++) {
        const struct hook_call *call = &state->rollout.hooks[hook].calls[HOOK_LANE_STEPS];
        if (call->number == 0 || !is_gate(call->moment))
            continue;
        *ret_hook = hook;
        *ret_moment = call->moment;
        return true;
    }
    return false;
}

uint32_t hooks_of_step(const struct spec *spec, const struct state *state) {
    uint32_t moments = 0;
    for (enum hook_moment moment = 0; is_asked(state) && moment < HOOK_MOMENTS; moment++)
        if (moment_is_now(spec, state, moment) && first_open(spec, &state->rollout, moment) >= 0)
            moments |= 1u << moment;
    return moments;
}

void hooks_pass(struct rollout *rollout, uint32_t moments) {
    for (uint32_t i = 0; i < HOOKS_MAX; i++)
        rollout->hooks[i].passed |= moments;
}

/* An open call goes too: a person may have ended the step before its answer. */
void hooks_step_done(struct rollout *rollout) {
    for (uint32_t i = 0; i < HOOKS_MAX; i++) {
        struct hook_call *call = &rollout->hooks[i].calls[HOOK_LANE_STEPS];
        rollout->hooks[i].passed &= ~OF_A_STEP;
        if (1u << call->moment & OF_A_STEP)
            *call = (struct hook_call){0};
    }
}

/* ---------------------------------------------------------------- asking */

static enum hook_lane lane_of(enum hook_moment moment) {
    return moment == HOOK_ROLLBACK ? HOOK_LANE_ROLLBACK : HOOK_LANE_STEPS;
}

static void ask(struct decision *d, uint32_t hook, enum hook_moment moment) {
    struct hook_call *call = &d->next->rollout.hooks[hook].calls[lane_of(moment)];
    if (call->number == 0 || call->moment != moment)
        *call = (struct hook_call){.moment = moment, .ask_at = d->now};
    wake_at(d, call->ask_at);
    if (!call->open && call->ask_at <= d->now && !d->world->unwritten) {
        call->number = d->next->next_call++;
        call->open = true;
    }
    if (call->open)
        d->plan->hooks[hook][lane_of(moment)] = (struct hook_order){.call = call->number, .moment = moment};
}

static void ask_all(struct decision *d) {
    uint32_t hook;
    enum hook_moment moment;
    for (uint32_t i = 0; i < d->spec->n_hooks; i++)
        if (has(&d->spec->hooks[i], HOOK_ROLLBACK))
            ask(d, i, HOOK_ROLLBACK);
    if (hooks_wait(d, &hook, &moment) &&
        (moment == HOOK_CONFIRM_ROLLOUT || (may_advance(d) && !d->next->rollout.paused_inconclusive)))
        ask(d, hook, moment);
}

/* ---------------------------------------------------------------- answers */

static void passed(struct decision *d, uint32_t hook, struct hook_call *call) {
    d->next->rollout.hooks[hook].passed |= 1u << call->moment;
    d->next->rollout.progress_at = d->now;
    *call = (struct hook_call){0};
}

/* Returns whether that ended the rollout. */
static bool take_answer(struct decision *d, uint32_t hook, enum hook_lane lane) {
    const struct party_spec *spec = &d->spec->hooks[hook];
    const struct hook_seen *seen = &d->world->hooks[hook][lane];
    struct hook_call *call = &d->next->rollout.hooks[hook].calls[lane];
    char detail[REASON_MAX];
    if (!call->open || seen->call != call->number)
        return false;
    call->open = false;
    (void)snprintf(detail, sizeof detail, "%s, %s%s%.90s", spec->name, hook_moment_to_string(call->moment),
                   *seen->message ? ": " : "", seen->message);
    if (call->moment == HOOK_ROLLBACK && seen->passed) {
        rollout_abort(d->spec, d->next, d->now, d->world->wall, REASON_HOOK_ASKED, detail);
        return true;
    }
    if (seen->passed) {
        passed(d, hook, call);
        return false;
    }
    call->failures++;
    call->ask_at = usec_add(d->now, spec->interval);
    if (is_gate(call->moment) || call->moment == HOOK_ROLLBACK || call->failures <= spec->retries)
        return false;
    rollout_abort(d->spec, d->next, d->now, d->world->wall, REASON_HOOK_FAILED, detail);
    return true;
}

bool hooks_follow(struct decision *d) {
    if (!apply(d->next))
        return false;
    for (uint32_t hook = 0; hook < d->spec->n_hooks; hook++)
        for (enum hook_lane lane = 0; lane < HOOK_LANES; lane++)
            if (take_answer(d, hook, lane))
                return true;
    ask_all(d);
    return false;
}
