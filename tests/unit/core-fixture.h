/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rollout in the middle of its way, for tests of the core: blue is stable at revision 1, green is to be revision 2,
 * one balancer shows both, and everything is well. Time is NOW; a test changes what it is about and decides. */
#ifndef ROLLOUT_TEST_CORE_FIXTURE_H
#define ROLLOUT_TEST_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/decide.h"
#include "core/model.h"

static struct spec *spec;
static struct state state;
static struct world world;
static struct plan plan;
static usec_t now;

static void core_spec(const char *text) {
    struct error err = {0};
    spec_free(spec);
    spec = NULL;
    if (spec_parse("shop", text, "shop.conf", &spec, &err) < 0)
        fail_msg("%s", err.text);
}

static void core_runs(enum color color, uint32_t number, uint8_t life) {
    world.units[color][number] = (struct unit_seen){.known = true,
                                                    .state = UNIT_ACTIVE,
                                                    .invocation = {.bytes = {life}},
                                                    .env_revision = state.slots[color].revision,
                                                    .active_since = now};
}

static void core_history(uint32_t revision, enum outcome outcome) {
    struct history *entry = &state.history[2 - revision];
    entry->revision = revision;
    entry->attempt = 1;
    entry->outcome = outcome;
    (void)snprintf(entry->version, sizeof entry->version, "v%u", revision);
}

static void core_servers(enum color color, uint16_t weight) {
    struct balancer_seen *seen = &world.balancers[0];
    for (uint32_t number = 0; number < spec->replicas; number++) {
        seen->servers[0][color][number] =
            (struct server_seen){.known = true, .up = true, .checked = true, .weight = weight, .up_since = now};
        world.endpoints[color][number] =
            (struct endpoint){.host = "127.0.0.1", .port = (uint16_t)(9001 + color * 100 + number)};
    }
}

/* TEXT is the configuration. */
static void core_begin(const char *text) {
    core_spec(text);
    now = 1000 * USEC_PER_SEC;
    state_init(&state);
    memset(&world, 0, sizeof world);
    state.next_revision = 3;
    state.stable = BLUE;
    state.slots[BLUE].revision = 1;
    state.slots[GREEN].revision = 2;
    state.n_history = 2;
    core_history(1, OUTCOME_PROMOTED);
    core_history(2, OUTCOME_RUNNING);
    state.rollout = (struct rollout){.mode = MODE_RUNNING,
                                     .revision = 2,
                                     .attempt = 1,
                                     .color = GREEN,
                                     .step_since = now,
                                     .began = now,
                                     .progress_at = now};
    world.n_balancers = world.n_backends = 1;
    world.balancers[0].link = LINK_UP;
    for (enum color color = BLUE; color < COLORS; color++) {
        for (uint32_t number = 0; number < spec->replicas; number++)
            core_runs(color, number, (uint8_t)(1 + color * 100 + number));
        core_servers(color, color == BLUE ? 100 : 0);
    }
}

/* One decision, so much later, on a fresh look; what it wants of the balancer is done at once. */
static inline void core_decide_after(usec_t later) {
    static struct state next;
    now += later;
    world.balancers[0].seen_at = world.balancers[0].asked_at = now;
    decide(spec, &state, &world, now, &next, &plan);
    memcpy(&state, &next, sizeof state);
    for (uint32_t i = 0; i < plan.balancers[0].n; i++) {
        const struct server_order *order = &plan.balancers[0].orders[i];
        struct server_seen *server = &world.balancers[0].servers[order->backend][order->color][order->number];
        if (order->kind == SERVER_WEIGHT)
            server->weight = order->weight;
    }
}

static int core_end(void **ignored) {
    spec_free(spec);
    spec = NULL;
    return 0;
}

#endif
