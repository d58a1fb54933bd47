/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/decide.h"
#include "core/decision.h"
#include "core/words.h"

DEFINE_STRING_TABLE(phase, enum phase, [PHASE_IDLE] = "Idle", [PHASE_HEALTHY] = "Healthy",
                    [PHASE_PROGRESSING] = "Progressing", [PHASE_PAUSED] = "Paused", [PHASE_DEGRADED] = "Degraded")
DEFINE_STRING_TABLE(waiting,
                    enum waiting, [WAITING_NOTHING] = "", [WAITING_PAUSE] = "pause", [WAITING_PROMOTE] = "promote",
                    [WAITING_RESUME] = "resume", [WAITING_READY] = "ready", [WAITING_ANALYSIS] = "analysis",
                    [WAITING_TRAFFIC] = "traffic", [WAITING_STABLE] = "stable", [WAITING_BALANCER] = "balancer",
                    [WAITING_SCALE_DOWN] = "scale-down", [WAITING_WINDOW] = "window", [WAITING_GATE] = "gate")
DEFINE_STRING_TABLE(
    instance_state,
    enum instance_state, [INSTANCE_STOPPED] = "stopped", [INSTANCE_STARTING] = "starting", [INSTANCE_READY] = "ready",
    [INSTANCE_UNREADY] = "unready", [INSTANCE_CRASHED] = "crashed", [INSTANCE_DRAINING] = "draining")

#define WHY_MAX 180  /* an instance, its state, and why */
#define NEED_MAX 220 /* what the step at hand waits for */

static void __attribute__((format(printf, 3, 4)))
say(struct explanation *e, enum phase phase, const char *format, ...) {
    va_list arguments;
    e->phase = phase;
    va_start(arguments, format);
    (void)vsnprintf(e->message, sizeof e->message, format, arguments);
    va_end(arguments);
}

static void wait_for(struct explanation *e, enum waiting waiting, usec_t since, usec_t until) {
    e->waiting = waiting;
    e->waiting_since = since;
    e->waiting_until = until;
}

/* ---------------------------------------------------------------- traffic */

/* The share of one color at one balancer, over every backend's servers that are UP; -1 where none is. */
static share_t share_at(const struct decision *d, uint32_t balancer, enum color asked) {
    uint64_t sum[COLORS] = {0};
    const struct balancer_seen *seen = &d->world->balancers[balancer];
    if (seen->link != LINK_UP)
        return -1;
    for (uint32_t backend = 0; backend < d->world->n_backends; backend++)
        for (enum color color = BLUE; color < COLORS; color++)
            for (uint32_t number = 0; number < d->span; number++) {
                const struct server_seen *server = &seen->servers[backend][color][number];
                if (server->known && server->up && !server->maint && !server->drain)
                    sum[color] += server->weight;
            }
    if (sum[BLUE] + sum[GREEN] == 0)
        return -1;
    return (share_t)(sum[asked] * (uint64_t)SHARE_FULL / (sum[BLUE] + sum[GREEN]));
}

static void weigh(struct decision *d, struct explanation *e) {
    const struct state *state = d->next;
    bool idle = state->rollout.mode == MODE_IDLE;
    enum color color = idle ? state->stable : state->rollout.color;
    e->weight_actual = -1;
    if (color == COLOR_NONE)
        return;
    e->weight_desired = idle ? SHARE_FULL : canary_share(d);
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        share_t share = share_at(d, balancer, color);
        if (share > e->weight_actual)
            e->weight_actual = share;
    }
}

/* ---------------------------------------------------------------- phase */

static bool explain_balancers(const struct decision *d, struct explanation *e) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct balancer_seen *seen = &d->world->balancers[balancer];
        if (seen->link == LINK_UP)
            continue;
        usec_t since = seen->lost_since ? seen->lost_since : d->now;
        usec_t late = usec_add(since, d->spec->progress_deadline);
        wait_for(e, WAITING_BALANCER, since, USEC_INFINITY);
        say(e, late <= d->now ? PHASE_DEGRADED : PHASE_PROGRESSING, "HAProxyUnreachable: %s: %s",
            d->spec->haproxy.sockets[balancer], *seen->problem ? seen->problem : "not asked yet");
        return true;
    }
    return false;
}

