/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which names are names: of what the configuration speaks of. Those that others need too are in spec.h. */
#ifndef ROLLOUT_SPEC_NAMES_H
#define ROLLOUT_SPEC_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of metrics, templates, hooks, notifications, routes and arguments: a letter or digit, then also - _ . */
bool item_name_valid(const char *name);

/* A template unit: "shop@.service". */
bool unit_template_valid(const char *unit);

/* True when each % in pattern is followed by a letter of allowed, or by another %. */
bool specifiers_valid(const char *pattern, const char *allowed);

/* What Server=PATTERN calls instance COLOR-N on this host. -ENOSPC. */
int server_name(const char *pattern, const char *color, uint32_t number, char *ret, size_t size);

#endif
