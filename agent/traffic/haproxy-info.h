/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who answers: HAProxy's `show info`. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_INFO_H
#define ROLLOUT_TRAFFIC_HAPROXY_INFO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/time.h"

#define HAPROXY_SHOW_INFO "show info"

struct haproxy_info {
    pid_t pid;      /* of the worker that answered, in HAProxy's own pid namespace */
    uint64_t epoch; /* of this worker; another one after each reload */
    usec_t uptime;  /* of this worker, in whole seconds */
    bool stopping;  /* the worker is ending: a reload replaced it */
};

/* -EPROTO when this is no answer of HAProxy's. */
int haproxy_info_read(const char *reply, struct haproxy_info *ret, struct error *err);

#endif
