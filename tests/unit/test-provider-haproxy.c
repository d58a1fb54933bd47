/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The provider haproxy against sockets that answer well, badly or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/files.h"
#include "common/text.h"
#include "tests/unit/provider-asker.h"

enum behavior { GOOD, RELOADED, ENDING, CUT, FOREIGN, SILENT, HANGS_UP, ENDLESS, LATER_SILENT };

/* A HAProxy whose green-1 answers 100 requests between two readings, 10 of them badly. */
static struct fake {
    char path[64];
    int listener;
    pthread_t thread;
    enum behavior behavior;
    unsigned readings;
    char asked[1024]; /* to be read only after the answer */
} fakes[2];

static char folder[] = "/tmp/rollout-test-haproxy-XXXXXX";

static void answer_well(const struct fake *fake, int fd) {
    unsigned n = fake->readings;
    bool reloaded = fake->behavior == RELOADED && n == 2;
    unsigned requests = reloaded ? 30 : 1000 + 100 * n, errors = reloaded ? 6 : 500 + 10 * n;
    (void)dprintf(fd,
                  "\n> Name: HAProxy\nPid: %d\nStart_time_sec: 1000\nUptime_sec: 1\nStopping: %d\n\n> "
                  "# pxname,svname,hrsp_2xx,hrsp_5xx,rtime,\nshop,blue-1,7,0,1,\nshop,green-1,%u,%u,20,\n\n> ",
                  reloaded ? 8 : 7, fake->behavior == ENDING, requests - errors, errors);
}

static void behave(struct fake *fake, int fd) {
    char rest[64];
    enum behavior now = fake->behavior;
    if (now == LATER_SILENT)
        now = fake->readings < 2 ? GOOD : SILENT;
    switch (now) {
    case LATER_SILENT:
    case SILENT:
        while (read(fd, rest, sizeof rest) > 0)
            ;
        return;
    case GOOD:
    case RELOADED:
    case ENDING:
        answer_well(fake, fd);
        return;
    case CUT:
        (void)dprintf(fd, "\n> Name: HAProxy\nPid: 7\n");
        return;
    case FOREIGN:
        (void)dprintf(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
        return;
    case ENDLESS:
        while (send(fd, rest, sizeof rest, MSG_NOSIGNAL) > 0)
            ;
        return;
    case HANGS_UP:
        return;
    }
}

static void *serve(void *userdata) {
    struct fake *fake = userdata;
    for (int fd; (fd = accept(fake->listener, NULL, NULL)) >= 0;) {
        ssize_t n = read(fd, fake->asked, sizeof fake->asked - 1);
        fake->asked[n > 0 ? n : 0] = '\0';
        fake->readings++;
        behave(fake, fd);
        (void)close(fd);
    }
    return NULL;
}

static void fake_begin(struct fake *fake, unsigned number) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(fake->path, sizeof fake->path, "%s/%u", folder, number);
    (void)string_copy(address.sun_path, sizeof address.sun_path, fake->path);
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fake->listener, 8), 0);
    assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

