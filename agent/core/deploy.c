/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs by which a revision begins: deploy, retry, undo, and restart where it takes another color. */
#include <stdio.h>
#include <string.h>

#include "core/adopt.h"
#include "core/asking.h"
#include "core/decision.h"
#include "core/history.h"

/* Why a revision is in the history, until more is known. */
#define QUEUED "queued"
#define BY_NOW "outside of DeployWindow=, by --now"

static uint32_t stable_revision(const struct state *state) {
    return state->stable == COLOR_NONE ? 0 : state->slots[state->stable].revision;
}

static bool is_asked(const struct asking *a, uint32_t revision) {
    const struct history *entry = state_revision(a->state, revision);
    return entry && id128_equal(&entry->identity, &a->asked->identity);
}

static bool waits_for_its_window(const struct asking *a) {
    return a->world->window_opens && !a->asked->now;
}

static void sign(struct asking *a, struct history *entry) {
    entry->uid = a->asked->uid;
    entry->login_uid = a->asked->login_uid;
    entry->wall_started = a->world->wall;
    memcpy(entry->configuration, a->spec->digest, sizeof entry->configuration);
    if (a->world->window_opens && a->asked->now && a->asked->verb == VERB_DEPLOY)
        history_say(entry, BY_NOW);
}

static struct history *add(struct asking *a, const char *version, struct id128 identity) {
    struct history *entry = history_add(a->next, a->spec->revision_history_limit, version, identity);
    sign(a, entry);
    return entry;
}

static void begin(struct asking *a, uint32_t revision, uint32_t attempt, enum color color) {
    rollout_begin(a->next, revision, attempt, color, a->now);
    a->result->revision = revision;
    a->result->new_attempt = true;
}

static void again(struct asking *a, uint32_t revision, enum color color) {
    struct history *entry = history_find(a->next, revision);
    uint32_t attempt = entry ? entry->attempt + 1 : 1;
    begin(a, revision, attempt, color);
    if (entry) {
        history_reopen(entry, attempt);
        sign(a, entry);
    }
    conclude(a, VERDICT_ACCEPTED, "revision %u begins again, attempt %u", revision, attempt);
}

/* What serves already though nothing was ever deployed is stable: nobody loses a request to the first deploy. */
static void take_unmanaged(struct asking *a) {
    struct state *next = a->next;
    if (!state_is_blank(next))
        return;
    enum color color = adopt_unmanaged(a->world);
    if (color == COLOR_NONE)
        return;
    struct history *entry = add(a, "unmanaged", (struct id128){0});
    entry->outcome = OUTCOME_PROMOTED;
    entry->wall_finished = a->world->wall;
    history_say(entry, "served already before the first deploy");
    memset(entry->configuration, 0, sizeof entry->configuration);
    next->slots[color] = (struct slot){.revision = entry->revision, .adopted = true};
    adopt_stable(next, color, a->now);
}

/* ---------------------------------------------------------------- the queue */

bool queue_drop(struct asking *a, enum outcome outcome) {
    struct history *entry = history_find(a->next, a->next->queued.revision);
    if (!entry)
        return false;
    entry->outcome = outcome;
    entry->wall_finished = a->world->wall;
    history_say(entry, "never began");
    a->next->queued = (struct queued){0};
    return true;
}

static void superseded_by(uint32_t revision, char ret[static REASON_MAX]) {
    (void)snprintf(ret, REASON_MAX, "superseded by revision %u", revision);
}

static bool waits_for_the_end(const struct asking *a) {
    return a->state->rollout.mode == MODE_RUNNING && a->spec->on_supersede == SUPERSEDE_QUEUE;
}

static void deploy_later(struct asking *a) {
    take_unmanaged(a);
    struct history *entry = add(a, a->asked->version, a->asked->identity);
    history_say(entry, QUEUED);
    a->next->queued =
        (struct queued){.revision = entry->revision, .now = a->asked->now, .at_end = waits_for_the_end(a)};
    a->result->revision = entry->revision;
    a->result->new_revision = true;
    a->result->waits_until = waits_for_its_window(a) ? a->world->window_opens : 0;
    conclude(a, VERDICT_ACCEPTED, "revision %u (%s) waits %s", entry->revision, a->asked->version,
             waits_for_the_end(a) ? "until the one under way has ended" : "for its window");
}

