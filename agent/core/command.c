/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/string-table.h"
#include "core/adopt.h"
#include "core/decide.h"
#include "core/decision.h"

DEFINE_STRING_TABLE(verb, enum verb, [VERB_DEPLOY] = "deploy", [VERB_PROMOTE] = "promote", [VERB_ABORT] = "abort",
                    [VERB_RETRY] = "retry", [VERB_PAUSE] = "pause", [VERB_RESUME] = "resume")

/* One verb as it is being carried out. */
struct asking {
    const struct spec *spec;
    const struct state *state;
    const struct world *world;
    usec_t now;
    const struct command *asked;
    struct state *next;
    struct command_result *result;
};

static void __attribute__((format(printf, 3, 4)))
answer(struct asking *a, enum verdict verdict, const char *format, ...) {
    va_list arguments;
    a->result->verdict = verdict;
    va_start(arguments, format);
    (void)vsnprintf(a->result->message, sizeof a->result->message, format, arguments);
    va_end(arguments);
}

/* ---------------------------------------------------------------- deploy */

static const char *unsupported(const struct spec *spec) {
    if (spec->on_supersede == SUPERSEDE_QUEUE)
        return "OnSupersede=queue is not available in this version";
    for (uint32_t i = 0; i < spec->n_steps; i++)
        if (spec->steps[i].kind == STEP_SET_HEADER_ROUTE || spec->steps[i].kind == STEP_SET_COOKIE_ROUTE)
            return "setHeaderRoute and setCookieRoute are not available in this version";
    return NULL;
}

static bool in_use(const struct state *state, uint32_t revision) {
    return revision == state->slots[BLUE].revision || revision == state->slots[GREEN].revision ||
           revision == state->rollout.revision;
}

/* Drops the oldest entries that nothing needs, down to the limit plus the new one. */
static void history_trim(struct state *next, uint32_t limit) {
    for (uint32_t i = next->n_history; i-- > 0 && next->n_history > limit;) {
        if (in_use(next, next->history[i].revision))
            continue;
        memmove(&next->history[i], &next->history[i + 1], (next->n_history - i - 1) * sizeof next->history[0]);
        next->n_history--;
    }
}

static struct history *history_add(struct asking *a, const char *version, struct id128 identity) {
    struct state *next = a->next;
    uint32_t limit = a->spec->revision_history_limit;
    history_trim(next, limit < HISTORY_LIMIT_MAX ? limit : HISTORY_LIMIT_MAX);
    memmove(&next->history[1], &next->history[0], next->n_history * sizeof next->history[0]);
    next->n_history++;
    struct history *entry = &next->history[0];
    memset(entry, 0, sizeof *entry);
    entry->revision = next->next_revision++;
    entry->attempt = 1;
    (void)snprintf(entry->version, sizeof entry->version, "%s", version);
    entry->identity = identity;
    entry->outcome = OUTCOME_RUNNING;
    entry->uid = a->asked->uid;
    entry->login_uid = a->asked->login_uid;
    entry->wall_started = a->world->wall;
    return entry;
}

/* The color that is free; before the first promotion, one that is empty, else the one that tried last: the other may
 * serve. */
static enum color color_for_deploy(const struct state *state) {
    if (state->stable != COLOR_NONE)
        return color_other(state->stable);
    return state->slots[BLUE].revision == 0 ? BLUE : state->slots[GREEN].revision == 0 ? GREEN : state->rollout.color;
}

/* Steps from the first, with nothing held against it. */
static void begin(struct asking *a, uint32_t revision, uint32_t attempt, enum color color) {
    struct state *next = a->next;
    struct slot *slot = &next->slots[color];
    next->rollout = (struct rollout){.mode = MODE_RUNNING,
                                     .revision = revision,
                                     .attempt = attempt,
                                     .color = color,
                                     .step_since = a->now,
                                     .began = a->now,
                                     .progress_at = a->now};
    if (slot->revision == 0)
        slot->revision = revision;
    slot->stop_after = slot->revision == revision ? USEC_INFINITY : a->now;
    for (uint32_t number = 0; number < REPLICAS_MAX; number++)
        lives_begin(&next->instances[color][number]);
    a->result->revision = revision;
    a->result->new_attempt = true;
}

