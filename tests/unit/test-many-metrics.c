/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 200 metrics that are due every second, for an hour of virtual time (five minutes where sanitizers watch): nothing is
 * asked late, the disk is spared, and memory does not grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "core/decide.h"
#include "spec/spec.h"

#define METRICS 200
#ifdef SANITIZED
#define SECONDS 300
#else
#define SECONDS 3600
#endif
#define ANSWERED_AFTER (3 * USEC_PER_MSEC)
#define COMMITS_A_SECOND 5
#define ANSWERS_MAX 1024

static char folder[] = "/tmp/rollout-test-many-XXXXXX";
static const struct spec_paths paths = {.etc = folder, .lib = folder};
static usec_t now;
static struct agent *agent;
static unsigned asked, commits_this_second, most_commits;
static usec_t second;

/* Questions that wait for their answer, oldest first. */
static struct {
    uint64_t token;
    usec_t at;
} answers[ANSWERS_MAX];
static size_t n_answers, first_answer;

/* ---------------------------------------------------------------- what it stands on */

static void clock_now(void *userdata, struct agent_clock *ret) {
    (void)userdata;
    *ret = (struct agent_clock){.boottime = now, .wall = now};
}

static const char *path_of(const char *name) {
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(path_of(name), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void write_configuration(void) {
    static char text[METRICS * 160] = "[Template]\n";
    size_t len = strlen(text);
    for (unsigned i = 0; i < METRICS; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "[Metric m%u]\nProvider=prometheus\nAddress=http://127.0.0.1:9090\nQuery=x%u\n"
                                "IntervalSec=1s\nCount=1000000\nSuccessCondition=result[0] == 1\n",
                                i, i);
    assert_true(len < sizeof text);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(mkdir(path_of("analysis"), 0700), 0);
    write_file("shop.conf", "[HAProxy]\nSocket=/run/haproxy/admin.sock\n");
    write_file("analysis/many.conf", text);
}

static void remove_configuration(void) {
    assert_int_equal(unlink(path_of("analysis/many.conf")), 0);
    assert_int_equal(rmdir(path_of("analysis")), 0);
    assert_int_equal(unlink(path_of("shop.conf")), 0);
    assert_int_equal(rmdir(folder), 0);
}

static int load_spec(void *userdata, struct spec **ret, struct error *err) {
    (void)userdata;
    return spec_load("shop", &paths, ret, err);
}

static int load_analysis(void *userdata, const struct analysis_use *use, struct spec **ret, struct error *err) {
    (void)userdata;
    return spec_load_analysis("shop", &paths, use, ret, err);
}

static int ask(void *userdata, const struct metric_spec *metric, const struct subject *subject, uint64_t token,
               struct error *err) {
    (void)userdata, (void)metric, (void)subject, (void)err;
    assert_true(n_answers < ANSWERS_MAX);
    size_t at = (first_answer + n_answers++) % ANSWERS_MAX;
    answers[at].token = token;
    answers[at].at = now + ANSWERED_AFTER;
    asked++;
    return 0;
}

static int configure(void *userdata, const struct spec *spec, struct error *err) {
    (void)userdata, (void)spec, (void)err;
    return 0;
}

static void event(void *userdata, const struct spec *spec, const struct state *state, const struct event *what) {
    (void)userdata, (void)spec, (void)state, (void)what;
}

/* ---------------------------------------------------------------- nobody runs, no balancer answers */

static int exchange(void *self, uint32_t balancer, const struct balancer_plan *plan, uint64_t token) {
    (void)self, (void)balancer, (void)plan, (void)token;
    return -ECONNREFUSED;
}

static int remember(void *self, const struct plan *plan, struct error *err) {
    (void)self, (void)plan, (void)err;
    return 0;
}

static int watch(void *self, uint32_t n) {
    (void)self, (void)n;
    return 0;
}

static int order(void *self, const struct unit_order *what, const char *prepare, uint64_t token) {
    (void)self, (void)what, (void)prepare, (void)token;
    return -ENOTCONN;
}

/* ---------------------------------------------------------------- the disk counts */

static int load_state(void *self, struct state *ret, struct error *err) {
    (void)self, (void)err;
    state_init(ret);
    ret->next_revision = 2;
    ret->stable = BLUE;
    ret->slots[BLUE].revision = 1;
    ret->n_history = 1;
    ret->history[0] = (struct history){.revision = 1, .attempt = 1, .version = "v1", .outcome = OUTCOME_PROMOTED};
    return 0;
}

static int commit_state(void *self, const struct state *state, struct error *err) {
    (void)self, (void)state, (void)err;
    return 0;
}

static int load_revision(void *self, uint32_t number, struct revision **ret, struct error *err) {
    (void)self, (void)number, (void)ret;
    return error_set(err, -ENOENT, "none is kept");
}

static int commit_run(void *self, const struct run *run, const struct expanded_analysis *analysis, struct error *err) {
    (void)self, (void)run, (void)analysis, (void)err;
    if (now / USEC_PER_SEC != second / USEC_PER_SEC)
        commits_this_second = 0;
    second = now;
    if (++commits_this_second > most_commits)
        most_commits = commits_this_second;
    return 0;
}

static int prune(void *self, const struct state *state, struct error *err) {
    (void)self, (void)state, (void)err;
    return 0;
}

/* ---------------------------------------------------------------- a long while */

/* Goes on to whatever comes next. */
static void advance(void) {
    usec_t wake;
    if (agent_due(agent, &wake) || wake <= now) {
        agent_pass(agent);
        return;
    }
    if (n_answers > 0 && answers[first_answer].at < wake)
        wake = answers[first_answer].at;
    assert_true(wake < USEC_INFINITY);
    now = wake;
    if (n_answers == 0 || answers[first_answer].at > now)
        return;
    uint64_t token = answers[first_answer].token;
    first_answer = (first_answer + 1) % ANSWERS_MAX;
    n_answers--;
    agent_measured(agent, token, ANSWER_VALUE, "[1]", NULL);
}

static void advance_until(usec_t end) {
    while (now < end)
        advance();
}

static size_t memory(void) {
    return mallinfo2().uordblks;
}

static void a_while_of_many(void **unused) {
    (void)unused;
    const struct router router = {.exchange = exchange, .remember = remember};
    const struct manager manager = {.watch = watch, .order = order};
    const struct store store = {.load_state = load_state,
                                .commit_state = commit_state,
                                .load_revision = load_revision,
                                .commit_run = commit_run,
                                .prune = prune};
    const struct agent_ports ports = {.router = &router,
                                      .manager = &manager,
                                      .store = &store,
                                      .clock = clock_now,
                                      .load_spec = load_spec,
                                      .load_analysis = load_analysis,
                                      .ask = ask,
                                      .event = event,
                                      .configure = configure};
    struct error err = {0};
    const struct api_analysis wanted = {.use = {.n_names = 1, .names = {"many"}},
                                        .uid = UINT32_MAX,
                                        .login_uid = UINT32_MAX};
    uint32_t run;

    write_configuration();
    now = 1000 * USEC_PER_SEC;
    assert_int_equal(agent_start("shop", &ports, &agent, &err), 0);
    assert_int_equal(agent_analyze(agent, &wanted, &run, &err), 0);
    usec_t begun = now;
    advance_until(begun + 60 * USEC_PER_SEC);
    size_t after_a_minute = memory();
    advance_until(begun + SECONDS * USEC_PER_SEC);
    /* The next one is due a second after the answer to the last. */
    assert_in_range(asked, METRICS * (SECONDS * USEC_PER_SEC / (USEC_PER_SEC + 2 * ANSWERED_AFTER)), METRICS * SECONDS);
    assert_in_range(memory(), 0, after_a_minute + 4096);
    assert_in_range(most_commits, 1, COMMITS_A_SECOND + 1);
    agent = agent_free(agent);
    remove_configuration();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_while_of_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
