/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The providers that ask over HTTP, prometheus and web, against servers that behave badly: real sockets on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/text.h"
#include "tests/unit/bad-server.h"
#include "tests/unit/provider-asker.h"

static const char *const providers[] = {"prometheus", "web"};

/* Of either provider at an address. KEY and VALUE are a further setting. */
static int ask_at(const char *provider, const char *address, const char *timeout, const char *key, const char *setting,
                  uint64_t token, struct error *err) {
    if (strcmp(provider, "web") == 0)
        return ASK("web", token, err, "URL", address, "TimeoutSec", timeout, key, setting);
    return ASK("prometheus", token, err, "Address", address, "TimeoutSec", timeout, "Query", "sum(a & b) + \"end", key,
               setting);
}

static void ask(const char *provider, const char *mode, const char *timeout, uint64_t token) {
    char address[128];
    struct error err = {0};
    (void)snprintf(address, sizeof(address), "http://127.0.0.1:%u/%s/", bad_server_port, mode);
    if (ask_at(provider, address, timeout, NULL, NULL, token, &err) < 0)
        fail_msg("%s", err.text);
}

/* In the wanted message "@" stands for the server's address. */
static void expect(const char *provider, const char *mode, const char *timeout, const char *wanted_value,
                   const char *wanted_message) {
    ask(provider, mode, timeout, 1);
    asker_wait(asker.answers + 1);
    char text[256];
    size_t len = strcspn(wanted_message, "@");
    if (wanted_message[len])
        (void)snprintf(text, sizeof(text), "%.*s127.0.0.1:%u%s", (int)len, wanted_message, bad_server_port,
                       wanted_message + len + 1);
    else
        (void)snprintf(text, sizeof(text), "%s", wanted_message);
    if (strcmp(asker.value, wanted_value) != 0 || strcmp(asker.message, text) != 0)
        fail_msg("%s of %s: value \"%s\", message \"%s\", expected \"%s\", \"%s\"", mode, provider, asker.value,
                 asker.message, wanted_value, text);
}

/* What has nothing to do with who is asked. */
static void nobody_gets_a_value(void **unused) {
    static const struct {
        const char *mode, *timeout, *message;
    } cases[] = {
        {"unauthorized", "5s", "HTTP 401: token is expired; see BearerCredential= and BasicCredential="},
        {"forbidden", "5s", "HTTP 403; see BearerCredential= and BasicCredential="},
        {"not-found", "5s", "HTTP 404: 404 page not found"},
        {"broken", "5s", "HTTP 500: first line"},
        {"page", "5s", "HTTP 502"},
        {"redirect", "5s", "HTTP 302: redirects to http://127.0.0.1:1/elsewhere, which is not followed: ask there"},
        {"loop", "5s", "HTTP 301: redirects to http://@/loop, which is not followed: ask there"},
        {"short", "5s", "the answer of @ ended too early"},
        {"closes", "5s", "@ closed the connection without an answer"},
        {"reset", "5s", "connection reset by @"},
        {"garbage", "5s", "@ does not speak HTTP: Received HTTP/0.9 when not allowed"},
        {"huge", "10s", "the answer of @ is too large"},
        {"huge-announced", "10s", "the answer of @ is too large"},
        {"huge-error", "10s", "the answer of @ is too large"},
        {"silent", "100ms", "timed out after 100ms: no answer from @"},
        {"drips", "100ms", "timed out after 100ms: the answer of @ was not complete"},
        {"drips-headers", "100ms", "timed out after 100ms: the answer of @ was not complete"},
    };
    for (size_t p = 0; p < ELEMENTS(providers); p++) {
        for (size_t i = 0; i < ELEMENTS(cases); i++)
            expect(providers[p], cases[i].mode, cases[i].timeout, "none", cases[i].message);
        ask(providers[p], "headers", "10s", 1); /* newer libcurls have a bound of their own */
        asker_wait(asker.answers + 1);
        assert_string_equal(asker.value, "none");
        assert_non_null(strstr(asker.message, " large"));
    }
}

