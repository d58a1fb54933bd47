/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known to make an attempt pointless before it begins. Only what was seen for certain counts: who isn't asked
 * yet is waited for by the rollout, who has gone for a moment counts as it was seen last. Going back to what is live is
 * never refused here. */
#include <errno.h>
#include <string.h>

#include "agent-inside.h"
#include "core/adopt.h"
#include "core/words.h"

/* Both colors go by one template, which the agent watches, and is permitted, from its start. */
int agent_refuse_template(const struct agent *agent, const struct spec *spec, struct error *err) {
    if (strcmp(spec->unit, agent->unit) != 0)
        return state_is_blank(&agent->state) && agent->state.rollout.mode != MODE_HELD
                   ? error_set(err, -ENOEXEC,
                               "Unit=%s was set after the agent had started: systemctl restart rollout@%s", spec->unit,
                               agent->app)
                   : error_set(err, -ENOEXEC, "Unit=%s: what is deployed goes by Unit=%s, which cannot be changed now",
                               spec->unit, agent->unit);
    return 0;
}

static int refuse_units(const struct agent *agent, const struct spec *spec, struct error *err) {
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < spec->replicas; number++)
            if (agent->world.units[color][number].known && agent->world.units[color][number].missing)
                return error_set(err, -ENOEXEC,
                                 "Unit=%s: there is no such template, or it is masked: expected "
                                 "/etc/systemd/system/%s, then systemctl daemon-reload",
                                 spec->unit, spec->unit);
    return 0;
}

static const char *backend_name(const struct haproxy_spec *haproxy, uint32_t backend) {
    return backend == haproxy->n_backends ? haproxy->preview_backend : haproxy->backends[backend];
}

static int refuse_absent(const struct agent *agent, const struct spec *spec, uint32_t balancer, uint32_t backend,
                         struct error *err) {
    const struct balancer_seen *seen = &agent->world.balancers[balancer];
    bool any = false;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++)
            any = any || seen->servers[backend][color][number].known;
    return any ? 0
               : error_set(err, -ENOEXEC,
                           "HAProxy at %s has no backend %s, or none with a server named as Server=%s says",
                           spec->haproxy.sockets[balancer], backend_name(&spec->haproxy, backend),
                           spec->haproxy.server);
}

static int refuse_servers(const struct agent *agent, const struct spec *spec, uint32_t balancer, uint32_t backend,
                          struct error *err) {
    const struct balancer_seen *seen = &agent->world.balancers[balancer];
    const char *socket = spec->haproxy.sockets[balancer], *name = backend_name(&spec->haproxy, backend);
    int r = refuse_absent(agent, spec, balancer, backend, err);
    if (r < 0)
        return r;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < spec->replicas; number++) {
            char server[SERVER_NAME_MAX] = "";
            (void)spec_server_name(spec, color_to_string(color), number + 1, server, sizeof server);
            if (!seen->servers[backend][color][number].known)
                return error_set(err, -ENOEXEC,
                                 "HAProxy at %s: backend %s has no server %s: expected one for each color and each of "
                                 "Replicas=%u",
                                 socket, name, server, spec->replicas);
        }
    if (*agent->unfit[balancer][backend])
        return error_set(err, -ENOEXEC, "HAProxy at %s: backend %s: %s", socket, name, agent->unfit[balancer][backend]);
    return 0;
}

/* One that is looked at already. */
static bool has_preview(const struct agent *agent, const struct spec *spec) {
    return *spec->haproxy.preview_backend &&
           strcmp(spec->haproxy.preview_backend, agent_spec(agent)->haproxy.preview_backend) == 0;
}

static bool has_routes(const struct spec *spec) {
    bool any = *spec->session_cookie;
    for (uint32_t i = 0; i < spec->n_steps; i++)
        any = any || step_is_route(&spec->steps[i]);
    return any && spec->strategy == STRATEGY_CANARY;
}

