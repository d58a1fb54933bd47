/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/files.h"
#include "common/text.h"
#include "traffic/haproxy-balancer.h"
#include "traffic/haproxy-server.h"

#define STATE_FILE_MAX ((size_t)1 << 20)

struct haproxy {
    sd_event *event;
    char *state_dir;
    struct haproxy_names names;
    uint32_t n_balancers;
    struct haproxy_balancer balancers[BALANCERS_MAX];
    char *remembered[BACKENDS_SEEN_MAX]; /* what the state files hold; NULL: not known yet */
};

static int exchange(void *self, uint32_t balancer, const struct server_order *orders, uint32_t n, uint64_t token) {
    struct haproxy *haproxy = self;
    if (balancer >= haproxy->n_balancers)
        return -EINVAL;
    return haproxy_balancer_exchange(&haproxy->balancers[balancer], orders, n, token);
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

    char **remembered = &haproxy->remembered[backend];
    if (!*remembered)
        (void)file_read(path, STATE_FILE_MAX, remembered, NULL, NULL); /* not there, or bad: it is written */
    if (*remembered && strcmp(*remembered, buffer_text(&text)) == 0)
        return 0;
    r = file_write_atomic(path, text.data, text.len, 0640, err);
    if (r < 0)
        return r;
    free(*remembered);
    *remembered = NULL;
    return buffer_take(&text, remembered, NULL);
}

static int remember(void *self, const struct plan *plan, struct error *err) {
    struct haproxy *haproxy = self;
    int r = 0;
    for (uint32_t i = 0; i < haproxy->names.n_backends && plan->wanted_known && r >= 0; i++)
        r = remember_backend(haproxy, i, plan, err);
    return r;
}

static void forget_remembered(struct haproxy *haproxy) {
    for (uint32_t i = 0; i < BACKENDS_SEEN_MAX; i++) {
        free(haproxy->remembered[i]);
        haproxy->remembered[i] = NULL;
    }
}

int haproxy_router_set_spec(struct router *router, const struct spec *spec, struct error *err) {
    struct haproxy *haproxy = router->self;
    const struct haproxy_spec *wanted = &spec->haproxy;
    struct address addresses[BALANCERS_MAX], master = {0};
    struct haproxy_names names;

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
        *balancer = (struct haproxy_balancer){
            .index = i, .event = event, .names = &haproxy->names, .done = done, .userdata = userdata};
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
