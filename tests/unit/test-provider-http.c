/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Prometheus provider against servers that behave badly: real sockets on loopback, one connection after the other,
 * the first part of the path says how the server behaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/text.h"
#include "provider/host.h"

#define VECTOR(result) "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" result "]}}"
#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body

/* --- the server, in a thread ----------------------------------------------------------------------------------------
 */

static int listener;
static unsigned port;
static pthread_t server;
static char last_request[8192]; /* read by the tests only after its answer */

static void wait_for_end(int fd) {
    char rest[256];
    while (read(fd, rest, sizeof(rest)) > 0)
        ;
}

/* Sends a piece again and again until the other side has gone. */
static void send_for_ever(int fd, const char *start, const char *piece, useconds_t pause) {
    if (send(fd, start, strlen(start), MSG_NOSIGNAL) < 0)
        return;
    while (send(fd, piece, strlen(piece), MSG_NOSIGNAL) >= 0)
        if (pause > 0)
            (void)usleep(pause);
}

static void reset(int fd) {
    struct linger linger = {.l_onoff = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static const struct {
    const char *mode, *reply;
} replies[] = {
    {"good", ANSWER("200 OK", VECTOR("{\"metric\":{},\"value\":[1,\"0.5\"]}"))},
    {"nan", ANSWER("200 OK", VECTOR("{\"metric\":{},\"value\":[1,\"NaN\"]}"))},
    {"nothing", ANSWER("200 OK", VECTOR(""))},
    {"warns", ANSWER("200 OK", "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"7\"]},"
                               "\"warnings\":[\"half of it\"]}")},
    {"cut", ANSWER("200 OK", "{\"status\":\"success\",\"data\":{\"resultType\":\"vec")},
    {"short", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"status\":"},
    {"bad-query",
     ANSWER("400 Bad Request", "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}")},
    {"not-found", ANSWER("404 Not Found", "404 page not found\n")},
    {"broken", ANSWER("500 Internal Server Error", "\n  first line\nsecond line")},
    {"page", ANSWER("502 Bad Gateway", "<html><body>502</body></html>")},
    {"lying", ANSWER("503 Service Unavailable", VECTOR(""))},
    {"redirect",
     "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"garbage", "220 mail.example.org ESMTP\r\n"},
    {"closes", ""},
};

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
        send_for_ever(fd, "HTTP/1.1 200 OK\r\n\r\n", "                                                                ",
                      0);
    } else if (strcmp(mode, "headers") == 0) {
        send_for_ever(fd, "HTTP/1.1 200 OK\r\n", "X-More: ................................................\r\n", 0);
    } else if (strcmp(mode, "drips") == 0) {
        send_for_ever(fd, "HTTP/1.1 200 OK\r\n\r\n", " ", 20 * 1000);
    }
}

/* Reads a request to the end of its body, which ends in "end" in all our queries. */
static void read_request(int fd) {
    size_t len = 0;
    while (len < sizeof(last_request) - 1) {
        ssize_t n = read(fd, last_request + len, sizeof(last_request) - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
        last_request[len] = '\0';
        if (len > 3 && strcmp(last_request + len - 3, "end") == 0)
            break;
    }
}

static void *serve(void *unused) {
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        char mode[32] = "";
        read_request(fd);
        (void)sscanf(last_request, "POST /%31[a-z-]/api/v1/query", mode);
        behave(fd, mode);
        (void)close(fd);
    }
}

static int bind_somewhere(unsigned *ret_port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int start_server(void **unused) {
    listener = bind_somewhere(&port);
    assert_int_equal(listen(listener, 300), 0);
    return pthread_create(&server, NULL, serve, NULL);
}

static int stop_server(void **unused) {
    (void)shutdown(listener, SHUT_RDWR);
    (void)pthread_join(server, NULL);
    return close(listener);
}

/* --- the asking side ------------------------------------------------------------------------------------------------
 */

static sd_event *event;
static struct provider_host *host;
static unsigned answers;
static uint64_t last_token;
static char value[256], message[256];

static void done(void *userdata, uint64_t token, enum answer_kind kind, const char *got, const char *said) {
    assert_int_equal(kind, got ? ANSWER_VALUE : ANSWER_ERROR);
    assert_ptr_equal(userdata, &answers);
    answers++;
    last_token = token;
    (void)snprintf(value, sizeof(value), "%s", got ? got : "none");
    (void)snprintf(message, sizeof(message), "%s", said ? said : "none");
}

static int set_up(void **unused) {
    answers = 0;
    assert_true(sd_event_new(&event) >= 0);
    return provider_host_new(event, done, &answers, &host, NULL);
}

static int tear_down(void **unused) {
    host = provider_host_free(host);
    event = sd_event_unref(event);
    return 0;
}

/* KEY and VALUE are a further setting. */
static int ask_at(const char *address, const char *timeout, const char *key, const char *setting, uint64_t token,
                  struct error *err) {
    struct setting settings[] = {
        {.key = (char *)"Address", .value = (char *)address, .file = (char *)"shop.conf", .line = 1},
        {.key = (char *)"Query", .value = (char *)"sum(a & b) + \"end", .file = (char *)"shop.conf", .line = 2},
        {.key = (char *)"TimeoutSec", .value = (char *)timeout, .file = (char *)"shop.conf", .line = 3},
        {.key = (char *)key, .value = (char *)setting, .file = (char *)"shop.conf", .line = 4},
    };
    struct metric_spec metric = {
        .name = "m", .provider = "prometheus", .settings = settings, .n_settings = key ? 4 : 3};
    unsigned before = answers;
    int r = provider_find("prometheus")->ask(host, &metric, NULL, token, err);
    assert_int_equal(answers, before); /* never from inside */
    return r;
}

static void ask(const char *mode, const char *timeout, uint64_t token) {
    char address[128];
    struct error err = {0};
    (void)snprintf(address, sizeof(address), "http://127.0.0.1:%u/%s/", port, mode);
    if (ask_at(address, timeout, NULL, NULL, token, &err) < 0)
        fail_msg("%s", err.text);
}

static void run_until(unsigned wanted) {
    time_t deadline = time(NULL) + 20;
    while (answers < wanted) {
        assert_true(sd_event_run(event, 1000 * 1000) >= 0);
        assert_true(time(NULL) < deadline);
    }
}

/* In the wanted message "@" stands for the server's address. */
static void expect(const char *mode, const char *timeout, const char *wanted_value, const char *wanted_message) {
    ask(mode, timeout, 1);
    run_until(answers + 1);
    char text[256];
    size_t len = strcspn(wanted_message, "@");
    if (wanted_message[len])
        (void)snprintf(text, sizeof(text), "%.*s127.0.0.1:%u%s", (int)len, wanted_message, port,
                       wanted_message + len + 1);
    else
        (void)snprintf(text, sizeof(text), "%s", wanted_message);
    assert_string_equal(value, wanted_value);
    assert_string_equal(message, text);
}

static void good_answers(void **unused) {
    expect("good", "5s", "[0.5]", "none");
    assert_non_null(strstr(last_request, "POST /good/api/v1/query HTTP/1.1\r\n"));
    assert_non_null(strstr(last_request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(last_request, "\r\n\r\nquery=sum%28a%20%26%20b%29%20%2B%20%22end"));
    expect("nan", "5s", "[NaN]", "none");
    expect("nothing", "5s", "[]", "none");
    expect("warns", "5s", "7", "Prometheus warns: half of it");
    expect("late", "5s", "[0.5]", "none");
}

static void bad_answers(void **unused) {
    expect("bad-query", "5s", "none", "Prometheus says bad_data: parse error");
    expect("not-found", "5s", "none", "HTTP 404: 404 page not found");
    expect("broken", "5s", "none", "HTTP 500: first line");
    expect("page", "5s", "none", "HTTP 502");
    expect("lying", "5s", "none", "HTTP 503: " VECTOR(""));
    expect("redirect", "5s", "none",
           "HTTP 302: redirects to http://127.0.0.1:1/elsewhere, which is not followed: ask there");
    expect("short", "5s", "none", "the answer of @ ended too early");
    expect("closes", "5s", "none", "@ closed the connection without an answer");
    expect("reset", "5s", "none", "connection reset by @");
    expect("garbage", "5s", "none", "@ does not speak HTTP: Received HTTP/0.9 when not allowed");
    ask("cut", "5s", 1);
    run_until(answers + 1);
    assert_string_equal(value, "none");
    assert_non_null(strstr(message, "this is no answer of Prometheus: "));
}

static void endless_answers(void **unused) {
    expect("huge", "10s", "none", "the answer of @ is too large");
    ask("headers", "10s", 1); /* newer libcurls have a bound of their own */
    run_until(answers + 1);
    assert_string_equal(value, "none");
    assert_non_null(strstr(message, " large"));
}

static void waits_are_bounded(void **unused) {
    expect("silent", "100ms", "none", "timed out after 100ms: no answer from @");
    expect("drips", "100ms", "none", "timed out after 100ms: the answer of @ was not complete");
}

static void nobody_there(void **unused) {
    unsigned free_port;
    char address[64], wanted[128];
    (void)close(bind_somewhere(&free_port));
    (void)snprintf(address, sizeof(address), "http://127.0.0.1:%u", free_port);
    assert_int_equal(ask_at(address, "5s", NULL, NULL, 1, NULL), 0);
    run_until(1);
    (void)snprintf(wanted, sizeof(wanted), "connection refused by 127.0.0.1:%u", free_port);
    assert_string_equal(message, wanted);

    assert_int_equal(ask_at("http://no-such-host.invalid", "5s", NULL, NULL, 1, NULL), 0);
    run_until(2);
    assert_non_null(strstr(message, "no-such-host.invalid:80"));
}

/* A peer that isn't there at all: the accept queue of a socket that nobody serves is full. */
static void nobody_accepts(void **unused) {
    unsigned full_port;
    int fds[8], lonely = bind_somewhere(&full_port);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)full_port)};
    assert_int_equal(listen(lonely, 0), 0);
    for (size_t i = 0; i < ELEMENTS(fds); i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fds[i], (struct sockaddr *)&to, sizeof(to));
    }
    char address[64], wanted[128];
    (void)snprintf(address, sizeof(address), "http://127.0.0.1:%u", full_port);
    assert_int_equal(ask_at(address, "200ms", NULL, NULL, 1, NULL), 0);
    run_until(1);
    (void)snprintf(wanted, sizeof(wanted), "timed out after 200ms: no connection to 127.0.0.1:%u", full_port);
    assert_string_equal(message, wanted);
    for (size_t i = 0; i < ELEMENTS(fds); i++)
        (void)close(fds[i]);
    (void)close(lonely);
}

