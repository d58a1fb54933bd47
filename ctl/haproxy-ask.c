/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HAProxy that runs, asked once and waited for: facts from its tables. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "ctl/haproxy-facts.h"
#include "spec/array.h"
#include "traffic/connection.h"
#include "traffic/haproxy-command.h"
#include "traffic/haproxy-server.h"

#define DEADLINE_MSEC 2000
#define REPLY_MAX ((size_t)32 << 20)
#define COMMANDS_MAX ((size_t)4096)
#define SHOW_LEVEL "show cli level"
#define SHOW_ALL "show stat -1 6 -1" /* of all backends themselves and their servers */

/* As `show servers state` has them, see agent/traffic/haproxy-server.c. */
enum { ADMIN_CONFIGURED_MAINT = 0x04, ADMIN_OUT = 0x3b, CHECK_CONFIGURED = 0x02 };

/* ---------------------------------------------------------------- the connection */

static int64_t now_msec(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for(int fd, short events, int64_t end) {
    struct pollfd waited = {.fd = fd, .events = events};
    int64_t left = end - now_msec();
    int r = left > 0 ? poll(&waited, 1, (int)left) : 0;
    return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

static int say(int fd, const char *text, int64_t end) {
    for (size_t left = strlen(text); left > 0;) {
        int r = wait_for(fd, POLLOUT, end);
        if (r < 0)
            return r;
        ssize_t n = send(fd, text, left, MSG_NOSIGNAL);
        if (n < 0)
            return -errno;
        text += n;
        left -= (size_t)n;
    }
    return 0;
}

static int hear(int fd, struct buffer *reply, int64_t end) {
    char piece[16 * 1024];
    for (;;) {
        int r = wait_for(fd, POLLIN, end);
        ssize_t n = r < 0 ? 0 : recv(fd, piece, sizeof piece, 0);
        if (r < 0 || n < 0)
            return r < 0 ? r : -errno;
        if (n == 0)
            return 0;
        r = buffer_append(reply, piece, (size_t)n);
        if (r < 0)
            return r;
    }
}

static int converse(const struct address *address, const char *text, struct buffer *reply) {
    int64_t end = now_msec() + DEADLINE_MSEC;
    _cleanup_close_ int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, &address->any, address->len) < 0 && errno != EINPROGRESS)
        return -errno;
    int r = wait_for(fd, POLLOUT, end), failure = 0;
    socklen_t len = sizeof failure;
    if (r >= 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 && failure != 0)
        r = -failure;
    if (r >= 0)
        r = say(fd, text, end);
    return r < 0 ? r : hear(fd, reply, end);
}

static int say_why(int code, const char *socket, struct error *err) {
    switch (code) {
    case -ENOENT:
        return error_set(err, code,
                         "there is no such socket: start HAProxy, or let its configuration have `stats socket "
                         "%s mode 660 level admin`, or correct Socket=",
                         socket);
    case -ECONNREFUSED:
        return error_set(err, code, "nobody listens: start HAProxy, or correct Socket=");
    case -EACCES:
    case -EPERM:
        return error_set(err, code, "no permission: run lint as root or as a member of the socket's group");
    case -ETIMEDOUT:
    case -EAGAIN:
        return error_set(err, code, "HAProxy does not answer within 2 s");
    default:
        return error_set(err, code, "HAProxy does not answer: %s", strerror(-code));
    }
}

/* ---------------------------------------------------------------- tables */

static int number(const struct haproxy_table *table, const char *column, uint32_t *ret) {
    return haproxy_table_number(table, haproxy_table_column(table, column), UINT32_MAX, ret);
}

static void copy_field(const struct haproxy_table *table, const char *column, char *ret, size_t size) {
    (void)string_copy(ret, size, haproxy_table_field(table, haproxy_table_column(table, column)));
}

static int take_server(const struct haproxy_table *table, struct haproxy_backend_facts *backend) {
    uint32_t admin, weight, configured, check, agent, port;
    if (number(table, "srv_admin_state", &admin) < 0 || number(table, "srv_uweight", &weight) < 0 ||
        number(table, "srv_iweight", &configured) < 0 || number(table, "srv_check_state", &check) < 0 ||
        number(table, "srv_agent_state", &agent) < 0 || number(table, "srv_port", &port) < 0 || port > UINT16_MAX)
        return -EPROTO;
    struct haproxy_server_facts *server = ARRAY_ADD(backend->servers, backend->n_servers);
    if (!server)
        return -ENOMEM;
    *server = (struct haproxy_server_facts){
        .port = (int)port,
        .weight = configured,
        .share = admin & ADMIN_OUT ? 0 : weight,
        .disabled = (admin & ADMIN_CONFIGURED_MAINT) != 0,
        .checked = (check & CHECK_CONFIGURED) != 0,
        .agent = (agent & CHECK_CONFIGURED) != 0,
    };
    copy_field(table, "srv_name", server->name, sizeof server->name);
    copy_field(table, "srv_addr", server->address, sizeof server->address);
    return 0;
}