static void answers_of_prometheus(void **unused) {
    expect("prometheus", "good", "5s", "[0.5]", "none");
    assert_non_null(strstr(bad_server_request, "POST /good/api/v1/query HTTP/1.1\r\n"));
    assert_non_null(strstr(bad_server_request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(bad_server_request, "\r\n\r\nquery=sum%28a%20%26%20b%29%20%2B%20%22end"));
    expect("prometheus", "nan", "5s", "[NaN]", "none");
    expect("prometheus", "infinite", "5s", "[Infinity]", "none");
    expect("prometheus", "nothing", "5s", "[]", "none");
    expect("prometheus", "range", "5s", "[1,2]", "none");
    expect("prometheus", "warns", "5s", "7", "Prometheus warns: half of it");
    expect("prometheus", "late", "5s", "[0.5]", "none");
    expect("prometheus", "no-number", "5s", "none", "Prometheus' answer holds \"many\" where a number belongs");
    expect("prometheus", "bad-query", "5s", "none", "Prometheus says bad_data: parse error");
    expect("prometheus", "lying", "5s", "none",
           "HTTP 503: {\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}");
    static const char *const no_answers[] = {"cut", "deep", "text", "number", "empty", "binary"};
    for (size_t i = 0; i < ELEMENTS(no_answers); i++) {
        ask("prometheus", no_answers[i], "5s", 1);
        asker_wait(asker.answers + 1);
        assert_string_equal(asker.value, "none");
        if (!strstr(asker.message, "this is no answer of Prometheus: "))
            fail_msg("%s: %s", no_answers[i], asker.message);
    }
}

/* Milliseconds of a field in seconds. */
static long long form_field(const char *body, const char *name) {
    const char *at = strstr(body, name);
    assert_non_null(at);
    return (long long)(strtod(at + strlen(name), NULL) * 1000 + 0.5);
}

static void a_range_of_time(void **unused) {
    char address[128];
    (void)snprintf(address, sizeof(address), "http://127.0.0.1:%u/range", bad_server_port);
    assert_int_equal(
        ASK("prometheus", 1, NULL, "Address", address, "Query", "up", "RangeSec", "90s", "RangeStepSec", "1500ms"), 0);
    asker_wait(1);
    assert_string_equal(asker.value, "[1,2]");
    assert_non_null(strstr(bad_server_request, "POST /range/api/v1/query_range HTTP/1.1\r\n"));
    const char *body = strstr(bad_server_request, "\r\n\r\n");
    assert_non_null(strstr(body, "&query=up"));
    assert_int_equal(form_field(body, "end=") - form_field(body, "start="), 90000);
    assert_int_equal(form_field(body, "step="), 1500);
    assert_in_range(form_field(body, "end=") / 1000, time(NULL) - 5, time(NULL) + 1);
}

static void long_queries(void **unused) {
    char address[128];
    _cleanup_free_ char *query = malloc(10001);
    memset(query, 'a', 10000);
    query[10000] = '\0';
    (void)snprintf(address, sizeof(address), "http://127.0.0.1:%u/good", bad_server_port);
    assert_int_equal(ASK("prometheus", 1, NULL, "Address", address, "Query", query), 0);
    asker_wait(1);
    assert_string_equal(asker.value, "[0.5]");
    assert_non_null(strstr(bad_server_request, query));
}

static void answers_of_the_web(void **unused) {
    expect("web", "json", "5s", "{\"rate\": 0.5, \"list\": [1, NaN]}", "none");
    assert_non_null(strstr(bad_server_request, "GET /json/ HTTP/1.1\r\n"));
    assert_null(strstr(bad_server_request, "Content-Type"));
    expect("web", "number", "5s", "42", "none");
    expect("web", "text", "5s", "\"all is \\\"well\\\"\"", "none");
    expect("web", "empty", "5s", "\"\"", "none");
    expect("web", "binary", "5s", "none", "the answer is neither JSON nor text");
    expect("web", "cut", "5s", "none", "the answer is not a value: the end of a string expected at byte 43");
    expect("web", "deep", "5s", "none", "the answer is too large: at most 262144 bytes and 64 levels are read");
}

static void parts_of_answers(void **unused) {
    static const struct {
        const char *mode, *path, *value, *message;
    } cases[] = {
        {"json", "$.rate", "0.5", "none"},
        {"json", "$.list[*]", "[1, NaN]", "none"},
        {"json", "$.nothing", "[]", "none"},
        {"json", "$", "{\"rate\": 0.5, \"list\": [1, NaN]}", "none"},
        {"number", "$[0]", "[]", "none"},
        {"text", "$.rate", "none", "the answer is not a value: a number expected at byte 1"},
        {"empty", "$.rate", "none", "the answer is empty, expected JSON"},
        {"page", "$.rate", "none", "HTTP 502"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char url[128];
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", bad_server_port, cases[i].mode);
        assert_int_equal(ASK("web", 1, NULL, "URL", url, "JSONPath", cases[i].path), 0);
        asker_wait(asker.answers + 1);
        assert_string_equal(asker.value, cases[i].value);
        assert_string_equal(asker.message, cases[i].message);
    }
}

static void methods_and_bodies(void **unused) {
    char url[128];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/number", bad_server_port);
    assert_int_equal(ASK("web", 1, NULL, "URL", url, "Method", "PUT", "JSONBody", "{\"a\": 1}"), 0);
    asker_wait(1);
    assert_non_null(strstr(bad_server_request, "PUT /number HTTP/1.1\r\n"));
    assert_non_null(strstr(bad_server_request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(bad_server_request, "\r\n\r\n{\"a\": 1}"));

    assert_int_equal(ASK("web", 2, NULL, "URL", url, "Method", "POST", "Body", "a=1", "Header", "content-type: text/x"),
                     0);
    asker_wait(2);
    assert_non_null(strstr(bad_server_request, "POST /number HTTP/1.1\r\n"));
    assert_non_null(strstr(bad_server_request, "\r\ncontent-type: text/x\r\n"));
    assert_null(strstr(bad_server_request, "Content-Type:"));
    assert_non_null(strstr(bad_server_request, "\r\n\r\na=1"));

    assert_int_equal(ASK("web", 3, NULL, "URL", url, "Method", "POST"), 0);
    asker_wait(3);
    assert_non_null(strstr(bad_server_request, "\r\nContent-Length: 0\r\n"));
    assert_string_equal(asker.value, "42");
}

static void nobody_there(void **unused) {
    for (size_t p = 0; p < ELEMENTS(providers); p++) {
        unsigned free_port;
        char address[64], wanted[128];
        (void)close(bind_somewhere(&free_port));
        (void)snprintf(address, sizeof(address), "http://127.0.0.1:%u", free_port);
        assert_int_equal(ask_at(providers[p], address, "5s", NULL, NULL, 1, NULL), 0);
        asker_wait(asker.answers + 1);
        (void)snprintf(wanted, sizeof(wanted), "connection refused by 127.0.0.1:%u", free_port);
        assert_string_equal(asker.message, wanted);

        assert_int_equal(ask_at(providers[p], "http://no-such-host.invalid", "5s", NULL, NULL, 1, NULL), 0);
        asker_wait(asker.answers + 1);
        assert_non_null(strstr(asker.message, "no-such-host.invalid:80"));
    }
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
    assert_int_equal(ask_at("web", address, "200ms", NULL, NULL, 1, NULL), 0);
    asker_wait(1);
    (void)snprintf(wanted, sizeof(wanted), "timed out after 200ms: no connection to 127.0.0.1:%u", full_port);
    assert_string_equal(asker.message, wanted);
    for (size_t i = 0; i < ELEMENTS(fds); i++)
        (void)close(fds[i]);
    (void)close(lonely);
}

static void headers_and_credentials(void **unused) {
    char folder[] = "/tmp/rollout-test-XXXXXX", path[64], address[128];
    const char *prometheus = "prometheus";
    struct error err = {0};
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    (void)snprintf(address, sizeof(address), "http://127.0.0.1:%u/good", bad_server_port);

    assert_int_equal(ask_at(prometheus, address, "5s", "Header", "X-Scope-OrgID: shop", 1, NULL), 0);
    asker_wait(1);
    assert_non_null(strstr(bad_server_request, "\r\nX-Scope-OrgID: shop\r\n"));

    for (size_t p = 0; p < ELEMENTS(providers); p++) {
        assert_int_equal(ask_at(providers[p], address, "5s", "BearerCredential", "token", 2, &err), -ENOENT);
        assert_string_equal(err.text, "no credential token: the service's unit needs LoadCredential=token:FILE");
    }
    (void)snprintf(path, sizeof(path), "%s/token", folder);
    assert_int_equal(file_write_atomic(path, "hunter2\n", 8, 0600, NULL), 0);
    for (size_t p = 0; p < ELEMENTS(providers); p++) {
        assert_int_equal(ask_at(providers[p], address, "5s", "BearerCredential", "token", 2, NULL), 0);
        asker_wait(asker.answers + 1);
        assert_non_null(strstr(bad_server_request, "\r\nAuthorization: Bearer hunter2\r\n"));
    }
    assert_int_equal(ask_at(prometheus, address, "5s", "BasicCredential", "token", 3, &err), -EINVAL);
    assert_string_equal(err.text, "credential token is not of the form USER:PASSWORD");

    assert_int_equal(ask_at(prometheus, address, "5s", "Header", "X-Key: {{ credential.token }}-{{x", 3, NULL), 0);
    asker_wait(4);
    assert_non_null(strstr(bad_server_request, "\r\nX-Key: hunter2-{{x\r\n"));
    assert_int_equal(
        ASK("web", 4, NULL, "URL", address, "Method", "POST", "JSONBody", "{\"k\":\"{{credential.token}}\"}"), 0);
    asker_wait(5);
    assert_non_null(strstr(bad_server_request, "\r\n\r\n{\"k\":\"hunter2\"}"));
    assert_int_equal(ask_at(prometheus, address, "5s", "Header", "X-Key: {{credential.none}}", 4, &err), -ENOENT);
    assert_string_equal(err.text,
                        "shop.conf:4: Header=: no credential none: the service's unit needs LoadCredential=none:FILE");
    assert_int_equal(ask_at(prometheus, address, "5s", "CAFile", "{{credential.token}}", 4, &err), -EINVAL);
    assert_string_equal(err.text, "shop.conf:4: CAFile=: \"{{credential.token}}\" is not an absolute path");

    assert_int_equal(file_write_atomic(path, "me:a:b\n", 7, 0600, NULL), 0);
    assert_int_equal(ask_at(prometheus, address, "5s", "BasicCredential", "token", 4, NULL), 0);
    asker_wait(6);
    assert_non_null(strstr(bad_server_request, "\r\nAuthorization: Basic bWU6YTpi\r\n"));

    assert_int_equal(file_write_atomic(path, "a\r\nX: b\n", 8, 0600, NULL), 0);
    assert_int_equal(ask_at(prometheus, address, "5s", "BearerCredential", "token", 5, &err), -EINVAL);
    assert_null(strstr(err.text, "X: b"));
    assert_int_equal(remove_tree(folder, NULL), 0);
}

static void many_at_a_time(void **unused) {
    for (unsigned i = 0; i < 100; i++)
        ask(providers[i % 2], "number", "10s", i);
    asker_wait(100);
    assert_in_range(asker.token, 0, 99);
}

/* Answers without an end, and not a megabyte is kept. */
static void memory_is_bounded(void **unused) {
    struct rusage before, after;
    expect("web", "huge", "10s", "none", "the answer of @ is too large");
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    for (int i = 0; i < 50; i++)
        expect("web", "huge", "10s", "none", "the answer of @ is too large");
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
#ifndef SANITIZED                                                 /* which keeps what is freed for a while */
    assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 4096); /* kB */
#endif
}

static void questions_are_bounded(void **unused) {
    struct error err = {0};
    for (unsigned i = 0; i < PROVIDER_QUESTIONS_MAX; i++)
        ask("web", "silent", "10s", i);
    assert_int_equal(ask_at("web", "http://127.0.0.1:1", "10s", NULL, NULL, 1, &err), -EBUSY);
    assert_string_equal(err.text, "1024 questions wait for their answers already");
}

/* The host is freed while these are on their way: in the queue, resolving, connected. */
static void cancelling(void **unused) {
    ask("prometheus", "silent", "10s", 1);
    ask("prometheus", "good", "10s", 2);
    for (int i = 0; i < 20; i++)
        assert_true(sd_event_run(asker.event, 5 * 1000) >= 0);
    ask("web", "good", "10s", 3);
    assert_int_equal(ask_at("web", "http://no-such-host.invalid", "10s", NULL, NULL, 4, NULL), 0);
    assert_true(sd_event_run(asker.event, 0) >= 0);
    asker.host = provider_host_free(asker.host);
    while (sd_event_run(asker.event, 0) > 0)
        ;
    assert_int_equal(asker.answers, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, asker_begin, asker_end)
    const struct CMUnitTest tests[] = {
        TEST(nobody_gets_a_value), TEST(answers_of_prometheus), TEST(a_range_of_time),         TEST(long_queries),
        TEST(answers_of_the_web),  TEST(parts_of_answers),      TEST(methods_and_bodies),      TEST(nobody_there),
        TEST(nobody_accepts),      TEST(many_at_a_time),        TEST(headers_and_credentials), TEST(cancelling),
        TEST(memory_is_bounded),   TEST(questions_are_bounded),
    };
    return cmocka_run_group_tests(tests, bad_server_start, bad_server_stop);
}
