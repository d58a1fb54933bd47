/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said to HAProxy in one exchange, as one text, and which answer belongs to what.
 *
 * The text begins with `prompt`: from then on HAProxy writes "\n> " after each answer, whatever the answer was. Without
 * it an answer ends with an empty line, but not every one: on 2.6 `Trailing garbage in weight string` has none, so that
 * all that follow would be taken for the answer of the command before. So the nth command, between newlines and
 * semicolons without a backslash, is answered by the nth piece of the reply. Lines of a prompt need not wait for each
 * other and stay below HAProxy's line limit (tune.bufsize) however many orders there are. Weights that follow each
 * other are one line, which HAProxy carries out in one go: a switch of all servers is as short as it can be. `quit`
 * ends the connection, and has no answer. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_COMMAND_H
#define ROLLOUT_TRAFFIC_HAPROXY_COMMAND_H

#include "common/buffer.h"
#include "traffic/haproxy-info.h"
#include "traffic/haproxy-routes.h"

#define HAPROXY_SHOW_SERVERS "show servers state "
#define HAPROXY_SHOW_STAT "show stat -1 6 -1" /* of all backends themselves and their servers */

/* What is to become of RouteMap=, as texts of haproxy-routes.h. */
struct haproxy_map_order {
    enum routes_order order;
    const char *seen, *wanted;
};

/* Appends a whole exchange: who are you, the orders in their order, then the look. LAST is the latest good look: it
 * knows which servers have checks. -EINVAL for an order that makes no sense, -ENODATA for one that enables a server
 * never seen. */
int haproxy_command_text(const struct haproxy_names *names, const struct balancer_seen *last,
                         const struct server_order *orders, uint32_t n, const struct haproxy_map_order *map,
                         struct buffer *text);

/* A walk along commands and their answers. */
struct haproxy_dialogue {
    const char *commands;
    char *replies, *end;
    char command[256]; /* the current one */
    char *reply;       /* its answer, without white space at the end; may be changed */
};

/* REPLIES has a NUL behind its last byte, and is taken apart in place. */
void haproxy_dialogue_begin(struct haproxy_dialogue *dialogue, const char *commands, char *replies, size_t len);

/* The next command with its answer, at least the beginning of the command: 1; 0 after the last; -EPROTO when answers
 * are missing. */
int haproxy_dialogue_next(struct haproxy_dialogue *dialogue);

#endif