void queue_follow(const struct spec *spec, struct state *next, const struct world *world, usec_t now) {
    uint32_t revision = next->queued.revision;
    struct history *entry = history_find(next, revision);
    bool closed = world->window_opens && !next->queued.now;
    bool behind = next->queued.at_end && next->rollout.mode == MODE_RUNNING;
    char why[REASON_MAX];
    if (!entry || behind || closed || world->unwritten)
        return; /* what cannot be written begins nothing */
    superseded_by(revision, why);
    rollout_dropped(spec, next, now, world->wall, OUTCOME_SUPERSEDED, why);
    rollout_begin(next, revision, 1, color_for_deploy(next), now);
    entry->wall_started = world->wall;
    if (strcmp(entry->reason, QUEUED) == 0)
        history_say(entry, world->window_opens ? BY_NOW : "");
    next->queued = (struct queued){0};
}

/* ---------------------------------------------------------------- deploy */

/* It still runs in the color that it was live in. */
static bool is_warm(const struct asking *a, const struct history *past) {
    const struct state *state = a->state;
    const struct slot *slot = &state->slots[color_other(state->stable)];
    return state->rollout.mode == MODE_IDLE && past && slot->revision == past->revision && slot->stop_after > a->now;
}

/* Back to what was live: without steps within RollbackWindow=, and in blue-green as long as it is warm. What is newer
 * than the live revision is no way back, also where it was live before somebody went back from it. */
static bool goes_back(const struct asking *a, const struct history *past) {
    bool older = past && past->revision < stable_revision(a->state);
    return (older && history_promoted_after(a->state, past) <= a->spec->rollback_window) ||
           (a->spec->strategy == STRATEGY_BLUE_GREEN && is_warm(a, past));
}

static void deploy_new(struct asking *a) {
    struct state *next = a->next;
    const struct history *past =
        a->state->stable == COLOR_NONE ? NULL : history_live_before(a->state, &a->asked->identity);
    bool back = goes_back(a, past), waits = !back && a->asked->verb != VERB_UNDO;
    if (waits && next->rollout.mode == MODE_RUNNING && a->spec->on_supersede == SUPERSEDE_REJECT) {
        conclude(a, VERDICT_REFUSED, "revision %u is under way and OnSupersede=reject", next->rollout.revision);
        return;
    }
    (void)queue_drop(a, OUTCOME_SUPERSEDED);
    if (waits && (waits_for_the_end(a) || waits_for_its_window(a))) {
        deploy_later(a);
        return;
    }
    bool warm = is_warm(a, past);
    char why[REASON_MAX];
    superseded_by(warm ? past->revision : next->next_revision, why);
    rollout_dropped(a->spec, next, a->now, a->world->wall, OUTCOME_SUPERSEDED, why);
    if (warm) {
        again(a, past->revision, color_other(next->stable));
    } else {
        take_unmanaged(a);
        struct history *entry = add(a, a->asked->version, a->asked->identity);
        a->result->new_revision = true;
        begin(a, entry->revision, 1, color_for_deploy(next));
        conclude(a, VERDICT_ACCEPTED, "revision %u (%s) begins", entry->revision, a->asked->version);
    }
    next->rollout.full = back;
}

/* Back to what is live: at once, no steps, no analysis. */
static void deploy_stable(struct asking *a, uint32_t revision) {
    const struct history *entry = state_revision(a->state, revision);
    bool queued = queue_drop(a, OUTCOME_SUPERSEDED);
    a->result->revision = revision;
    if (a->next->rollout.mode == MODE_IDLE && !queued) {
        conclude(a, VERDICT_ALREADY, "%s is live already, as revision %u", entry->version, revision);
        return;
    }
    char who[REASON_MAX], why[REASON_MAX + 32];
    command_by_whom(a->asked, who);
    (void)snprintf(why, sizeof why, "back to revision %u%s%s", revision, *who ? " " : "", who);
    rollout_dropped(a->spec, a->next, a->now, a->world->wall, OUTCOME_ROLLED_BACK, why);
    conclude(a, VERDICT_ACCEPTED, "back to revision %u (%s)", revision, entry->version);
}

static void attach(struct asking *a, uint32_t revision, const char *how) {
    a->result->revision = revision;
    conclude(a, VERDICT_ATTACHED, "%s is %s already, as revision %u", a->asked->version, how, revision);
}

void ask_deploy(struct asking *a) {
    const struct rollout *rollout = &a->state->rollout;
    uint32_t stable = stable_revision(a->state), queued = a->state->queued.revision;
    if (stable && is_asked(a, stable))
        deploy_stable(a, stable);
    else if (queued && is_asked(a, queued) && !a->asked->now) {
        a->result->waits_until = a->state->queued.now ? 0 : a->world->window_opens;
        attach(a, queued, "queued");
    } else if (rollout->mode == MODE_RUNNING && is_asked(a, rollout->revision) && !queued)
        attach(a, rollout->revision, "under way");
    else if (rollout->mode == MODE_RUNNING && is_asked(a, rollout->revision)) {
        (void)queue_drop(a, OUTCOME_SUPERSEDED);
        a->result->revision = rollout->revision;
        conclude(a, VERDICT_ACCEPTED, "%s is under way, as revision %u, and nothing follows it", a->asked->version,
                 rollout->revision);
    } else if (rollout->mode == MODE_ABORTED && is_asked(a, rollout->revision) && !waits_for_its_window(a))
        again(a, rollout->revision, rollout->color);
    else
        deploy_new(a);
}

