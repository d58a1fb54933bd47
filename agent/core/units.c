/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which instances are started and stopped now. A start needs nothing but an idle unit; a stop needs that nobody can
 * reach the instance any more, and that nobody is still being served by it. */
#include "core/decision.h"

static void order(struct decision *d, enum unit_order_kind kind, bool advance, enum color color, uint32_t number) {
    d->plan->units[d->plan->n_units++] =
        (struct unit_order){.kind = kind,
                            .advance = advance,
                            .color = (uint8_t)color,
                            .number = (uint8_t)number,
                            .revision = d->next->slots[color].adopted ? 0 : d->next->slots[color].revision};
}

/* From now on the unit's last invocation is no life of ours that could crash. A start that Prepare= did not let happen
 * stays counted until the next one: it had no life. */
static void disown(struct instance *instance, const struct unit_seen *unit) {
    instance->crash_counted = instance->crash_counted && id128_is_null(&instance->accepted);
    instance->accepted = (struct id128){0};
    instance->passed_over = unit->invocation;
}

static void let_drain_no_more(struct instance *instance) {
    instance->drain_since = 0;
    instance->cut_off = 0;
}

/* Whoever crashes again and again is tried less and less often. */
static usec_t patience(const struct instance *instance) {
    uint32_t tries = instance->crashes < 1 ? 1 : instance->crashes < START_TRIES ? instance->crashes : START_TRIES;
    return START_RETRY * tries;
}

static void plan_start(struct decision *d, enum color color, uint32_t number) {
    const struct unit_seen *unit = &d->world->units[color][number];
    struct instance *instance = &d->next->instances[color][number];
    if (!instance_stopped(d, color, number))
        return;
    if (d->world->endpoints[color][number].port == 0 && !instance_placed(d, color, number))
        return; /* nobody knows yet where it should listen */
    usec_t due = instance->started_at ? usec_add(instance->started_at, patience(instance)) : d->now;
    wake_at(d, due);
    if (due > d->now)
        return;
    instance->started_at = d->now;
    if (unit->env_revision != d->next->slots[color].revision)
        instance->placed_at = d->now;
    let_drain_no_more(instance);
    disown(instance, unit);
    instance->crash_counted = false;
    order(d, UNIT_START, color != d->next->stable, color, number);
}

/* Taken out everywhere, as a fresh look says. */
static bool is_out(const struct decision *d, enum color color, uint32_t number, uint32_t *inflight) {
    *inflight = 0;
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct balancer_seen *seen = &d->world->balancers[balancer];
        if (!look_is_fresh(d, balancer))
            return false;
        for (uint32_t backend = 0; backend < backends_of(d->world); backend++) {
            const struct server_seen *server = &seen->servers[backend][color][number];
            if (server->known && !server->maint)
                return false;
        }
        *inflight += seen->inflight[color][number];
    }
    return true;
}

/* Some balancer lets requests in, perhaps again: it has forgotten what it was told. */
static bool is_in(const struct decision *d, enum color color, uint32_t number) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        for (uint32_t backend = 0; backend < d->world->n_backends; backend++) {
            const struct balancer_seen *seen = &d->world->balancers[balancer];
            const struct server_seen *server = &seen->servers[backend][color][number];
            if (seen->link == LINK_UP && server->known && !server->maint)
                return true;
        }
    return false;
}

/* With nobody ready nothing that runs is stopped, unless a deploy waits for its color. */
static bool is_last_resort(const struct decision *d, enum color color, uint32_t number) {
    const struct rollout *rollout = &d->next->rollout;
    bool awaited = rollout->mode == MODE_RUNNING && rollout->color == color && !rollout_runs(d->next);
    return d->next->stable != COLOR_NONE && !awaited && instance_active(d, color, number) &&
           d->n_ready[BLUE] + d->n_ready[GREEN] == 0;
}

/* Whoever is still served when the time is over is ended: by the balancers, as shift.c orders, or with the instance. */
static void count_cut_off(struct decision *d, enum color color, uint32_t number) {
    struct instance *instance = &d->next->instances[color][number];
    uint32_t inflight = 0;
    if (instance->cut_off || !drain_is_over(d, color, number))
        return;
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++)
        inflight += d->world->balancers[balancer].inflight[color][number];
    instance->cut_off = inflight;
}

static void plan_stop(struct decision *d, enum color color, uint32_t number) {
    const struct unit_seen *unit = &d->world->units[color][number];
    struct instance *instance = &d->next->instances[color][number];
    uint32_t inflight;
    if (is_in(d, color, number))
        let_drain_no_more(instance);
    if (!unit->known || instance_stopped(d, color, number) || unit->state == UNIT_STOPPING)
        return;
    count_cut_off(d, color, number);
    if (d->pending[color][number] && unit->state != UNIT_STARTING && !d->world->preparing[color][number])
        return; /* but a start may never end */
    if (!is_out(d, color, number, &inflight) || is_last_resort(d, color, number))
        return;
    if (instance->drain_since == 0)
        instance->drain_since = d->now;
    usec_t end = usec_add(usec_add(instance->drain_since, d->spec->drain_timeout), inflight ? SHUTDOWN_GRACE : 0);
    if (inflight > 0 && d->now < end) {
        wake_at(d, usec_add(instance->drain_since, d->spec->drain_timeout));
        wake_at(d, end);
        return;
    }
    disown(instance, unit);
    order(d, UNIT_STOP, true, color, number);
}

void units_plan(struct decision *d) {
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < d->span; number++)
            switch (d->want[color][number]) {
            case WANT_RUN:
                plan_start(d, color, number);
                let_drain_no_more(&d->next->instances[color][number]);
                break;
            case WANT_DOWN:
                plan_stop(d, color, number);
                break;
            case WANT_KEEP:
            case WANT_NOTHING:
                let_drain_no_more(&d->next->instances[color][number]);
                break;
            }
}
