/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-balancer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/text.h"
#include "traffic/haproxy-command.h"
#include "traffic/tcp-count.h"

#define COMMANDS_MAX ((size_t)256 << 10)
#define MASTER_DEADLINE USEC_PER_SEC
#define MASTER_REPLY_MAX ((size_t)64 << 10)
#define SAME_CHANGE (2 * USEC_PER_SEC) /* HAProxy tells ages in whole seconds */

static usec_t now_boottime(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Whether it runs on this host, so that /proc and the kernel's sockets say something of its processes. */
static bool is_local(const struct address *address) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;
    return address->any.sa_family == AF_UNIX ||
           (address->any.sa_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) ||
           (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr));
}

static void tell(struct haproxy_balancer *balancer, const struct exchange_result *result) {
    uint64_t token = balancer->token;
    balancer->stale = false;
    balancer->done(balancer->userdata, balancer->index, token, result);
}

static void tell_failure(struct haproxy_balancer *balancer, enum link link, const char *problem) {
    struct exchange_result result = {.seen.link = link};
    (void)string_copy(result.seen.problem, sizeof result.seen.problem, problem);
    log_debug("traffic", "exchange with %s: %s", balancer->socket, problem);
    tell(balancer, &result);
}

static void tell_error(struct haproxy_balancer *balancer, int code) {
    char text[REASON_MAX + SOCKET_NAME_MAX];
    const char *socket = balancer->socket;
    enum link link = LINK_SILENT; /* it may carry requests all the same */
    switch (code) {
    case -ENOENT:
    case -ECONNREFUSED:
        link = LINK_GONE;
        (void)snprintf(text, sizeof text, "HAProxy does not listen on %s", socket);
        break;
    case -EACCES:
    case -EPERM:
        (void)snprintf(text, sizeof text, "no permission to open %s: is group haproxy missing?", socket);
        break;
    case -ETIMEDOUT:
        (void)snprintf(text, sizeof text, "no answer within 2s from %s", socket);
        break;
    case -EAGAIN:
        (void)snprintf(text, sizeof text, "too many others wait for %s", socket);
        break;
    case -ENOBUFS:
        (void)snprintf(text, sizeof text, "a longer answer than expected from %s", socket);
        break;
    default:
        (void)snprintf(text, sizeof text, "%s: %s", socket, strerror(-code));
    }
    tell_failure(balancer, link, text);
}

/* HAProxy says for how many seconds a server has been up, and starts anew with each worker. The point in time must
 * neither tremble nor move because of a reload. */
static void keep_up_since(struct balancer_seen *seen, const struct balancer_seen *last) {
    for (uint32_t b = 0; b < BACKENDS_SEEN_MAX; b++)
        for (uint32_t color = 0; color < COLORS; color++)
            for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
                struct server_seen *now = &seen->servers[b][color][number];
                const struct server_seen *before = &last->servers[b][color][number];
                if (!now->up || !before->up)
                    continue;
                usec_t moved = now->up_since - before->up_since;
                if ((moved >= -SAME_CHANGE && moved <= SAME_CHANGE) || (moved > 0 && seen->epoch != last->epoch))
                    now->up_since = before->up_since;
            }
}

/* What a map holds is told by the text that was wanted there when it was asked for. */
static void recognize_routes(const struct haproxy_balancer *balancer, struct haproxy_look *look) {
    look->result.seen.routes_asked = balancer->wanted;
    if (look->map && *look->map)
        look->result.seen.routes =
            haproxy_map_equal(look->map, buffer_text(&balancer->map)) ? balancer->wanted : ROUTES_OTHER;
}

static void succeed(struct haproxy_balancer *balancer, struct haproxy_look *look) {
    recognize_routes(balancer, look);
    if (balancer->last)
        keep_up_since(&look->result.seen, &balancer->last->result.seen);
    haproxy_look_free(balancer->last);
    balancer->last = look;
    struct exchange_result result = look->result; /* who is told may make us forget */
    tell(balancer, &result);
}

/* In maintenance in every backend that has it: the worker of now has closed its idle connections and sends no checks,
 * so that what is left are sessions, its own or those of its elders. */
static bool is_retired(const struct balancer_seen *seen, uint32_t color, uint32_t number) {
    bool known = false;
    for (uint32_t b = 0; b < BACKENDS_SEEN_MAX; b++) {
        const struct server_seen *server = &seen->servers[b][color][number];
        if (server->known && !server->maint)
            return false;
        known = known || server->known;
    }
    return known;
}

static void add_elders_sessions(const struct haproxy_balancer *balancer, struct haproxy_look *look, uint32_t uid) {
    const struct address *peer = is_local(&balancer->address) ? NULL : &balancer->address;
    for (uint32_t color = 0; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
            const struct endpoint *endpoint = &look->result.endpoints[color][number];
            uint32_t *inflight = &look->result.seen.inflight[color][number], count;
            if (endpoint->port == 0 || !is_retired(&look->result.seen, color, number))
                continue;
            int r = tcp_count(&(struct tcp_filter){.endpoint = endpoint, .uid = uid, .peer = peer}, &count);
            if (r < 0) {
                log_debug("traffic", "connections to %s:%u: %s", endpoint->host, endpoint->port, strerror(-r));
                count = 1; /* not known to be drained: DrainTimeoutSec= bounds it */
            }
            if (*inflight < count)
                *inflight = count;
        }
}