static bool explain_refusal(const struct decision *d, struct explanation *e) {
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct balancer_seen *seen = &d->world->balancers[balancer];
        if (seen->refused_at == 0 || usec_add(seen->refused_at, REFUSAL_SHOWN) <= d->now)
            continue;
        wait_for(e, WAITING_BALANCER, seen->refused_at, USEC_INFINITY);
        say(e, PHASE_PROGRESSING, "HAProxyRefused: %s: %s", d->spec->haproxy.sockets[balancer], seen->refused);
        return true;
    }
    return false;
}

/* Whoever has to do what is wanted next, and doesn't. */
static bool explain_outside(const struct decision *d, struct explanation *e) {
    if (!d->units_known) {
        wait_for(e, WAITING_READY, 0, USEC_INFINITY);
        say(e, PHASE_PROGRESSING, "SystemdUnreachable: no answer over D-Bus; see `systemctl status dbus`");
        return true;
    }
    return explain_balancers(d, e) || explain_refusal(d, e);
}

/* Why the latest order for an instance came to nothing; without the unit's name, which the instance's stands for. */
static const char *problem_of(const struct decision *d, enum color color, uint32_t number) {
    const char *problem = d->world->unit_problems[color][number], *space = strchr(problem, ' ');
    if (!*problem && d->world->endpoints[color][number].port == 0)
        return "HAProxy has no server for it, see Server= and Replicas=";
    return space && space > problem && space[-1] == ':' ? space + 1 : problem;
}

/* Which instance keeps a color from being ready, and why. */
static void blame(const struct decision *d, enum color color, uint32_t scale, char *text, size_t size) {
    (void)snprintf(text, size, "not known");
    for (uint32_t number = 0; number < scale; number++) {
        if (d->ready[color][number])
            continue;
        const struct unit_seen *unit = &d->world->units[color][number];
        const char *state =
            instance_state_to_string(explain_instance(d->spec, d->next, d->world, d->now, color, number));
        const char *problem = problem_of(d, color, number);
        (void)snprintf(text, size, "%s-%u is %s%s%s%s%s%s", color == BLUE ? "blue" : "green", number + 1, state,
                       *unit->result ? " (" : "", unit->result, *unit->result ? ")" : "", *problem ? ": " : "",
                       problem);
        return;
    }
}

/* Which instance keeps stable from being whole: not ready, or ready but for a moment. */
static void blame_stable(const struct decision *d, char *text, size_t size) {
    uint32_t scale = stable_scale(d->spec, d->next);
    blame(d, d->next->stable, scale, text, size);
    for (uint32_t number = 0; stable_is_ready(d) && number < scale; number++)
        if (stable_steady_at(d, number) > d->now) {
            (void)snprintf(text, size, "%s has crashed and was started again just now",
                           INSTANCE_NAME(d->next->stable, number));
            return;
        }
}

static void wait_for_window(const struct decision *d, struct explanation *e) {
    usec_t opens = d->world->window_opens;
    wait_for(e, WAITING_WINDOW, 0, opens == USEC_INFINITY ? USEC_INFINITY : d->now + opens - d->world->wall);
}

/* What is live, and what waits for its window. */
static bool explain_waiting_deploy(const struct decision *d, struct explanation *e, const struct history *live) {
    const struct history *queued = state_revision(d->next, d->next->queued.revision);
    if (!queued)
        return false;
    wait_for_window(d, e);
    say(e, live ? PHASE_HEALTHY : PHASE_IDLE, "%.60s is live; revision %u (%.60s) waits for its window",
        live ? live->version : "nothing", queued->revision, queued->version);
    return true;
}

