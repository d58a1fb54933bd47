/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/files.h"
#include "common/log.h"
#include "common/text.h"
#include "traffic/haproxy-balancer.h"
#include "traffic/haproxy-routes.h"
#include "traffic/haproxy-server.h"

#define STATE_FILE_MAX ((size_t)1 << 20)

struct haproxy {
    sd_event *event;
    char *state_dir;
    struct haproxy_names names;
    struct haproxy_routes routes;
    uint32_t n_balancers;
    struct haproxy_balancer balancers[BALANCERS_MAX];
    char *remembered[BACKENDS_SEEN_MAX]; /* what the state files hold; NULL: not known yet */
    char *remembered_map;                /* likewise, of RouteMap= */
};

static int exchange(void *self, uint32_t balancer, const struct balancer_plan *plan, uint64_t token) {
    struct haproxy *haproxy = self;
    if (balancer >= haproxy->n_balancers)
        return -EINVAL;
    return haproxy_balancer_exchange(&haproxy->balancers[balancer], plan, token);
}

/* ---------------------------------------------------------------- what HAProxy reads when it starts */

/* Takes TEXT over as what the file holds; it is not written when it does so already. */
static int remember_text(const char *path, struct buffer *text, mode_t mode, char **remembered, struct error *err) {
    if (text->error)
        return error_set(err, text->error, "cannot put together %s: %s", path, strerror(-text->error));
    if (!*remembered)
        (void)file_read(path, STATE_FILE_MAX, remembered, NULL, NULL); /* not there, or bad: it is written */
    if (*remembered && strcmp(*remembered, buffer_text(text)) == 0)
        return 0;
    int r = file_write_atomic(path, buffer_text(text), text->len, mode, err);
    if (r < 0)
        return r;
    free(*remembered);
    *remembered = strdup(buffer_text(text)); /* NULL: it is read */
    return 0;
}

static const char *table_of(const struct haproxy *haproxy, uint32_t backend) {
    for (uint32_t i = 0; i < haproxy->n_balancers; i++)
        if (haproxy->balancers[i].last && haproxy->balancers[i].last->tables[backend])
            return haproxy->balancers[i].last->tables[backend];
    return NULL;
}

static int remember_backend(struct haproxy *haproxy, uint32_t backend, const struct plan *plan, struct error *err) {
    const char *seen = table_of(haproxy, backend);
    if (!seen)
        return 0; /* nobody has shown it since we began: what the file says stands */

    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s.state", haproxy->state_dir, haproxy->names.backends[backend]) >= PATH_MAX)
        return error_set(err, -ENAMETOOLONG, "the path of the state file in %s is too long", haproxy->state_dir);
    _cleanup_free_ char *table = strdup(seen);
    _cleanup_buffer_ struct buffer text = BUFFER(STATE_FILE_MAX);
    int r = table ? haproxy_servers_write(&haproxy->names, table, plan->wanted[backend], &text) : -ENOMEM;
    if (r < 0)
        return error_set(err, r, "cannot put together %s: %s", path, strerror(-r));

    return remember_text(path, &text, 0640, &haproxy->remembered[backend], err);
}

static int remember_routes(struct haproxy *haproxy, const struct route_set *set, struct error *err) {
    _cleanup_buffer_ struct buffer text = BUFFER(HAPROXY_MAP_MAX);
    if (!*haproxy->names.route_map || set->revision == ROUTES_OTHER.revision)
        return 0;
    (void)haproxy_routes_text(&haproxy->routes, &haproxy->names, set, &text);
    return remember_text(haproxy->names.route_map, &text, 0644, &haproxy->remembered_map, err);
}

/* HAProxy does not start without the file. */
static void make_route_map(struct haproxy *haproxy) {
    struct error err = {0};
    if (*haproxy->names.route_map && access(haproxy->names.route_map, F_OK) < 0 &&
        remember_routes(haproxy, &(struct route_set){0}, &err) < 0)
        log_warning("traffic", "RouteMap=: %s", err.text);
}

int haproxy_check_route_map(const struct spec *spec, struct error *err) {
    char folder[sizeof spec->haproxy.route_map];
    (void)string_copy(folder, sizeof folder, spec->haproxy.route_map);
    char *slash = strrchr(folder, '/');
    if (!slash)
        return 0;
    slash[slash == folder] = '\0';
    if (access(folder, W_OK | X_OK) < 0)
        return error_set(err, -errno,
                         "RouteMap=%s cannot be written: %s: expected a file in " ROLLOUT_STATE_DIR "/%s/haproxy",
                         spec->haproxy.route_map, strerror(errno), spec->app);
    return 0;
}

