/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/string-table.h"
#include "core/adopt.h"
#include "core/asking.h"
#include "core/decide.h"
#include "core/decision.h"

DEFINE_STRING_TABLE(
    verb,
    enum verb, [VERB_DEPLOY] = "deploy", [VERB_PROMOTE] = "promote", [VERB_ABORT] = "abort", [VERB_RETRY] = "retry",
    [VERB_PAUSE] = "pause", [VERB_RESUME] = "resume", [VERB_UNDO] = "undo", [VERB_RESTART] = "restart")

void conclude(struct asking *a, enum verdict verdict, const char *format, ...) {
    va_list arguments;
    a->result->verdict = verdict;
    va_start(arguments, format);
    (void)vsnprintf(a->result->message, sizeof a->result->message, format, arguments);
    va_end(arguments);
}

/* Whoever is asked opens it, not whoever promotes; of a pause by hand or without a verdict promote is the end. */
static bool gate_holds(struct asking *a) {
    const struct rollout *rollout = &a->next->rollout;
    uint32_t hook;
    enum hook_moment moment;
    if (a->asked->full || rollout->paused_by_user || rollout->paused_inconclusive ||
        !hooks_gate(a->spec, a->next, &hook, &moment))
        return false;
    conclude(a, VERDICT_REFUSED,
             "%s waits for %.40s, and goes on when that passes; promote --full passes all hooks, abort takes back",
             hook_moment_to_string(moment), a->spec->hooks[hook].name);
    return true;
}

static void promote(struct asking *a) {
    struct rollout *rollout = &a->next->rollout;
    const struct step *step = rollout->step < a->spec->n_steps ? &a->spec->steps[rollout->step] : NULL;
    if (rollout->mode == MODE_ABORTED)
        conclude(a, VERDICT_REFUSED, "revision %u was aborted: retry it, or deploy a version", rollout->revision);
    else if (rollout->mode != MODE_RUNNING)
        conclude(a, VERDICT_REFUSED, "nothing is under way");
    else if (gate_holds(a))
        return;
    else if (a->asked->full && rollout->full)
        conclude(a, VERDICT_ALREADY, "revision %u is on its way to everything", rollout->revision);
    else if (a->asked->full) {
        rollout->full = true;
        rollout->paused_by_user = rollout->paused_inconclusive = false;
        rollout->progress_at = a->now;
        conclude(a, VERDICT_ACCEPTED, "revision %u goes to everything once it is ready", rollout->revision);
    } else if (rollout_final(a->spec, a->next) || !(rollout->paused_by_user || rollout->paused_inconclusive ||
                                                    step->kind == STEP_PAUSE || step->kind == STEP_ANALYSIS))
        conclude(a, VERDICT_REFUSED, "no pause and no analysis to end: %s; promote --full skips all steps",
                 rollout_final(a->spec, a->next) ? "all steps are done" : step->text);
    else {
        bool skips = step->kind == STEP_PAUSE || step->kind == STEP_ANALYSIS;
        rollout->paused_by_user = rollout->paused_inconclusive = false;
        rollout->progress_at = a->now;
        if (skips)
            rollout_step_done(a->next, a->now);
        conclude(a, VERDICT_ACCEPTED, "revision %u goes on with step %u of %u", rollout->revision, rollout->step + 1,
                 a->spec->n_steps);
    }
}

void command_by_whom(const struct command *asked, char ret[static REASON_MAX]) {
    uint32_t uid = asked->login_uid == UINT32_MAX ? asked->uid : asked->login_uid;
    ret[0] = 0;
    if (uid != UINT32_MAX)
        (void)snprintf(ret, REASON_MAX, "by uid %u", uid);
}

static void abort_rollout(struct asking *a) {
    struct rollout *rollout = &a->next->rollout;
    uint32_t queued = a->next->queued.revision;
    if (rollout->mode != MODE_RUNNING && queue_drop(a, OUTCOME_ABORTED)) {
        a->result->revision = queued;
        conclude(a, VERDICT_ACCEPTED, "revision %u is not deployed", queued);
    } else if (rollout->mode == MODE_ABORTED)
        conclude(a, VERDICT_ALREADY, "revision %u is aborted already", rollout->revision);
    else if (rollout->mode != MODE_RUNNING)
        conclude(a, VERDICT_REFUSED, "nothing is under way");
    else {
        char who[REASON_MAX];
        command_by_whom(a->asked, who);
        rollout_abort(a->spec, a->next, a->now, a->world->wall, REASON_BY_USER, who);
        conclude(a, VERDICT_ACCEPTED,
                 a->next->stable == COLOR_NONE
                     ? "revision %u is aborted; nothing is stable yet, so its instances stay as they are"
                     : "revision %u is aborted",
                 rollout->revision);
    }
}

