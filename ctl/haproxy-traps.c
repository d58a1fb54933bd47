/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What in HAProxy's configuration makes a rollout lie or lose requests. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "common/timespan.h"
#include "core/words.h"
#include "ctl/lint.h"
#include "traffic/haproxy-algorithm.h"
#include "traffic/haproxy-server.h"

struct look {
    const struct spec *spec;
    const struct haproxy_facts *facts;
    const struct haproxy_backend_facts *backend;
    struct haproxy_names names;
    enum says_ready says_ready;
    struct findings *findings;
};

#define PLACE_MAX (PATH_MAX + 16)

/* HAProxy's own where a server says nothing. */
#define CHECK_INTER (2 * USEC_PER_SEC)
#define CHECK_RISE 2U
/* Until a server is up, as we ask for it. */
#define CHECK_UP (500 * USEC_PER_MSEC)

static const char *place_of(const struct look *look, int line, char *place) {
    if (line > 0)
        (void)snprintf(place, PLACE_MAX, "%s:%d", look->facts->source, line);
    else
        (void)string_copy(place, PLACE_MAX, look->facts->source);
    return place;
}

#define FOUND(look, severity, line, ...) \
    findings_add((look)->findings, severity, place_of(look, line, (char[PLACE_MAX]){0}), __VA_ARGS__)
#define ERROR(look, line, ...) FOUND(look, SEVERITY_ERROR, line, __VA_ARGS__)
#define WARNING(look, line, ...) FOUND(look, SEVERITY_WARNING, line, __VA_ARGS__)

/* ---------------------------------------------------------------- servers */

static bool is_ours(const struct look *look, const char *server) {
    struct instance_place place;
    return haproxy_names_server(&look->names, server, &place) >= 0;
}

/* Server= has the host's name in it, and this one is another host's: its own agent leads it. */
static bool is_siblings(const struct look *look, const char *server) {
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 1; number <= REPLICAS_MAX; number++)
            if (spec_server_matches(look->spec, color_to_string(color), number, server))
                return true;
    return false;
}

static void check_check(const struct look *look, const struct haproxy_server_facts *server) {
    if (server->checked || look->says_ready == SAYS_READY_YES)
        return;
    FOUND(look, look->says_ready == SAYS_READY_NO ? SEVERITY_ERROR : SEVERITY_WARNING, server->line,
          "backend %s: server %s has no check, and its unit does not say when it is ready: add `check inter 500ms rise "
          "1`, "
          "or Type=notify to %s",
          look->backend->name, server->name, look->spec->unit);
}

/* What is HAProxy's own where nothing is said is not remarked upon. One that comes up is checked every downinter, and
 * every fastinter after the first good check. */
static void check_interval(const struct look *look, const struct haproxy_server_facts *server) {
    usec_t inter = server->inter > 0 ? server->inter : CHECK_INTER;
    usec_t down = server->downinter > 0 ? server->downinter : inter;
    usec_t fast = server->fastinter > 0 ? server->fastinter : inter;
    uint32_t rise = server->rise > 0 ? server->rise : CHECK_RISE;
    usec_t up = down + (rise - 1) * fast;
    if (!server->checked || server->tracks)
        return;
    if (inter > CHECK_INTER || (rise > CHECK_RISE && up > CHECK_UP))
        WARNING(
            look, server->line,
            "backend %s: server %s is checked every %s, rise %u: a new instance gets its first request up to %s after "
            "it is ready%s: expected `check inter 500ms rise 1`",
            look->backend->name, server->name, FORMAT_TIMESPAN(inter), rise, FORMAT_TIMESPAN(up),
            inter > CHECK_INTER ? ", and a crash is noticed late" : "");
}

/* A server that instances are reached by. */
static void check_ours(const struct look *look, const struct haproxy_server_facts *server) {
    const char *backend = look->backend->name, *name = server->name;
    if (server->port == 0)
        ERROR(look, server->line,
              "backend %s: server %s has no port: expected ADDRESS:PORT, which its instance is told", backend, name);
    if (server->agent)
        ERROR(look, server->line,
              "backend %s: server %s has agent-check, which changes weights behind rollout's back: remove it", backend,
              name);
    if (*server->cookie && look->backend->cookies)
        ERROR(look, server->line,
              "backend %s: server %s has cookie %s: a client that holds it comes back to it whatever the weight is: "
              "remove it",
              backend, name, SHOWN(server->cookie));
    if (server->backup)
        ERROR(look, server->line, "backend %s: server %s is a backup, which gets no share: remove `backup`", backend,
              name);
    if (server->slowstart)
        WARNING(look, server->line, "backend %s: server %s has slowstart, so that shares are late: remove it", backend,
                name);
    if (server->weight == 0)
        WARNING(
            look, server->line,
            "backend %s: server %s has weight 0: without the agent it serves nobody; expected the same weight above "
            "0 for all, as 100",
            backend, name);
    if (server->disabled)
        WARNING(look, server->line,
                "backend %s: server %s is disabled: without the agent it serves nobody; remove `disabled`", backend,
                name);
    check_check(look, server);
    check_interval(look, server);
}

