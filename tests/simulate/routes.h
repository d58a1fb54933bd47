/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The map of routes of each HAProxy: its text, as the router writes it, and what becomes of it command by command. */
#ifndef SIMULATE_ROUTES_H
#define SIMULATE_ROUTES_H

#include <stdbool.h>

#include "core/model.h"

#define SIM_MAP_MAX 2048

struct sim;
struct haproxy_map_change;

/* The map of a set by the configuration that counts; "" for the empty one. */
void routes_text(struct sim *sim, const struct route_set *set, char map[SIM_MAP_MAX]);
/* One command is carried out. */
void routes_change(char map[SIM_MAP_MAX], const struct haproxy_map_change *change);
/* A person empties it, or adds something. */
void routes_by_hand(struct sim *sim, uint32_t balancer, bool add);

#endif
