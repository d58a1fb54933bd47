/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Workers that a reload has replaced and that still finish their sessions. The admin socket knows nothing of them. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_ELDERS_H
#define ROLLOUT_TRAFFIC_HAPROXY_ELDERS_H

#include <stdint.h>
#include <sys/types.h>

enum elders { ELDERS_UNKNOWN, ELDERS_ALIVE, ELDERS_NONE };

/* What PROC (NULL: "/proc") says of a worker on this host: the user it runs as, and whether its parent has other
 * workers. Unknown where its entry is hidden or isn't HAProxy's, as with a HAProxy in a container; then *ret_uid is
 * UID_ANY. */
enum elders haproxy_elders(const char *proc, pid_t worker, uint32_t *ret_uid);

#define HAPROXY_SHOW_PROC "show proc\nquit\n" /* the master does not hang up by itself */

/* What the answer of HAProxy's master socket to that says. */
enum elders haproxy_elders_told(const char *reply);

#endif
