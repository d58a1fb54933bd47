/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a stream socket listens, read from text. Nothing is looked up, so that nothing blocks. */
#ifndef ROLLOUT_COMMON_ADDRESS_H
#define ROLLOUT_COMMON_ADDRESS_H

#include <sys/socket.h>

#include "common/error.h"

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
    };
    socklen_t len;
};

/* "/path", or HOST:PORT with a numeric HOST ([::1]:9000 for IPv6) or "localhost". -EINVAL; -ENAMETOOLONG for a path
 * that is too long for a socket. */
int address_parse(const char *text, struct address *ret, struct error *err);

#endif