/* What serves already though nothing was ever deployed is stable: nobody loses a request to the first deploy. */
static void take_unmanaged(struct asking *a) {
    struct state *next = a->next;
    if (next->stable != COLOR_NONE || next->slots[BLUE].revision || next->slots[GREEN].revision)
        return;
    enum color color = adopt_unmanaged(a->world);
    if (color == COLOR_NONE)
        return;
    struct history *entry = history_add(a, "unmanaged", (struct id128){0});
    entry->outcome = OUTCOME_PROMOTED;
    entry->wall_finished = a->world->wall;
    (void)snprintf(entry->reason, sizeof entry->reason, "served already before the first deploy");
    next->slots[color] = (struct slot){.revision = entry->revision, .adopted = true};
    adopt_stable(next, color, a->now);
}

static void deploy_new(struct asking *a) {
    struct state *next = a->next;
    if (next->rollout.mode == MODE_RUNNING && a->spec->on_supersede == SUPERSEDE_REJECT) {
        answer(a, VERDICT_REFUSED, "revision %u is under way and OnSupersede=reject", next->rollout.revision);
        return;
    }
    rollout_dropped(a->spec, next, a->now, a->world->wall, OUTCOME_SUPERSEDED);
    take_unmanaged(a);
    uint32_t revision = history_add(a, a->asked->version, a->asked->identity)->revision;
    begin(a, revision, 1, color_for_deploy(next));
    answer(a, VERDICT_ACCEPTED, "revision %u (%s) begins", revision, a->asked->version);
}

static void again(struct asking *a) {
    struct rollout *rollout = &a->next->rollout;
    struct history *entry = history_find(a->next, rollout->revision);
    begin(a, rollout->revision, rollout->attempt + 1, rollout->color);
    if (entry) {
        entry->attempt = rollout->attempt;
        entry->outcome = OUTCOME_RUNNING;
        entry->wall_started = a->world->wall;
        entry->wall_finished = 0;
        memset(entry->reason, 0, sizeof entry->reason); /* states are compared as values */
        entry->uid = a->asked->uid;
        entry->login_uid = a->asked->login_uid;
    }
    answer(a, VERDICT_ACCEPTED, "revision %u begins again, attempt %u", rollout->revision, rollout->attempt);
}

/* Back to what is live: at once, no steps, no analysis. */
static void deploy_stable(struct asking *a, uint32_t revision) {
    a->result->revision = revision;
    if (a->next->rollout.mode == MODE_IDLE) {
        answer(a, VERDICT_ALREADY, "%s is live already, as revision %u", a->asked->version, revision);
        return;
    }
    rollout_dropped(a->spec, a->next, a->now, a->world->wall, OUTCOME_ROLLED_BACK);
    answer(a, VERDICT_ACCEPTED, "back to revision %u (%s)", revision, a->asked->version);
}

static bool is_asked(const struct asking *a, uint32_t revision) {
    const struct history *entry = state_revision(a->state, revision);
    return entry && id128_equal(&entry->identity, &a->asked->identity);
}

static void deploy(struct asking *a) {
    const struct rollout *rollout = &a->state->rollout;
    const char *why = unsupported(a->spec);
    uint32_t stable = a->state->stable == COLOR_NONE ? 0 : a->state->slots[a->state->stable].revision;
    if (why)
        answer(a, VERDICT_REFUSED, "%s", why);
    else if (stable && is_asked(a, stable))
        deploy_stable(a, stable);
    else if (rollout->mode == MODE_RUNNING && is_asked(a, rollout->revision)) {
        a->result->revision = rollout->revision;
        answer(a, VERDICT_ATTACHED, "%s is under way already, as revision %u", a->asked->version, rollout->revision);
    } else if (rollout->mode == MODE_ABORTED && is_asked(a, rollout->revision))
        again(a);
    else
        deploy_new(a);
}

/* ---------------------------------------------------------------- the others */

