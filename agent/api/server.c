/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libmicrohttpd between two Unix sockets and the event loop; nobody else knows of it. One request per connection. What
 * bounds a connection: its number (DOOR_MAX per socket, STREAMS_MAX of them streams), its time (REQUEST_TIME from
 * accept to answer, however slowly bytes drip; STALL_TIME without progress), its size (BODY_MAX, HEADERS_MAX).
 *
 * A stream (server-sent events) without news is suspended, or libmicrohttpd would ask for more without end.
 * STREAM_PERIOD after a change all are resumed once, and every STREAM_ALIVE, so that readers who left are noticed. A
 * request that has no answer yet is suspended, too, and answered again after LATER. */
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "api/http.h"
#include "api/sockets.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "common/log.h"

#define DOOR_MAX 64U
#define STREAMS_MAX 24U
#define HEADERS_MAX ((size_t)16 * 1024)
#define STALL_TIME 10U /* seconds */
#define REQUEST_TIME (10 * USEC_PER_SEC)
#define STREAM_PERIOD (100 * USEC_PER_MSEC)
#define STREAM_ALIVE (15 * USEC_PER_SEC)
#define LATER (50 * USEC_PER_MSEC)
#define PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10) /* readers come after what happens in the world */
#define STREAM_TEXT_MAX ((size_t)128 * 1024)

/* One socket that listens. */
struct door {
    struct api_server *server;
    struct MHD_Daemon *daemon;
    sd_event_source *io, *timer;
    char *path;
    bool may_act;
    unsigned n_connections, n_streams;
};

struct connection {
    struct connection *next, *previous; /* newest first */
    struct door *door;
    struct MHD_Connection *mhd;
    int fd;
    usec_t deadline; /* CLOCK_BOOTTIME; USEC_INFINITY: a stream */
    bool asked;      /* the headers are there */
    bool too_long;
    struct buffer body;
    usec_t asked_at; /* CLOCK_BOOTTIME: when the body was there, too; 0: it isn't */

    bool stream, suspended;
    bool told;          /* since it was resumed */
    uint32_t after;     /* events up to this one have been sent */
    struct buffer text; /* not sent yet */
};

struct api_server {
    sd_event *event;
    struct api_handler handler;
    struct door doors[2];
    struct connection *connections;
    sd_event_source *deadline, *news, *later;
};

static usec_t now_of(sd_event *event) {
    uint64_t now = 0;
    (void)sd_event_now(event, CLOCK_BOOTTIME, &now);
    return (usec_t)now;
}

/* (Re)arms a one-shot timer; USEC_INFINITY disarms. */
static int arm(struct api_server *server, sd_event_source **source, usec_t at, sd_event_time_handler_t callback,
               void *userdata) {
    if (at == USEC_INFINITY)
        return *source ? sd_event_source_set_enabled(*source, SD_EVENT_OFF) : 0;
    if (!*source) {
        int r =
            sd_event_add_time(server->event, source, CLOCK_BOOTTIME, (uint64_t)at, USEC_PER_MSEC, callback, userdata);
        return r < 0 ? r : sd_event_source_set_priority(*source, PRIORITY);
    }
    int r = sd_event_source_set_time(*source, (uint64_t)at);
    return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

/* Arms it for so long from now, unless it comes earlier anyway. */
static int arm_within(struct api_server *server, sd_event_source **source, usec_t after,
                      sd_event_time_handler_t callback) {
    uint64_t at;
    int enabled = SD_EVENT_OFF;
    usec_t wanted = usec_add(now_of(server->event), after);
    if (*source && sd_event_source_get_enabled(*source, &enabled) > 0 && sd_event_source_get_time(*source, &at) == 0 &&
        (usec_t)at <= wanted)
        return 0;
    return arm(server, source, wanted, callback, server);
}

/* ---------------------------------------------------------------- driving the library */

static int on_daemon_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void run_door(struct door *door) {
    MHD_UNSIGNED_LONG_LONG msec;
    usec_t wake = USEC_INFINITY;
    bool was_full = door->n_connections == DOOR_MAX;
    (void)MHD_run(door->daemon);
    /* A full library stops listening, and begins again only in the run after the one that made room. */
    if (was_full && door->n_connections < DOOR_MAX)
        wake = now_of(door->server->event);
    else if (MHD_get_timeout(door->daemon, &msec) == MHD_YES)
        wake = usec_add(now_of(door->server->event), (usec_t)msec * USEC_PER_MSEC);
    if (arm(door->server, &door->timer, wake, on_daemon_timer, door) < 0)
        log_debug("api", "no timer for %s", door->path);
}

static int on_daemon_timer(sd_event_source *source, uint64_t usec, void *userdata) {
    run_door(userdata);
    return 0;
}

static int on_daemon_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
    run_door(userdata);
    return 0;
}

