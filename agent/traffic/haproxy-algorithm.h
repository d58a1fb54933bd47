/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a way of balancing makes shares of requests from weights. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_ALGORITHM_H
#define ROLLOUT_TRAFFIC_HAPROXY_ALGORITHM_H

/* What is wrong with it, a sentence that goes on behind "balance ALGORITHM". NULL for roundrobin, for random, which
 * meets shares roughly ("unknown" to HAProxy's own tables), and for "": not told. */
const char *haproxy_algorithm_problem(const char *algorithm);

#endif
