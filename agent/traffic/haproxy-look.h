/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one exchange with HAProxy has shown. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_LOOK_H
#define ROLLOUT_TRAFFIC_HAPROXY_LOOK_H

#include <sys/types.h>

#include "common/buffer.h"
#include "traffic/haproxy-names.h"
#include "traffic/router.h"

struct haproxy_look {
    pid_t pid;                       /* of the worker that answered, in HAProxy's own pid namespace */
    bool stopping;                   /* the worker is ending: a reload replaced it */
    struct exchange_result result;   /* up_since is counted back from NOW in whole seconds */
    char *tables[BACKENDS_SEEN_MAX]; /* `show servers state` as it came; NULL: HAProxy has no such backend */
    char *map;                       /* RouteMap= as text of haproxy-routes.h; NULL: HAProxy has no such map */
};

/* Reads the answers (taken apart in place) to COMMANDS, a text by haproxy_command_text() with the same names. What
 * HAProxy refused is in the result; -EPROTO when this is no answer of HAProxy's. Free with haproxy_look_free(). */
int haproxy_look(const struct haproxy_names *names, const char *commands, char *replies, size_t len, usec_t now,
                 struct haproxy_look **ret, struct error *err);

struct haproxy_look *haproxy_look_free(struct haproxy_look *look);

static inline void haproxy_look_cleanup(struct haproxy_look **look) {
    haproxy_look_free(*look);
}

#define _cleanup_haproxy_look_ _cleanup_(haproxy_look_cleanup)

#endif
