/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake-agent FOLDER SECONDS: serves the fake agent's control API in a folder, and ends by itself. For the tests of
 * rolloutctl. SIGUSR1 stands for what the world may bring: the rollout is promoted. SIGUSR2: it is aborted. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "fake-agent.h"

static struct fake_agent fake;
static struct api_server *server;

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
    bool good = info->ssi_signo == SIGUSR1;
    struct state *state = &fake.state;
    state->history[0].outcome = good ? OUTCOME_PROMOTED : OUTCOME_ABORTED;
    state->history[0].wall_finished = FAKE_NOW + FAKE_WALL_OFFSET;
    state->rollout.mode = good ? MODE_IDLE : MODE_ABORTED;
    state->rollout.reason = good ? REASON_NONE : REASON_CRASH;
    state->stable = good ? GREEN : BLUE;
    state->slots[BLUE].revision = good ? 0 : 1;
    for (uint32_t number = 0; good && number < 2; number++)
        for (enum color color = BLUE; color < COLORS; color++) {
            fake.world.units[color][number].state = color == GREEN ? UNIT_ACTIVE : UNIT_INACTIVE;
            fake.world.units[color][number].env_revision = color == GREEN ? 2 : 1;
            fake.world.units[color][number].active_since = color == GREEN ? USEC_PER_SEC : 0;
            fake.world.units[color][number].invocation = fake.state.instances[GREEN][0].accepted;
            fake.state.instances[color][number].accepted = fake.state.instances[GREEN][0].accepted;
            fake.world.balancers[0].servers[0][color][number].up = color == GREEN;
            fake.world.balancers[0].servers[0][color][number].maint = color != GREEN;
            fake.world.balancers[0].servers[0][color][number].up_since = USEC_PER_SEC;
        }
    fake_agent_event(&fake, good ? EVENT_ROLLOUT_COMPLETED : EVENT_ROLLOUT_ABORTED);
    api_server_changed(server);
    return 0;
}

int main(int argc, char **argv) {
    sd_event *event = NULL;
    struct error err = {0};
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGUSR1);
    (void)sigaddset(&signals, SIGUSR2);
    (void)sigaddset(&signals, SIGTERM);
    if (argc != 3 || sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || sd_event_default(&event) < 0)
        return 2;

    fake_agent_init(&fake);
    struct api_handler handler = fake_agent_handler(&fake);
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
        r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_time_relative(event, NULL, CLOCK_BOOTTIME, lifetime, 0, NULL, NULL);
    if (r >= 0)
        r = sd_event_loop(event);
    server = api_server_free(server);
    (void)sd_event_unref(event);
    return r < 0;
}
