/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real server on real sockets, with a fake agent behind it: what is asked well, badly, too long, by halves, and slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/json.h"
#include "fake-agent.h"

#define WAIT_MAX (20 * USEC_PER_SEC)

static char folder[64];
static struct fake_agent fake;
static struct api_server *server;
static sd_event *event;
static struct error err;

static int enter(void **unused) {
    (void)snprintf(folder, sizeof(folder), "/tmp/rollout-test-api.XXXXXX");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(0077);
    fake_agent_init(&fake);
    struct api_handler handler = fake_agent_handler(&fake);
    if (!mkdtemp(folder) || sd_event_new(&event) < 0)
        return -1;
    return api_server_new(event, folder, &handler, &server, &err);
}

static int leave(void **unused) {
    server = api_server_free(server);
    event = sd_event_unref(event);
    return remove_tree(folder, NULL);
}

/* ---------------------------------------------------------------- a client in the same thread */

static usec_t now(void) {
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * USEC_PER_SEC + time.tv_nsec / 1000;
}

static void run_loop(usec_t span) {
    usec_t end = now() + span;
    do
        assert_true(sd_event_run(event, 10000) >= 0);
    while (now() < end);
}

static int begin(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const char *text, size_t len) {
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
static void hear(int fd, const char *until, char *buffer, size_t size) {
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

static char answer[256 * 1024];

static int ask_raw(const char *name, const char *text, size_t len) {
    int status = 0;
    _cleanup_close_ int fd = begin(name);
    say(fd, text, len);
    hear(fd, NULL, answer, sizeof(answer));
    return sscanf(answer, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static int ask(const char *name, const char *method, const char *path, const char *body) {
    static char text[256 * 1024];
    int len = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", method, path, strlen(body), body);
    return ask_raw(name, text, (size_t)len);
}

static const char *body_of(void) {
    const char *body = strstr(answer, "\r\n\r\n");
    return body ? body + 4 : "";
}

static cJSON *document_of(void) {
    cJSON *document = NULL;
    if (json_parse(body_of(), strlen(body_of()), &document, &err) < 0)
        fail_msg("%s: %s", err.text, answer);
    return document;
}

/* ---------------------------------------------------------------- good requests */

static void sockets_have_their_modes(void **unused) {
    static const struct {
        const char *name;
        mode_t mode;
    } rows[] = {{"api.sock", 0660}, {"status.sock", 0666}};
    for (size_t i = 0; i < 2; i++) {
        char path[96];
        struct stat found;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, rows[i].name);
        assert_int_equal(stat(path, &found), 0);
        assert_int_equal(found.st_mode & 07777, rows[i].mode);
    }
}

static void the_rollout_is_shown(void **unused) {
    assert_int_equal(ask("status.sock", "GET", "/v1/rollout", ""), 200);
    assert_non_null(strstr(answer, "Content-Type: application/json\r\n"));
    _cleanup_json_ cJSON *document = document_of();
    const cJSON *part;
    const char *text;
    double number;
    assert_int_equal(json_get_string(document, "phase", &text, NULL), 0);
    assert_string_equal(text, "Paused");
    assert_int_equal(json_get_object(document, "waiting", &part, NULL), 0);
    assert_int_equal(json_get_string(part, "until", &text, NULL), 0);
    assert_string_equal(text, "2026-11-23T09:09:00.000Z");
    assert_int_equal(json_get_object(document, "canary", &part, NULL), 0);
    assert_int_equal(json_get_string(part, "version", &text, NULL), 0);
    assert_string_equal(text, "v2");
    assert_int_equal(json_get_object(document, "weight", &part, NULL), 0);
    assert_int_equal(json_get_double(part, "actual", &number, NULL), 0);
    assert_true(number > 19.9 && number < 20.1);
    assert_int_equal(json_get_array(document, "instances", &part, NULL), 0);
    assert_int_equal(cJSON_GetArraySize(part), 4);
    assert_int_equal(json_get_array(document, "analysis", &part, NULL), 0);
    assert_int_equal(cJSON_GetArraySize(part), 1);
}

static void an_unknown_world_is_shown_as_null(void **unused) {
    memset(&fake.world, 0, sizeof(fake.world));
    fake.state.stable = fake.state.rollout.color = COLOR_NONE;
    fake.state.rollout.mode = MODE_IDLE;
    fake.state.slots[BLUE].revision = fake.state.slots[GREEN].revision = 0;
    assert_int_equal(ask("status.sock", "GET", "/v1/rollout", ""), 200);
    static const char *const nulls[] = {"\"stable\":null", "\"canary\":null", "\"revision\":null", "\"actual\":null", "\"sessions\":null"};
    for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
        if (!strstr(body_of(), nulls[i]))
            fail_msg("no %s in %s", nulls[i], body_of());
}

static void what_was_is_shown(void **unused) {
    static const char *const paths[] = {"/v1/revisions", "/v1/revisions/2", "/v1/runs", "/v1/runs/1"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ask("status.sock", "GET", paths[i], ""), 200);
        cJSON_Delete(document_of());
    }
}

static void a_verb_is_carried_out_with_who_asked(void **unused) {
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/deploy",
                         "{\"version\": \"v3\", \"env\": {\"A\": \"1\", \"B\": \"\"}, \"expect\": {\"revision\": 2, \"step\": 1}}"),
                     202);
    assert_non_null(strstr(body_of(), "\"verdict\":\"accepted\""));
    assert_int_equal(fake.asked.command.verb, VERB_DEPLOY);
    assert_string_equal(fake.asked.command.version, "v3");
    assert_string_equal(fake.env, "A=1;B=;");
    assert_int_equal(fake.asked.command.uid, getuid());
    assert_true(fake.asked.command.expect_revision && fake.asked.command.revision == 2);
    assert_true(fake.asked.command.expect_step && fake.asked.command.step == 1);
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/promote", "{\"full\": true}"), 202);
    assert_true(fake.asked.command.full);
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/pause", ""), 202);
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/pause", "{}"), 200);
    assert_non_null(strstr(body_of(), "\"verdict\":\"already\""));
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/deploy", "{\"version\": \"v3\"}"), 200);
    assert_non_null(strstr(body_of(), "\"verdict\":\"attached\""));
}

