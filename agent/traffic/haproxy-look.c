/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-look.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "traffic/haproxy-algorithm.h"
#include "traffic/haproxy-command.h"
#include "traffic/haproxy-info.h"
#include "traffic/haproxy-routes.h"
#include "traffic/haproxy-server.h"
#include "traffic/haproxy-table.h"

#define PREFIXED(text, prefix) (strncmp(text, prefix, strlen(prefix)) == 0)

/* Only the first problem is told: the later ones tend to follow from it. */
static void note_problem(struct haproxy_look *look, const char *command, const char *reply) {
    char *problem = look->result.seen.problem;
    if (*problem)
        return;
    char shown[REASON_MAX];
    (void)snprintf(problem, REASON_MAX, "\"%.60s\" was answered: %.60s%s", command,
                   text_escape(shown, sizeof shown, reply, strcspn(reply, "\n")),
                   PREFIXED(reply, "Permission denied") ? "; the socket needs `level admin`" : "");
    text_escape(shown, sizeof shown, problem, strlen(problem)); /* a cut may have split a character */
    (void)string_copy(problem, REASON_MAX, shown);
}

static int read_info(struct haproxy_look *look, const char *reply, struct error *err) {
    struct haproxy_info info;
    int r = haproxy_info_read(reply, &info, err);
    if (r < 0)
        return r;
    look->pid = info.pid;
    look->stopping = info.stopping;
    look->result.seen.epoch = info.epoch;
    return 0;
}

static int read_servers(struct haproxy_look *look, const struct haproxy_names *names, const char *command, char *reply,
                        usec_t now, struct error *err) {
    int backend = haproxy_names_backend(names, command + strlen(HAPROXY_SHOW_SERVERS));
    if (backend < 0 || look->tables[backend])
        return error_set(err, -EINVAL, "a backend that was not asked for twice was expected");
    if (!haproxy_is_server_table(reply)) {
        note_problem(look, command, reply);
        return 0;
    }
    look->tables[backend] = strdup(reply);
    if (!look->tables[backend])
        return error_set(err, -ENOMEM, "out of memory");

    struct haproxy_server_rows rows;
    int r = haproxy_servers_begin(&rows, names, reply);
    while (r >= 0 && (r = haproxy_servers_next(&rows)) > 0) {
        struct instance_place place = rows.place;
        struct server_seen *seen = &look->result.seen.servers[backend][place.color][place.number];
        struct endpoint *endpoint = &look->result.endpoints[place.color][place.number];
        *seen = rows.seen;
        if (seen->up)
            seen->up_since = now > rows.unchanged ? now - rows.unchanged : 1;
        if (endpoint->port == 0)
            *endpoint = rows.endpoint;
    }
    return r < 0 ? error_set(err, r, "\"%s\" was answered by a table that HAProxy does not write", command) : 0;
}

/* Adds what a server carries to the instances that it stands for: its own by name, and any that listens on its address,
 * because one instance may stand in many backends, also in foreign ones and under other names. */
static void add_sessions(struct haproxy_look *look, const struct haproxy_names *names, const char *backend,
                         const char *server, const char *address, uint32_t sessions) {
    struct instance_place own = {COLORS, 0};
    if (haproxy_names_backend(names, backend) >= 0)
        (void)haproxy_names_server(names, server, &own);

    for (uint32_t color = 0; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
            const struct endpoint *endpoint = &look->result.endpoints[color][number];
            char text[sizeof endpoint->host + 16] = "";
            if (endpoint->port > 0)
                (void)snprintf(text, sizeof text, strchr(endpoint->host, ':') ? "[%s]:%u" : "%s:%u", endpoint->host,
                               endpoint->port);
            uint32_t *inflight = &look->result.seen.inflight[color][number];
            if ((own.color == color && own.number == number) || (*text && strcmp(text, address) == 0))
                *inflight += sessions <= UINT32_MAX - *inflight ? sessions : UINT32_MAX - *inflight;
        }
}

/* The row of a backend itself. Its sessions are those of its servers, and ones that have none yet. */
static void read_backend(struct haproxy_look *look, const struct haproxy_names *names, const char *backend,
                         const char *algorithm) {
    int index = haproxy_names_backend(names, backend);
    const char *problem = haproxy_algorithm_problem(algorithm);
    if (index >= 0 && problem)
        (void)snprintf(look->result.unfit[index], UNFIT_MAX, "balance %.20s %s: expected balance roundrobin", algorithm,
                       problem);
}

