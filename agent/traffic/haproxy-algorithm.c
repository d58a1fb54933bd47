/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-algorithm.h"

#include <stddef.h>
#include <string.h>

#include "common/text.h"

const char *haproxy_algorithm_problem(const char *algorithm) {
    if (STR_IN_SET(algorithm, "", "roundrobin", "random", "unknown"))
        return NULL;
    if (strcmp(algorithm, "leastconn") == 0)
        return "goes by open connections: weights are no shares of requests";
    if (strcmp(algorithm, "first") == 0)
        return "fills one server after the other and heeds no weights";
    return "takes no weights but 0 % and 100 % from who steers it"; /* static-rr, source, uri, hdr, hash ... */
}
