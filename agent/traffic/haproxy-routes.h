/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The map that HAProxy looks headers up in (RouteMap=), as text: a line per entry, "KEY VALUE", as in its file. A key
 * is a regular expression over all headers of a request at once, or, of the entry that sets the session cookie, over a
 * server's name; a value is the preview backend's name, or that cookie. No key has white space or a semicolon.
 *
 * Entries do not depend on each other, and that an old and a new one are there together for a moment hurts nobody: so
 * a map is changed entry by entry, first what is missing, then what is too much. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_ROUTES_H
#define ROLLOUT_TRAFFIC_HAPROXY_ROUTES_H

#include "common/buffer.h"
#include "traffic/haproxy-names.h"

#define HAPROXY_SHOW_MAP "show map "
#define HAPROXY_MAP_MAX ((size_t)256 << 10)

/* What of a specification makes routes. */
struct haproxy_routes {
    char preview[BACKEND_NAME_MAX];
    char cookie[64]; /* "": none */
    usec_t max_age;
    uint32_t n_steps;
    struct step steps[STEPS_MAX];
};

void haproxy_routes_load(const struct spec *spec, struct haproxy_routes *ret);

/* Appends the map of a set; nothing for the empty one. */
int haproxy_routes_text(const struct haproxy_routes *routes, const struct haproxy_names *names,
                        const struct route_set *set, struct buffer *text);

/* Turns the answer to `show map` into such text, in place. False when HAProxy has no such map. */
bool haproxy_map_read(char *reply);

/* The same entries, in whichever order. */
bool haproxy_map_equal(const char *a, const char *b);

/* One change of a map that leads from SEEN to WANTED. */
struct haproxy_map_change {
    bool add;
    const char *line; /* of one of them */
    size_t key, len;  /* of the key, of the line without its end */
};

/* The changes in their order: the number of them, at most max. */
size_t haproxy_map_changes(const char *seen, const char *wanted, struct haproxy_map_change *ret, size_t max);

/* Appends the commands for them, a line each. */
int haproxy_map_commands(const char *map, const char *seen, const char *wanted, struct buffer *text);

#endif
