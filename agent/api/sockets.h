/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within api/: Unix sockets that listen, and who is at their other end. */
#ifndef ROLLOUT_API_SOCKETS_H
#define ROLLOUT_API_SOCKETS_H

#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

/* Listens at path, in place of whatever an earlier process left there. Non-blocking; the mode is exact from the first
 * moment, the group is the process's. Returns the socket. */
int socket_listen(const char *path, mode_t mode, struct error *err);

/* Who asks: the peer's uid, and the uid that its session was logged in with. UINT32_MAX: unknown. */
void socket_peer(int fd, uint32_t *ret_uid, uint32_t *ret_login_uid);

#endif