static void pause_or_resume(struct asking *a, bool pause) {
    struct rollout *rollout = &a->next->rollout;
    if (!pause && a->state->by_hand.yielded)
        conclude(a, VERDICT_ACCEPTED, "what was set by hand is put back");
    else if (rollout->mode != MODE_RUNNING)
        conclude(a, VERDICT_REFUSED, "nothing is under way");
    else if (rollout->paused_by_user == pause)
        conclude(a, VERDICT_ALREADY, pause ? "revision %u is paused already" : "revision %u is not paused by hand",
                 rollout->revision);
    else {
        rollout->paused_by_user = pause;
        rollout->progress_at = a->now;
        conclude(a, VERDICT_ACCEPTED, pause ? "revision %u is paused" : "revision %u goes on", rollout->revision);
    }
}

/* A held state, of which the verb says what to make of it: that becomes the state that the verb meets. */
static bool resolve(struct asking *a, struct state *found) {
    const struct slot *slots = a->state->slots;
    enum color newer = slots[GREEN].revision > slots[BLUE].revision ? GREEN : BLUE;
    enum color older = slots[color_other(newer)].revision ? color_other(newer) : newer;
    enum verb verb = a->asked->verb;
    bool known = slots[newer].revision != 0;
    if (a->state->rollout.reason != REASON_LOST_STATE || (verb != VERB_DEPLOY && !known) ||
        (verb != VERB_DEPLOY && verb != VERB_PROMOTE && verb != VERB_ABORT)) {
        conclude(a, VERDICT_REFUSED, "held: %s", a->state->rollout.detail);
        return false;
    }
    memcpy(found, a->state, sizeof *found);
    found->rollout.mode = MODE_IDLE;
    memset(found->rollout.detail, 0, sizeof found->rollout.detail);
    if (known)
        adopt_stable(found,
                     verb == VERB_PROMOTE ? newer
                     : verb == VERB_ABORT ? older
                                          : adopt_heavier(a->state, a->world),
                     a->now);
    a->state = found;
    memcpy(a->next, found, sizeof *found);
    if (verb != VERB_DEPLOY) {
        uint32_t revision = a->result->revision = found->rollout.revision;
        conclude(a, VERDICT_ACCEPTED, "revision %u (%s) is stable", revision, state_revision(found, revision)->version);
    }
    return true;
}

static bool expected(struct asking *a) {
    uint32_t revision = state_shown_revision(a->state), step = state_shown_step(a->spec, a->state);
    if (a->asked->expect_revision && revision != a->asked->revision)
        conclude(a, VERDICT_UNEXPECTED, "expected revision %u, but it is %u", a->asked->revision, revision);
    else if (a->asked->expect_step && step != a->asked->step)
        conclude(a, VERDICT_UNEXPECTED, "expected step %u, but it is %u", a->asked->step, step);
    else
        return true;
    return false;
}

static void carry_out(struct asking *a) {
    switch (a->asked->verb) {
    case VERB_DEPLOY:
        ask_deploy(a);
        break;
    case VERB_PROMOTE:
        promote(a);
        break;
    case VERB_ABORT:
        abort_rollout(a);
        break;
    case VERB_RETRY:
        ask_retry(a);
        break;
    case VERB_PAUSE:
    case VERB_RESUME:
        pause_or_resume(a, a->asked->verb == VERB_PAUSE);
        break;
    case VERB_UNDO:
        ask_undo(a);
        break;
    case VERB_RESTART:
        ask_restart(a);
        break;
    case VERBS:
        break;
    }
}

/* A held state is resolved by the verb, and a deploy then meets what it was resolved to. */
static void carry_out_held(struct asking *a) {
    struct state found;
    if (!resolve(a, &found) || a->asked->verb != VERB_DEPLOY)
        return;
    ask_deploy(a);
    if (a->result->verdict == VERDICT_ALREADY)
        a->result->verdict = VERDICT_ACCEPTED; /* that it is held no more is news */
}

void command(const struct spec *spec, const struct state *state, const struct world *world, usec_t now,
             const struct command *asked, struct state *next, struct command_result *ret) {
    struct asking a = {
        .spec = spec, .state = state, .world = world, .now = now, .asked = asked, .next = next, .result = ret};
    memset(ret, 0, sizeof *ret);
    memcpy(next, state, sizeof *next);
    ret->revision = state->rollout.revision;
    if (!expected(&a))
        return;
    if (state->rollout.mode == MODE_HELD)
        carry_out_held(&a);
    else
        carry_out(&a);
    byhand_forget(next, now);
    if (ret->verdict == VERDICT_ACCEPTED)
        events_append(spec, state, next, world->wall);
    else
        memcpy(next, state, sizeof *next);
}