static void explain_idle(const struct decision *d, struct explanation *e) {
    const struct state *state = d->next;
    if (state->stable == COLOR_NONE) {
        if (!explain_waiting_deploy(d, e, NULL))
            say(e, PHASE_IDLE, "nothing is deployed yet");
        return;
    }
    if (explain_outside(d, e))
        return;
    const struct history *entry = state_revision(state, state->slots[state->stable].revision);
    if (stable_is_ready(d)) {
        if (!explain_waiting_deploy(d, e, entry))
            say(e, PHASE_HEALTHY, "%s is live", entry ? entry->version : "");
        return;
    }
    char why[WHY_MAX];
    blame(d, state->stable, d->spec->replicas, why, sizeof why);
    bool late = d->n_ready[state->stable] == 0 || stable_late_at(d) <= d->now;
    wait_for(e, WAITING_STABLE, state->stable_ailing_since, USEC_INFINITY);
    say(e, late ? PHASE_DEGRADED : PHASE_PROGRESSING, "InstancesUnready: %u of %u instances are ready: %s",
        d->n_ready[state->stable], d->spec->replicas, why);
}

/* ... and what comes after a rollout that is told of already. */
static void append_queued(const struct decision *d, struct explanation *e) {
    const struct history *queued = state_revision(d->next, d->next->queued.revision);
    size_t len = strlen(e->message);
    if (queued)
        (void)snprintf(e->message + len, sizeof e->message - len, "; revision %u (%.40s) waits %s", queued->revision,
                       queued->version, d->next->queued.at_end ? "for its end" : "for its window");
}

static void explain_aborted(const struct decision *d, struct explanation *e) {
    const struct history *entry = state_revision(d->next, d->next->rollout.revision);
    const char *why = entry && *entry->reason ? entry->reason : "aborted";
    share_t kept = d->next->share_given;
    if (kept == 0) {
        say(e, PHASE_DEGRADED, "RolloutAborted: revision %u: %s", d->next->rollout.revision, why);
        if (d->next->queued.revision)
            wait_for_window(d, e);
        return;
    }
    wait_for(e, WAITING_STABLE, d->next->stable_ailing_since, USEC_INFINITY);
    say(e, PHASE_DEGRADED, "RolloutAborted: revision %u: %s; it keeps %d %% until stable has its instances back",
        d->next->rollout.revision, why, kept / (SHARE_FULL / 100));
}

static bool explain_pause(const struct decision *d, struct explanation *e) {
    const struct rollout *rollout = &d->next->rollout;
    const struct step *step = rollout_final(d->spec, d->next) ? NULL : &d->spec->steps[rollout->step];
    usec_t end = step && step->kind == STEP_PAUSE ? pause_end(d) : 0;
    if (rollout->paused_by_user) {
        wait_for(e, WAITING_RESUME, rollout->progress_at, USEC_INFINITY);
        say(e, PHASE_PAUSED, "paused by hand: resume goes on");
    } else if (rollout->paused_inconclusive) {
        wait_for(e, WAITING_PROMOTE, rollout->step_since, USEC_INFINITY);
        say(e, PHASE_PAUSED, "InconclusiveAnalysisRun: promote goes on, abort takes back");
    } else if (end > d->now) {
        wait_for(e, end == USEC_INFINITY ? WAITING_PROMOTE : WAITING_PAUSE, rollout->step_since, end);
        say(e, PHASE_PAUSED, "%s: step %u of %u%s",
            d->spec->strategy == STRATEGY_BLUE_GREEN ? "BlueGreenPause" : "CanaryPauseStep", rollout->step + 1,
            d->spec->n_steps, end == USEC_INFINITY ? ": promote goes on, abort takes back" : "");
    } else
        return false;
    return true;
}

/* A hook that has not passed: those that confirm are waited for like a person. */
static bool explain_hook(const struct decision *d, struct explanation *e) {
    uint32_t hook;
    enum hook_moment moment;
    if (!hooks_wait(d, &hook, &moment) || (moment != HOOK_CONFIRM_ROLLOUT && !may_advance(d)))
        return false;
    const struct hook_seen *seen = &d->world->hooks[hook][HOOK_LANE_STEPS];
    bool gate = moment != HOOK_PRE_ROLLOUT && moment != HOOK_ROLLOUT;
    wait_for(e, WAITING_GATE, d->next->rollout.step_since, USEC_INFINITY);
    say(e, gate ? PHASE_PAUSED : PHASE_PROGRESSING, "Hook: %s waits for %s%s%.100s", hook_moment_to_string(moment),
        d->spec->hooks[hook].name, *seen->message ? ": " : "", seen->message);
    return true;
}