/* Routes lead to the preview backend, by a map that HAProxy has to look into. */
static int refuse_routes(const struct agent *agent, const struct spec *spec, uint32_t balancer, struct error *err) {
    const struct balancer_seen *seen = &agent->world.balancers[balancer];
    const struct haproxy_spec *haproxy = &spec->haproxy, *shown = &agent_spec(agent)->haproxy;
    const char *socket = haproxy->sockets[balancer], *map = haproxy->route_map;
    if (strcmp(map, shown->route_map) != 0)
        return seen->routes.revision == 0
                   ? 0
                   : error_set(err, -ENOEXEC,
                               "RouteMap= is another one, but routes are still in %s: abort, then deploy",
                               shown->route_map);
    if (!has_routes(spec))
        return 0;
    if (seen->no_route_map)
        return error_set(err, -ENOEXEC,
                         "HAProxy at %s has no map %s, expected in the frontend of haproxy.cfg, before other "
                         "use_backend: `http-request set-var(txn.route) req.hdrs,map_reg(%s)` and `use_backend "
                         "%%[var(txn.route)]`, with the conditions of ROUTES in rollout.conf(5), then a reload",
                         socket, map, map);
    return has_preview(agent, spec) ? refuse_servers(agent, spec, balancer, haproxy->n_backends, err) : 0;
}

static int refuse_balancer(const struct agent *agent, const struct spec *spec, uint32_t balancer, struct error *err) {
    const struct balancer_seen *seen = &agent->world.balancers[balancer];
    if (seen->link == LINK_UNKNOWN)
        return 0;
    if (seen->seen_at == 0)
        return error_set(err, -EHOSTDOWN, "nothing is known of the balancer: %s", seen->problem);
    int r = 0;
    for (uint32_t backend = 0; backend < spec->haproxy.n_backends && r >= 0; backend++)
        r = refuse_servers(agent, spec, balancer, backend, err);
    if (r >= 0 && has_preview(agent, spec))
        r = refuse_absent(agent, spec, balancer, spec->haproxy.n_backends, err);
    return r < 0 ? r : refuse_routes(agent, spec, balancer, err);
}

/* What serves already is found out by looking: before the first deploy nothing may be overlooked. */
static int refuse_unseen(const struct agent *agent, const struct spec *spec, struct error *err) {
    if (!state_is_blank(&agent->state))
        return 0;
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers; balancer++) {
        const char *problem = agent->world.balancers[balancer].problem;
        if (agent->world.balancers[balancer].seen_at == 0)
            return error_set(err, -EHOSTDOWN,
                             "nobody knows what serves already, as HAProxy at %s has not answered yet%s%s",
                             agent_spec(agent)->haproxy.sockets[balancer], *problem ? ": " : "", problem);
    }
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < spec->replicas; number++)
            if (number < agent->watched && !agent->world.units[color][number].known)
                return error_set(err, -EHOSTDOWN, "systemd has not answered yet, so nobody knows what runs already");
    if (agent->state.rollout.mode == MODE_HELD && !agent->looked_for)
        return error_set(err, -EHOSTDOWN,
                         "the saved state is lost, and what runs is not taken over yet%s%s: ask again in a moment",
                         *agent->disk_problem ? ": " : "", agent->disk_problem);
    if (adopt_ambiguous(&agent->world))
        return error_set(
            err, -ENOEXEC,
            "blue and green serve already, and only one of them can be what is live: stop the other's units, "
            "or give its servers weight 0, then deploy");
    return 0;
}

int agent_refuse_attempt(const struct agent *agent, const struct spec *spec, struct error *err) {
    int r = refuse_units(agent, spec, err);
    if (r >= 0)
        r = refuse_unseen(agent, spec, err);
    const struct haproxy_spec *shown = &agent_spec(agent)->haproxy;
    if (spec->haproxy.n_sockets != shown->n_sockets || !haproxy_spec_same_names(&spec->haproxy, shown))
        return r; /* what balancers show is not what this configuration speaks of */
    for (uint32_t balancer = 0; balancer < agent->world.n_balancers && r >= 0; balancer++)
        r = refuse_balancer(agent, spec, balancer, err);
    return r;
}
