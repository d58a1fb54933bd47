/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a rollout moves on and how it ends: the only places that change its mode. */
#include <stdio.h>
#include <string.h>

#include "core/decide.h"
#include "core/decision.h"
#include "core/history.h"

static const char *reason_text(enum reason reason) {
    switch (reason) {
    case REASON_NONE:
        return "";
    case REASON_BY_USER:
        return "aborted by hand";
    case REASON_CRASH:
        return "an instance crashed";
    case REASON_ANALYSIS_FAILED:
        return "analysis failed";
    case REASON_ANALYSIS_ERROR:
        return "analysis could not measure";
    case REASON_DEADLINE:
        return "no progress within ProgressDeadlineSec";
    case REASON_HOOK_FAILED:
        return "a hook failed";
    case REASON_HOOK_ASKED:
        return "a hook asked for it";
    case REASON_LOST_STATE:
        return "the saved state was lost";
    case REASON_NEWER_STATE:
        return "the saved state is a newer version's";
    }
    return "";
}

/* WHY comes after what was said when it began; "": there is nothing to say. */
static void history_close(struct state *next, enum outcome outcome, usec_t wall, const char *why) {
    struct history *entry = history_find(next, next->rollout.revision);
    char text[REASON_MAX];
    if (!entry)
        return;
    entry->outcome = outcome;
    entry->wall_finished = wall;
    (void)snprintf(text, sizeof text, "%.60s%s%s", entry->reason, *entry->reason && *why ? "; " : "", why);
    history_say(entry, text);
}

/* What a rollout leaves behind when it ends: no pause, no haste. */
static void leave(struct rollout *rollout, enum mode mode) {
    rollout->mode = mode;
    rollout->paused_by_user = rollout->paused_inconclusive = rollout->full = false;
}

/* Before the first promotion one that is empty, else the one that tried last: the other may serve. */
enum color color_for_deploy(const struct state *state) {
    if (state->stable != COLOR_NONE)
        return color_other(state->stable);
    return state->slots[BLUE].revision == 0 ? BLUE : state->slots[GREEN].revision == 0 ? GREEN : state->rollout.color;
}

void rollout_begin(struct state *next, uint32_t revision, uint32_t attempt, enum color color, usec_t now) {
    struct slot *slot = &next->slots[color];
    next->rollout = (struct rollout){.mode = MODE_RUNNING,
                                     .revision = revision,
                                     .attempt = attempt,
                                     .color = color,
                                     .step_since = now,
                                     .began = now,
                                     .progress_at = now};
    if (slot->revision == 0)
        slot->revision = revision;
    slot->stop_after = slot->revision == revision ? USEC_INFINITY : now;
    for (uint32_t number = 0; number < REPLICAS_MAX; number++)
        lives_begin(&next->instances[color][number]);
}

void rollout_abort(const struct spec *spec, struct state *next, usec_t now, usec_t wall, enum reason reason,
                   const char *detail) {
    struct rollout *rollout = &next->rollout;
    struct slot *slot = &next->slots[rollout->color];
    char why[2 * REASON_MAX];
    leave(rollout, MODE_ABORTED);
    rollout->reason = reason;
    memset(rollout->detail, 0, sizeof rollout->detail);
    (void)snprintf(rollout->detail, sizeof rollout->detail, "%s", detail);
    if (next->stable == COLOR_NONE)
        slot->stop_after = USEC_INFINITY; /* all that there is */
    else if (slot->revision == rollout->revision)
        slot->stop_after = usec_add(now, spec->abort_scale_down_delay);
    (void)snprintf(why, sizeof why, "%s%s%s", reason_text(reason), *detail ? ": " : "", detail);
    history_close(next, OUTCOME_ABORTED, wall, why);
}

void rollout_promoted(const struct spec *spec, struct state *next, usec_t now, usec_t wall) {
    enum color color = next->rollout.color, old = color_other(color);
    leave(&next->rollout, MODE_IDLE);
    next->stable = color;
    next->stable_ailing_since = 0;
    next->share_given = 0;
    next->slots[color].stop_after = USEC_INFINITY;
    if (next->slots[old].revision)
        next->slots[old].stop_after = usec_add(now, spec->scale_down_delay);
    history_close(next, OUTCOME_PROMOTED, wall, "");
}

void rollout_dropped(const struct spec *spec, struct state *next, usec_t now, usec_t wall, enum outcome outcome,
                     const char *why) {
    struct rollout *rollout = &next->rollout;
    struct slot *slot = &next->slots[rollout->color];
    if (rollout->mode == MODE_RUNNING) {
        if (slot->revision == rollout->revision && next->stable != COLOR_NONE)
            slot->stop_after = outcome == OUTCOME_SUPERSEDED ? now : usec_add(now, spec->abort_scale_down_delay);
        history_close(next, outcome, wall, why);
    }
    leave(rollout, MODE_IDLE);
    rollout->reason = REASON_NONE;
    memset(rollout->detail, 0, sizeof rollout->detail);
}

void rollout_step_done(struct state *next, usec_t now) {
    struct rollout *rollout = &next->rollout;
    rollout->step++;
    rollout->step_since = rollout->progress_at = now;
    rollout->paused_inconclusive = false;
    hooks_step_done(rollout);
}