/* The first one of a color, with its unit's name. */
static const char *first_problem(const struct decision *d, enum color color) {
    for (uint32_t number = 0; number < d->span; number++)
        if (*d->world->unit_problems[color][number])
            return d->world->unit_problems[color][number];
    return "";
}

static void explain_preview(const struct decision *d, struct explanation *e, char *text, size_t size) {
    wait_for(e, WAITING_TRAFFIC, d->next->rollout.step_since, USEC_INFINITY);
    (void)snprintf(text, size, "waits for the new instances to be UP in backend %s", d->spec->haproxy.preview_backend);
}

/* Why a route is not there yet. */
static void explain_route(const struct decision *d, struct explanation *e, char *text, size_t size) {
    const struct rollout *rollout = &d->next->rollout;
    const struct haproxy_spec *haproxy = &d->spec->haproxy;
    wait_for(e, WAITING_TRAFFIC, rollout->step_since, USEC_INFINITY);
    (void)snprintf(text, size, "routes are being set");
    for (uint32_t balancer = 0; balancer < d->world->n_balancers; balancer++) {
        const struct balancer_seen *seen = &d->world->balancers[balancer];
        bool up = false;
        for (uint32_t number = 0; number < d->span; number++)
            up = up || seen->servers[d->world->n_backends][rollout->color][number].up;
        if (seen->no_route_map) {
            wait_for(e, WAITING_BALANCER, rollout->step_since, USEC_INFINITY);
            (void)snprintf(text, size, "HAProxy at %.60s has no map %.60s: does haproxy.cfg use it, see RouteMap=?",
                           haproxy->sockets[balancer], haproxy->route_map);
        } else if (!up)
            explain_preview(d, e, text, size);
    }
}

static bool at_scale_step(const struct decision *d) {
    return !rollout_final(d->spec, d->next) && d->spec->steps[d->next->rollout.step].kind == STEP_SET_CANARY_SCALE;
}

/* What the running rollout needs before its step can end. */
static void explain_need(const struct decision *d, struct explanation *e, char *text, size_t size) {
    const struct rollout *rollout = &d->next->rollout;
    uint32_t scale = canary_scale(d->spec, d->next);
    char why[WHY_MAX];
    if (!rollout_runs(d->next)) {
        const char *problem = first_problem(d, rollout->color);
        wait_for(e, WAITING_SCALE_DOWN, rollout->began, USEC_INFINITY);
        (void)snprintf(text, size, "the revision before it is being stopped%s%s", *problem ? ": " : "", problem);
    } else if (!canary_is_ready(d)) {
        blame(d, rollout->color, scale, why, sizeof why);
        wait_for(e, WAITING_READY, rollout->progress_at, usec_add(rollout->progress_at, d->spec->progress_deadline));
        (void)snprintf(text, size, "%u of %u new instances are ready: %s", d->n_ready[rollout->color], scale, why);
    } else if (!rollout->full && !stable_lets_go(d)) {
        blame_stable(d, why, sizeof why);
        wait_for(e, WAITING_STABLE, d->next->stable_ailing_since, stable_patience_end(d));
        (void)snprintf(text, size, "waits up to 1min for stable to be whole: %s", why);
    } else if (state_wants_run(d->next, rollout->step_run.id) && !rollout_final(d->spec, d->next)) {
        wait_for(e, WAITING_ANALYSIS, rollout->step_since, USEC_INFINITY);
        (void)snprintf(text, size, "analysis run %u", rollout->step_run.id);
    } else if (!rollout_final(d->spec, d->next) && step_is_route(&d->spec->steps[rollout->step])) {
        explain_route(d, e, text, size);
    } else if (at_scale_step(d) && d->world->preview) {
        explain_preview(d, e, text, size);
    } else {
        wait_for(e, WAITING_TRAFFIC, rollout->step_since, USEC_INFINITY);
        (void)snprintf(text, size, "traffic is being shifted");
    }
}

