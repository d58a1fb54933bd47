/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients that are slow, many, or stay for the events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api-fixture.h"
#include "common/cleanup.h"

/* ---------------------------------------------------------------- slow clients */

/* A byte now and then keeps nobody in: the whole request has its time. */
static void never_finished_is_hung_up_on(void **unused) {
    static const char text[] =
        "GET /v1/rollout HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
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
    assert_true((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * USEC_PER_SEC + after.ru_utime.tv_usec -
                    before.ru_utime.tv_usec <
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
    int fd = begin_events("");
    for (int i = 0; i < 60; i++) {
        for (int j = 0; j < OUTBOX_MAX; j++)
            fake_agent_event(&fake, EVENT_ROLLOUT_STEP_COMPLETED);
        api_server_changed(server);
        run_loop(110 * USEC_PER_MSEC);
    }
    usec_t began = now();
    assert_int_equal(ask("status.sock", "GET", "/v1/rollout", ""), 200);
    assert_true(now() - began < USEC_PER_SEC);
    (void)close(fd);
}

static void quiet_readers_cost_nothing(void **unused) {
    int fd = begin_events("");
    run_loop(300 * USEC_PER_MSEC);
    int wakes = 0;
    for (usec_t end = now() + 2 * USEC_PER_SEC; now() < end;) {
        int r = sd_event_run(event, 500000);
        assert_true(r >= 0);
        wakes += r > 0;
    }
    assert_true(wakes < 5);
    (void)close(fd);
}

/* ---------------------------------------------------------------- answers that come later */

/* A verb that has no answer yet. */
static int begin_waiting(void) {
    static const char text[] =
        "POST /v1/rollout/deploy HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n{\"version\":\"v2\"}";
    int fd = begin("api.sock");
    fake.fail = -EAGAIN;
    say(fd, text, sizeof(text) - 1);
    for (usec_t end = now() + 5 * USEC_PER_SEC; fake.commands < 3;) {
        run_loop(0);
        assert_true(now() < end);
    }
    return fd;
}

static void who_has_no_answer_yet_is_asked_again(void **unused) {
    _cleanup_close_ int fd = begin_waiting();
    usec_t asked_at = fake.asked.asked_at;
    assert_true(asked_at > 0);
    assert_true(recv(fd, answer, sizeof(answer), 0) < 0); /* nothing was said */
    assert_int_equal(ask("status.sock", "GET", "/v1/rollout", ""), 200);
    fake.fail = 0;
    hear(fd, NULL, answer, sizeof(answer));
    assert_non_null(strstr(answer, " 200 "));
    assert_non_null(strstr(answer, "attached"));
    assert_string_equal(fake.asked.command.version, "v2");
    assert_true(fake.asked.asked_at == asked_at);
    unsigned commands = fake.commands;
    run_loop(200 * USEC_PER_MSEC);
    assert_int_equal(fake.commands, commands);
}

static void who_does_not_wait_for_an_answer_is_let_go(void **unused) {
    (void)close(begin_waiting());
    unsigned commands = fake.commands;
    run_loop(200 * USEC_PER_MSEC);
    assert_int_equal(fake.commands, commands);
}

static void an_answer_that_never_comes_has_its_time(void **unused) {
    _cleanup_close_ int fd = begin_waiting();
    usec_t began = now();
    hear(fd, NULL, answer, sizeof(answer));
    assert_true(now() - began < 13 * USEC_PER_SEC);
    assert_string_equal(answer, "");
}

static void the_server_ends_with_an_answer_owed(void **unused) {
    _cleanup_close_ int fd = begin_waiting();
    server = api_server_free(server);
    assert_true(hung_up(fd));
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
        TEST(never_finished_is_hung_up_on),
        TEST(many_slow_clients_are_in_nobodys_way),
        TEST(events_come_as_they_happen),
        TEST(events_go_on_where_they_ended),
        TEST(streams_are_limited_and_readers_who_left_are_noticed),
        TEST(a_reader_who_does_not_read),
        TEST(quiet_readers_cost_nothing),
        TEST(who_has_no_answer_yet_is_asked_again),
        TEST(who_does_not_wait_for_an_answer_is_let_go),
        TEST(an_answer_that_never_comes_has_its_time),
        TEST(the_server_ends_with_an_answer_owed),
        TEST(the_server_ends_with_readers_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
