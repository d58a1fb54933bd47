/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people do by hand: weights and admin states that they set are put back; who insists is let be.
 *
 * That somebody's hand was in it is told from this: what was wanted had been confirmed, the same is still wanted, by
 * the same worker of every balancer, and yet something else is seen. */
#include "core/decide.h"
#include "core/decision.h"

static uint32_t mix(uint32_t digest, uint32_t value) {
    return (digest ^ value) * 16777619u; /* FNV-1a */
}

/* What orders to a balancer follow from, other than what is seen there. */
static uint32_t mix_instance(const struct decision *d, uint32_t digest, enum color color, uint32_t number) {
    digest = mix(digest, (uint32_t)d->want[color][number]);
    digest = mix(digest, instance_active(d, color, number));
    return mix(digest, instance_stopped(d, color, number));
}

/* Of who is to be let in and who is not, and of who the balancers are. Never 0. */
static uint32_t admission_digest(const struct decision *d) {
    uint32_t digest = mix(2166136261u, backends_of(d->world));
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < d->span; number++)
            digest = mix_instance(d, digest, color, number);
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        uint64_t epoch = d->world->balancers[balancer].epoch;
        digest = mix(mix(digest, (uint32_t)epoch), (uint32_t)(epoch >> 32));
    }
    return digest | 1;
}

/* Of all that is wanted of the balancers: the weights and routes, too. Never 0. */
static uint32_t wanted_digest(const struct decision *d) {
    uint32_t digest = admission_digest(d);
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        for (uint32_t backend = 0; backend < backends_of(d->world); backend++)
            for (enum color color = BLUE; color < COLORS; color++)
                for (uint32_t number = 0; number < d->span; number++)
                    digest = mix(digest, d->target[balancer][backend][color][number]);
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct route_set *routes = &d->plan->balancers[balancer].routes;
        digest = mix(mix(mix(digest, routes->revision), routes->attempt), routes->steps);
    }
    return digest | 1;
}

/* It is in where it is to be let in, and out where it is not. */
static bool admission_is(const struct decision *d, uint32_t balancer, enum color color, uint32_t number) {
    enum want want = d->want[color][number];
    bool in = (want == WANT_RUN || want == WANT_KEEP) && instance_active(d, color, number), out = want == WANT_DOWN;
    for (uint32_t backend = 0; backend < backends_of(d->world); backend++) {
        const struct server_seen *server = &d->world->balancers[balancer].servers[backend][color][number];
        if (server->known && ((in && (server->maint || server->drain)) || (out && !server->maint)))
            return false;
    }
    return true;
}

/* So it is for all, at those that were just looked at. */
static bool admission_reached(const struct decision *d) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        for (enum color color = BLUE; look_is_fresh(d, balancer) && color < COLORS; color++)
            for (uint32_t number = 0; number < d->span; number++)
                if (!admission_is(d, balancer, color, number))
                    return false;
    return true;
}

/* By the latest looks: what was asked about other routes says nothing about these. */
static bool routes_are(const struct decision *d) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct balancer_seen *seen = &d->world->balancers[balancer];
        if (!seen->no_route_map && !routes_equal(&d->plan->balancers[balancer].routes, &seen->routes))
            return false;
    }
    return true;
}

/* It is put back, and everybody is looked at, so that it is confirmed. But three within ten minutes are enough. */
static void restoration(struct decision *d) {
    struct by_hand *by_hand = &d->next->by_hand;
    usec_t first = by_hand->restored[0];
    for (uint32_t i = 0; i + 1 < RESTORATIONS_MAX; i++)
        by_hand->restored[i] = by_hand->restored[i + 1];
    by_hand->restored[RESTORATIONS_MAX - 1] = d->now;
    by_hand->yielded = first && usec_add(first, RESTORATIONS_WITHIN) > d->now;
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        d->plan->balancers[balancer].look = true;
        if (by_hand->yielded)
            balancer_plan_drop_orders(&d->plan->balancers[balancer]);
    }
}

/* The balancers are seen just now, and would take orders: then none says that all is as it should be. */
static bool plan_tells(struct decision *d) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        if (!look_is_fresh(d, balancer) || balancer_refuses(d, balancer))
            return false;
    return true;
}

void byhand_follow(struct decision *d) {
    struct by_hand *by_hand = &d->next->by_hand;
    if (by_hand->yielded || color_canary(d->next) == COLOR_NONE || !all_is_seen(d))
        return;
    /* Who is taken out by hand is unready for it, so that other weights are wanted: those alone would not tell. */
    uint32_t admission = admission_digest(d), wanted = wanted_digest(d);
    if (by_hand->admitted != admission)
        by_hand->admitted = 0; /* what is ordered meanwhile is nobody's hand, also when the same is wanted again */
    if (by_hand->confirmed != wanted)
        by_hand->confirmed = 0;
    if (!d->balancers_up)
        return;
    bool admitted = admission_reached(d), shifts = shift_wanted(d), tells = plan_tells(d);
    if ((!admitted && by_hand->admitted) || (shifts && by_hand->confirmed)) {
        restoration(d);
        by_hand->admitted = by_hand->confirmed = 0; /* once, however long it takes and in whichever order */
    }
    if (!admitted || tells)
        by_hand->admitted = admitted ? admission : 0;
    if (shifts || tells)
        by_hand->confirmed = !shifts && admitted && targets_reached(d) && routes_are(d) ? wanted : 0;
}

void byhand_forget(struct state *next, usec_t now) {
    if (next->by_hand.yielded)
        next->rollout.progress_at = now; /* who was let be is no delay of the new version */
    next->by_hand = (struct by_hand){0};
}
