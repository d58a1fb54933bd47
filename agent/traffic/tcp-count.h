/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many TCP connections this host has with an address and port, as the kernel counts them (sock_diag). */
#ifndef ROLLOUT_TRAFFIC_TCP_COUNT_H
#define ROLLOUT_TRAFFIC_TCP_COUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/model.h"
#include "traffic/connection.h"

#define UID_ANY UINT32_MAX

/* With a uid: the ends, on this host, of who connected to the endpoint. Without: the instance's own ends. */
struct tcp_filter {
    const struct endpoint *endpoint; /* where the instance listens */
    uint32_t uid;                    /* who connected, or UID_ANY; then: */
    const struct address *peer;      /* where the connection came from; NULL: from anywhere */
};

/* Counts connections that can still carry something and that a process holds. Needs no privilege, but AF_NETLINK. Waits
 * for nothing but the kernel, and for that 200 ms at most. */
int tcp_count(const struct tcp_filter *filter, uint32_t *ret);

#endif