static bool same_address(const struct haproxy_server_facts *a, const struct haproxy_server_facts *b) {
    return a->port > 0 && a->port == b->port && strcmp(a->address, b->address) == 0;
}

static void check_servers(const struct look *look) {
    const struct haproxy_backend_facts *backend = look->backend;
    for (size_t i = 0; i < backend->n_servers; i++) {
        const struct haproxy_server_facts *server = &backend->servers[i];
        if (is_ours(look, server->name))
            check_ours(look, server);
        else if (server->share > 0 && !is_siblings(look, server->name))
            ERROR(look, server->line,
                  "backend %s: server %s is none of rollout's (Server=%s) and takes part with weight %u: remove it, or "
                  "make it a backup",
                  backend->name, SHOWN(server->name), look->spec->haproxy.server, server->share);
        for (size_t k = 0; k < i; k++)
            if (is_ours(look, server->name) && same_address(server, &backend->servers[k]))
                ERROR(look, server->line,
                      "backend %s: servers %s and %s have the same address %s:%d: expected a port for each",
                      backend->name, SHOWN(backend->servers[k].name), server->name, server->address, server->port);
    }
}

static void check_missing(const struct look *look) {
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < look->spec->replicas; number++) {
            const char *name = look->names.servers[color][number];
            if (!haproxy_facts_server(look->backend, name))
                ERROR(look, look->backend->line,
                      "backend %s has no server %s: expected one for each color and each of Replicas=%u",
                      look->backend->name, name, look->spec->replicas);
        }
}

/* The same instance behind another backend is told one address. */
static void check_twin(const struct look *look, const struct haproxy_backend_facts *first) {
    for (size_t i = 0; i < look->backend->n_servers; i++) {
        const struct haproxy_server_facts *server = &look->backend->servers[i],
                                          *twin = haproxy_facts_server(first, server->name);
        if (twin && is_ours(look, server->name) && twin->port > 0 && server->port > 0 && !same_address(server, twin))
            ERROR(look, server->line,
                  "backend %s: server %s has address %s:%d, in backend %s it has %s:%d: expected the same",
                  look->backend->name, server->name, server->address, server->port, first->name, twin->address,
                  twin->port);
    }
}

/* ---------------------------------------------------------------- backends */

static void check_algorithm(const struct look *look) {
    const struct haproxy_backend_facts *backend = look->backend;
    const char *problem = haproxy_algorithm_problem(backend->algorithm);
    if (problem)
        ERROR(look, backend->algorithm_line > 0 ? backend->algorithm_line : backend->line,
              "backend %s: balance %s %s: expected balance roundrobin", backend->name, SHOWN(backend->algorithm),
              problem);
    else if (*backend->algorithm && strcmp(backend->algorithm, "roundrobin") != 0)
        WARNING(look, backend->algorithm_line,
                "backend %s: balance %s meets shares only roughly: expected balance roundrobin", backend->name,
                strcmp(backend->algorithm, "unknown") == 0 ? "random" : SHOWN(backend->algorithm));
    else if (!*backend->algorithm && look->facts->from_file)
        WARNING(look, backend->line,
                "backend %s has no balance, and HAProxy's own choice varies: add balance roundrobin", backend->name);
    if (*backend->past)
        ERROR(look, backend->past_line, "backend %s: `%s` leads requests past the weights: remove it", backend->name,
              SHOWN(backend->past));
}

static void check_retries(const struct look *look) {
    const struct haproxy_backend_facts *backend = look->backend;
    if (!backend->redispatch)
        WARNING(look, backend->line,
                "backend %s has no option redispatch: requests for an instance that just died fail; add option "
                "redispatch 1",
                backend->name);
    if (!backend->retries_connect || (!backend->retries_empty && !backend->tcp))
        WARNING(look, backend->line,
                "backend %s does not retry what a dying instance leaves unanswered: add retry-on conn-failure "
                "empty-response",
                backend->name);
}

