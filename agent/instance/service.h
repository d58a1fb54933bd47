/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A service that isn't ours, but whose reloads and restarts concern us: HAProxy's. */
#ifndef ROLLOUT_INSTANCE_SERVICE_H
#define ROLLOUT_INSTANCE_SERVICE_H

#include "instance/watch.h"

struct service {
    struct watch watch;
    void (*changed)(void *userdata); /* it was started, stopped, reloaded, or may have been */
    void *userdata;
    void (*broken)(void *userdata, const char *why); /* no sense can be got out of this connection */
    void *broken_userdata;
};

/* Zeroed: none is watched, and the rest does nothing. watch_begin() and watch_end() on SERVICE->watch as for any other.
 */
int service_init(struct service *service, const char *unit);

#endif
