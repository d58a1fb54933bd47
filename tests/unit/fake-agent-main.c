/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake-agent FOLDER SECONDS [WORD]...: serves the fake agent's control API in a folder, and ends by itself. For the
 * tests of rolloutctl. Words: "queue", deploys are queued; "window", and wait for their window; "frail", it dies of the
 * first question after a verb; "sudden", the rollout is aborted between the first and the second one. Signals stand for
 * what the world may bring: SIGUSR1, the rollout is promoted; SIGUSR2, it is aborted; SIGHUP, the window opens. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "fake-agent.h"

static struct fake_agent fake;
static struct api_handler handler;
static struct api_server *server;

/* All of a color run at the revision of its slot, nobody of the other one does. */
static void run_only(enum color serving) {
    for (uint32_t number = 0; number < 2; number++)
        for (enum color color = BLUE; color < COLORS; color++) {
            struct unit_seen *unit = &fake.world.units[color][number];
            struct server_seen *seen = &fake.world.balancers[0].servers[0][color][number];
            unit->state = color == serving ? UNIT_ACTIVE : UNIT_INACTIVE;
            unit->active_since = color == serving ? USEC_PER_SEC : 0;
            unit->env_revision = color == serving ? fake.state.slots[color].revision : unit->env_revision;
            unit->invocation = fake.state.instances[serving][0].accepted;
            fake.state.instances[color][number].accepted = unit->invocation;
            seen->up = color == serving;
            seen->maint = color != serving;
            seen->up_since = USEC_PER_SEC;
        }
}

static void end_rollout(bool good) {
    struct state *state = &fake.state;
    for (uint32_t i = 0; i < state->n_history; i++)
        if (state->history[i].revision == state->rollout.revision) {
            state->history[i].outcome = good ? OUTCOME_PROMOTED : OUTCOME_ABORTED;
            state->history[i].wall_finished = FAKE_NOW + FAKE_WALL_OFFSET;
        }
    state->rollout.mode = good ? MODE_IDLE : MODE_ABORTED;
    state->rollout.reason = good ? REASON_NONE : REASON_CRASH;
    if (good) {
        state->stable = state->rollout.color;
        state->slots[state->stable].revision = state->rollout.revision;
        state->slots[color_other(state->stable)].revision = 0;
        run_only(state->stable);
    }
    fake_agent_event(&fake, good ? EVENT_ROLLOUT_COMPLETED : EVENT_ROLLOUT_ABORTED);
}

static void begin_queued(void) {
    struct state *state = &fake.state;
    if (state->queued.revision == 0 || state->rollout.mode == MODE_RUNNING || fake.world.window_opens > 0)
        return;
    state->rollout = (struct rollout){.mode = MODE_RUNNING,
                                      .revision = state->queued.revision,
                                      .attempt = 1,
                                      .color = color_other(state->stable),
                                      .step_since = FAKE_NOW,
                                      .began = FAKE_NOW,
                                      .progress_at = FAKE_NOW};
    state->queued = (struct queued){0};
    fake_agent_event(&fake, EVENT_ROLLOUT_UPDATED);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
    if (info->ssi_signo == SIGHUP)
        fake.world.window_opens = 0;
    else if (fake.state.rollout.mode == MODE_RUNNING)
        end_rollout(info->ssi_signo == SIGUSR1);
    begin_queued();
    api_server_changed(server);
    return 0;
}

static void view_or_die(void *userdata, struct api_view *ret) {
    if (fake.commands > 0)
        _exit(1);
    fake_agent_handler(userdata).view(userdata, ret);
}

static void view_or_abort(void *userdata, struct api_view *ret) {
    static unsigned n_questions;
    if (fake.commands > 0 && ++n_questions == 2)
        end_rollout(false);
    fake_agent_handler(userdata).view(userdata, ret);
}

static void take_word(const char *word) {
    if (strcmp(word, "queue") == 0)
        fake.spec.on_supersede = SUPERSEDE_QUEUE;
    else if (strcmp(word, "window") == 0)
        fake.world.window_opens = fake.world.wall + 3600 * USEC_PER_SEC;
    else if (strcmp(word, "frail") == 0)
        handler.view = view_or_die;
    else if (strcmp(word, "sudden") == 0)
        handler.view = view_or_abort;
}

int main(int argc, char **argv) {
    sd_event *event = NULL;
    struct error err = {0};
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGUSR1);
    (void)sigaddset(&signals, SIGUSR2);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGTERM);
    if (argc < 3 || sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || sd_event_default(&event) < 0)
        return 2;

    fake_agent_init(&fake);
    handler = fake_agent_handler(&fake);
    for (int i = 3; i < argc; i++)
        take_word(argv[i]);
    int r = api_server_new(event, argv[1], &handler, &server, &err);
    if (r < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    uint64_t lifetime = strtoull(argv[2], NULL, 10) * (uint64_t)USEC_PER_SEC;
    r = sd_event_add_signal(event, NULL, SIGUSR1, on_signal, NULL);
    if (r >= 0)
        r = sd_event_add_signal(event, NULL, SIGUSR2, on_signal, NULL);
    if (r >= 0)
        r = sd_event_add_signal(event, NULL, SIGHUP, on_signal, NULL);
    if (r >= 0)
        r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_time_relative(event, NULL, CLOCK_BOOTTIME, lifetime, 0, NULL, NULL);
    if (r >= 0)
        r = sd_event_loop(event);
    server = api_server_free(server);
    (void)sd_event_unref(event);
    return r < 0;
}
