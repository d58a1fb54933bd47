/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The router against sockets that answer well, badly or not at all. A child process plays HAProxy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "common/files.h"
#include "tests/unit/haproxy-fixture.h"
#include "traffic/haproxy.h"

struct fixture {
    char folder[64], socket[80], states[80];
    sd_event *event;
    struct spec spec;
    struct router router;
    pid_t server;
    int calls;
    bool again; /* the callback begins another one */
    struct exchange_result result;
};

static const struct balancer_plan look = {.look = true};

static void on_done(void *userdata, uint32_t balancer, uint64_t token, const struct exchange_result *result) {
    struct fixture *fixture = userdata;
    assert_int_equal(balancer, 0);
    assert_int_equal(token, 42);
    fixture->result = *result;
    fixture->calls++;
    if (fixture->again)
        assert_int_equal(fixture->router.exchange(fixture->router.self, 0, &look, 42), 0);
    fixture->again = false;
}

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    (void)string_copy(fixture->folder, sizeof fixture->folder, "/tmp/test-haproxy-router-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->socket, sizeof fixture->socket, "%s/sock", fixture->folder);
    (void)snprintf(fixture->states, sizeof fixture->states, "%s/states", fixture->folder);
    fixture->spec.haproxy = (struct haproxy_spec){
        .n_sockets = 1, .n_backends = 1, .backends = {"shop"}, .preview_backend = "shop-preview", .server = "%c-%n"};
    (void)string_copy(fixture->spec.haproxy.sockets[0], SOCKET_NAME_MAX, fixture->socket);
    assert_true(sd_event_new(&fixture->event) >= 0);
    assert_int_equal(haproxy_router_new(fixture->event, &fixture->spec, fixture->states, on_done, fixture,
                                        &fixture->router, NULL),
                     0);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    if (fixture->server > 0) {
        (void)kill(fixture->server, SIGKILL);
        (void)waitpid(fixture->server, NULL, 0);
    }
    haproxy_router_free(&fixture->router);
    sd_event_unref(fixture->event);
    (void)remove_tree(fixture->folder, NULL);
    free(fixture);
    return 0;
}

/* Answers every connection by REPLY, if there is one, TIMES over, and hangs up when told. */
static void serve(struct fixture *fixture, const char *reply, size_t len, unsigned times, bool hang_up) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)string_copy(address.sun_path, sizeof address.sun_path, fixture->socket);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 8), 0);
    fixture->server = fork();
    assert_true(fixture->server >= 0);
    for (; fixture->server == 0;) {
        char commands[4096];
        int fd = accept(listener, NULL, NULL);
        if (fd < 0 || recv(fd, commands, sizeof commands, 0) <= 0)
            _exit(1);
        for (unsigned i = 0; i < times && send(fd, reply, len, MSG_NOSIGNAL) >= 0; i++)
            ;
        if (hang_up)
            (void)close(fd);
    }
    (void)close(listener);
}

static void serve_recorded(struct fixture *fixture) {
    char path[4096];
    _cleanup_free_ char *text = NULL;
    _cleanup_buffer_ struct buffer reply = BUFFER(1 << 20);
    const char *srcdir = getenv("srcdir");
    (void)snprintf(path, sizeof path, "%s/tests/fuzz/seeds/haproxy/orders", srcdir ? srcdir : ".");
    assert_int_equal(file_read(path, 1 << 20, &text, NULL, NULL), 0);
    /* as for an exchange without orders: what was recorded between `show info` and the tables is left out */
    const char *orders = strstr(text, "\n> \n> No such server."), *tables = strstr(text, "\n> 1\n");
    assert_true(orders && tables);
    buffer_append(&reply, text, (size_t)(orders - text));
    buffer_puts(&reply, tables);
    serve(fixture, reply.data, reply.len, 1, true);
}

static void run(struct fixture *fixture) {
    int calls = fixture->calls + 1;
    assert_int_equal(fixture->router.exchange(fixture->router.self, 0, &look, 42), 0);
    assert_int_equal(fixture->router.exchange(fixture->router.self, 0, &look, 43), -EBUSY);
    assert_int_equal(fixture->calls, calls - 1); /* never from inside */
    while (fixture->calls < calls)
        assert_true(sd_event_run(fixture->event, 5 * USEC_PER_SEC) > 0);
}

static void expect(struct fixture *fixture, enum link link, const char *problem) {
    run(fixture);
    assert_int_equal(fixture->result.seen.link, link);
    if (!strstr(fixture->result.seen.problem, problem))
        fail_msg("\"%s\" instead of \"%s\"", fixture->result.seen.problem, problem);
}

static void test_gone(void **state) {
    expect(*state, LINK_GONE, "HAProxy does not listen on ");
}

static void test_silent(void **state) {
    serve(*state, "", 0, 0, false);
    expect(*state, LINK_SILENT, "no answer within 2s");
}

static void test_hang_up(void **state) {
    serve(*state, "", 0, 0, true);
    expect(*state, LINK_SILENT, "Connection reset");
}

static void test_garbage(void **state) {
    serve(*state, "hello\n> world\n> ", 16, 1, true);
    expect(*state, LINK_SILENT, "\"show info\" was not answered as HAProxy does");
}

static void test_endless(void **state) {
    static const char piece[1 << 16];
    serve(*state, piece, sizeof piece, 4096, true);
    expect(*state, LINK_SILENT, "a longer answer than expected");
}

