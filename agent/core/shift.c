/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The orders that lead a balancer from what is seen to what is wanted.
 *
 * Of one batch any subset may succeed, and it may be cut at any place. So: nothing goes to 0 before another ready
 * server is *seen* with weight; and the order within a batch keeps the canary's share at every prefix below what it was
 * or what it should be:
 *   1. stable is raised, 2. canaries are lowered, 3. canaries are raised, 4. stable is lowered,
 * where what goes to 0 waits for the next batch, which a look at the first one's effect causes; blue-green's doesn't.
 */
#include "core/decision.h"

struct shift {
    struct decision *d;
    uint32_t balancer;
    struct balancer_plan *plan;
};

static const struct server_seen *server_of(const struct shift *s, uint32_t backend, enum color color, uint32_t number) {
    return &s->d->world->balancers[s->balancer].servers[backend][color][number];
}

static void order(struct shift *s, enum server_order_kind kind, bool advance, uint32_t backend, enum color color,
                  uint32_t number, uint16_t weight) {
    if (s->plan->n < SERVER_ORDERS_MAX)
        s->plan->orders[s->plan->n++] = (struct server_order){.kind = kind,
                                                              .advance = advance,
                                                              .backend = (uint8_t)backend,
                                                              .color = (uint8_t)color,
                                                              .number = (uint8_t)number,
                                                              .weight = weight};
}

/* Somebody who stays is seen ready and, but for those of color GAINS, with weight. A preview that no route leads to
 * need not have anybody. */
static bool carries(const struct shift *s, uint32_t backend, enum color gains) {
    if (is_preview(s->d, backend) && routes_gone(s->d, s->balancer))
        return true;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < s->d->span; number++)
            if (s->d->ready_at[s->balancer][color][number] && s->d->target[s->balancer][backend][color][number] > 0 &&
                server_of(s, backend, color, number)->up &&
                (color == gains || server_of(s, backend, color, number)->weight > 0))
                return true;
    return false;
}

static bool somebody_carries(const struct shift *s, uint32_t backend) {
    return carries(s, backend, COLOR_NONE);
}

/* One whose weight goes to 0 needs somebody who carries. Blue-green switches within one line, so that two versions
 * serve for no longer than that takes: there somebody of the other color will do, who gets weight by the same line
 * before. HAProxy keeps the order of a line, and what makes it refuse one weight makes it refuse all of a backend. */
static bool may_empty(const struct shift *s, uint32_t backend, enum color color, bool dead) {
    bool switches = s->d->spec->strategy == STRATEGY_BLUE_GREEN && !dead;
    return carries(s, backend, switches ? color_other(color) : COLOR_NONE);
}

/* One color's weights in one direction. A server that somebody drains is sent nothing new, and takes no weight. */
static void weigh(struct shift *s, uint32_t backend, enum color color, bool raise) {
    bool canary = color == color_canary(s->d->next);
    for (uint32_t number = 0; number < s->d->span; number++) {
        const struct server_seen *server = server_of(s, backend, color, number);
        uint16_t target = s->d->target[s->balancer][backend][color][number];
        if (!server->known || server->maint || server->drain || target == server->weight ||
            raise != (target > server->weight))
            continue;
        bool dead = target == 0 && s->d->world->units[color][number].state != UNIT_ACTIVE;
        if (target == 0 && !may_empty(s, backend, color, dead))
            continue;
        order(s, SERVER_WEIGHT, raise == canary && !dead, backend, color, number, target);
    }
}

/* An instance that runs is let in, with weight 0 and only as far as checks allow. Not by half of the picture: that it
 * is out as it is being restarted shows only when all others are seen. */
static void enable(struct shift *s, uint32_t backend, enum color color, uint32_t number) {
    const struct server_seen *server = server_of(s, backend, color, number);
    if (s->d->units_known && instance_active(s->d, color, number) && (server->maint || server->drain))
        order(s, SERVER_ENABLE, color != s->d->next->stable, backend, color, number, 0);
}

