/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told: found by comparing a state with the next one, so that the decision and its event are one commit. */
#include <stdio.h>
#include <string.h>

#include "core/decision.h"
#include "core/words.h"

struct teller {
    const struct spec *spec;
    const struct state *before;
    struct state *next;
    usec_t wall;
};

/* What is wanted for the new version at that moment. */
static share_t weight_of(const struct teller *t) {
    const struct state *next = t->next;
    share_t before = 0, at;
    if (next->rollout.mode == MODE_IDLE)
        return next->stable == next->rollout.color ? SHARE_FULL : 0;
    if (next->rollout.mode == MODE_RUNNING)
        steps_shares(t->spec, next, &before, &at);
    return before;
}

static void tell_run(struct teller *t, enum event_kind kind, uint32_t run, const char *detail) {
    struct state *next = t->next;
    if (next->n_outbox == OUTBOX_MAX) {
        memmove(next->outbox, next->outbox + 1, (OUTBOX_MAX - 1) * sizeof next->outbox[0]);
        next->n_outbox--;
    }
    struct event *event = &next->outbox[next->n_outbox++];
    memset(event, 0, sizeof *event);
    event->number = next->next_event++;
    event->kind = kind;
    event->revision = next->rollout.revision;
    event->step = next->rollout.step;
    event->run = run;
    event->weight = weight_of(t);
    event->wall = t->wall;
    (void)snprintf(event->detail, sizeof event->detail, "%s", detail);
}

static void tell(struct teller *t, enum event_kind kind, const char *detail) {
    tell_run(t, kind, 0, detail);
}

static const struct step *step_at(const struct teller *t, uint32_t step) {
    return step < t->spec->n_steps ? &t->spec->steps[step] : NULL;
}

/* The gate that did not pass when it was asked; "" there is none. */
static void put_gate(const struct teller *t, const struct state *state, char text[static REASON_MAX]) {
    uint32_t hook;
    enum hook_moment moment;
    text[0] = 0;
    if (hooks_gate(t->spec, state, &hook, &moment) && state->rollout.hooks[hook].calls[HOOK_LANE_STEPS].failures > 0)
        (void)snprintf(text, REASON_MAX, "%s waits for %.60s", hook_moment_to_string(moment),
                       t->spec->hooks[hook].name);
}

/* What a person has to end, or wait for, before it goes on; "" nothing. */
static void put_pause(const struct teller *t, const struct state *state, char text[static REASON_MAX]) {
    const struct step *step = rollout_final(t->spec, state) ? NULL : step_at(t, state->rollout.step);
    put_gate(t, state, text);
    if (!rollout_runs(state))
        text[0] = 0;
    else if (state->rollout.paused_by_user)
        (void)snprintf(text, REASON_MAX, "by hand");
    else if (state->rollout.paused_inconclusive)
        (void)snprintf(text, REASON_MAX, "inconclusive");
    else if (!*text && step && step->kind == STEP_PAUSE)
        (void)snprintf(text, REASON_MAX, "%s", step->text);
}

/* Another pause takes the place of one: it has to be known, too. */
static void tell_pause(struct teller *t) {
    char before[REASON_MAX], next[REASON_MAX];
    put_pause(t, t->before, before);
    put_pause(t, t->next, next);
    if (*next && (strcmp(before, next) != 0 || t->before->rollout.step != t->next->rollout.step))
        tell(t, EVENT_ROLLOUT_PAUSED, next);
    if (*before && !*next && rollout_runs(t->next))
        tell(t, EVENT_ROLLOUT_RESUMED, "");
}

static void tell_skip(struct teller *t) {
    char gate[REASON_MAX], text[REASON_MAX];
    put_gate(t, t->before, gate);
    (void)snprintf(text, sizeof text, "promote --full%s%.120s", *gate ? " while " : "", gate);
    tell(t, EVENT_SKIP_STEPS, text);
}

static void tell_steps(struct teller *t) {
    const struct rollout *before = &t->before->rollout, *next = &t->next->rollout;
    for (uint32_t index = before->step; index < next->step; index++) {
        const struct step *step = step_at(t, index);
        if (!step)
            break;
        tell(t, EVENT_ROLLOUT_STEP_COMPLETED, step->text);
        if (step->kind == STEP_SET_WEIGHT) {
            tell(t, t->spec->strategy == STRATEGY_BLUE_GREEN ? EVENT_SWITCH_SERVICE : EVENT_TRAFFIC_WEIGHT_UPDATED,
                 step->text);
            t->next->outbox[t->next->n_outbox - 1].weight = step->weight;
        }
    }
    if (next->full && !before->full)
        tell_skip(t);
    tell_pause(t);
}