static void test_up_and_again(void **state) {
    struct fixture *fixture = *state;
    serve_recorded(fixture);
    fixture->again = true;
    run(fixture);
    assert_int_equal(fixture->result.seen.link, LINK_UP);
    assert_false(fixture->result.refused);
    usec_t up_since = fixture->result.seen.servers[0][BLUE][0].up_since;
    assert_true(up_since > 0);
    while (fixture->calls < 2)
        assert_true(sd_event_run(fixture->event, 5 * USEC_PER_SEC) > 0);
    assert_int_equal(fixture->result.seen.servers[0][BLUE][0].up_since, up_since); /* it does not tremble */
}

static void test_remember(void **state) {
    struct fixture *fixture = *state;
    static struct plan plan = {.wanted_known = true, .wanted[0][BLUE] = {{.active = true, .weight = 77}}};
    char path[128];
    struct stat first, second;
    (void)snprintf(path, sizeof path, "%s/shop.state", fixture->states);
    assert_int_equal(fixture->router.remember(fixture->router.self, &plan, NULL), 0);
    assert_int_equal(stat(path, &first), -1); /* nothing was seen yet */
    serve_recorded(fixture);
    run(fixture);
    assert_int_equal(fixture->router.remember(fixture->router.self, &plan, NULL), 0);
    assert_int_equal(stat(path, &first), 0);
    assert_int_equal(first.st_mode & 07777, 0640);
    _cleanup_free_ char *text = NULL;
    assert_int_equal(file_read(path, 1 << 20, &text, NULL, NULL), 0);
    assert_non_null(strstr(text, " shop 1 blue-1 127.0.0.1 2 0 77 100 0 "));
    run(fixture);
    assert_int_equal(fixture->router.remember(fixture->router.self, &plan, NULL), 0);
    assert_int_equal(stat(path, &second), 0);
    assert_int_equal(first.st_ino, second.st_ino); /* not written again */
}

/* HAProxy does not start without the file of its routes. */
static void test_route_map(void **state) {
    struct fixture *fixture = *state;
    static struct plan plan = {.wanted_known = true,
                               .routes = {.revision = 7, .attempt = 1, .color = GREEN, .steps = 1}};
    struct step *step = &fixture->spec.steps[0];
    char *path = fixture->spec.haproxy.route_map;
    struct stat found;
    _cleanup_free_ char *empty = NULL, *text = NULL, *same = NULL;
    (void)snprintf(path, sizeof fixture->spec.haproxy.route_map, "%s/routes.map", fixture->states);
    fixture->spec.n_steps = 1;
    step->kind = STEP_SET_COOKIE_ROUTE;
    (void)string_copy(step->route.field, sizeof step->route.field, "beta");
    (void)string_copy(step->route.value, sizeof step->route.value, "1");
    assert_int_equal(haproxy_check_route_map(&fixture->spec, NULL), 0);
    assert_int_equal(haproxy_router_set_spec(&fixture->router, &fixture->spec, NULL), 0);
    assert_int_equal(file_read(path, 1 << 20, &empty, NULL, NULL), 0);
    assert_string_equal(empty, "");
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0644);
    assert_int_equal(fixture->router.remember(fixture->router.self, &plan, NULL), 0);
    assert_int_equal(file_read(path, 1 << 20, &text, NULL, NULL), 0);
    assert_string_equal(text, "(?m)^cookie:(?:.*\\x3b|)\\x20*beta=1\\x20*(?:\\x3b.*)?\\r?$ shop-preview\n");
    plan.routes = ROUTES_OTHER;
    assert_int_equal(fixture->router.remember(fixture->router.self, &plan, NULL), 0);
    assert_int_equal(haproxy_router_set_spec(&fixture->router, &fixture->spec, NULL), 0);
    assert_int_equal(file_read(path, 1 << 20, &same, NULL, NULL), 0);
    assert_string_equal(same, text); /* what is there stands */
    (void)string_copy(path, sizeof fixture->spec.haproxy.route_map, "/no/such/folder/map");
    struct error error;
    assert_int_equal(haproxy_check_route_map(&fixture->spec, &error), -ENOENT);
    assert_int_equal(haproxy_router_set_spec(&fixture->router, &fixture->spec, NULL), 0); /* it serves all the same */
}

static void test_changed_spec(void **state) {
    struct fixture *fixture = *state;
    struct error error;
    serve_recorded(fixture);
    (void)string_copy(fixture->spec.haproxy.sockets[0], SOCKET_NAME_MAX, "lb.example:9999");
    assert_int_equal(haproxy_router_set_spec(&fixture->router, &fixture->spec, &error), -EINVAL);
    (void)string_copy(fixture->spec.haproxy.sockets[0], SOCKET_NAME_MAX, "[::1]:1");
    assert_int_equal(fixture->router.exchange(fixture->router.self, 0, &look, 42), 0);
    assert_int_equal(haproxy_router_set_spec(&fixture->router, &fixture->spec, &error), 0);
    while (fixture->calls < 1)
        assert_true(sd_event_run(fixture->event, 5 * USEC_PER_SEC) > 0);
    assert_int_equal(fixture->result.seen.link, LINK_UNKNOWN);
    assert_int_equal(fixture->router.exchange(fixture->router.self, 1, &look, 42), -EINVAL);
    assert_int_equal(fixture->router.exchange(fixture->router.self, 0, &look, 42), 0); /* freed while it is asked */
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {CASE(test_gone),     CASE(test_silent),       CASE(test_hang_up),
                                       CASE(test_garbage),  CASE(test_endless),      CASE(test_up_and_again),
                                       CASE(test_remember), CASE(test_changed_spec), CASE(test_route_map)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
