/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One question over one connection to a stream socket: connect, say everything, read until the other side closes.
 * Nothing blocks, and a deadline bounds the whole. */
#ifndef ROLLOUT_TRAFFIC_CONNECTION_H
#define ROLLOUT_TRAFFIC_CONNECTION_H

#include <systemd/sd-event.h>

#include "common/address.h"
#include "common/buffer.h"
#include "common/error.h"
#include "common/time.h"

struct connection;

/* Called once, never from inside connection_ask(). CODE is 0 when all was read, or negative: what connect(), send() or
 * recv() said, -EAGAIN when the listener's queue is full, -ETIMEDOUT at the deadline, -ENOBUFS when more than the bound
 * came. REPLY may be taken apart or taken away. The connection must be freed by connection_free(), there or later. */
typedef void (*connection_done)(void *userdata, int code, struct buffer *reply);

/* TEXT is copied. REPLY_MAX bounds what is read. */
int connection_ask(sd_event *event, const struct address *address, const char *text, usec_t deadline, size_t reply_max,
                   connection_done done, void *userdata, struct connection **ret);

/* Ends it; done is not called any more. Takes NULL, returns NULL. */
struct connection *connection_free(struct connection *connection);

#endif
