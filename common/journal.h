/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal's native protocol, without blocking: one datagram per entry. (sd_journal_send() would wait without a
 * bound for a journal that hangs.) Only log.c should need it. */
#ifndef ROLLOUT_COMMON_JOURNAL_H
#define ROLLOUT_COMMON_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

/* True when fd is the stream that the service manager connected to the journal ($JOURNAL_STREAM). */
bool journal_is_stream(int fd);

/* Sends one entry of "KEY=value" fields over the socket at path (NULL: the system's journal). Waits at most a few
 * milliseconds. -EAGAIN when the journal takes nothing, -EMSGSIZE when the entry is too large, or what connect says. */
int journal_send(const char *path, const char *const *fields, size_t n_fields);

#endif