static void __attribute__((format(printf, 2, 0))) on_library_log(void *userdata, const char *format, va_list args) {
    char text[256];
    (void)vsnprintf(text, sizeof(text), format, args);
    log_debug("api", "libmicrohttpd: %s", text);
}

/* ---------------------------------------------------------------- bounds */

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata);

static void arm_deadline(struct api_server *server) {
    usec_t next = USEC_INFINITY;
    for (const struct connection *c = server->connections; c; c = c->next)
        if (c->deadline < next)
            next = c->deadline;
    if (arm(server, &server->deadline, next, on_deadline, server) < 0)
        log_debug("api", "no timer for deadlines");
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
    struct api_server *server = userdata;
    usec_t now = now_of(server->event);
    for (struct connection *c = server->connections; c; c = c->next)
        if (c->deadline <= now) {
            (void)shutdown(c->fd, SHUT_RDWR); /* the library sees its end and closes it */
            c->deadline = USEC_INFINITY;
        }
    arm_deadline(server);
    return 0;
}

static void connection_begin(struct door *door, struct MHD_Connection *mhd, void **ret) {
    struct api_server *server = door->server;
    struct connection *c = calloc(1, sizeof(*c));
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    *ret = c;
    if (!c)
        return;
    *c = (struct connection){.next = server->connections,
                             .door = door,
                             .mhd = mhd,
                             .fd = info ? info->connect_fd : -1,
                             .deadline = usec_add(now_of(server->event), REQUEST_TIME),
                             .body = BUFFER(BODY_MAX),
                             .text = BUFFER(STREAM_TEXT_MAX)};
    if (server->connections)
        server->connections->previous = c;
    server->connections = c;
    door->n_connections++;
    arm_deadline(server);
}

static void connection_end(struct connection *c) {
    struct api_server *server = c->door->server;
    if (c->previous)
        c->previous->next = c->next;
    else
        server->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->door->n_connections--;
    c->door->n_streams -= c->stream;
    buffer_reset(&c->body);
    buffer_reset(&c->text);
    free(c);
    arm_deadline(server);
}

static void on_connection(void *userdata, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code) {
    switch (code) {
    case MHD_CONNECTION_NOTIFY_STARTED:
        connection_begin(userdata, mhd, context);
        break;
    case MHD_CONNECTION_NOTIFY_CLOSED:
        if (*context)
            connection_end(*context);
        *context = NULL;
        break;
    }
}

/* ---------------------------------------------------------------- streams */

static void suspend(struct connection *c) {
    c->suspended = true;
    MHD_suspend_connection(c->mhd);
}

static void resume(struct api_server *server, bool streams) {
    for (struct connection *c = server->connections; c; c = c->next)
        if (c->suspended && c->stream == streams) {
            c->suspended = false;
            MHD_resume_connection(c->mhd);
        }
    for (size_t i = 0; i < 2; i++)
        run_door(&server->doors[i]);
}

static int on_news(sd_event_source *source, uint64_t usec, void *userdata) {
    struct api_server *server = userdata;
    resume(server, true);
    if (server->doors[0].n_streams + server->doors[1].n_streams > 0)
        (void)arm(server, &server->news, usec_add(now_of(server->event), STREAM_ALIVE), on_news, server);
    return 0;
}

