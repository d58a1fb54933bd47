/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be known of a backend of HAProxy, from its configuration or from the process that runs. */
#ifndef ROLLOUT_CTL_HAPROXY_FACTS_H
#define ROLLOUT_CTL_HAPROXY_FACTS_H

#include <limits.h>
#include <stdint.h>

#include "common/time.h"
#include "ctl/haproxy-config.h"
#include "spec/spec.h"

#define PORT_UNTOLD (-1) /* "${PORT}": HAProxy knows, we don't */

struct haproxy_server_facts {
    char name[SERVER_NAME_MAX];
    char address[64]; /* "" for what is no address with a port */
    int port;         /* 0: none */
    int line;         /* 0: not from a file */
    uint32_t weight;  /* as configured */
    uint32_t share;   /* the weight that counts now: 0 in maintenance and as a backup */
    char cookie[64];
    bool disabled, checked, agent, backup, slowstart;

    /* What only a file tells; 0: not said. */
    usec_t inter, fastinter, downinter; /* between checks: when it is up, when that changes, when it is down */
    uint32_t rise;                      /* good checks that it takes to be up */
    bool tracks;                        /* the checks are another one's */
};

struct haproxy_backend_facts {
    char name[BACKEND_NAME_MAX];
    int line;
    char algorithm[24]; /* "roundrobin"; "" not said */
    int algorithm_line;
    char past[24]; /* a keyword that leads requests past the weights: "stick on"; "" none */
    int past_line;
    bool cookies; /* the backend sets or reads cookies that name servers */

    /* What only a file tells. */
    bool tcp, redispatch, retries_connect, retries_empty, reads_state;
    char state_file[PATH_MAX]; /* "" none */

    size_t n_servers;
    struct haproxy_server_facts *servers;
};

struct haproxy_facts {
    char source[PATH_MAX]; /* the file, or the socket */
    bool from_file;
    size_t n_backends;
    struct haproxy_backend_facts *backends;
    bool looks_routes_up; /* requests are looked up in RouteMap=; of a process: it has that map */
    int forgetful_line; /* where they are no more once a process stops; 0: nowhere. A file tells, as of the next ones */
    bool follows_routes; /* what is found there says the backend */
    bool gives_cookie;   /* answers are looked up there, too */
};

void haproxy_facts_done(struct haproxy_facts *facts);
#define _cleanup_haproxy_facts_ _cleanup_(haproxy_facts_done)

const struct haproxy_backend_facts *haproxy_facts_backend(const struct haproxy_facts *facts, const char *name);
const struct haproxy_server_facts *haproxy_facts_server(const struct haproxy_backend_facts *backend, const char *name);

/* Pure. From a configuration: FILE is its name. -ENOMEM. The caller calls haproxy_facts_done(), on failure too. */
int haproxy_facts_from_config(const struct haproxy_config *config, const char *file, struct haproxy_facts *ret);

/* What it does with the file of routes ROUTE_MAP. */
void haproxy_facts_routes(const struct haproxy_config *config, const char *route_map, struct haproxy_facts *ret);

/* Asks the HAProxy that runs at SOCKET (as Socket=) for the backends of SPEC. Those that it doesn't have are left out.
 * *ret_level is "admin", "operator" or "user". Bounded by two seconds. -ENOENT, -ECONNREFUSED, -EACCES, -ETIMEDOUT ...:
 * the error says what to do. */
int haproxy_facts_ask(const struct spec *spec, const char *socket, struct haproxy_facts *ret, char ret_level[16],
                      struct error *err);

#endif
