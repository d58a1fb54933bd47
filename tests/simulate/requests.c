/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests in flight: while a server gets new ones there are some; after that the last one ends at some time, or hangs
 * until it is shut down or its instance is gone. */
#include "sim.h"

bool server_serves(const struct sim_balancer *balancer, const struct sim_server *server) {
    return !balancer->gone && server->up && !server->maint && !server->drain && server->weight > 0;
}

void requests_follow(struct sim *sim, uint32_t balancer, uint32_t backend, enum color color, uint32_t number) {
    struct sim_server *server = &sim->balancers[balancer].servers[backend][color][number];
    struct sim_requests *requests = &server->requests;
    bool flow = server_serves(&sim->balancers[balancer], server) && sim->units[color][number].listening;
    if (flow && !requests->flow)
        units_loaded(sim, color, number);
    if (!flow && requests->flow)
        requests->end = DRAW_RARE(sim, REQUESTS_HANG, 100, 1)
                            ? USEC_INFINITY
                            : sim->clock.now + MSEC(5 + 150 * DRAW_RARE(sim, REQUESTS_END, 500, 8));
    requests->flow = flow;
    if (sim->units[color][number].runs == 0)
        requests->end = requests->old_end = 0; /* lost with the process */
}

void requests_shut_down(struct sim *sim, struct sim_server *server) {
    server->requests.end = 0;
}

void requests_to_old_worker(struct sim *sim, struct sim_server *server) {
    struct sim_requests *requests = &server->requests;
    usec_t end = sim->clock.now + MSEC(20 + 100 * DRAW_RARE(sim, ELDER_TIME, 500, 30));
    if (!requests->flow && requests->end < end)
        end = requests->end;
    if (end > requests->old_end)
        requests->old_end = end;
    *requests = (struct sim_requests){.old_end = requests->old_end};
}

uint32_t requests_in_flight(const struct sim *sim, uint32_t balancer, enum color color, uint32_t number) {
    uint32_t sum = 0;
    usec_t now = sim->clock.now;
    for (uint32_t backend = 0; backend < scenario_all_backends(&sim->scenario); backend++) {
        const struct sim_requests *requests = &sim->balancers[balancer].servers[backend][color][number].requests;
        sum += requests->flow ? 3 : requests->end > now;
        sum += requests->old_end > now;
    }
    return sum;
}
