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

/* What counts at once of what files say. Returns whether routes are written elsewhere from now on. */
static bool take_live(const struct agent *agent, const struct spec *files, struct spec *pinned) {
    struct haproxy_spec *to = &pinned->haproxy;
    const struct haproxy_spec *from = &files->haproxy;
    pinned->replicas = files->replicas;
    to->n_sockets = from->n_sockets;
    memcpy(to->sockets, from->sockets, sizeof to->sockets);
    memcpy(to->master_socket, from->master_socket, sizeof to->master_socket);
    if (!route_map_is_empty(agent) || strcmp(to->route_map, from->route_map) == 0)
        return false;
    memcpy(to->route_map, from->route_map, sizeof to->route_map);
    return true;
}

/* What was seen under other names says nothing about these. */
static void meet_balancers(struct agent *agent, const struct haproxy_spec *haproxy) {
    const struct haproxy_spec *met = &agent->met;
    bool renamed =
        !haproxy_spec_same_names(met, haproxy) || strcmp(met->preview_backend, haproxy->preview_backend) != 0;
    for (uint32_t i = 0; i < BALANCERS_MAX; i++) {
        bool same = i < haproxy->n_sockets && strcmp(met->sockets[i], haproxy->sockets[i]) == 0;
        if (same && !renamed)
            continue;
        memset(&agent->world.balancers[i], 0, sizeof agent->world.balancers[i]);
        agent->sent[i].n = 0;
        if (!same)
            agent->balancers[i].token = 0; /* another one is there, or none: nobody's answer is waited for */
    }
    agent->met = *haproxy;
    agent->world.n_balancers = haproxy->n_sockets;
    agent->world.n_backends = haproxy->n_backends;
    agent->world.preview = *haproxy->preview_backend != 0;
    agent->due = true;
}

/* From now on these two count, of which one may be NULL; they are the agent's then. Where the router can do nothing
 * with them, everything stays as it was, and they are the caller's still. */
static int go_by(struct agent *agent, struct spec *files, struct spec *pinned, struct error *err) {
    const struct haproxy_spec haproxy = pinned ? pinned->haproxy : (struct haproxy_spec){0};
    const uint32_t replicas = pinned ? pinned->replicas : 0;
    bool rerouted = files && pinned && take_live(agent, files, pinned);
    const struct spec *spec = pinned ? pinned : files;
    int r = agent->ports.configure(agent->ports.userdata, spec, err);
    if (r < 0) {
        if (pinned) {
            pinned->haproxy = haproxy;
            pinned->replicas = replicas;
        }
        return r;
    }
    if (agent->files != files)
        spec_free(agent->files);
    if (agent->pinned != pinned)
        spec_free(agent->pinned);
    agent->files = files;
    agent->pinned = pinned;
    meet_balancers(agent, &spec->haproxy);
    if (rerouted)
        agent_look(agent); /* a deploy is refused where HAProxy does not know the map */
    return 0;
}

int agent_pin(struct agent *agent, const char *text, const char *name, struct error *err) {
    struct spec *spec = NULL;
    int r = spec_parse(agent->app, text, name, &spec, err);
    if (r >= 0)
        r = go_by(agent, agent->files, spec, err);
    if (r < 0)
        spec_free(spec);
    return r;
}

int agent_reload(struct agent *agent, struct error *err) {
    struct spec *files = NULL;
    int r = agent->ports.load_spec(agent->ports.userdata, &files, err);
    if (r >= 0)
        r = go_by(agent, files, agent->pinned, err);
    if (r < 0)
        spec_free(files);
    else
        agent->spec_problem[0] = 0;
    return r;
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

/* What a revision's latest attempt began with. */
static int load_pinned(struct agent *agent, uint32_t number, struct spec **ret, struct error *err) {
    const struct store *store = agent->ports.store;
    struct revision *revision = NULL;
    int r = store->load_revision(store->self, number, &revision, err);
    if (r >= 0)
        r = spec_parse(agent->app, revision->spec_text, "the pinned configuration", ret, err);
    revision_free(revision);
    return r;
}

/* What was decided is not known: the newest revision that instances are placed at is nearest to what runs. */
static void load_newest(struct agent *agent) {
    const struct store *store = agent->ports.store;
    for (int all = 0; all < 2 && !agent->pinned; all++)
        for (uint32_t number = UINT32_MAX; !agent->pinned && (number = store->newest(store->self, !all, number)) > 0;) {
            struct error err = {0};
            if (load_pinned(agent, number, &agent->pinned, &err) < 0)
                log_error("spec", "revision %u: %s", number, err.text);
            else
                log_notice("spec", "until it is known again what was decided, the configuration of revision %u counts",
                           number);
        }
}

static void load_pinned_at_start(struct agent *agent) {
    struct error err = {0};
    uint32_t number = agent->state.rollout.revision;
    if (agent->state.rollout.mode == MODE_HELD)
        load_newest(agent);
    else if (number && load_pinned(agent, number, &agent->pinned, &err) < 0)
        log_error("spec", "revision %u: %s; the configuration in the files counts instead", number, err.text);
}

void agent_take_up_pinned(struct agent *agent) {
    struct error err = {0};
    struct spec *spec = NULL;
    uint32_t number = agent->state.rollout.revision;
    int r = number ? load_pinned(agent, number, &spec, &err) : 0;
    if (r < 0)
        log_error("spec", "revision %u: %s; the configuration %s", number, err.text,
                  agent->files ? "in the files counts instead" : "of before goes on to count");
    if (!number || (r < 0 && !agent->files))
        return;
    if (go_by(agent, agent->files, spec, &err) < 0) {
        log_error("spec", "%s", err.text);
        spec_free(spec);
    }
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
    load_pinned_at_start(agent);
    int r = agent_reload(agent, err);
    if (r < 0 && agent->pinned) {
        (void)snprintf(agent->spec_problem, sizeof agent->spec_problem, "%s", err->text);
        log_error("spec", "the pinned configuration counts, deploys are refused: %s", err->text);
        r = go_by(agent, NULL, agent->pinned, err);
    }
    if (r < 0) {
        bool deployed = agent->state.rollout.mode == MODE_HELD || !state_is_blank(&agent->state);
        agent_free(agent);
        return deployed || r == -ENOMEM ? r : -ENOEXEC;
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
