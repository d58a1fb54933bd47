/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hooks that are only told: each event in its order, again as often as Retries= says, and never without an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/log.h"
#include "core/words.h"

#define SEC(n) ((n)*USEC_PER_SEC)

static struct agent agent;
static usec_t now;

static struct {
    char hook[METRIC_NAME_MAX], body[4096];
    uint64_t token;
    unsigned n;
    int result;
} asked;

static void clock_now(void *userdata, struct agent_clock *ret) {
    (void)userdata;
    *ret = (struct agent_clock){.boottime = now, .wall = now};
}

static int ask_hook(void *userdata, const struct party_spec *hook, const struct subject *subject, const char *body,
                    uint64_t token, struct error *err) {
    (void)userdata, (void)subject;
    (void)snprintf(asked.hook, sizeof asked.hook, "%s", hook->name);
    (void)snprintf(asked.body, sizeof asked.body, "%s", body);
    asked.token = token;
    asked.n++;
    return asked.result < 0 ? error_set(err, asked.result, "cannot ask") : 0;
}

static void configure(const char *text) {
    struct error err = {0};
    agent.files = spec_free(agent.files);
    if (spec_parse("shop", text, "shop.conf", &agent.files, &err) < 0)
        fail_msg("%s", err.text);
}

#define STEPS "[Canary]\nStep=setWeight 20\n"
#define HOOK(name, at) "[Hook " name "]\nAt=" at "\nURL=http://h:1\nRetries=2\nIntervalSec=5s\n"

static void begin(const char *text) {
    log_setup(LOG_EMERG); /* what fails here is meant to */
    memset(&agent, 0, sizeof agent);
    memset(&asked, 0, sizeof asked);
    agent.ports.clock = clock_now;
    agent.ports.ask_hook = ask_hook;
    state_init(&agent.state);
    now = SEC(1000);
    configure(text);
}

static int end(void **ignored) {
    (void)ignored;
    agent.files = spec_free(agent.files);
    return 0;
}

static void happens(enum event_kind kind, uint32_t revision) {
    const struct event event = {.number = 1, .kind = kind, .revision = revision, .detail = "d"};
    hooks_tell(&agent, &event);
}

/* A pass so much later. */
static void pass(usec_t later) {
    now += later;
    agent_clock(&agent);
    agent.wake = USEC_INFINITY;
    tellings_follow(&agent);
}

static void answer(bool passed) {
    assert_true(agent_hook_answered(&agent, asked.token, passed, passed ? NULL : "HTTP 500"));
}

static bool body_has(const char *text) {
    return strstr(asked.body, text);
}

static void one_after_the_other(void **ignored) {
    begin(STEPS HOOK("all", "event"));
    happens(EVENT_ROLLOUT_UPDATED, 2);
    happens(EVENT_ROLLOUT_STEP_COMPLETED, 2);
    pass(0);
    pass(SEC(1));
    assert_int_equal(asked.n, 1);
    assert_true(body_has("\"type\":\"event\"") && body_has("\"revision\":2") &&
                body_has("\"eventType\":\"RolloutUpdated\""));
    answer(true);
    pass(0);
    assert_int_equal(asked.n, 2);
    assert_true(body_has("\"eventType\":\"RolloutStepCompleted\""));
    answer(true);
    pass(SEC(100));
    assert_int_equal(asked.n, 2);
    assert_int_equal(agent.n_tellings, 0);
    assert_true(agent.wake == USEC_INFINITY);
}

static void again_and_then_no_more(void **ignored) {
    begin(STEPS HOOK("all", "event"));
    happens(EVENT_ROLLOUT_UPDATED, 2);
    happens(EVENT_ROLLOUT_ABORTED, 2);
    for (unsigned i = 1; i <= 3; i++) {
        pass(SEC(5));
        assert_int_equal(asked.n, i);
        assert_true(body_has("RolloutUpdated"));
        answer(false);
        pass(SEC(4));
        if (i < 3) {
            assert_int_equal(asked.n, i);
            assert_true(agent.wake == now + SEC(1));
        }
    }
    assert_int_equal(asked.n, 4);
    assert_true(body_has("RolloutAborted"));
}

/* Nobody is in another's way. */
static void each_hook_by_itself(void **ignored) {
    begin(STEPS HOOK("all", "event") HOOK("ends", "post-rollout"));
    happens(EVENT_ROLLOUT_UPDATED, 2);
    happens(EVENT_ROLLOUT_COMPLETED, 2);
    pass(0);
    assert_int_equal(asked.n, 2);
    assert_string_equal(asked.hook, "ends");
    assert_true(body_has("\"type\":\"post-rollout\"") && body_has("RolloutCompleted"));
    answer(true);
    pass(0);
    assert_int_equal(asked.n, 2);
    assert_int_equal(agent.n_tellings, 2);
}

