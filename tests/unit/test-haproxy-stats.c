/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters of HAProxy 2.6: what is read of `show stat`, and what two readings say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "provider/haproxy-measure.h"
#include "tests/unit/haproxy-fixture.h"

/* --- reading */

#define HEADER                                                                                                      \
    "# pxname,svname,stot,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,eresp,econ,wretr,wredis,connect," \
    "reuse,qtime,rtime,mode,\n"
#define INFO "\n> Name: HAProxy\nPid: 7\nStart_time_sec: 1000\nUptime_sec: 12\nStopping: 0\n\n> "

static int read_stats(const char *replies, enum color color, struct haproxy_stats *stats, struct error *err) {
    struct haproxy_names names;
    _cleanup_buffer_ struct buffer commands = BUFFER(4096);
    _cleanup_free_ char *text = strdup(replies);
    fixture_names(&names);
    assert_int_equal(haproxy_stats_commands(&names, &commands), 0);
    assert_string_equal(buffer_text(&commands),
                        "prompt\nshow info\nshow stat shop 4 -1\nshow stat shop-preview 4 -1\nquit\n");
    return haproxy_stats_read(&names, color, buffer_text(&commands), text, strlen(text), stats, err);
}

static void what_is_read(void **unused) {
    static struct haproxy_stats stats;
    assert_int_equal(read_stats(INFO HEADER
                                "shop,blue-1,9,0,9,0,0,0,0,0,0,0,0,9,0,0,5,http,\n"
                                "shop,green-1,107,1,90,2,3,4,5,6,7,8,39,60,50,11,22,http,\n"
                                "shop,stranger,1,0,1,0,0,0,0,0,0,0,0,1,0,0,0,http,\n\n> No such proxy.\n\n> ",
                                GREEN, &stats, NULL),
                     0);
    assert_int_equal(stats.info.pid, 7);
    assert_int_equal(stats.info.uptime, 12 * USEC_PER_SEC);
    const struct haproxy_server_stats *server = &stats.servers[0][0];
    assert_true(server->known && server->http);
    assert_int_equal(server->counters.requests, 105);
    assert_int_equal(server->counters.errors, 4);
    assert_int_equal(server->counters.broken, 6);
    assert_int_equal(server->counters.refused, 7);
    assert_int_equal(server->counters.retried, 39);
    assert_int_equal(server->counters.attempts, 110);
    assert_int_equal(server->queue_msec, 11);
    assert_int_equal(server->response_msec, 22);
    assert_false(stats.servers[0][1].known);
    assert_false(stats.servers[1][0].known);
}

static void other_modes_and_versions(void **unused) {
    static struct haproxy_stats stats;
    assert_int_equal(read_stats(INFO HEADER "shop,green-1,18446744073709,,,,,,,0,0,0,0,3,0,0,0,tcp,\n\n> "
                                            "# pxname,svname,stot,\nshop-preview,green-1,3,\n\n> ",
                                GREEN, &stats, NULL),
                     0);
    assert_true(stats.servers[0][0].known && !stats.servers[0][0].http);
    assert_true(stats.servers[0][0].counters.requests == 18446744073709);
    assert_true(stats.servers[1][0].known);
    assert_int_equal(stats.servers[1][0].counters.requests, 3);
}

