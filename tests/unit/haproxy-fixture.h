/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exchange whose answers were recorded from HAProxy 2.6.12 in tests/fuzz/seeds/haproxy/. */
#ifndef ROLLOUT_TESTS_HAPROXY_FIXTURE_H
#define ROLLOUT_TESTS_HAPROXY_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "traffic/haproxy-command.h"

static inline void fixture_names(struct haproxy_names *names) {
    *names = (struct haproxy_names){.n_backends = 2, .backends = {"shop", "shop-preview"}};
    for (uint32_t color = 0; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++)
            (void)snprintf(names->servers[color][number], SERVER_NAME_MAX, "%s-%u", color == BLUE ? "blue" : "green",
                           number + 1);
}

static const struct server_order fixture_orders[] = {
    {.kind = SERVER_WEIGHT, .backend = 0, .color = BLUE, .number = 0, .weight = 80},
    {.kind = SERVER_WEIGHT, .backend = 0, .color = BLUE, .number = 2, .weight = 7}, /* there is no blue-3 */
    {.kind = SERVER_ENABLE, .backend = 0, .color = GREEN, .number = 0},
    {.kind = SERVER_MAINT, .backend = 1, .color = GREEN, .number = 1},
    {.kind = SERVER_SHUTDOWN, .backend = 1, .color = GREEN, .number = 1},
};

static inline void fixture_commands(const struct haproxy_names *names, struct buffer *text) {
    static struct balancer_seen last;
    last.servers[0][GREEN][0] = (struct server_seen){.known = true, .checked = true};
    *text = BUFFER(64 * 1024);
    (void)haproxy_command_text(names, &last, fixture_orders, ELEMENTS(fixture_orders), &(struct haproxy_map_order){0},
                               text);
}

#endif
