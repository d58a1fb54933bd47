/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/connection.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define TIMER_ACCURACY ((uint64_t)(10 * USEC_PER_MSEC))

struct connection {
    int fd;
    sd_event_source *io, *timer;
    int at_timer; /* what the timer tells when it fires */
    char *text;
    size_t sent, len;
    struct buffer reply;
    connection_done done;
    void *userdata;
};

static void finish(struct connection *connection, int code) {
    connection->io = sd_event_source_disable_unref(connection->io);
    connection->timer = sd_event_source_disable_unref(connection->timer);
    connection->done(connection->userdata, code, &connection->reply); /* may free the connection */
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
    struct connection *connection = userdata;
    finish(connection, connection->at_timer);
    return 0;
}

static bool would_block(void) {
    return errno == EAGAIN || errno == EINTR;
}

/* 0 while there may be more, 1 at the end. */
static int receive(struct connection *connection) {
    char piece[16 * 1024];
    ssize_t n = recv(connection->fd, piece, sizeof piece, 0);
    if (n < 0)
        return would_block() ? 0 : -errno;
    if (n == 0)
        return 1;
    return buffer_append(&connection->reply, piece, (size_t)n);
}

static int transmit(struct connection *connection) {
    ssize_t n =
        send(connection->fd, connection->text + connection->sent, connection->len - connection->sent, MSG_NOSIGNAL);
    if (n < 0)
        return would_block() ? 0 : -errno;
    connection->sent += (size_t)n;
    return connection->sent < connection->len ? 0 : sd_event_source_set_io_events(connection->io, EPOLLIN);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
    struct connection *connection = userdata;
    int r = 0;
    socklen_t len = sizeof r;
    if ((events & EPOLLERR) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &r, &len) == 0 && r != 0) {
        finish(connection, -r); /* connect() failed, or a reset */
        return 0;
    }
    if (events & (EPOLLIN | EPOLLHUP))
        r = receive(connection);
    if (r == 0 && (events & EPOLLOUT))
        r = transmit(connection);
    if (r != 0)
        finish(connection, r < 0 ? r : 0);
    return 0;
}

/* Not sd_event's idea of now, which is that of the loop's latest turn. */
static uint64_t monotonic_in(usec_t span) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)(now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000 + span);
}

/* A failure to connect is told by the timer, at once, so that it never comes from inside connection_ask(). */
static int begin(struct connection *connection, sd_event *event, const struct address *address, usec_t deadline) {
    connection->fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        return -errno;

    connection->at_timer = -ETIMEDOUT;
    if (connect(connection->fd, &address->any, address->len) < 0 && errno != EINPROGRESS) {
        connection->at_timer = -errno;
        deadline = 0;
    } else {
        int r = sd_event_add_io(event, &connection->io, connection->fd, EPOLLIN | EPOLLOUT, on_io, connection);
        if (r < 0)
            return r;
    }
    return sd_event_add_time(event, &connection->timer, CLOCK_MONOTONIC, monotonic_in(deadline), TIMER_ACCURACY,
                             on_timer, connection);
}

int connection_ask(sd_event *event, const struct address *address, const char *text, usec_t deadline, size_t reply_max,
                   connection_done done, void *userdata, struct connection **ret) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return -ENOMEM;
    *connection = (struct connection){.fd = -1,
                                      .text = strdup(text),
                                      .len = strlen(text),
                                      .reply = BUFFER(reply_max),
                                      .done = done,
                                      .userdata = userdata};
    int r = connection->text ? begin(connection, event, address, deadline) : -ENOMEM;
    if (r < 0) {
        connection_free(connection);
        return r;
    }
    *ret = connection;
    return 0;
}

struct connection *connection_free(struct connection *connection) {
    if (!connection)
        return NULL;
    sd_event_source_disable_unref(connection->io);
    sd_event_source_disable_unref(connection->timer);
    if (connection->fd >= 0)
        (void)close(connection->fd);
    buffer_reset(&connection->reply);
    free(connection->text);
    free(connection);
    return NULL;
}