static void headers_and_credentials(void **unused) {
    char folder[] = "/tmp/rollout-test-XXXXXX", path[64], address[128];
    struct error err = {0};
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    (void)snprintf(address, sizeof(address), "http://127.0.0.1:%u/good", port);

    assert_int_equal(ask_at(address, "5s", "Header", "X-Scope-OrgID: shop", 1, NULL), 0);
    run_until(1);
    assert_non_null(strstr(last_request, "\r\nX-Scope-OrgID: shop\r\n"));

    assert_int_equal(ask_at(address, "5s", "BearerCredential", "token", 2, &err), -ENOENT);
    assert_string_equal(err.text, "no credential token: the service's unit needs LoadCredential=token:FILE");

    (void)snprintf(path, sizeof(path), "%s/token", folder);
    assert_int_equal(file_write_atomic(path, "hunter2\n", 8, 0600, NULL), 0);
    assert_int_equal(ask_at(address, "5s", "BearerCredential", "token", 2, NULL), 0);
    run_until(2);
    assert_non_null(strstr(last_request, "\r\nAuthorization: Bearer hunter2\r\n"));
    assert_int_equal(ask_at(address, "5s", "BasicCredential", "token", 3, &err), -EINVAL);
    assert_string_equal(err.text, "credential token is not of the form USER:PASSWORD");

    assert_int_equal(ask_at(address, "5s", "Header", "X-Key: {{ credential.token }}-{{x", 3, NULL), 0);
    run_until(3);
    assert_non_null(strstr(last_request, "\r\nX-Key: hunter2-{{x\r\n"));
    assert_int_equal(ask_at(address, "5s", "Header", "X-Key: {{credential.none}}", 4, &err), -ENOENT);
    assert_string_equal(err.text,
                        "shop.conf:4: Header=: no credential none: the service's unit needs LoadCredential=none:FILE");
    assert_int_equal(ask_at(address, "5s", "CAFile", "{{credential.token}}", 4, &err), -EINVAL);
    assert_string_equal(err.text, "shop.conf:4: CAFile=: \"{{credential.token}}\" is not an absolute path");

    assert_int_equal(file_write_atomic(path, "me:a:b\n", 7, 0600, NULL), 0);
    assert_int_equal(ask_at(address, "5s", "BasicCredential", "token", 4, NULL), 0);
    run_until(4);
    assert_non_null(strstr(last_request, "\r\nAuthorization: Basic bWU6YTpi\r\n"));

    assert_int_equal(file_write_atomic(path, "a\r\nX: b\n", 8, 0600, NULL), 0);
    assert_int_equal(ask_at(address, "5s", "BearerCredential", "token", 5, &err), -EINVAL);
    assert_null(strstr(err.text, "X: b"));
    assert_int_equal(remove_tree(folder, NULL), 0);
}