static void failures_say_what_they_are(void **unused) {
    static const struct {
        int fail, status;
        const char *word;
    } rows[] = {{-EINVAL, 400, "invalid"}, {-ENOEXEC, 422, "configuration"}, {-EIO, 503, "failed"}, {-ENOSPC, 503, "failed"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fake.fail = rows[i].fail;
        assert_int_equal(ask("api.sock", "POST", "/v1/rollout/abort", ""), rows[i].status);
        assert_non_null(strstr(answer, "Content-Type: application/problem+json\r\n"));
        assert_non_null(strstr(body_of(), rows[i].word));
        assert_non_null(strstr(body_of(), "it failed: "));
    }
    fake.fail = 0;
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/retry", ""), 409);
    assert_non_null(strstr(body_of(), "urn:rollout:problem:refused"));
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/promote", "{\"expect\": {\"revision\": 1}}"), 409);
    assert_non_null(strstr(body_of(), "urn:rollout:problem:unexpected"));
}

/* ---------------------------------------------------------------- bad requests */

static void wrong_addresses_and_methods(void **unused) {
    static const struct {
        const char *method, *path;
        int status;
    } rows[] = {
        {"GET", "/", 404},
        {"GET", "/v1/rollout/", 404},
        {"GET", "/v1/rollout/deploy", 405},
        {"POST", "/v1/rollout/explode", 404},
        {"POST", "/v1/rollout", 405},
        {"DELETE", "/v1/runs/1", 405},
        {"GET", "/v1/runs/", 404},
        {"GET", "/v1/runs/1x", 404},
        {"GET", "/v1/runs/-1", 404},
        {"GET", "/v1/runs/2", 404},
        {"GET", "/v1/runs/4294967296", 404},
        {"GET", "/v1/runs/99999999999999999999", 404},
        {"GET", "/v1/revisions/7", 404},
        {"GET", "/v1/revisions/../../etc/passwd", 404},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (ask("api.sock", rows[i].method, rows[i].path, "") != rows[i].status)
            fail_msg("%s %s: %s", rows[i].method, rows[i].path, answer);
    assert_int_equal(fake.commands, 0);
}

static void the_status_socket_only_reads(void **unused) {
    assert_int_equal(ask("status.sock", "POST", "/v1/rollout/abort", "{}"), 403);
    assert_non_null(strstr(body_of(), "read-only"));
    assert_int_equal(fake.commands, 0);
}

static void wrong_bodies_name_the_field(void **unused) {
    static const struct {
        const char *verb, *body, *detail;
    } rows[] = {
        {"deploy", "", "version: missing"},
        {"deploy", "{", "line 1"},
        {"deploy", "[]", "expected an object"},
        {"deploy", "7", "expected an object"},
        {"deploy", "{\"version\": 7}", "version: expected a string"},
        {"deploy", "{\"version\": \"../x\"}", "version: not a version"},
        {"deploy", "{\"version\": \"\"}", "version: not a version"},
        {"deploy", "{\"version\": \"v1\\u0000\"}", "line 1"},
        {"deploy", "{\"version\": \"v1\", \"versoin\": 1}", "versoin: unknown field, did you mean"},
        {"deploy", "{\"version\": \"v1\", \"version\": \"v2\"}", "version: the key is there twice"},
        {"deploy", "{\"version\": \"v1\", \"env\": [\"A=1\"]}", "env: expected an object"},
        {"deploy", "{\"version\": \"v1\", \"env\": {\"A\": 1}}", "env.A: expected a string"},
        {"deploy", "{\"version\": \"v1\", \"expect\": {\"revision\": -1}}", "expect.revision: -1 is out of range"},
        {"deploy", "{\"version\": \"v1\", \"expect\": {\"foo\": 1}}", "expect.foo: unknown field"},
        {"promote", "{\"full\": \"yes\"}", "full: expected true or false"},
        {"promote", "{\"version\": \"v1\"}", "version: unknown field"},
        {"abort", "{\"full\": true}", "full: unknown field"},
        {"abort", "{} {}", "line 1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/v1/rollout/%s", rows[i].verb);
        if (ask("api.sock", "POST", path, rows[i].body) != 400 || !strstr(body_of(), rows[i].detail))
            fail_msg("%s: %s", rows[i].body, answer);
    }
    assert_int_equal(fake.commands, 0);
}

static void what_is_no_http_is_refused(void **unused) {
    static const char *const texts[] = {"\r\n\r\n\r\n", "hello\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01 tls",
                                        "POST /v1/rollout/abort HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n",
                                        "POST /v1/rollout/abort HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        _cleanup_close_ int fd = begin("api.sock");
        say(fd, texts[i], strlen(texts[i]));
        (void)shutdown(fd, SHUT_WR);
        hear(fd, NULL, answer, sizeof(answer));
        assert_null(strstr(answer, "HTTP/1.1 20"));
    }
    assert_int_equal(fake.commands, 0);
}

static void too_long_is_refused(void **unused) {
    static char long_text[200 * 1024];
    memset(long_text, 'a', sizeof(long_text) - 1);
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/abort", long_text), 413);
    char *request = NULL;
    int len = asprintf(&request, "GET /v1/rollout HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", long_text);
    assert_true(len > 0);
    int status = ask_raw("api.sock", request, (size_t)len);
    free(request);
    assert_true(status == 0 || status == 431 || status == 413);
    len = asprintf(&request, "GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", long_text);
    assert_true(len > 0);
    status = ask_raw("api.sock", request, (size_t)len);
    free(request);
    assert_true(status == 0 || status == 414 || status == 431);
    assert_int_equal(fake.commands, 0);
}

static void half_a_request_does_nothing(void **unused) {
    static const char text[] = "POST /v1/rollout/abort HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        int fd = begin("api.sock");
        say(fd, text, len);
        run_loop(0);
        (void)close(fd);
        run_loop(0);
    }
    assert_int_equal(fake.commands, 0);
    assert_int_equal(ask_raw("api.sock", text, sizeof(text) - 1), 202);
    assert_int_equal(fake.commands, 1);
}

