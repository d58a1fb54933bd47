/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "routes.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "sim.h"
#include "traffic/haproxy-routes.h"

void routes_text(struct sim *sim, const struct route_set *set, char map[SIM_MAP_MAX]) {
    static struct haproxy_routes routes;
    static struct haproxy_names names;
    _cleanup_buffer_ struct buffer text = BUFFER(SIM_MAP_MAX - 1);
    map[0] = '\0';
    if (set->revision == 0)
        return;
    if (!*names.servers[BLUE][0] && haproxy_names_load(sim->scenario.spec, &names, NULL) < 0)
        abort();
    haproxy_routes_load(sim->scenario.spec, &routes);
    if (haproxy_routes_text(&routes, &names, set, &text) < 0)
        abort();
    (void)string_copy(map, SIM_MAP_MAX, buffer_text(&text));
}

static void take_out(char *map, const struct haproxy_map_change *change) {
    for (char *line = map; *line;) {
        size_t len = strcspn(line, "\n") + 1;
        if (strncmp(line, change->line, change->key) == 0 && line[change->key] == ' ')
            memmove(line, line + len, strlen(line + len) + 1);
        else
            line += len;
    }
}

void routes_change(char map[SIM_MAP_MAX], const struct haproxy_map_change *change) {
    size_t len = strlen(map);
    if (!change->add) {
        take_out(map, change);
        return;
    }
    if (len + change->len + 2 > SIM_MAP_MAX)
        abort();
    memcpy(map + len, change->line, change->len);
    memcpy(map + len + change->len, "\n", 2);
}

void routes_by_hand(struct sim *sim, uint32_t balancer, bool add) {
    static const char line[] = "(?m)^x-hand:\\x201 next\n";
    char *map = sim->balancers[balancer].map;
    trace(sim, "hand: %s at haproxy %u", add ? "adds a route" : "clears the routes", balancer);
    if (!add)
        map[0] = '\0';
    else if (!strstr(map, line))
        memcpy(map + strlen(map), line, sizeof line);
    sim->balancers[balancer].map_touched_at = sim->clock.now;
}