static int take_backend(struct haproxy_facts *facts, const char *name, char *reply) {
    struct haproxy_table table;
    if (!haproxy_is_server_table(reply) || haproxy_table_begin(&table, reply, ' ') < 0)
        return 0; /* it has no such backend */
    struct haproxy_backend_facts *backend = ARRAY_ADD(facts->backends, facts->n_backends);
    if (!backend)
        return -ENOMEM;
    (void)string_copy(backend->name, sizeof backend->name, name);
    int r = 0;
    while (r >= 0 && haproxy_table_next(&table))
        r = take_server(&table, backend);
    return r;
}

static void take_row(const struct haproxy_table *table, struct haproxy_backend_facts *backend) {
    char name[SERVER_NAME_MAX], cookie[64], throttle[16];
    uint32_t backup = 0;
    copy_field(table, "svname", name, sizeof name);
    copy_field(table, "cookie", cookie, sizeof cookie);
    copy_field(table, "throttle", throttle, sizeof throttle);
    if (strcmp(name, "BACKEND") == 0) {
        copy_field(table, "algo", backend->algorithm, sizeof backend->algorithm);
        backend->cookies = cookie[0] != '\0';
        return;
    }
    for (size_t i = 0; i < backend->n_servers; i++) {
        struct haproxy_server_facts *server = &backend->servers[i];
        if (strcmp(server->name, name) != 0)
            continue;
        memcpy(server->cookie, cookie, sizeof cookie);
        server->slowstart = throttle[0] != '\0' && strcmp(throttle, "-") != 0;
        server->backup = number(table, "bck", &backup) >= 0 && backup > 0;
        server->share = server->backup ? 0 : server->share;
    }
}

static int take_rows(struct haproxy_facts *facts, char *reply) {
    struct haproxy_table table;
    if (haproxy_table_begin(&table, reply, ',') < 0)
        return -EPROTO;
    int column = haproxy_table_column(&table, "pxname");
    while (haproxy_table_next(&table))
        for (size_t i = 0; i < facts->n_backends; i++)
            if (strcmp(facts->backends[i].name, haproxy_table_field(&table, column)) == 0)
                take_row(&table, &facts->backends[i]);
    return 0;
}

static int take_replies(const char *commands, struct buffer *reply, struct haproxy_facts *facts, char level[16]) {
    struct haproxy_dialogue dialogue;
    size_t prefix = strlen(HAPROXY_SHOW_SERVERS);
    haproxy_dialogue_begin(&dialogue, commands, reply->data, reply->len);
    int r;
    while ((r = haproxy_dialogue_next(&dialogue)) > 0) {
        if (strcmp(dialogue.command, SHOW_LEVEL) == 0)
            (void)string_copy(level, 16, dialogue.reply);
        else if (strncmp(dialogue.command, HAPROXY_SHOW_SERVERS, prefix) == 0)
            r = take_backend(facts, dialogue.command + prefix, dialogue.reply);
        else if (strcmp(dialogue.command, SHOW_ALL) == 0)
            r = take_rows(facts, dialogue.reply);
        else if (strncmp(dialogue.command, HAPROXY_SHOW_MAP, strlen(HAPROXY_SHOW_MAP)) == 0)
            facts->looks_routes_up = haproxy_map_read(dialogue.reply);
        if (r < 0)
            return r;
    }
    return r;
}

int haproxy_facts_ask(const struct spec *spec, const char *socket, struct haproxy_facts *ret, char ret_level[16],
                      struct error *err) {
    struct address address;
    struct haproxy_names names;
    _cleanup_buffer_ struct buffer commands = BUFFER(COMMANDS_MAX), reply = BUFFER(REPLY_MAX);
    *ret = (struct haproxy_facts){0};
    (void)string_copy(ret->source, sizeof ret->source, socket);
    (void)string_copy(ret_level, 16, "");
    int r = address_parse(socket, &address, err);
    if (r >= 0)
        r = haproxy_names_load(spec, &names, err);
    if (r < 0)
        return r;

    buffer_puts(&commands, "prompt\n" SHOW_LEVEL "\n");
    for (uint32_t i = 0; i < names.n_backends; i++)
        buffer_printf(&commands, HAPROXY_SHOW_SERVERS "%s\n", names.backends[i]);
    if (*names.route_map)
        buffer_printf(&commands, HAPROXY_SHOW_MAP "%s\n", names.route_map);
    r = buffer_puts(&commands, SHOW_ALL "\nquit\n");
    if (r >= 0)
        r = converse(&address, buffer_text(&commands), &reply);
    if (r < 0)
        return say_why(r, socket, err);
    r = reply.len > 0 ? take_replies(buffer_text(&commands), &reply, ret, ret_level) : -EPROTO;
    return r < 0 ? error_set(err, r, "what answers is no HAProxy that can be understood: expected HAProxy 2.4 or newer")
                 : 0;
}