bool drain_is_over(const struct decision *d, enum color color, uint32_t number) {
    usec_t since = d->next->instances[color][number].drain_since;
    return since && usec_add(since, d->spec->drain_timeout) <= d->now;
}

/* An instance that leaves is taken out, unless it is the one that carries because nobody else can; in-flight requests
 * finish; what is left after the drain timeout is ended. */
static void leave(struct shift *s, uint32_t backend, enum color color, uint32_t number, bool somebody) {
    const struct server_seen *server = server_of(s, backend, color, number);
    if (!server->maint && somebody && s->d->target[s->balancer][backend][color][number] == 0)
        order(s, SERVER_MAINT, true, backend, color, number, 0);
    if (server->maint && !instance_stopped(s->d, color, number) && drain_is_over(s->d, color, number) &&
        s->d->world->balancers[s->balancer].inflight[color][number] > 0)
        order(s, SERVER_SHUTDOWN, true, backend, color, number, 0);
}

static void admit_and_retire(struct shift *s, uint32_t backend, bool somebody) {
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < s->d->span; number++) {
            if (!server_of(s, backend, color, number)->known)
                continue;
            switch (s->d->want[color][number]) {
            case WANT_RUN:
            case WANT_KEEP:
                enable(s, backend, color, number);
                break;
            case WANT_DOWN:
                leave(s, backend, color, number, somebody);
                break;
            case WANT_NOTHING:
                break;
            }
        }
}

static void plan_backend(struct shift *s, uint32_t backend) {
    enum color canary = color_canary(s->d->next), stable = color_other(canary);
    weigh(s, backend, stable, true);
    weigh(s, backend, canary, false);
    weigh(s, backend, canary, true);
    weigh(s, backend, stable, false);
    admit_and_retire(s, backend, somebody_carries(s, backend));
}

/* How soon something there may change without our doing. */
static usec_t pause_for(const struct decision *d, uint32_t balancer, enum color color, uint32_t number) {
    const struct unit_seen *unit = &d->world->units[color][number];
    switch (d->want[color][number]) {
    case WANT_RUN:
        if (d->ready_at[balancer][color][number] || unit->state != UNIT_ACTIVE)
            return USEC_INFINITY;
        return usec_add(unit->active_since, LOOK_BUSY_FOR) > d->now ? LOOK_BUSY : LOOK_CALM;
    case WANT_DOWN:
        if (instance_stopped(d, color, number))
            return USEC_INFINITY;
        return d->next->instances[color][number].drain_since ? LOOK_BUSY : LOOK_CALM;
    case WANT_KEEP:
    case WANT_NOTHING:
        return USEC_INFINITY;
    }
    return USEC_INFINITY;
}

/* Only stable is there, if anything. */
static bool is_calm(const struct decision *d) {
    const struct state *next = d->next;
    for (enum color color = BLUE; color < COLORS; color++)
        if (color != next->stable && next->slots[color].revision)
            return false;
    return next->rollout.mode != MODE_RUNNING;
}

/* HAProxy on another host: nobody tells of its restarts. */
static bool is_remote(const struct decision *d, uint32_t balancer) {
    return d->spec->haproxy.sockets[balancer][0] != '/';
}

static usec_t pause_of(const struct decision *d, uint32_t balancer) {
    usec_t pause = is_remote(d, balancer) ? d->spec->haproxy.poll : USEC_INFINITY;
    if (d->world->balancers[balancer].link != LINK_UP)
        return LOOK_LOST;
    if (balancer_plan_orders(&d->plan->balancers[balancer]))
        return LOOK_BUSY;
    if (!is_calm(d) && pause > LOOK_CALM)
        pause = LOOK_CALM;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < d->span; number++) {
            usec_t change = pause_for(d, balancer, color, number);
            pause = change < pause ? change : pause;
        }
    return pause;
}

/* Who has just refused an order would refuse it again: the level of a socket doesn't change by asking. */
bool balancer_refuses(struct decision *d, uint32_t balancer) {
    const struct balancer_seen *seen = &d->world->balancers[balancer];
    usec_t end = usec_add(seen->refused_at, REFUSAL_PAUSE);
    if (seen->refused_at == 0 || end <= d->now)
        return false;
    wake_at(d, end);
    return true;
}