/* The new version was ready once, and now nobody is, of either. */
static bool explain_outage(const struct decision *d, struct explanation *e) {
    enum color canary = d->next->rollout.color;
    char why[WHY_MAX];
    if (d->next->stable == COLOR_NONE || d->next->rollout.ready_seen == 0 || !d->balancers_up || !d->units_known ||
        d->n_ready[BLUE] + d->n_ready[GREEN] > 0)
        return false;
    blame(d, color_other(canary), stable_scale(d->spec, d->next), why, sizeof why);
    wait_for(e, WAITING_READY, 0, USEC_INFINITY);
    say(e, PHASE_DEGRADED, "InstancesUnready: no instance of either version is ready: %s", why);
    return true;
}

static void explain_running(const struct decision *d, struct explanation *e) {
    const struct rollout *rollout = &d->next->rollout;
    char need[NEED_MAX];
    if (explain_outage(d, e) || explain_pause(d, e))
        return;
    if (explain_outside(d, e))
        (void)snprintf(need, sizeof need, "%.*s", NEED_MAX - 1, e->message);
    else if (explain_hook(d, e))
        return;
    else
        explain_need(d, e, need, sizeof need);

    usec_t since = progress_since(d);
    bool late = since != USEC_INFINITY && usec_add(since, d->spec->progress_deadline) <= d->now;
    if (late)
        say(e, PHASE_DEGRADED, "ProgressDeadlineExceeded: %s", need);
    else if (d->next->stable == COLOR_NONE)
        say(e, PHASE_PROGRESSING, "the first version, no steps: %s", need);
    else if (rollout_final(d->spec, d->next))
        say(e, PHASE_PROGRESSING, "all steps done: %s", need);
    else
        say(e, PHASE_PROGRESSING, "step %u of %u, %.40s: %s", rollout->step + 1, d->spec->n_steps,
            d->spec->steps[rollout->step].text, need);
}

void explain(const struct spec *spec, const struct state *state, const struct world *world, usec_t now,
             struct explanation *ret) {
    struct state copy;
    memcpy(&copy, state, sizeof copy);
    struct decision d = {.spec = spec, .world = world, .now = now, .next = &copy};
    memset(ret, 0, sizeof *ret);
    view_take(&d);
    stable_follow(&d);
    weigh(&d, ret);
    if (state->by_hand.yielded) {
        say(ret, PHASE_DEGRADED,
            "Overridden: somebody sets weights or states by hand; any verb, as resume, puts them back");
        return;
    }
    switch (state->rollout.mode) {
    case MODE_IDLE:
        explain_idle(&d, ret);
        break;
    case MODE_RUNNING:
        explain_running(&d, ret);
        append_queued(&d, ret);
        break;
    case MODE_ABORTED:
        explain_aborted(&d, ret);
        append_queued(&d, ret);
        break;
    case MODE_HELD:
        say(ret, PHASE_DEGRADED, "Held: %s", state->rollout.detail);
        break;
    }
}

enum instance_state explain_instance(const struct spec *spec, const struct state *state, const struct world *world,
                                     usec_t now, enum color color, uint32_t number) {
    struct state copy;
    memcpy(&copy, state, sizeof copy);
    struct decision d = {.spec = spec, .world = world, .now = now, .next = &copy};
    view_take(&d);
    const struct unit_seen *unit = &world->units[color][number];
    if (!unit->known)
        return INSTANCE_UNREADY;
    switch (unit->state) {
    case UNIT_INACTIVE:
        return world->preparing[color][number] ? INSTANCE_STARTING : INSTANCE_STOPPED;
    case UNIT_STARTING:
        return INSTANCE_STARTING;
    case UNIT_STOPPING:
        return INSTANCE_DRAINING;
    case UNIT_FAILED: /* what we ended ourselves need not have ended well */
        if (state->slots[color].revision == 0 ||
            id128_equal(&unit->invocation, &state->instances[color][number].passed_over))
            return INSTANCE_STOPPED;
        return INSTANCE_CRASHED;
    case UNIT_RESTARTING:
        return INSTANCE_CRASHED;
    case UNIT_ACTIVE:
        if (state->instances[color][number].drain_since)
            return INSTANCE_DRAINING;
        return d.ready[color][number] ? INSTANCE_READY : INSTANCE_UNREADY;
    }
    return INSTANCE_STOPPED;
}
