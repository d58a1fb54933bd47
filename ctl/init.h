/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `init` writes: the beginnings of an app, as texts. */
#ifndef ROLLOUT_CTL_INIT_H
#define ROLLOUT_CTL_INIT_H

#include "common/buffer.h"
#include "spec/spec.h"

struct init_wishes {
    const char *app;
    enum strategy strategy;
    uint32_t replicas;   /* of each color */
    uint32_t port;       /* of blue-1 */
    const char *release; /* a folder with %v in it */
    const char *command; /* from / on, else from the version's folder on */
    const char *bind;    /* where requests come in, as "ADDRESS:PORT"; NULL: a frontend is there already */
};

/* The port of green-1. Between both colors is room for more instances. */
uint32_t init_green_port(const struct init_wishes *wishes);

/* /etc/rollout/APP.conf; the template unit; what HAProxy's configuration needs. Failures stick in the buffer. */
void init_put_conf(struct buffer *text, const struct init_wishes *wishes);
void init_put_unit(struct buffer *text, const struct init_wishes *wishes);
void init_put_haproxy(struct buffer *text, const struct init_wishes *wishes);

#endif