static void promote(struct asking *a) {
    struct rollout *rollout = &a->next->rollout;
    const struct step *step = rollout->step < a->spec->n_steps ? &a->spec->steps[rollout->step] : NULL;
    if (rollout->mode == MODE_ABORTED)
        answer(a, VERDICT_REFUSED, "revision %u was aborted: retry it, or deploy a version", rollout->revision);
    else if (rollout->mode != MODE_RUNNING)
        answer(a, VERDICT_REFUSED, "nothing is under way");
    else if (a->asked->full && rollout->full)
        answer(a, VERDICT_ALREADY, "revision %u is on its way to everything", rollout->revision);
    else if (a->asked->full) {
        rollout->full = true;
        rollout->paused_by_user = rollout->paused_inconclusive = false;
        rollout->progress_at = a->now;
        answer(a, VERDICT_ACCEPTED, "revision %u goes to everything once it is ready", rollout->revision);
    } else if (rollout_final(a->spec, a->next) || !(rollout->paused_by_user || rollout->paused_inconclusive ||
                                                    step->kind == STEP_PAUSE || step->kind == STEP_ANALYSIS))
        answer(a, VERDICT_REFUSED, "no pause and no analysis to end: %s; promote --full skips all steps",
               rollout_final(a->spec, a->next) ? "all steps are done" : step->text);
    else {
        bool skips = step->kind == STEP_PAUSE || step->kind == STEP_ANALYSIS;
        rollout->paused_by_user = rollout->paused_inconclusive = false;
        rollout->progress_at = a->now;
        if (skips)
            rollout_step_done(a->next, a->now);
        answer(a, VERDICT_ACCEPTED, "revision %u goes on with step %u of %u", rollout->revision, rollout->step + 1,
               a->spec->n_steps);
    }
}

static void abort_rollout(struct asking *a) {
    struct rollout *rollout = &a->next->rollout;
    if (rollout->mode == MODE_ABORTED)
        answer(a, VERDICT_ALREADY, "revision %u is aborted already", rollout->revision);
    else if (rollout->mode != MODE_RUNNING)
        answer(a, VERDICT_REFUSED, "nothing is under way");
    else {
        rollout_abort(a->spec, a->next, a->now, a->world->wall, REASON_BY_USER, "");
        answer(a, VERDICT_ACCEPTED,
               a->next->stable == COLOR_NONE
                   ? "revision %u is aborted; nothing is stable yet, so its instances stay as they are"
                   : "revision %u is aborted",
               rollout->revision);
    }
}

static void retry(struct asking *a) {
    const struct rollout *rollout = &a->next->rollout;
    const char *why = unsupported(a->spec);
    if (rollout->mode != MODE_ABORTED)
        answer(a, VERDICT_REFUSED, "nothing was aborted");
    else if (why)
        answer(a, VERDICT_REFUSED, "%s", why);
    else
        again(a);
}

static void pause_or_resume(struct asking *a, bool pause) {
    struct rollout *rollout = &a->next->rollout;
    if (!pause && a->state->by_hand.yielded)
        answer(a, VERDICT_ACCEPTED, "what was set by hand is put back");
    else if (rollout->mode != MODE_RUNNING)
        answer(a, VERDICT_REFUSED, "nothing is under way");
    else if (rollout->paused_by_user == pause)
        answer(a, VERDICT_ALREADY, pause ? "revision %u is paused already" : "revision %u is not paused by hand",
               rollout->revision);
    else {
        rollout->paused_by_user = pause;
        rollout->progress_at = a->now;
        answer(a, VERDICT_ACCEPTED, pause ? "revision %u is paused" : "revision %u goes on", rollout->revision);
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
        answer(a, VERDICT_REFUSED, "held: %s", a->state->rollout.detail);
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
        answer(a, VERDICT_ACCEPTED, "revision %u (%s) is stable", revision, state_revision(found, revision)->version);
    }
    return true;
}

static bool expected(struct asking *a) {
    const struct rollout *rollout = &a->state->rollout;
    if (a->asked->expect_revision && rollout->revision != a->asked->revision)
        answer(a, VERDICT_UNEXPECTED, "expected revision %u, but it is %u", a->asked->revision, rollout->revision);
    else if (a->asked->expect_step && rollout->step != a->asked->step)
        answer(a, VERDICT_UNEXPECTED, "expected step %u, but it is %u", a->asked->step, rollout->step);
    else
        return true;
    return false;
}

static void carry_out(struct asking *a) {
    switch (a->asked->verb) {
    case VERB_DEPLOY:
        deploy(a);
        break;
    case VERB_PROMOTE:
        promote(a);
        break;
    case VERB_ABORT:
        abort_rollout(a);
        break;
    case VERB_RETRY:
        retry(a);
        break;
    case VERB_PAUSE:
    case VERB_RESUME:
        pause_or_resume(a, a->asked->verb == VERB_PAUSE);
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
    deploy(a);
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
    byhand_forget(next);
    if (ret->verdict == VERDICT_ACCEPTED)
        events_append(spec, state, next, world->wall);
    else
        memcpy(next, state, sizeof *next);
}