void api_server_changed(struct api_server *server) {
    if (server->doors[0].n_streams + server->doors[1].n_streams > 0)
        (void)arm_within(server, &server->news, STREAM_PERIOD, on_news);
}

static ssize_t stream_read(void *userdata, uint64_t position, char *buffer, size_t max) {
    struct connection *c = userdata;
    if (c->text.len == 0 && view_put_events(&c->text, &c->door->server->handler, &c->after) < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    /* A comment says that something else may have changed, or only that we are alive. */
    if (c->text.len == 0 && !c->told)
        (void)buffer_puts(&c->text, ":\n\n");
    if (c->text.len == 0) {
        c->told = false;
        suspend(c);
        return 0;
    }
    size_t n = c->text.len < max ? c->text.len : max;
    memcpy(buffer, c->text.data, n);
    buffer_consume(&c->text, n);
    c->told = true;
    return (ssize_t)n;
}

/* ---------------------------------------------------------------- requests */

static enum MHD_Result send_response(struct connection *c, struct MHD_Response *response,
                                     const struct http_response *answer) {
    if (!response)
        return MHD_NO;
    enum MHD_Result ok = MHD_YES;
    if (answer->type)
        ok &= MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    if (answer->allow)
        ok &= MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
    ok &= MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    ok &= MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (ok == MHD_YES)
        ok = MHD_queue_response(c->mhd, answer->status, response);
    MHD_destroy_response(response);
    return ok;
}

static enum MHD_Result send_answer(struct connection *c, struct http_response *answer) {
    if (!answer->body)
        return send_response(c, MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT),
                             answer);
    struct MHD_Response *response = MHD_create_response_from_buffer(answer->len, answer->body, MHD_RESPMEM_MUST_FREE);
    if (!response)
        free(answer->body);
    return send_response(c, response, answer);
}

static enum MHD_Result send_stream(struct connection *c, struct http_response *answer) {
    if (c->door->n_streams >= STREAMS_MAX) {
        http_problem(answer, PROBLEM_BUSY, 0, "too many readers of events; try again later");
        return send_answer(c, answer);
    }
    c->stream = true;
    c->after = answer->after;
    c->deadline = USEC_INFINITY;
    c->door->n_streams++;
    (void)arm_within(c->door->server, &c->door->server->news, STREAM_ALIVE, on_news);
    return send_response(c, MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, c, NULL), answer);
}

static int on_later(sd_event_source *source, uint64_t usec, void *userdata) {
    resume(userdata, false);
    return 0;
}

/* Whoever gave up waiting does not want it any more. One that only ended its own side does. */
static bool has_left(const struct connection *c) {
    struct pollfd fd = {.fd = c->fd};
    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLHUP | POLLERR));
}

/* The library calls on_request() again when the connection is resumed. */
static enum MHD_Result answer_later(struct connection *c) {
    struct api_server *server = c->door->server;
    if (arm_within(server, &server->later, LATER, on_later) < 0)
        return MHD_NO;
    suspend(c);
    return MHD_YES;
}

static enum MHD_Result take_parameter(void *userdata, enum MHD_ValueKind kind, const char *key, const char *value) {
    struct http_request *request = userdata;
    if (strcmp(key, "dryRun") == 0)
        request->dry_run = value ? value : "";
    else
        request->unknown = key;
    return MHD_YES;
}

static enum MHD_Result answer(struct connection *c, const char *method, const char *path) {
    struct http_response response;
    if (c->too_long) {
        http_problem(&response, PROBLEM_TOO_LONG, 0, "the body has more than 64 KiB");
        return send_answer(c, &response);
    }
    if (c->asked_at && has_left(c))
        return MHD_NO;
    if (!c->asked_at)
        c->asked_at = now_of(c->door->server->event);
    struct http_request request = {
        .method = method,
        .path = path,
        .body = buffer_text(&c->body),
        .body_len = c->body.len,
        .last_event_id = MHD_lookup_connection_value(c->mhd, MHD_HEADER_KIND, "Last-Event-ID"),
        .may_act = c->door->may_act,
        .asked_at = c->asked_at,
    };
    socket_peer(c->fd, &request.uid, &request.login_uid);
    (void)MHD_get_connection_values(c->mhd, MHD_GET_ARGUMENT_KIND, take_parameter, &request);
    http_answer(&c->door->server->handler, &request, &response);
    return response.later ? answer_later(c) : response.stream ? send_stream(c, &response) : send_answer(c, &response);
}