void ask_retry(struct asking *a) {
    const struct rollout *rollout = &a->state->rollout;
    if (rollout->mode != MODE_ABORTED)
        conclude(a, VERDICT_REFUSED, "nothing was aborted");
    else
        again(a, rollout->revision, rollout->color);
}

/* ---------------------------------------------------------------- undo, restart */

/* Deploys what ENTRY was, an entry of the state that is asked. */
static void deploy_again(struct asking *a, const struct history *entry, const char *why) {
    const struct command *asked = a->asked;
    struct command deploy = *asked;
    (void)snprintf(deploy.version, sizeof deploy.version, "%s", entry->version);
    deploy.identity = entry->identity;
    deploy.now = true;
    a->asked = &deploy;
    ask_deploy(a);
    a->asked = asked;
    a->result->copy_of = a->result->new_revision ? entry->revision : 0;
    bool new = a->result->new_attempt || a->result->new_revision;
    struct history *begun = new ? history_find(a->next, a->result->revision) : NULL;
    if (begun)
        history_say(begun, why);
}

static void undo_to(struct asking *a, const struct history *entry) {
    char why[REASON_MAX];
    (void)snprintf(why, sizeof why, "undo to revision %u", entry->revision);
    if (id128_is_null(&entry->identity))
        conclude(a, VERDICT_REFUSED, "revision %u was not deployed by us: what it ran is not known", entry->revision);
    else
        deploy_again(a, entry, why);
}

void ask_undo(struct asking *a) {
    const struct state *state = a->state;
    const struct history *entry =
        a->asked->to_revision ? state_revision(state, a->asked->to_revision) : history_live_before(state, NULL);
    if (state->stable == COLOR_NONE)
        conclude(a, VERDICT_REFUSED, "nothing is live yet");
    else if (!a->asked->to_revision && state->rollout.mode != MODE_IDLE)
        deploy_stable(a, stable_revision(state));
    else if (!entry && a->asked->to_revision)
        conclude(a, VERDICT_REFUSED, "the history has no revision %u", a->asked->to_revision);
    else if (!entry)
        conclude(a, VERDICT_REFUSED, "the history has no revision that was live before");
    else if (entry->revision == stable_revision(state))
        deploy_stable(a, entry->revision);
    else
        undo_to(a, entry);
}

/* With one instance nobody could carry while it restarts: the other color takes over, with the same version. */
static void restart_in_the_other_color(struct asking *a) {
    const struct history *live = state_revision(a->state, stable_revision(a->state));
    uint32_t from = live->revision;
    struct history *entry = add(a, live->version, live->identity);
    history_say(entry, "restart");
    a->result->new_revision = true;
    a->result->copy_of = from;
    begin(a, entry->revision, 1, color_for_deploy(a->next));
    a->next->rollout.full = true;
    conclude(a, VERDICT_ACCEPTED, "Replicas=1: revision %u starts it anew in the other color", entry->revision);
}

static void restart_one_by_one(struct asking *a) {
    bool runs = rollout_runs(a->state);
    bool lone = stable_scale(a->spec, a->state) == 1 || (runs && canary_scale(a->spec, a->state) == 1);
    a->next->restart_at = a->now;
    conclude(a, VERDICT_ACCEPTED, "who runs now is restarted, one instance after the other%s",
             lone ? ", but the only one of a color not before there are others" : "");
}

void ask_restart(struct asking *a) {
    const struct state *state = a->state;
    if (state->stable == COLOR_NONE)
        conclude(a, VERDICT_REFUSED, "nothing is live yet");
    else if (a->spec->replicas > 1)
        restart_one_by_one(a);
    else if (state->rollout.mode != MODE_IDLE)
        conclude(a, VERDICT_REFUSED, "Replicas=1: it takes the other color, where revision %u is",
                 state->rollout.revision);
    else if (id128_is_null(&state_revision(state, stable_revision(state))->identity))
        conclude(a, VERDICT_REFUSED, "what is live was not deployed by us: what it runs is not known");
    else
        restart_in_the_other_color(a);
}
