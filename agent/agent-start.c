/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an agent begins: what was decided, what is wanted, and which of two configurations counts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/cleanup.h"
#include "common/log.h"

/* ---------------------------------------------------------------- configuration */

/* It tells where routes are to be written, and may be moved while there are none. */
static bool route_map_is_empty(const struct agent *agent) {
    bool empty = agent->state.rollout.mode == MODE_IDLE || agent->state.rollout.mode == MODE_ABORTED;
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++)
        empty = empty && agent->world.balancers[balancer].routes.revision == 0;
    return empty;
}

int agent_apply_live(struct agent *agent, struct error *err) {
    const struct spec *files = agent->files;
    struct spec *pinned = agent->pinned;
    if (files && pinned) {
        pinned->replicas = files->replicas;
        pinned->haproxy.n_sockets = files->haproxy.n_sockets;
        memcpy(pinned->haproxy.sockets, files->haproxy.sockets, sizeof pinned->haproxy.sockets);
        memcpy(pinned->haproxy.master_socket, files->haproxy.master_socket, sizeof pinned->haproxy.master_socket);
        if (route_map_is_empty(agent) && strcmp(pinned->haproxy.route_map, files->haproxy.route_map) != 0) {
            memcpy(pinned->haproxy.route_map, files->haproxy.route_map, sizeof pinned->haproxy.route_map);
            agent_look(agent); /* a deploy is refused where HAProxy does not know it */
        }
    }
    const struct spec *spec = agent_spec(agent);
    int r = agent->ports.configure(agent->ports.userdata, spec, err);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < BALANCERS_MAX; i++) {
        if (i < spec->haproxy.n_sockets && strcmp(agent->sockets[i], spec->haproxy.sockets[i]) == 0)
            continue;
        memset(&agent->world.balancers[i], 0, sizeof agent->world.balancers[i]);
        agent->balancers[i].token = 0; /* another one is there, or none: nobody's answer is waited for */
        agent->sent[i].n = 0;
    }
    memcpy(agent->sockets, spec->haproxy.sockets, sizeof agent->sockets);
    agent->world.n_balancers = spec->haproxy.n_sockets;
    agent->world.n_backends = spec->haproxy.n_backends;
    agent->world.preview = *spec->haproxy.preview_backend != 0;
    agent->due = true;
    return 0;
}

int agent_pin(struct agent *agent, const char *text, const char *name, struct error *err) {
    struct spec *spec = NULL;
    int r = spec_parse(agent->app, text, name, &spec, err);
    if (r < 0)
        return r;
    spec_free(agent->pinned);
    agent->pinned = spec;
    return agent_apply_live(agent, err);
}

static int read_files(struct agent *agent, struct error *err) {
    struct spec *spec = NULL;
    int r = agent->ports.load_spec(agent->ports.userdata, &spec, err);
    if (r < 0)
        return r;
    spec_free(agent->files);
    agent->files = spec;
    agent->spec_problem[0] = 0;
    return 0;
}

int agent_reload(struct agent *agent, struct error *err) {
    int r = read_files(agent, err);
    return r < 0 ? r : agent_apply_live(agent, err);
}

/* ---------------------------------------------------------------- state */

static void hold(struct agent *agent, enum reason reason, const char *why) {
    state_init(&agent->state);
    agent->state.rollout.mode = MODE_HELD;
    agent->state.rollout.reason = reason;
    (void)snprintf(agent->state.rollout.detail, sizeof agent->state.rollout.detail, "%.*s", REASON_MAX - 1, why);
    log_error("store", "held, nothing is touched: %s", why);
}

/* No state: an app that was never deployed, or one whose state was removed. */
static void begin_anew(struct agent *agent) {
    const struct store *store = agent->ports.store;
    struct error err = {0};
    uint32_t revision = 0, run = 0;
    if (store->highest(store->self, &revision, &run, &err) < 0)
        hold(agent, REASON_LOST_STATE, err.text);
    else if (revision > 0)
        hold(agent, REASON_LOST_STATE, "there are revisions, but no state.json");
    else
        state_init(&agent->state);
}

static void load_state(struct agent *agent) {
    struct error err = {0};
    const struct store *store = agent->ports.store;
    int r = store->load_state(store->self, &agent->state, &err);
    const char *invalid = r >= 0 ? state_invalid(&agent->state) : NULL;
    if (r == -ENOENT)
        begin_anew(agent);
    else if (r == -EPROTONOSUPPORT)
        hold(agent, REASON_NEWER_STATE, err.text);
    else if (r < 0)
        hold(agent, REASON_LOST_STATE, err.text);
    else if (invalid)
        hold(agent, REASON_LOST_STATE, invalid);
    else
        agent->undurable =
            true; /* who knows whether the last commit of the life before us was: nothing advances before ours */
}

/* The core's clock goes on where it was: within a boot by the same offset, after a reboot from what was written last.
 */
static void set_clock(struct agent *agent) {
    struct agent_clock clock;
    const struct state *state = &agent->state;
    agent->ports.clock(agent->ports.userdata, &clock);
    if (memcmp(&state->boot, &agent->ports.boot, sizeof state->boot) == 0)
        agent->clock_offset = state->clock_offset;
    else if (state->clock > clock.boottime)
        agent->clock_offset = state->clock - clock.boottime;
    agent_clock(agent);
}

void agent_load_pinned(struct agent *agent) {
    struct error err = {0};
    const struct store *store = agent->ports.store;
    struct revision *revision = NULL;
    uint32_t number = agent->state.rollout.revision;
    if (!number)
        return;
    int r = store->load_revision(store->self, number, &revision, &err);
    agent->pinned = spec_free(agent->pinned);
    if (r >= 0)
        r = spec_parse(agent->app, revision->spec_text, "the pinned configuration", &agent->pinned, &err);
    if (r < 0)
        log_error("spec", "revision %u: %s; the configuration in the files counts instead", number, err.text);
    revision_free(revision);
}

void agent_take_up_pinned(struct agent *agent) {
    struct error err = {0};
    agent_load_pinned(agent);
    if (agent_apply_live(agent, &err) < 0)
        log_error("spec", "%s", err.text);
}

int agent_start(const char *app, const struct agent_ports *ports, struct agent **ret, struct error *err) {
    struct agent *agent = calloc(1, sizeof *agent);
    if (!agent)
        return error_set(err, -ENOMEM, "out of memory");
    (void)snprintf(agent->app, sizeof agent->app, "%s", app);
    agent->ports = *ports;
    agent->world.boot = ports->boot;
    agent->due = true;
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        agent->runs[i].wake = USEC_INFINITY;
    load_state(agent);
    set_clock(agent);
    agent->look_again = usec_add(agent->now, ELDER_ORDERS);
    agent_load_pinned(agent);

    int r = read_files(agent, err);
    if (r < 0 && agent->pinned) {
        (void)snprintf(agent->spec_problem, sizeof agent->spec_problem, "%s", err->text);
        log_error("spec", "the pinned configuration counts, deploys are refused: %s", err->text);
        r = 0;
    }
    if (r >= 0)
        r = agent_apply_live(agent, err);
    if (r < 0) {
        agent_free(agent);
        return r;
    }
    (void)snprintf(agent->unit, sizeof agent->unit, "%s", agent_spec(agent)->unit);
    runs_resume(agent);
    *ret = agent;
    return 0;
}

struct agent *agent_free(struct agent *agent) {
    if (!agent)
        return NULL;
    runs_free(agent);
    spec_free(agent->pinned);
    spec_free(agent->files);
    free(agent);
    return NULL;
}
