/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who types verbs: every seed deploys a first version and then a second one; some people type more. */
#include <errno.h>
#include <stdio.h>

#include "core/command.h"
#include "sim.h"

#define VERBS_MORE 6

/* What the agent says: negative when it could not do it now. */
int operator_types(struct sim *sim, const struct api_command *asked) {
    struct command_result result = {0};
    struct error err = {0};
    if (!sim->host.agent || sim->host.dying) {
        trace(sim, "operator: %s %s: no agent", verb_to_string(asked->command.verb), asked->command.version);
        return -ENOTCONN;
    }
    trace(sim, "operator: %s %s%s%s", verb_to_string(asked->command.verb), asked->command.version,
          asked->command.full ? " --full" : "", asked->command.now ? " --now" : "");
    disturbed(sim);
    oracle_verb_begins(sim, asked);
    int r = agent_command(sim->host.agent, asked, &result, &err);
    trace(sim, "operator: is told: %s", r < 0 ? err.text : result.message);
    oracle_verb_ends(sim, asked, &result, r);
    return r;
}

/* Told that both colors serve, somebody stops one of them. */
static void make_room(struct sim *sim) {
    for (uint32_t number = 0; number < SIM_INSTANCES; number++)
        units_by_hand(sim, GREEN, number, false);
}

static bool both_serve(const struct sim *sim) {
    bool serves[COLORS] = {false, false};
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++)
            serves[color] = serves[color] || sim->units[color][number].runs == REVISION_UNMANAGED;
    return serves[BLUE] && serves[GREEN];
}

static void say_version(struct sim *sim, struct api_command *asked, uint32_t version) {
    asked->command.now = DRAW_RARE(sim, NOW, 200, 1) != 0;
    (void)snprintf(asked->command.version, sizeof asked->command.version, "v%u", version % VERSIONS + 1);
}

/* Who cannot reach the agent, or means to wait for the first version, tries again; elsewhere the moment counts. */
static bool comes_again(struct sim *sim, const struct happening *what, int said) {
    bool waits = said < 0 || !sim->host.agent || sim->host.dying || (what->a > 0 && !sim->oracle.promoted_at);
    if (sim->draws.weather == WEATHER_ANY || !waits)
        return false;
    clock_after(sim, MSEC(50), what->act, what->a, what->b, 0);
    return true;
}

/* As the control API does: where there is no answer yet the same is asked again, and it is told since when. */
static int asks(struct sim *sim, const struct happening *what, struct api_command *asked) {
    asked->asked_at = what->c ? (usec_t)what->c : host_boottime(sim, sim->clock.now);
    int r = operator_types(sim, asked);
    if (r == -ENOEXEC && both_serve(sim))
        make_room(sim);
    if (r == -EAGAIN)
        clock_after(sim, MSEC(50), what->act, what->a, what->b, (uint64_t)asked->asked_at);
    return r;
}

static void on_deploy(struct sim *sim, const struct happening *what) {
    struct api_command asked = {.command = {.verb = VERB_DEPLOY}};
    bool live = what->a == 0 && sim->oracle.promoted_at; /* what was typed got there, though no answer came back */
    if (live || comes_again(sim, what, 0))
        return;
    say_version(sim, &asked, what->a);
    int said = asks(sim, what, &asked);
    if (said != -EAGAIN)
        (void)comes_again(sim, what, said); /* killed before it answered, or it had not looked around yet */
}

static void on_verb(struct sim *sim, const struct happening *what) {
    static const enum verb verbs[] = {VERB_PROMOTE, VERB_ABORT,  VERB_RETRY,   VERB_PAUSE, VERB_RESUME,  VERB_DEPLOY,
                                      VERB_PROMOTE, VERB_DEPLOY, VERB_PROMOTE, VERB_UNDO,  VERB_RESTART, VERB_UNDO};
    struct api_command asked = {.command = {.verb = verbs[what->a], .full = what->a == 6}};
    if (what->a == 11)
        asked.command.to_revision = what->b + 1;
    if (asked.command.verb == VERB_DEPLOY)
        say_version(sim, &asked, what->b);
    (void)asks(sim, what, &asked);
}

void operator_asks(struct sim *sim, enum verb verb) {
    (void)operator_types(sim, &(struct api_command){.command = {.verb = verb}});
}

void operator_begin(struct sim *sim) {
    clock_after(sim, MSEC(100), on_deploy, 0, 0, 0);
    clock_after(sim, MSEC(1500 + 100 * DRAW(sim, DEPLOY_AT, 25)), on_deploy, 1, 0, 0);
    for (uint32_t i = 0; i < VERBS_MORE; i++) {
        uint32_t verb = DRAW_RARE(sim, VERB, 200, 12), version = DRAW(sim, VERB_VERSION, VERSIONS);
        usec_t when = MSEC(200 + 50 * DRAW(sim, VERB_AT, 250));
        if (verb)
            clock_after(sim, when, on_verb, verb - 1, version, 0);
    }
}
