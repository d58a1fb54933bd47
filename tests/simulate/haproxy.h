/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HAProxy: servers with weights, checks and requests in flight; exchanges that take time; reloads that forget. */
#ifndef SIMULATE_HAPROXY_H
#define SIMULATE_HAPROXY_H

#include "core/model.h"
#include "routes.h"
#include "scenario.h"
#include "traffic/router.h"

/* Requests on one server. Only whether there are any counts. */
struct sim_requests {
    bool flow;      /* new ones arrive */
    usec_t end;     /* of the last one, once no new ones arrive */
    usec_t old_end; /* of the last one that an old worker still has */
};

struct sim_server {
    bool maint, drain, up;
    uint16_t weight;
    usec_t up_since;
    usec_t maint_since;
    usec_t touched_at; /* by a person, or by orders of an agent that is dead */
    bool cut_off;      /* this balancer cannot reach it */
    uint32_t check;    /* of several checks under way only the latest counts */
    struct sim_requests requests;
};

/* What the agent last was told of a balancer: what it may know. */
struct sim_told {
    enum link link;
    usec_t began; /* when it asked */
    uint32_t epoch;
    struct {
        bool maint, drain, up;
        uint16_t weight;
        usec_t up_since;
    } servers[SIM_BACKENDS][COLORS][SIM_INSTANCES];
    char map[SIM_MAP_MAX];
};

struct sim_balancer {
    bool gone, silent;
    usec_t slow_until, slow_by; /* it takes its time with every answer */
    uint32_t epoch;             /* counts workers */
    struct sim_server servers[SIM_BACKENDS][COLORS][SIM_INSTANCES];
    char map[SIM_MAP_MAX]; /* of RouteMap= */
    usec_t map_touched_at; /* as a server's */
    struct sim_told told;
};

/* What those on this host read when they begin. */
struct sim_state_file {
    bool written;
    struct server_wanted wanted[SIM_BACKENDS][COLORS][SIM_INSTANCES];
    char map[SIM_MAP_MAX];
};

struct sim;

/* The router port. */
int haproxy_exchange(void *sim, uint32_t balancer, const struct balancer_plan *plan, uint64_t token);
int haproxy_remember(void *sim, const struct plan *plan, struct error *err);

void haproxy_begin(struct sim *sim);
void haproxy_reload(struct sim *sim, uint32_t balancer);
void haproxy_restart(struct sim *sim, uint32_t balancer, usec_t gone_for);
void haproxy_silence(struct sim *sim, uint32_t balancer, usec_t span);
void haproxy_check_fails(struct sim *sim, uint32_t balancer, enum color color, uint32_t number);
/* It takes so much longer to answer. */
void haproxy_slow(struct sim *sim, uint32_t balancer, usec_t by, usec_t span);
/* It cannot reach an instance, in one backend or (BACKEND is SIM_BACKENDS) in all of them. */
void haproxy_cut_off(struct sim *sim, uint32_t balancer, uint32_t backend, enum color color, uint32_t number,
                     usec_t span);
/* Other balancers count: what was told of those that don't is forgotten. */
void haproxy_counted(struct sim *sim);
/* All of that is over. */
void haproxy_faults_end(struct sim *sim);
/* The instance listens, or doesn't any more. */
void haproxy_instance_changed(struct sim *sim, enum color color, uint32_t number);
void haproxy_forget_agent(struct sim *sim);

/* What lines say after a server's name: which backend it is in. */
const char *backend_mark(uint32_t backend);

/* The next check of a server will find what is true. */
void haproxy_check(struct sim *sim, uint32_t balancer, uint32_t backend, enum color color, uint32_t number);

/* It is sent new requests. */
bool server_serves(const struct sim_balancer *balancer, const struct sim_server *server);

/* requests.c */
/* After anything about a server changed. */
void requests_follow(struct sim *sim, uint32_t balancer, uint32_t backend, enum color color, uint32_t number);
void requests_shut_down(struct sim *sim, struct sim_server *server);
/* The worker that has them goes on until they have ended, or it is told to end. */
void requests_to_old_worker(struct sim *sim, struct sim_server *server);
/* In flight on an instance at one balancer, over all backends and workers. */
uint32_t requests_in_flight(const struct sim *sim, uint32_t balancer, enum color color, uint32_t number);

#endif
