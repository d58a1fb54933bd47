/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/files.h"

#define WAIT_MAX (20 * USEC_PER_SEC)

char folder[64];
struct fake_agent fake;
struct api_server *server;
sd_event *event;
static struct error err;

int enter(void **unused) {
    (void)snprintf(folder, sizeof(folder), "/tmp/rollout-test-api.XXXXXX");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(0077);
    fake_agent_init(&fake);
    struct api_handler handler = fake_agent_handler(&fake);
    if (!mkdtemp(folder) || sd_event_new(&event) < 0)
        return -1;
    return api_server_new(event, folder, &handler, &server, &err);
}

int leave(void **unused) {
    server = api_server_free(server);
    event = sd_event_unref(event);
    return remove_tree(folder, NULL);
}

/* ---------------------------------------------------------------- a client in the same thread */

usec_t now(void) {
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * USEC_PER_SEC + time.tv_nsec / 1000;
}

void run_loop(usec_t span) {
    usec_t end = now() + span;
    do
        assert_true(sd_event_run(event, 10000) >= 0);
    while (now() < end);
}

int begin(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

void say(int fd, const char *text, size_t len) {
    for (usec_t end = now() + WAIT_MAX; len > 0 && now() < end;) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        } else if (errno != EAGAIN)
            return; /* the other side has heard enough */
        run_loop(0);
    }
}

/* Reads until the end, or until UNTIL was read. */
void hear(int fd, const char *until, char *buffer, size_t size) {
    size_t len = 0;
    buffer[0] = '\0';
    for (usec_t end = now() + WAIT_MAX; len + 1 < size;) {
        run_loop(0);
        ssize_t n = recv(fd, buffer + len, size - len - 1, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return;
        if (n > 0)
            buffer[len += (size_t)n] = '\0';
        if (until && strstr(buffer, until))
            return;
        if (now() > end)
            fail_msg("no end after: %s", buffer);
    }
}

char answer[256 * 1024];

int ask_raw(const char *name, const char *text, size_t len) {
    _cleanup_close_ int fd = begin(name);
    say(fd, text, len);
    hear(fd, NULL, answer, sizeof(answer));
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

int ask(const char *name, const char *method, const char *path, const char *body) {
    static char text[256 * 1024];
    int len = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", method, path,
                       strlen(body), body);
    return ask_raw(name, text, (size_t)len);
}

const char *body_of(void) {
    const char *body = strstr(answer, "\r\n\r\n");
    return body ? body + 4 : "";
}

cJSON *document_of(void) {
    cJSON *document = NULL;
    if (json_parse(body_of(), strlen(body_of()), &document, &err) < 0)
        fail_msg("%s: %s", err.text, answer);
    return document;
}

bool hung_up(int fd) {
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK);
    return n == 0 || (n < 0 && errno != EAGAIN);
}