static void many_at_a_time(void **unused) {
    for (unsigned i = 0; i < 100; i++)
        ask("good", "10s", i);
    run_until(100);
    assert_string_equal(value, "[0.5]");
    assert_in_range(last_token, 0, 99);
}

static void questions_are_bounded(void **unused) {
    struct error err = {0};
    for (unsigned i = 0; i < PROVIDER_QUESTIONS_MAX; i++)
        ask("silent", "10s", i);
    assert_int_equal(ask_at("http://127.0.0.1:1", "10s", NULL, NULL, 1, &err), -EBUSY);
    assert_string_equal(err.text, "512 questions wait for their answers already");
}

/* tear_down() frees the host while these are on their way: in the queue, resolving, connected. */
static void cancelling(void **unused) {
    ask("silent", "10s", 1);
    ask("good", "10s", 2);
    for (int i = 0; i < 20; i++)
        assert_true(sd_event_run(event, 5 * 1000) >= 0);
    ask("good", "10s", 3);
    assert_int_equal(ask_at("http://no-such-host.invalid", "10s", NULL, NULL, 4, NULL), 0);
    assert_true(sd_event_run(event, 0) >= 0);
    host = provider_host_free(host);
    while (sd_event_run(event, 0) > 0)
        ;
    assert_int_equal(answers, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(good_answers),          TEST(bad_answers),    TEST(endless_answers),         TEST(waits_are_bounded),
        TEST(nobody_there),          TEST(nobody_accepts), TEST(headers_and_credentials), TEST(many_at_a_time),
        TEST(questions_are_bounded), TEST(cancelling),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