static void check_state_file(const struct look *look) {
    const struct haproxy_backend_facts *backend = look->backend;
    char expected[PATH_MAX];
    (void)snprintf(expected, sizeof expected, "%s/%s/haproxy/%s.state", ROLLOUT_STATE_DIR, look->spec->app,
                   backend->name);
    if (!backend->reads_state || strcmp(backend->state_file, expected) != 0)
        WARNING(look, backend->line,
                "backend %s forgets weights when HAProxy reloads: add load-server-state-from-file local and "
                "server-state-file-name %s",
                backend->name, expected);
}

static bool is_numeric(const char *address) {
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1;
}

/* What HAProxy reads at its next start pins addresses and ports, whatever its configuration says by then. */
static void check_remembered(const struct look *look, const char *text) {
    _cleanup_free_ char *table = strdup(text);
    struct haproxy_server_rows rows;
    if (!table || haproxy_servers_begin(&rows, &look->names, table) < 0)
        return; /* the agent writes it anew */
    while (haproxy_servers_next(&rows) > 0) {
        const char *name = look->names.servers[rows.place.color][rows.place.number];
        const struct haproxy_server_facts *server = haproxy_facts_server(look->backend, name);
        if (!server || server->port <= 0 || rows.endpoint.port == 0)
            continue;
        bool moved = is_numeric(server->address) && strcmp(server->address, rows.endpoint.host) != 0;
        if (moved || server->port != rows.endpoint.port)
            WARNING(look, server->line,
                    "backend %s: server %s has address %s:%d, but the remembered state says %s:%u and counts when "
                    "HAProxy starts next: stop HAProxy, remove %s/%s/haproxy/%s.state, start HAProxy",
                    look->backend->name, name, server->address, server->port, rows.endpoint.host, rows.endpoint.port,
                    ROLLOUT_STATE_DIR, look->spec->app, look->backend->name);
    }
}

static void check_backend(struct look *look, uint32_t index, const char *remembered) {
    const char *name = look->names.backends[index];
    bool preview = index >= look->spec->haproxy.n_backends;
    look->backend = haproxy_facts_backend(look->facts, name);
    if (!look->backend) {
        ERROR(look, 0, "there is no backend %s: expected the one of %s=", name, preview ? "PreviewBackend" : "Backend");
        return;
    }
    check_missing(look);
    check_servers(look);
    if (!preview)
        check_algorithm(look);
    if (look->facts->from_file) {
        check_retries(look);
        check_state_file(look);
    }
    if (remembered)
        check_remembered(look, remembered);
}

/* What leads to the new version past the weights. */
static void check_routes(const struct look *look) {
    const char *map = look->spec->haproxy.route_map, *preview = look->spec->haproxy.preview_backend;
    const struct haproxy_facts *facts = look->facts;
    if (!*map || !*preview)
        return;
    if (!facts->looks_routes_up)
        ERROR(look, 0,
              "no header is looked up in RouteMap=: add `http-request set-var(txn.route) req.hdrs,map_reg(%s) "
              "if { nbsrv(%s) gt 0 } or { stopping } !{ be_conn_free(%s) eq 0 }` to the frontend, and reload",
              map, preview, preview);
    if (!facts->from_file)
        return;
    if (facts->forgetful_line)
        WARNING(look, facts->forgetful_line,
                "nbsrv is 0 in a process that stops: what it had begun at a reload loses its route: expected "
                "`if { nbsrv(%s) gt 0 } or { stopping } !{ be_conn_free(%s) eq 0 }`",
                preview, preview);
    if (!facts->follows_routes)
        ERROR(look, 0,
              "no request follows RouteMap=: add "
              "`use_backend %%[var(txn.route)] if { var(txn.route) -m found }` to the frontend");
    if (*look->spec->session_cookie && !facts->gives_cookie)
        ERROR(look, 0,
              "nobody is given SessionCookie=: add `http-response add-header Set-Cookie "
              "%%[srv_name,map_reg(%s)] if { srv_name,map_reg(%s) -m found }` to the backends",
              map, map);
}

void haproxy_traps(const struct spec *spec, const struct haproxy_facts *facts, enum says_ready says_ready,
                   const char *const remembered[], struct findings *findings) {
    struct look look = {.spec = spec, .facts = facts, .says_ready = says_ready, .findings = findings};
    struct error err = {0};
    if (haproxy_names_load(spec, &look.names, &err) < 0) {
        findings_add(findings, SEVERITY_ERROR, NULL, "%s", err.text);
        return;
    }
    check_routes(&look);
    for (uint32_t i = 0; i < look.names.n_backends; i++) {
        check_backend(&look, i, remembered ? remembered[i] : NULL);
        const struct haproxy_backend_facts *first = haproxy_facts_backend(facts, look.names.backends[0]);
        if (i > 0 && look.backend && first)
            check_twin(&look, first);
    }
}
