/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of `show servers state BACKEND` that are ours, read and written: HAProxy's server-state-file has the same
 * form. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_SERVER_H
#define ROLLOUT_TRAFFIC_HAPROXY_SERVER_H

#include "common/buffer.h"
#include "traffic/haproxy-names.h"
#include "traffic/haproxy-table.h"

struct haproxy_server_rows {
    struct instance_place place;
    struct server_seen seen; /* of the current row; up_since is not set */
    usec_t unchanged;        /* how long it has been up or down, in whole seconds */
    struct endpoint endpoint;

    /* inside */
    const struct haproxy_names *names;
    struct haproxy_table table;
    struct server_columns {
        int name, address, port, operational, admin, weight, unchanged, check;
    } columns;
};

/* Whether this is such a table, of the one version that we know, and not an error. */
bool haproxy_is_server_table(const char *reply);

/* Takes the table apart in place. -EPROTO when it is none. */
int haproxy_servers_begin(struct haproxy_server_rows *rows, const struct haproxy_names *names, char *table);

/* The next row that is ours: 1; 0 after the last; -EPROTO. */
int haproxy_servers_next(struct haproxy_server_rows *rows);

/* Appends a server-state-file with our servers as they should be when HAProxy starts next. TABLE is what HAProxy has
 * last shown (taken apart in place); what moves by itself, ages and the results of checks, isn't kept, so that the same
 * wish gives the same text. Servers that are not ours are left out: HAProxy starts them as it is configured. */
int haproxy_servers_write(const struct haproxy_names *names, char *table,
                          const struct server_wanted wanted[COLORS][REPLICAS_MAX], struct buffer *text);

#endif