static int begin(void **unused) {
    if (!mkdtemp(folder) || signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* who asks may have gone */
        return -1;
    for (unsigned i = 0; i < ELEMENTS(fakes); i++)
        fake_begin(&fakes[i], i);
    return 0;
}

static int end(void **unused) {
    for (unsigned i = 0; i < ELEMENTS(fakes); i++) {
        (void)shutdown(fakes[i].listener, SHUT_RDWR);
        (void)pthread_join(fakes[i].thread, NULL);
        (void)close(fakes[i].listener);
    }
    return remove_tree(folder, NULL);
}

/* --- the asking side */

static void use(uint32_t n, enum behavior first) {
    asker.spec.haproxy =
        (struct haproxy_spec){.n_sockets = n, .n_backends = 1, .backends = {"shop"}, .server = "%c-%n"};
    asker.subject.canary = GREEN;
    asker.subject.stable = BLUE;
    for (uint32_t i = 0; i < n; i++) {
        fakes[i].readings = 0;
        fakes[i].behavior = i == 0 ? first : GOOD;
        (void)string_copy(asker.spec.haproxy.sockets[i], SOCKET_NAME_MAX, fakes[i].path);
    }
}

static void measure(const char *what) {
    assert_int_equal(ASK("haproxy", 1, NULL, "Measure", what, "WindowSec", "50ms"), 0);
    asker_wait(asker.answers + 1);
}

static void a_window(void **unused) {
    use(1, GOOD);
    measure("error-ratio");
    assert_string_equal(asker.value, "[0.1]");
    assert_string_equal(fakes[0].asked, "prompt\nshow info\nshow stat shop 4 -1\nquit\n");
    assert_int_equal(fakes[0].readings, 2);

    use(2, GOOD);
    measure("response-time");
    assert_string_equal(asker.value, "[0.02]");

    use(1, RELOADED);
    measure("error-ratio");
    assert_string_equal(asker.value, "[0.2]");

    use(1, GOOD);
    assert_int_equal(ASK("haproxy", 1, NULL, "Of", "stable", "WindowSec", "50ms"), 0); /* blue-1: no request */
    asker_wait(asker.answers + 1);
    assert_string_equal(asker.value, "[]");
    assert_string_equal(asker.message, "none");
}

static void bad_answers(void **unused) {
    static const struct {
        enum behavior behavior;
        const char *says;
    } cases[] = {
        {ENDING, "the answer came from a worker that is ending"},
        {CUT, "the connection ended before \"show info\" was answered"},
        {FOREIGN, "the connection ended before \"prompt\" was answered"},
        {SILENT, "no answer within 2s"},
        {HANGS_UP, "it hung up without an answer"},
        {ENDLESS, "a longer answer than expected"},
        {LATER_SILENT, "no answer within 2s"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char wanted[256];
        use(2, cases[i].behavior); /* one that answers is not enough */
        measure("error-ratio");
        (void)snprintf(wanted, sizeof wanted, "HAProxy at %s: %s", fakes[0].path, cases[i].says);
        assert_int_equal(asker.kind, ANSWER_ERROR);
        assert_string_equal(asker.message, wanted);
    }
}

static void nobody_there(void **unused) {
    use(1, GOOD);
    (void)string_copy(asker.spec.haproxy.sockets[0], SOCKET_NAME_MAX, "/nowhere");
    measure("error-ratio");
    assert_string_equal(asker.message, "HAProxy at /nowhere: it does not listen there");
    (void)string_copy(asker.spec.haproxy.sockets[0], SOCKET_NAME_MAX, "127.0.0.1:1");
    measure("error-ratio");
    assert_string_equal(asker.message, "HAProxy at 127.0.0.1:1: it does not listen there");
}

static void refusals(void **unused) {
    struct error err = {0};
    use(0, GOOD);
    assert_int_equal(ASK("haproxy", 1, &err, "Of", "canary"), -EINVAL);
    assert_string_equal(err.text, "no HAProxy to ask: [HAProxy] has no Socket=");
    assert_int_equal(ASK("haproxy", 1, &err, "Measure", "eror-ratio"), -EINVAL);
    assert_string_equal(err.text, "shop.conf:1: Measure=: HAProxy measures no such thing, did you mean error-ratio?");
    assert_int_equal(ASK("haproxy", 1, &err, "Of", "blue"), -EINVAL);
    assert_string_equal(err.text, "shop.conf:1: Of=: neither canary nor stable");
    assert_int_equal(ASK("haproxy", 1, &err, "WindowSec", "2h"), -EINVAL);
    assert_int_equal(ASK("haproxy", 1, &err, "Query", "up"), -EINVAL);
    assert_string_equal(err.text, "shop.conf:1: the provider haproxy knows no key Query");
}

/* The host is freed while the first readings are under way, and while a window is open. */
static void cancelling(void **unused) {
    use(2, SILENT);
    assert_int_equal(ASK("haproxy", 1, NULL, "WindowSec", "1h"), 0);
    use(1, GOOD);
    assert_int_equal(ASK("haproxy", 2, NULL, "WindowSec", "1h"), 0);
    for (int i = 0; i < 10; i++)
        assert_true(sd_event_run(asker.event, 5 * 1000) >= 0);
    asker.host = provider_host_free(asker.host);
    assert_int_equal(asker.answers, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, asker_begin, asker_end)
    const struct CMUnitTest tests[] = {
        TEST(a_window), TEST(bad_answers), TEST(nobody_there), TEST(refusals), TEST(cancelling),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