/* Called once with the headers, then with each piece of the body, at last without any. */
static enum MHD_Result on_request(void *userdata, struct MHD_Connection *mhd, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **context) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *c = info ? info->socket_context : NULL;
    if (!c)
        return MHD_NO;
    if (!c->asked) {
        c->asked = true;
        *context = c;
        return MHD_YES;
    }
    if (*upload_size == 0)
        return answer(c, method, url);
    if (buffer_append(&c->body, upload, *upload_size) < 0)
        c->too_long = true;
    *upload_size = 0;
    return MHD_YES;
}

/* ---------------------------------------------------------------- begin and end */

static int door_open(struct api_server *server, struct door *door, const char *folder, const char *name, mode_t mode,
                     struct error *err) {
    door->server = server;
    if (asprintf(&door->path, "%s/%s", folder, name) < 0) {
        door->path = NULL;
        return error_set(err, -ENOMEM, "no memory for the control API");
    }
    int fd = socket_listen(door->path, mode, err);
    if (fd < 0)
        return fd;
    door->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
                                    on_request, door, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
                                    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, DOOR_MAX,
                                    MHD_OPTION_CONNECTION_TIMEOUT, STALL_TIME, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    HEADERS_MAX, MHD_OPTION_NOTIFY_CONNECTION, on_connection, door, MHD_OPTION_END);
    if (!door->daemon) {
        (void)close(fd);
        return error_set(err, -EIO, "cannot serve HTTP at %s", door->path);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int r = info ? sd_event_add_io(server->event, &door->io, info->epoll_fd, EPOLLIN, on_daemon_io, door) : -EIO;
    if (r >= 0)
        r = sd_event_source_set_priority(door->io, PRIORITY);
    return r < 0 ? error_set(err, r, "cannot watch %s: %s", door->path, strerror(-r)) : 0;
}

static void door_close(struct door *door) {
    (void)sd_event_source_disable_unref(door->io);
    (void)sd_event_source_disable_unref(door->timer);
    if (door->daemon)
        MHD_stop_daemon(door->daemon); /* closes the socket, and ends every connection */
    if (door->path)
        (void)unlink(door->path);
    free(door->path);
}

int api_server_new(void *event, const char *run_dir, const struct api_handler *handler, struct api_server **ret,
                   struct error *err) {
    struct api_server *server = calloc(1, sizeof(*server));
    if (!server)
        return error_set(err, -ENOMEM, "no memory for the control API");
    server->event = sd_event_ref(event);
    server->handler = *handler;
    server->doors[0].may_act = true;
    int r = make_dir(run_dir, 0755, err);
    if (r == 0)
        r = door_open(server, &server->doors[0], run_dir, "api.sock", 0660, err);
    if (r == 0)
        r = door_open(server, &server->doors[1], run_dir, "status.sock", 0666, err);
    if (r < 0) {
        (void)api_server_free(server);
        return r;
    }
    *ret = server;
    return 0;
}

struct api_server *api_server_free(struct api_server *server) {
    if (!server)
        return NULL;
    /* The library aborts the process if it is stopped with a suspended connection. */
    for (struct connection *c = server->connections; c; c = c->next)
        if (c->suspended)
            MHD_resume_connection(c->mhd);
    for (size_t i = 0; i < 2; i++)
        door_close(&server->doors[i]);
    (void)sd_event_source_disable_unref(server->deadline);
    (void)sd_event_source_disable_unref(server->news);
    (void)sd_event_source_disable_unref(server->later);
    (void)sd_event_unref(server->event);
    free(server);
    return NULL;
}
