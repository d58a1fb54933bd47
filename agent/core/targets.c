/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which weight every server should have, balancer by balancer: the share that the steps allow, held by the instances
 * that are ready there. */
#include "core/decision.h"
#include "core/weights.h"

/* Who holds weight at one balancer. */
struct holders {
    bool holds[COLORS][REPLICAS_MAX];
    uint32_t count[COLORS];
};

static void holders_add(const struct decision *d, uint32_t balancer, enum color color, bool leaving_too,
                        struct holders *holders) {
    for (uint32_t number = 0; number < d->span; number++) {
        enum want want = d->want[color][number];
        bool holds = d->ready_at[balancer][color][number] && (want == WANT_RUN || want == WANT_KEEP || leaving_too);
        holders->holds[color][number] = holds;
        holders->count[color] += holds;
    }
}

/* Instances that leave hold weight only when nobody else of stable could; and others of them, when nobody could. */
static struct holders holders_at(const struct decision *d, uint32_t balancer) {
    struct holders holders = {0};
    enum color canary = color_canary(d->next), stable = color_other(canary);
    holders_add(d, balancer, stable, false, &holders);
    holders_add(d, balancer, canary, false, &holders);
    if (holders.count[stable] == 0)
        holders_add(d, balancer, stable, d->next->stable == stable || holders.count[canary] == 0, &holders);
    if (holders.count[BLUE] + holders.count[GREEN] == 0)
        holders_add(d, balancer, canary, true, &holders);
    return holders;
}

/* What a server that holds nothing should have, when others do. */
static uint16_t target_of_others(const struct decision *d, const struct server_seen *server, enum color color,
                                 uint32_t number) {
    const struct unit_seen *unit = &d->world->units[color][number];
    if (!unit->known || d->want[color][number] == WANT_NOTHING)
        return server->weight;
    if (unit->state != UNIT_ACTIVE || d->want[color][number] == WANT_DOWN)
        return 0;
    if (color == d->next->stable)
        return server->weight;
    /* A canary's weight stays while HAProxy's checks have it down, as they end and restore it; a canary that is up
     * without being ready has none to keep. */
    return server->up || d->share == 0 ? 0 : server->weight;
}

static bool is_kept_aborted(const struct state *state) {
    const struct rollout *rollout = &state->rollout;
    return rollout->mode == MODE_ABORTED && state->stable != COLOR_NONE && rollout->color != state->stable &&
           state->slots[rollout->color].revision == rollout->revision;
}

/* The preview backend is the address of the new revision while one is under way, and of nobody otherwise: who asks it
 * for the new one would not notice the old one's answers. What was taken back keeps it as long as it is kept itself, so
 * that it can be looked into. Its servers have checks of their own. */
static struct holders previewed_at(const struct decision *d, uint32_t balancer, uint32_t backend) {
    const struct rollout *rollout = &d->next->rollout;
    bool runs = rollout_runs(d->next), any = runs || is_kept_aborted(d->next);
    struct holders holders = {0};
    for (uint32_t number = 0; any && number < d->span; number++) {
        const struct server_seen *server = &d->world->balancers[balancer].servers[backend][rollout->color][number];
        bool wanted = runs ? d->want[rollout->color][number] == WANT_RUN
                           : d->want[rollout->color][number] == WANT_KEEP && server->weight > 0;
        bool holds = d->ready_at[balancer][rollout->color][number] && wanted && server->up;
        holders.holds[rollout->color][number] = holds;
        holders.count[rollout->color] += holds;
    }
    return holders;
}

static void targets_at(struct decision *d, uint32_t balancer, uint32_t backend) {
    enum color canary = color_canary(d->next), stable = color_other(canary);
    bool preview = is_preview(d, backend);
    struct holders holders = preview ? previewed_at(d, balancer, backend) : holders_at(d, balancer);
    struct totals totals = weights_totals(d->share, holders.count[canary], holders.count[stable]);
    /* Part of the picture would give too few too much: so soon after a start, or without the bus, weights stand. */
    bool stand = !d->units_known || (!preview && holders.count[canary] + holders.count[stable] == 0);
    for (enum color color = BLUE; color < COLORS; color++) {
        uint32_t index = 0, total = color == canary ? totals.canary : totals.stable;
        for (uint32_t number = 0; number < d->span; number++) {
            const struct server_seen *server = &d->world->balancers[balancer].servers[backend][color][number];
            uint16_t *target = &d->target[balancer][backend][color][number];
            if (stand)
                *target = server->weight;
            else if (holders.holds[color][number])
                *target = weights_of(total, holders.count[color], index++);
            else if (preview && d->want[color][number] != WANT_NOTHING)
                *target = 0;
            else
                *target = target_of_others(d, server, color, number);
        }
    }
}

void targets_set(struct decision *d) {
    d->share = canary_share(d);
    share_remember(d);
    scale_want(d);
    if (color_canary(d->next) == COLOR_NONE)
        return;
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        for (uint32_t backend = 0; backend < backends_of(d->world); backend++)
            targets_at(d, balancer, backend);
}

static bool reached_at(const struct decision *d, uint32_t balancer) {
    const struct balancer_seen *seen = &d->world->balancers[balancer];
    if (!look_is_fresh(d, balancer))
        return false;
    for (uint32_t backend = 0; backend < d->world->n_backends; backend++)
        for (enum color color = BLUE; color < COLORS; color++)
            for (uint32_t number = 0; number < d->span; number++) {
                const struct server_seen *server = &seen->servers[backend][color][number];
                bool in = server->known && !server->maint && !server->drain;
                if (in && server->weight != d->target[balancer][backend][color][number])
                    return false;
            }
    return true;
}

bool targets_reached(const struct decision *d) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        if (!reached_at(d, balancer))
            return false;
    return true;
}

static bool previewed_everywhere(const struct decision *d, enum color color, uint32_t number, bool *any) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct server_seen *server = &d->world->balancers[balancer].servers[d->world->n_backends][color][number];
        uint16_t target = d->target[balancer][d->world->n_backends][color][number];
        *any = *any || server->known;
        if (server->known && (!server->up || target == 0 || server->weight != target))
            return false;
    }
    return true;
}

bool preview_reached(const struct decision *d) {
    enum color color = d->next->rollout.color;
    uint32_t scale = canary_scale(d->spec, d->next);
    bool any = scale == 0;
    if (!d->world->preview)
        return true;
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        if (!look_is_fresh(d, balancer))
            return false;
    for (uint32_t number = 0; number < scale; number++)
        if (d->ready[color][number] && !previewed_everywhere(d, color, number, &any))
            return false;
    return any;
}