static void what_haproxy_does_not_answer(void **unused) {
    static const struct {
        const char *replies, *says;
    } cases[] = {
        {"", "the connection ended before \"prompt\" was answered"},
        {"\n> hello\n> ", "\"show info\" was not answered as HAProxy does"},
        {INFO, "the connection ended before \"show stat shop 4 -1\" was answered"},
        {INFO "Permission denied\n\n> ", "was answered by no table of servers: Permission denied"},
        {INFO "# a,b,\n1,2,\n\n> ", "no table of servers"},
        {INFO "# svname,stot,\ngreen-1,many,\n\n> ", "\"show stat shop 4 -1\" gives a figure that is no number"},
        {INFO "# svname,stot,\ngreen-1,-1,\n\n> ", "no number"},
        {INFO "# svname,stot,\ngreen-1,99999999999999999999,\n\n> ", "no number"},
        {INFO "# svname,rtime,\ngreen-1,9999999999,\n\n> ", "no number"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        static struct haproxy_stats stats;
        struct error err = {0};
        if (read_stats(cases[i].replies, GREEN, &stats, &err) != -EPROTO || !strstr(err.text, cases[i].says))
            fail_msg("%zu: %s", i, err.text);
    }
}

/* --- averages */

/* HAProxy's own arithmetic, for a server that answers in MSEC. */
struct average {
    uint64_t sum, n;
};

static void answer(struct average *average, unsigned times, unsigned msec) {
    for (unsigned i = 0; i < times; i++, average->n++)
        average->sum = average->sum - (average->n >= HAPROXY_SAMPLES ? (average->sum + 511) / 512 : 0) + msec;
}

static uint32_t told(const struct average *average) {
    uint64_t of = average->n < HAPROXY_SAMPLES ? average->n : HAPROXY_SAMPLES;
    return of > 0 ? (uint32_t)((average->sum + of - 1) / of) : 0;
}

static void the_past_is_taken_out(void **unused) {
    static const struct {
        unsigned past, past_msec, n, msec, tolerance;
    } cases[] = {
        {0, 0, 1, 50, 0},         {0, 0, 2000, 50, 1},      {40, 50, 40, 50, 0},       {40, 1000, 40, 50, 2},
        {500, 1000, 40, 50, 30},  {5000, 50, 10, 50, 0},    {5000, 0, 10, 0, 0},       {5000, 3000, 100, 50, 12},
        {5000, 3000, 1, 3000, 0}, {5000, 10, 1000, 900, 4}, {5000, 9000, 10, 20, 120},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct average average = {0};
        answer(&average, cases[i].past, cases[i].past_msec);
        struct average before = average;
        answer(&average, cases[i].n, cases[i].msec);
        double mean = haproxy_window_mean(told(&before), before.n, told(&average), average.n);
        double off = mean - cases[i].msec;
        if (off > cases[i].tolerance || -off > cases[i].tolerance)
            fail_msg("%zu: %g ms, HAProxy tells %u", i, mean, told(&average));
    }
}

/* --- measuring */

static struct haproxy_window *window(void) {
    static struct haproxy_window window;
    window = (struct haproxy_window){.between = 10 * USEC_PER_SEC};
    window.before.info.epoch = window.after.info.epoch = 1;
    return &window;
}

static struct haproxy_server_stats server(struct haproxy_counters counters) {
    return (struct haproxy_server_stats){
        .known = true, .http = true, .counters = counters, .response_msec = 20, .queue_msec = 5};
}

static void expect(enum measure measure, const struct haproxy_window *shown, const char *value) {
    char text[MEASURED_MAX];
    assert_int_equal(haproxy_measure(measure, shown, 1, text, NULL), 0);
    assert_string_equal(text, value);
}

#define COUNTERS(...) server((struct haproxy_counters){__VA_ARGS__})

static void figures(void **unused) {
    struct haproxy_window *shown = window();
    shown->before.servers[0][0] = COUNTERS(.requests = 100, .errors = 50, .attempts = 100);
    shown->after.servers[0][0] =
        COUNTERS(.requests = 190, .errors = 60, .broken = 6, .refused = 4, .retried = 16, .attempts = 200);
    expect(MEASURE_ERROR_RATIO, shown, "[0.2]");
    expect(MEASURE_REQUEST_RATE, shown, "[10]");
    expect(MEASURE_RESPONSE_TIME, shown, "[0.02]");
    expect(MEASURE_QUEUE_TIME, shown, "[0.005]");
    expect(MEASURE_CONNECT_ERROR_RATIO, shown, "[0.2]");
}

static void no_requests_are_no_data(void **unused) {
    struct haproxy_window *shown = window();
    shown->before.servers[0][0] = shown->after.servers[0][0] = COUNTERS(.requests = 100, .errors = 50);
    expect(MEASURE_ERROR_RATIO, shown, "[]");
    expect(MEASURE_RESPONSE_TIME, shown, "[]");
    expect(MEASURE_QUEUE_TIME, shown, "[]");
    expect(MEASURE_CONNECT_ERROR_RATIO, shown, "[]");
    expect(MEASURE_REQUEST_RATE, shown, "[0]");
}

/* A new worker counts from 0, and may have counted beyond the old one's figures already. */
static void counters_that_begin_anew(void **unused) {
    struct haproxy_window *shown = window();
    shown->before.servers[0][0] = COUNTERS(.requests = 100, .errors = 100);
    shown->after.servers[0][0] = COUNTERS(.requests = 120, .errors = 30);
    shown->after.info = (struct haproxy_info){.epoch = 2, .uptime = 4 * USEC_PER_SEC};
    expect(MEASURE_ERROR_RATIO, shown, "[0.25]");
    expect(MEASURE_REQUEST_RATE, shown, "[30]");
    expect(MEASURE_RESPONSE_TIME, shown, "[0.02]");

    shown->after.info.uptime = 0; /* a second ago at most */
    expect(MEASURE_REQUEST_RATE, shown, "[120]");

    shown = window(); /* `clear counters all` */
    shown->before.servers[0][0] = COUNTERS(.requests = 100, .errors = 10);
    shown->after.servers[0][0] = COUNTERS(.requests = 40, .errors = 10);
    expect(MEASURE_ERROR_RATIO, shown, "[0.25]");
}

static void balancers_and_backends_are_added(void **unused) {
    static struct haproxy_window shown[2];
    char text[MEASURED_MAX];
    for (size_t i = 0; i < 2; i++) {
        shown[i] = *window();
        shown[i].after.servers[0][0] = COUNTERS(.requests = 100, .errors = 10);
        shown[i].after.servers[4][31] = COUNTERS(.requests = 100);
    }
    shown[1].after.servers[0][0].response_msec = 100;
    assert_int_equal(haproxy_measure(MEASURE_ERROR_RATIO, shown, 2, text, NULL), 0);
    assert_string_equal(text, "[0.05]");
    assert_int_equal(haproxy_measure(MEASURE_REQUEST_RATE, shown, 2, text, NULL), 0);
    assert_string_equal(text, "[40]");
    assert_int_equal(haproxy_measure(MEASURE_RESPONSE_TIME, shown, 2, text, NULL), 0);
    assert_string_equal(text, "[0.04]");
}

static void what_cannot_be_measured(void **unused) {
    struct haproxy_window *shown = window();
    struct error err = {0};
    char text[MEASURED_MAX];
    assert_int_equal(haproxy_measure(MEASURE_REQUEST_RATE, shown, 1, text, &err), -ENOENT);
    assert_string_equal(err.text, "HAProxy has none of the servers in its backends");
    shown->after.servers[0][0] = COUNTERS(.requests = 100);
    shown->after.servers[0][0].http = false;
    assert_int_equal(haproxy_measure(MEASURE_RESPONSE_TIME, shown, 1, text, &err), -EOPNOTSUPP);
    assert_string_equal(err.text, "HAProxy measures no response-time in backends of mode tcp");
    expect(MEASURE_REQUEST_RATE, shown, "[10]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(other_modes_and_versions),
        cmocka_unit_test(what_haproxy_does_not_answer),
        cmocka_unit_test(the_past_is_taken_out),
        cmocka_unit_test(figures),
        cmocka_unit_test(no_requests_are_no_data),
        cmocka_unit_test(counters_that_begin_anew),
        cmocka_unit_test(balancers_and_backends_are_added),
        cmocka_unit_test(what_cannot_be_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