/* ELDERS overrides what /proc says unless it is unknown. */
static void settle(struct haproxy_balancer *balancer, struct haproxy_look *look, enum elders elders) {
    uint32_t uid = UID_ANY;
    enum elders found = is_local(&balancer->address) ? haproxy_elders(NULL, look->pid, &uid) : ELDERS_UNKNOWN;
    if (elders == ELDERS_UNKNOWN)
        elders = found;
    if (elders == ELDERS_NONE)
        balancer->alone = look->result.seen.epoch;
    else
        add_elders_sessions(balancer, look, uid);
    succeed(balancer, look);
}

/* Takes the reply over and closes the connection: who is told may begin the next exchange at once. */
static struct buffer end_connection(struct haproxy_balancer *balancer, struct buffer *reply) {
    struct buffer taken = *reply;
    *reply = (struct buffer){0};
    balancer->connection = connection_free(balancer->connection);
    return taken;
}

static void on_master(void *userdata, int code, struct buffer *reply) {
    struct haproxy_balancer *balancer = userdata;
    _cleanup_buffer_ struct buffer text = end_connection(balancer, reply);
    _cleanup_haproxy_look_ struct haproxy_look *look = take_pointer(balancer->asked);
    if (balancer->stale)
        tell_failure(balancer, LINK_UNKNOWN, "the configuration was changed meanwhile");
    else
        settle(balancer, take_pointer(look), code < 0 ? ELDERS_UNKNOWN : haproxy_elders_told(buffer_text(&text)));
}

static void on_look(struct haproxy_balancer *balancer, struct haproxy_look *look) {
    if (look->result.seen.epoch == balancer->alone) {
        succeed(balancer, look);
    } else if (balancer->master.len > 0 &&
               connection_ask(balancer->event, &balancer->master, HAPROXY_SHOW_PROC, MASTER_DEADLINE, MASTER_REPLY_MAX,
                              on_master, balancer, &balancer->connection) >= 0) {
        balancer->asked = look;
    } else {
        settle(balancer, look, ELDERS_UNKNOWN);
    }
}

static void on_answer(void *userdata, int code, struct buffer *reply) {
    struct haproxy_balancer *balancer = userdata;
    _cleanup_buffer_ struct buffer text = end_connection(balancer, reply);
    _cleanup_haproxy_look_ struct haproxy_look *look = NULL;
    struct error error = {0};

    if (balancer->stale)
        tell_failure(balancer, LINK_UNKNOWN, "the configuration was changed meanwhile");
    else if (code < 0 || text.len == 0)
        tell_error(balancer, code < 0 ? code : -ECONNRESET);
    else if (haproxy_look(balancer->names, buffer_text(&balancer->commands), text.data, text.len, now_boottime(), &look,
                          &error) < 0)
        tell_failure(balancer, LINK_SILENT, error.text);
    else if (look->stopping)
        tell_failure(balancer, LINK_SILENT, "the answer came from a worker that is ending");
    else
        on_look(balancer, take_pointer(look));
}

static int write_commands(struct haproxy_balancer *balancer, const struct balancer_plan *plan) {
    static const struct balancer_seen nothing;
    const struct haproxy_look *last = balancer->last;
    struct haproxy_map_order map = {.order = plan->routes_order,
                                    .seen = last && last->map ? last->map : "",
                                    .wanted = buffer_text(&balancer->map)};
    return haproxy_command_text(balancer->names, last ? &last->result.seen : &nothing, plan->orders, plan->n, &map,
                                &balancer->commands);
}

int haproxy_balancer_exchange(struct haproxy_balancer *balancer, const struct balancer_plan *plan, uint64_t token) {
    if (balancer->connection)
        return -EBUSY;
    buffer_reset(&balancer->commands);
    buffer_reset(&balancer->map);
    balancer->commands.max = COMMANDS_MAX;
    balancer->map.max = HAPROXY_MAP_MAX;
    balancer->wanted = plan->routes;
    int r = haproxy_routes_text(balancer->routes, balancer->names, &plan->routes, &balancer->map);
    if (r >= 0)
        r = write_commands(balancer, plan);
    if (r < 0)
        return r;
    balancer->token = token;
    return connection_ask(balancer->event, &balancer->address, buffer_text(&balancer->commands), HAPROXY_DEADLINE,
                          HAPROXY_REPLY_MAX, on_answer, balancer, &balancer->connection);
}

void haproxy_balancer_forget(struct haproxy_balancer *balancer) {
    balancer->stale = balancer->connection != NULL;
    balancer->alone = 0;
    balancer->last = haproxy_look_free(balancer->last);
}

void haproxy_balancer_end(struct haproxy_balancer *balancer) {
    balancer->connection = connection_free(balancer->connection);
    balancer->asked = haproxy_look_free(balancer->asked);
    balancer->last = haproxy_look_free(balancer->last);
    buffer_reset(&balancer->commands);
    buffer_reset(&balancer->map);
}