/* ---------------------------------------------------------------- slow clients */

static bool hung_up(int fd) {
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

/* A byte now and then keeps nobody in: the whole request has its time. */
static void never_finished_is_hung_up_on(void **unused) {
    static const char text[] = "GET /v1/rollout HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    _cleanup_close_ int dripping = begin("status.sock"), silent = begin("status.sock");
    usec_t began = now(), ended = 0;
    for (size_t i = 0; i < sizeof(text) - 1 && ended == 0; i++) {
        say(dripping, text + i, 1);
        run_loop(300 * USEC_PER_MSEC);
        if (hung_up(dripping))
            ended = now();
    }
    assert_true(ended - began > 8 * USEC_PER_SEC && ended - began < 13 * USEC_PER_SEC);
    assert_true(hung_up(silent));
}

static void many_slow_clients_are_in_nobodys_way(void **unused) {
    enum { SLOW = 300 };
    int slow[SLOW];
    for (size_t i = 0; i < SLOW; i++) {
        slow[i] = begin("status.sock");
        (void)send(slow[i], "GET /v1/ro", 10, MSG_NOSIGNAL);
        run_loop(0);
    }
    usec_t began = now();
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/abort", ""), 202);
    assert_true(now() - began < USEC_PER_SEC);

    /* They don't keep the processor busy either. */
    struct rusage before, after;
    (void)getrusage(RUSAGE_SELF, &before);
    for (usec_t end = now() + USEC_PER_SEC; now() < end;)
        assert_true(sd_event_run(event, 100000) >= 0);
    (void)getrusage(RUSAGE_SELF, &after);
    assert_true((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * USEC_PER_SEC + after.ru_utime.tv_usec - before.ru_utime.tv_usec <
                200 * USEC_PER_MSEC);
    for (size_t i = 0; i < SLOW; i++)
        (void)close(slow[i]);
    run_loop(100 * USEC_PER_MSEC);
    assert_int_equal(ask("status.sock", "GET", "/v1/rollout", ""), 200);
}

/* ---------------------------------------------------------------- events */

static int begin_events(const char *header) {
    char text[160];
    int fd = begin("status.sock");
    int len = snprintf(text, sizeof(text), "GET /v1/events HTTP/1.1\r\nHost: x\r\n%s\r\n", header);
    say(fd, text, (size_t)len);
    return fd;
}

static void events_come_as_they_happen(void **unused) {
    fake_agent_event(&fake, EVENT_ROLLOUT_UPDATED);
    _cleanup_close_ int fd = begin_events("");
    hear(fd, "\r\n\r\n", answer, sizeof(answer));
    assert_non_null(strstr(answer, "text/event-stream"));
    run_loop(300 * USEC_PER_MSEC);
    fake_agent_event(&fake, EVENT_ROLLOUT_PAUSED);
    fake_agent_event(&fake, EVENT_ROLLOUT_ABORTED);
    api_server_changed(server);
    hear(fd, "event: RolloutAborted", answer, sizeof(answer));
    assert_non_null(strstr(answer, "id: 2\nevent: RolloutPaused\ndata: {\"number\":2,"));
    assert_null(strstr(answer, "RolloutUpdated")); /* was before */
    api_server_changed(server);
    hear(fd, ":\n\n", answer, sizeof(answer)); /* something else changed */
}

static void events_go_on_where_they_ended(void **unused) {
    for (int i = 0; i < 5; i++)
        fake_agent_event(&fake, EVENT_ROLLOUT_STEP_COMPLETED);
    _cleanup_close_ int fd = begin_events("Last-Event-ID: 3\r\n");
    hear(fd, "id: 5", answer, sizeof(answer));
    assert_null(strstr(answer, "id: 3"));
    assert_non_null(strstr(answer, "id: 4"));
    _cleanup_close_ int ahead = begin_events("Last-Event-ID: 1000\r\n"); /* of a state that was lost */
    hear(ahead, "id: 5", answer, sizeof(answer));
    assert_non_null(strstr(answer, "id: 1"));
    _cleanup_close_ int wrong = begin_events("Last-Event-ID: x\r\n");
    hear(wrong, NULL, answer, sizeof(answer));
    assert_non_null(strstr(answer, " 400 "));
}

static void streams_are_limited_and_readers_who_left_are_noticed(void **unused) {
    enum { READERS = 40 };
    int readers[READERS], refused = 0;
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = begin_events("");
        hear(readers[i], "\r\n\r\n", answer, sizeof(answer));
        refused += strstr(answer, " 503 ") != NULL;
    }
    assert_int_equal(refused, READERS - 24);
    for (size_t i = 0; i < READERS; i++)
        (void)close(readers[i]);
    for (int i = 0; i < 3; i++) {
        api_server_changed(server);
        run_loop(200 * USEC_PER_MSEC);
    }
    _cleanup_close_ int fd = begin_events("");
    hear(fd, "\r\n\r\n", answer, sizeof(answer));
    assert_non_null(strstr(answer, " 200 "));
}

/* A reader that never reads is hung up on when its socket is full, and is in nobody's way until then. */
static void a_reader_who_does_not_read(void **unused) {
    _cleanup_close_ int fd = begin_events("");
    for (int i = 0; i < 60; i++) {
        for (int j = 0; j < OUTBOX_MAX; j++)
            fake_agent_event(&fake, EVENT_ROLLOUT_STEP_COMPLETED);
        api_server_changed(server);
        run_loop(110 * USEC_PER_MSEC);
    }
    usec_t began = now();
    assert_int_equal(ask("status.sock", "GET", "/v1/rollout", ""), 200);
    assert_true(now() - began < USEC_PER_SEC);
}

static void quiet_readers_cost_nothing(void **unused) {
    _cleanup_close_ int fd = begin_events("");
    run_loop(300 * USEC_PER_MSEC);
    int wakes = 0;
    for (usec_t end = now() + 2 * USEC_PER_SEC; now() < end;) {
        int r = sd_event_run(event, 500000);
        assert_true(r >= 0);
        wakes += r > 0;
    }
    assert_true(wakes < 5);
}

static void the_server_ends_with_readers_waiting(void **unused) {
    int fd = begin_events("");
    run_loop(300 * USEC_PER_MSEC);
    server = api_server_free(server);
    assert_true(hung_up(fd) || recv(fd, answer, sizeof(answer), 0) >= 0);
    (void)close(fd);
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/api.sock", folder);
    assert_int_equal(access(path, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(sockets_have_their_modes),
        TEST(the_rollout_is_shown),
        TEST(an_unknown_world_is_shown_as_null),
        TEST(what_was_is_shown),
        TEST(a_verb_is_carried_out_with_who_asked),
        TEST(failures_say_what_they_are),
        TEST(wrong_addresses_and_methods),
        TEST(the_status_socket_only_reads),
        TEST(wrong_bodies_name_the_field),
        TEST(what_is_no_http_is_refused),
        TEST(too_long_is_refused),
        TEST(half_a_request_does_nothing),
        TEST(never_finished_is_hung_up_on),
        TEST(many_slow_clients_are_in_nobodys_way),
        TEST(events_come_as_they_happen),
        TEST(events_go_on_where_they_ended),
        TEST(streams_are_limited_and_readers_who_left_are_noticed),
        TEST(a_reader_who_does_not_read),
        TEST(quiet_readers_cost_nothing),
        TEST(the_server_ends_with_readers_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