static void plan_look(struct decision *d, uint32_t balancer) {
    const struct balancer_seen *seen = &d->world->balancers[balancer];
    usec_t due = seen->asked_at ? usec_add(seen->asked_at, pause_of(d, balancer)) : d->now;
    if (due <= d->now)
        d->plan->balancers[balancer].look = true;
    wake_at(d, due);
}

/* What needs a fresh look at all of them would never come while each is looked at in its own time: who is looked at
 * again and again anyway is looked at when another one is, unless it just was. */
static void look_together(struct decision *d) {
    bool any = false;
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        any = any || (d->plan->balancers[balancer].look && d->world->balancers[balancer].link == LINK_UP);
    for (uint32_t balancer = 0; any && balancer < d->world->n_balancers; balancer++) {
        const struct balancer_seen *seen = &d->world->balancers[balancer];
        bool old = usec_add(seen->asked_at, LOOK_FRESH / 2) <= d->now;
        if (seen->link == LINK_UP && old && pause_of(d, balancer) <= LOOK_CALM)
            d->plan->balancers[balancer].look = true;
    }
}

/* What a restarted HAProxy should begin with: what the servers of the first balancer that answers should be. */
static void plan_wanted(struct decision *d) {
    uint32_t balancer = 0;
    while (balancer < d->world->n_balancers && d->world->balancers[balancer].link != LINK_UP)
        balancer++;
    if (balancer == d->world->n_balancers)
        return;
    const struct route_set *routes = &d->plan->balancers[balancer].routes;
    bool taken = routes->revision == 0 || routes_equal(routes, &d->world->balancers[balancer].routes);
    d->plan->wanted_known = true;
    d->plan->routes = taken ? *routes : ROUTES_OTHER; /* what it does not take it would not start with */
    for (uint32_t backend = 0; backend < backends_of(d->world); backend++)
        for (enum color color = BLUE; color < COLORS; color++)
            for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
                struct server_wanted *wanted = &d->plan->wanted[backend][color][number];
                const struct server_seen *server = &d->world->balancers[balancer].servers[backend][color][number];
                *wanted = (struct server_wanted){.maint = server->maint, .weight = server->weight};
                if (number >= d->span)
                    continue;
                enum want want = d->want[color][number];
                wanted->active = instance_active(d, color, number);
                wanted->weight = d->target[balancer][backend][color][number];
                if (want == WANT_DOWN)
                    wanted->maint = wanted->weight == 0;
                else if (want != WANT_NOTHING && wanted->active)
                    wanted->maint = false;
            }
}

bool shift_wanted(const struct decision *d) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct balancer_plan *plan = &d->plan->balancers[balancer];
        if (plan->routes_order != ROUTES_LEAVE)
            return true;
        for (uint32_t i = 0; i < plan->n; i++)
            if (plan->orders[i].kind != SERVER_SHUTDOWN)
                return true;
    }
    return false;
}

void shift_plan(struct decision *d) {
    bool decided = color_canary(d->next) != COLOR_NONE && !d->next->by_hand.yielded;
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct balancer_seen *seen = &d->world->balancers[balancer];
        struct shift shift = {.d = d, .balancer = balancer, .plan = &d->plan->balancers[balancer]};
        for (uint32_t backend = 0; decided && seen->link == LINK_UP && backend < backends_of(d->world); backend++)
            plan_backend(&shift, backend);
        if (decided)
            routes_plan(d, balancer);
        if (balancer_refuses(d, balancer))
            balancer_plan_drop_orders(shift.plan);
        plan_look(d, balancer);
        if (balancer_plan_orders(shift.plan) && !look_is_fresh(d, balancer)) {
            balancer_plan_drop_orders(shift.plan); /* what is known is too old to act on: look first */
            shift.plan->look = true;
        }
    }
    look_together(d);
    if (decided)
        plan_wanted(d);
}