static int remember(void *self, const struct plan *plan, struct error *err) {
    struct haproxy *haproxy = self;
    int r = 0;
    for (uint32_t i = 0; i < haproxy->names.n_backends && plan->wanted_known && r >= 0; i++)
        r = remember_backend(haproxy, i, plan, err);
    return r < 0 || !plan->wanted_known ? r : remember_routes(haproxy, &plan->routes, err);
}

static void forget_remembered(struct haproxy *haproxy) {
    for (uint32_t i = 0; i < BACKENDS_SEEN_MAX; i++) {
        free(haproxy->remembered[i]);
        haproxy->remembered[i] = NULL;
    }
    free(haproxy->remembered_map);
    haproxy->remembered_map = NULL;
}

/* ---------------------------------------------------------------- its life */

int haproxy_router_set_spec(struct router *router, const struct spec *spec, struct error *err) {
    struct haproxy *haproxy = router->self;
    const struct haproxy_spec *wanted = &spec->haproxy;
    struct address addresses[BALANCERS_MAX], master = {0};
    struct haproxy_names names = {0};

    int r = haproxy_names_load(spec, &names, err);
    for (uint32_t i = 0; i < wanted->n_sockets && r >= 0; i++)
        r = address_parse(wanted->sockets[i], &addresses[i], err);
    if (r >= 0 && *wanted->master_socket)
        r = address_parse(wanted->master_socket, &master, err);
    if (r < 0)
        return r;

    bool renamed = memcmp(&names, &haproxy->names, sizeof names) != 0;
    if (renamed)
        forget_remembered(haproxy);
    haproxy->names = names;
    haproxy_routes_load(spec, &haproxy->routes);
    make_route_map(haproxy);
    haproxy->n_balancers = wanted->n_sockets;
    for (uint32_t i = 0; i < BALANCERS_MAX; i++) {
        struct haproxy_balancer *balancer = &haproxy->balancers[i];
        const char *socket = i < wanted->n_sockets ? wanted->sockets[i] : "";
        if (renamed || strcmp(balancer->socket, socket) != 0)
            haproxy_balancer_forget(balancer);
        (void)string_copy(balancer->socket, sizeof balancer->socket, socket);
        balancer->address = i < wanted->n_sockets ? addresses[i] : (struct address){0};
        balancer->master = i == 0 ? master : (struct address){0};
    }
    return 0;
}

int haproxy_router_new(sd_event *event, const struct spec *spec, const char *state_dir, exchange_done done,
                       void *userdata, struct router *ret, struct error *err) {
    struct haproxy *haproxy = calloc(1, sizeof *haproxy);
    struct router router = {.self = haproxy, .exchange = exchange, .remember = remember};
    if (!haproxy)
        return error_set(err, -ENOMEM, "out of memory");

    haproxy->event = sd_event_ref(event);
    for (uint32_t i = 0; i < BALANCERS_MAX; i++) {
        struct haproxy_balancer *balancer = &haproxy->balancers[i];
        *balancer = (struct haproxy_balancer){.index = i,
                                              .event = event,
                                              .names = &haproxy->names,
                                              .routes = &haproxy->routes,
                                              .done = done,
                                              .userdata = userdata};
    }
    haproxy->state_dir = strdup(state_dir);
    int r = haproxy->state_dir ? make_dir(state_dir, 0755, err) : error_set(err, -ENOMEM, "out of memory");
    if (r >= 0)
        r = haproxy_router_set_spec(&router, spec, err);
    if (r < 0) {
        haproxy_router_free(&router);
        return r;
    }
    *ret = router;
    return 0;
}

void haproxy_router_free(struct router *router) {
    struct haproxy *haproxy = router->self;
    if (!haproxy)
        return;
    for (uint32_t i = 0; i < BALANCERS_MAX; i++)
        haproxy_balancer_end(&haproxy->balancers[i]);
    forget_remembered(haproxy);
    sd_event_unref(haproxy->event);
    free(haproxy->state_dir);
    free(haproxy);
    *router = (struct router){0};
}