/* The end of a rollout is told as an event, too, and both ends are told apart. */
static void the_end_is_told_as_what_it_is(void **ignored) {
    static const enum event_kind ends[] = {EVENT_ROLLOUT_ABORTED, EVENT_ROLLOUT_COMPLETED};
    begin(STEPS HOOK("both", "event post-rollout"));
    happens(EVENT_ROLLOUT_STEP_COMPLETED, 2);
    pass(0);
    assert_true(body_has("\"type\":\"event\""));
    answer(true);
    assert_int_equal(agent.n_tellings, 0);
    for (size_t i = 0; i < 2; i++) {
        happens(ends[i], 2);
        pass(0);
        assert_true(body_has("\"type\":\"event\"") && body_has(event_kind_to_string(ends[i])));
        answer(true);
        pass(0);
        assert_true(body_has("\"type\":\"post-rollout\"") && body_has(event_kind_to_string(ends[i])));
        answer(true);
        assert_int_equal(agent.n_tellings, 0);
    }
    assert_int_equal(asked.n, 5);
}

static void no_wait_without_end(void **ignored) {
    begin(STEPS HOOK("all", "event"));
    happens(EVENT_ROLLOUT_UPDATED, 2);
    for (unsigned i = 1; i <= 3; i++) {
        pass(SEC(5));
        assert_int_equal(asked.n, i);
        assert_true(agent.wake == now + QUESTION_PATIENCE);
        pass(QUESTION_PATIENCE);
    }
    assert_int_equal(agent.n_tellings, 0);
    assert_false(agent_hook_answered(&agent, asked.token, true, NULL));
}

static void what_cannot_be_asked_has_failed(void **ignored) {
    begin(STEPS HOOK("all", "event"));
    asked.result = -EIO;
    happens(EVENT_ROLLOUT_UPDATED, 2);
    for (unsigned i = 0; i < 5; i++)
        pass(SEC(5));
    assert_int_equal(asked.n, 3);
    assert_int_equal(agent.n_tellings, 0);
}

static void a_hook_that_is_gone_is_not_told(void **ignored) {
    begin(STEPS HOOK("all", "event"));
    happens(EVENT_ROLLOUT_UPDATED, 2);
    pass(0);
    answer(false);
    configure(STEPS HOOK("other", "event"));
    pass(SEC(5));
    assert_int_equal(asked.n, 1);
    assert_int_equal(agent.n_tellings, 0);
}

static void not_more_than_there_is_room_for(void **ignored) {
    begin(STEPS HOOK("all", "event"));
    happens(EVENT_ROLLOUT_UPDATED, 1);
    pass(0);
    for (uint32_t i = 1; i < 2 * TELLINGS_MAX; i++)
        happens(EVENT_ROLLOUT_UPDATED, i + 1);
    assert_int_equal(agent.n_tellings, TELLINGS_MAX);
    answer(true); /* what is under way is never dropped, of the rest the oldest */
    pass(0);
    assert_true(body_has("\"revision\":130,"));
    for (uint32_t i = 1; i < TELLINGS_MAX; i++) {
        answer(true);
        pass(0);
    }
    assert_true(body_has("\"revision\":256,"));
    assert_int_equal(agent.n_tellings, 0);
}

/* The first of two hooks never answers, and the other always: that one is told of everything. */
static void who_does_not_answer_crowds_out_nobody(void **ignored) {
    begin(STEPS HOOK("dead", "event post-rollout") HOOK("well", "event"));
    uint32_t told = 0;
    for (uint32_t i = 0; i < 3 * TELLINGS_MAX; i++) {
        happens(EVENT_ROLLOUT_COMPLETED, i + 1);
        for (unsigned again = 0; again < 2; again++) {
            pass(0);
            if (strcmp(asked.hook, "well") != 0)
                continue;
            told += agent_hook_answered(&agent, asked.token, true, NULL);
        }
    }
    assert_int_equal(told, 3 * TELLINGS_MAX);
    assert_int_equal(agent.n_tellings, TELLINGS_MAX - 1); /* all of them the other's */
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_after_the_other),
        TEST(again_and_then_no_more),
        TEST(each_hook_by_itself),
        TEST(the_end_is_told_as_what_it_is),
        TEST(no_wait_without_end),
        TEST(what_cannot_be_asked_has_failed),
        TEST(a_hook_that_is_gone_is_not_told),
        TEST(not_more_than_there_is_room_for),
        TEST(who_does_not_answer_crowds_out_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
