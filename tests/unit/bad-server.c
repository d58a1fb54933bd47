/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/bad-server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/text.h"

#define PROMETHEUS(type, result) "{\"status\":\"success\",\"data\":{\"resultType\":\"" type "\",\"result\":" result "}}"
#define SAMPLE(value) PROMETHEUS("vector", "[{\"metric\":{},\"value\":[1,\"" value "\"]}]")
#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define TEN(text) text text text text text text text text text text

char bad_server_request[16384];
unsigned bad_server_port;
static int listener;
static pthread_t server;

static const struct {
    const char *mode, *reply;
} replies[] = {
    /* answers of Prometheus */
    {"good", ANSWER("200 OK", SAMPLE("0.5"))},
    {"nan", ANSWER("200 OK", SAMPLE("NaN"))},
    {"infinite", ANSWER("200 OK", SAMPLE("+Inf"))},
    {"no-number", ANSWER("200 OK", SAMPLE("many"))},
    {"nothing", ANSWER("200 OK", PROMETHEUS("vector", "[]"))},
    {"range", ANSWER("200 OK", PROMETHEUS("matrix", "[{\"metric\":{},\"values\":[[1,\"1\"],[2,\"2\"]]}]"))},
    {"warns", ANSWER("200 OK", "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"7\"]},"
                               "\"warnings\":[\"half of it\"]}")},
    {"cut", ANSWER("200 OK", "{\"status\":\"success\",\"data\":{\"resultType\":\"vec")},
    {"bad-query",
     ANSWER("400 Bad Request", "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}")},
    {"lying", ANSWER("503 Service Unavailable", PROMETHEUS("vector", "[]"))},
    /* of anybody */
    {"json", ANSWER("200 OK", " {\"rate\": 0.5, \"list\": [1, NaN]}\r\n")},
    {"number", ANSWER("200 OK", "42\n")},
    {"text", ANSWER("200 OK", "all is \"well\"\r\n")},
    {"empty", ANSWER("204 No Content", "")},
    {"binary", ANSWER("200 OK", "\xff\xfe")},
    {"deep", ANSWER("200 OK", TEN("[[[[[[[[[["))},
    {"short", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"status\":"},
    {"unauthorized", ANSWER("401 Unauthorized", "token is expired\n")},
    {"forbidden", ANSWER("403 Forbidden", "")},
    {"not-found", ANSWER("404 Not Found", "404 page not found\n")},
    {"broken", ANSWER("500 Internal Server Error", "\n  first line\nsecond line")},
    {"page", ANSWER("502 Bad Gateway", "<html><body>502</body></html>")},
    {"redirect",
     "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"loop", "HTTP/1.1 301 Moved\r\nLocation: /loop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"garbage", "220 mail.example.org ESMTP\r\n"},
    {"closes", ""},
};

/* Sends a piece again and again until the other side has gone. */
static void send_for_ever(int fd, const char *start, const char *piece, useconds_t pause) {
    if (send(fd, start, strlen(start), MSG_NOSIGNAL) < 0)
        return;
    while (send(fd, piece, strlen(piece), MSG_NOSIGNAL) >= 0)
        if (pause > 0)
            (void)usleep(pause);
}

static void wait_for_end(int fd) {
    char rest[256];
    while (read(fd, rest, sizeof(rest)) > 0)
        ;
}

static void reset(int fd) {
    struct linger linger = {.l_onoff = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

#define SPACES TEN("                                        ")

static void behave(int fd, const char *mode) {
    for (size_t i = 0; i < ELEMENTS(replies); i++)
        if (strcmp(mode, replies[i].mode) == 0) {
            (void)send(fd, replies[i].reply, strlen(replies[i].reply), MSG_NOSIGNAL);
            return;
        }
    if (strcmp(mode, "late") == 0) {
        (void)usleep(150 * 1000);
        behave(fd, "good");
    } else if (strcmp(mode, "silent") == 0) {
        wait_for_end(fd);
    } else if (strcmp(mode, "reset") == 0) {
        reset(fd);
    } else if (strcmp(mode, "huge") == 0) {
        send_for_ever(fd, "HTTP/1.1 200 OK\r\n\r\n", SPACES, 0);
    } else if (strcmp(mode, "huge-announced") == 0) {
        send_for_ever(fd, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", SPACES, 0);
    } else if (strcmp(mode, "huge-error") == 0) {
        send_for_ever(fd, "HTTP/1.1 500 Internal Server Error\r\n\r\n", SPACES, 0);
    } else if (strcmp(mode, "headers") == 0) {
        send_for_ever(fd, "HTTP/1.1 200 OK\r\n", "X-More: ................................................\r\n", 0);
    } else if (strcmp(mode, "drips") == 0) {
        send_for_ever(fd, "HTTP/1.1 200 OK\r\n\r\n", " ", 20 * 1000);
    } else if (strcmp(mode, "drips-headers") == 0) {
        send_for_ever(fd, "HTTP/1.1 200 OK\r\n", "X-More: .\r\n", 20 * 1000);
    }
}

/* Of a request so far: -1 while there is more to come. */
static long bytes_left(const char *request, size_t len) {
    const char *end = strstr(request, "\r\n\r\n"), *field = strcasestr(request, "\r\nContent-Length:");
    if (!end)
        return -1;
    long body = field && field < end ? strtol(field + strlen("\r\nContent-Length:"), NULL, 10) : 0;
    return body - (long)(len - (size_t)(end + 4 - request)) > 0 ? -1 : 0;
}

static void read_request(int fd) {
    char *request = bad_server_request;
    size_t len = 0;
    request[0] = '\0';
    while (len < sizeof(bad_server_request) - 1 && bytes_left(request, len) < 0) {
        ssize_t n = read(fd, request + len, sizeof(bad_server_request) - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
        request[len] = '\0';
    }
}

static void *serve(void *unused) {
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        char mode[32] = "";
        read_request(fd);
        (void)sscanf(bad_server_request, "%*s /%31[a-z-]", mode);
        behave(fd, mode);
        (void)close(fd);
    }
}

int bind_somewhere(unsigned *ret_port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        abort();
    *ret_port = ntohs(address.sin_port);
    return fd;
}

int bad_server_start(void **unused) {
    listener = bind_somewhere(&bad_server_port);
    if (listen(listener, 300) < 0)
        return -1;
    return pthread_create(&server, NULL, serve, NULL);
}

int bad_server_stop(void **unused) {
    (void)shutdown(listener, SHUT_RDWR);
    (void)pthread_join(server, NULL);
    return close(listener);
}