static int read_sessions(struct haproxy_look *look, const struct haproxy_names *names, char *reply, struct error *err) {
    struct haproxy_table table;
    if (haproxy_table_begin(&table, reply, ',') < 0)
        return error_set(err, -EPROTO, "\"" HAPROXY_SHOW_STAT "\" was not answered by a table");
    int backend = haproxy_table_column(&table, "pxname"), server = haproxy_table_column(&table, "svname");
    int current = haproxy_table_column(&table, "scur"), queued = haproxy_table_column(&table, "qcur");
    int address = haproxy_table_column(&table, "addr"); /* levels operator and admin have it, and: */
    int algorithm = haproxy_table_column(&table, "algo");
    if (backend < 0 || server < 0 || current < 0 || queued < 0)
        return error_set(err, -EPROTO, "\"" HAPROXY_SHOW_STAT "\" was answered by a table without sessions");

    while (haproxy_table_next(&table)) {
        uint32_t scur, qcur;
        if (strcmp(haproxy_table_field(&table, server), "BACKEND") == 0) {
            read_backend(look, names, haproxy_table_field(&table, backend), haproxy_table_field(&table, algorithm));
            continue;
        }
        if (haproxy_table_number(&table, current, INT32_MAX, &scur) < 0 ||
            haproxy_table_number(&table, queued, INT32_MAX, &qcur) < 0)
            return error_set(err, -EPROTO, "\"" HAPROXY_SHOW_STAT "\" gives sessions that are no number");
        if (scur + qcur > 0)
            add_sessions(look, names, haproxy_table_field(&table, backend), haproxy_table_field(&table, server),
                         haproxy_table_field(&table, address), scur + qcur);
    }
    return 0;
}

static int read_map(struct haproxy_look *look, const char *command, char *reply, struct error *err) {
    look->result.seen.no_route_map = PREFIXED(reply, "Unknown map identifier");
    if (look->result.seen.no_route_map || look->map)
        return 0;
    if (!haproxy_map_read(reply)) {
        look->result.seen.routes = ROUTES_OTHER;
        note_problem(look, command, reply);
        return 0;
    }
    look->map = strdup(reply);
    return look->map ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static int read_reply(struct haproxy_look *look, const struct haproxy_names *names, const char *command, char *reply,
                      usec_t now, struct error *err) {
    if (strcmp(command, HAPROXY_SHOW_INFO) == 0)
        return read_info(look, reply, err);
    if (PREFIXED(command, HAPROXY_SHOW_SERVERS))
        return read_servers(look, names, command, reply, now, err);
    if (strcmp(command, HAPROXY_SHOW_STAT) == 0)
        return read_sessions(look, names, reply, err);
    if (PREFIXED(command, HAPROXY_SHOW_MAP))
        return read_map(look, command, reply, err);
    if (*reply) { /* an order that worked is answered by nothing */
        look->result.refused = true;
        note_problem(look, command, reply);
    }
    return 0;
}

int haproxy_look(const struct haproxy_names *names, const char *commands, char *replies, size_t len, usec_t now,
                 struct haproxy_look **ret, struct error *err) {
    _cleanup_haproxy_look_ struct haproxy_look *look = calloc(1, sizeof *look);
    if (!look)
        return error_set(err, -ENOMEM, "out of memory");

    struct haproxy_dialogue dialogue;
    haproxy_dialogue_begin(&dialogue, commands, replies, len);
    int r;
    while ((r = haproxy_dialogue_next(&dialogue)) > 0) {
        r = read_reply(look, names, dialogue.command, dialogue.reply, now, err);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return error_set(err, r, "the connection ended before \"%s\" was answered", dialogue.command);

    look->result.seen.link = LINK_UP;
    *ret = take_pointer(look);
    return 0;
}

struct haproxy_look *haproxy_look_free(struct haproxy_look *look) {
    if (look)
        for (uint32_t i = 0; i < BACKENDS_SEEN_MAX; i++)
            free(look->tables[i]);
    if (look)
        free(look->map);
    free(look);
    return NULL;
}