static enum event_kind run_event(enum run_phase phase) {
    switch (phase) {
    case RUN_PENDING:
    case RUN_RUNNING:
        return EVENT_ANALYSIS_RUN_RUNNING;
    case RUN_SUCCESSFUL:
        return EVENT_ANALYSIS_RUN_SUCCESSFUL;
    case RUN_FAILED:
        return EVENT_ANALYSIS_RUN_FAILED;
    case RUN_ERROR:
        return EVENT_ANALYSIS_RUN_ERROR;
    case RUN_INCONCLUSIVE:
        return EVENT_ANALYSIS_RUN_INCONCLUSIVE;
    }
    return EVENT_ANALYSIS_RUN_ERROR;
}

static bool same_attempt(const struct teller *t) {
    const struct rollout *before = &t->before->rollout, *next = &t->next->rollout;
    return before->revision == next->revision && before->attempt == next->attempt;
}

static void tell_over(struct teller *t) {
    if (t->next->stable == t->next->rollout.color)
        tell(t, EVENT_ROLLOUT_COMPLETED, "");
    else
        tell(t, EVENT_ROLLOUT_ABORTED, "back to what is live");
}

static void tell_ending(struct teller *t) {
    const struct rollout *before = &t->before->rollout, *next = &t->next->rollout;
    if (next->mode == MODE_ABORTED && (before->mode != MODE_ABORTED || !same_attempt(t)))
        tell(t, EVENT_ROLLOUT_ABORTED, next->detail);
    if (next->mode == MODE_IDLE && before->mode == MODE_RUNNING)
        tell_over(t);
}

static void tell_slots(struct teller *t) {
    for (enum color color = BLUE; color < COLORS; color++) {
        uint32_t before = t->before->slots[color].revision, next = t->next->slots[color].revision;
        if (before == next)
            continue;
        char detail[REASON_MAX];
        (void)snprintf(detail, sizeof detail, "%s: revision %u %s", color == BLUE ? "blue" : "green",
                       next ? next : before, next ? "starts" : "stopped");
        tell(t, EVENT_SCALING_REPLICA_SET, detail);
    }
}

static void tell_cut_off(struct teller *t, enum color color, uint32_t number) {
    uint32_t before = t->before->instances[color][number].cut_off, next = t->next->instances[color][number].cut_off;
    char detail[REASON_MAX];
    if (next <= before)
        return;
    (void)snprintf(detail, sizeof detail,
                   "%s still had %u in flight after DrainTimeoutSec=", INSTANCE_NAME(color, number), next);
    tell(t, EVENT_CONNECTIONS_ENDED, detail);
    t->next->outbox[t->next->n_outbox - 1].revision = t->next->slots[color].revision;
}

static void tell_instances(struct teller *t) {
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++)
            tell_cut_off(t, color, number);
}

static void tell_run_change(struct teller *t, const struct run_ref *before, const struct run_ref *next) {
    if (next->id && next->id != before->id)
        tell_run(t, EVENT_ANALYSIS_RUN_RUNNING, next->id, "");
    if (next->id && next->id == before->id && next->phase != before->phase)
        tell_run(t, run_event(next->phase), next->id, "");
}

void events_append(const struct spec *spec, const struct state *before, struct state *next, usec_t wall) {
    struct teller t = {.spec = spec, .before = before, .next = next, .wall = wall};
    if (next->rollout.mode == MODE_RUNNING && (before->rollout.mode != MODE_RUNNING || !same_attempt(&t)))
        tell(&t, EVENT_ROLLOUT_UPDATED, "");
    tell_slots(&t);
    tell_instances(&t);
    tell_run_change(&t, &before->rollout.background_run, &next->rollout.background_run);
    tell_run_change(&t, &before->rollout.step_run, &next->rollout.step_run);
    if (*next->routing_error && !*before->routing_error)
        tell(&t, EVENT_TRAFFIC_ROUTING_ERROR, next->routing_error);
    if (same_attempt(&t))
        tell_steps(&t);
    tell_ending(&t);
}
