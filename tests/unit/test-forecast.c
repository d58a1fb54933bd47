/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a rollout is going to do: its steps with their times, shares and instances. */
#include "core-fixture.h"

#include "core/forecast.h"

#define METRIC                                                                                                      \
    "[Metric good]\nProvider=prometheus\nAddress=http://127.0.0.1:9090\nQuery=up\nSuccessCondition=result[0] > 0\n" \
    "InitialDelaySec=1min\nIntervalSec=30s\nCount=5\n"

static struct forecast plan_of;

static void ask(uint32_t revision) {
    forecast(spec, &state, now, revision, &plan_of);
}

/* Compares one step; times in seconds, -1: until somebody says so. */
static void expect_step(uint32_t i, const char *text, share_t share, uint32_t scale, enum waiting waiting, int begins,
                        int lasts) {
    const struct forecast_step *step = &plan_of.steps[i];
    assert_true(i < plan_of.n_steps);
    assert_string_equal(step->text, text);
    assert_int_equal(step->share, share);
    assert_int_equal(step->scale, scale);
    assert_int_equal(step->waiting, waiting);
    assert_true(step->begins == (begins < 0 ? USEC_INFINITY : begins * USEC_PER_SEC));
    assert_true(step->lasts == (lasts < 0 ? USEC_INFINITY : lasts * USEC_PER_SEC));
}

static void a_canary(void **ignored) {
    core_begin("[Rollout]\nReplicas=4\nMinReadySec=5\nScaleDownDelaySec=30\n"
               "[Canary]\nStep=setWeight 20\nStep=pause 10min\nStep=analysis good\nStep=setCanaryScale replicas 3\n"
               "Step=setWeight 60\nStep=pause\nStep=pause 1min\n" METRIC);
    ask(2);
    assert_int_equal(plan_of.n_steps, 9);
    expect_step(0, "setWeight 20", 2000, 1, WAITING_TRAFFIC, 0, 5);
    expect_step(1, "pause 10min", 2000, 1, WAITING_PAUSE, 5, 600);
    expect_step(2, "analysis good", 2000, 1, WAITING_ANALYSIS, 605, 180);
    expect_step(3, "setCanaryScale replicas 3", 2000, 3, WAITING_READY, 785, 5);
    expect_step(4, "setWeight 60", 6000, 3, WAITING_TRAFFIC, 790, 0);
    expect_step(5, "pause", 6000, 3, WAITING_PROMOTE, 790, -1);
    expect_step(6, "pause 1min", 6000, 3, WAITING_PAUSE, -1, 60);
    expect_step(7, "promotion", 10000, 4, WAITING_TRAFFIC, -1, 5);
    expect_step(8, "the old version is stopped", 10000, 4, WAITING_SCALE_DOWN, -1, 0);
    assert_int_equal(plan_of.steps[7].stable_scale, 4);
    assert_int_equal(plan_of.steps[8].stable_scale, 0);
}

static void what_is_left_of_one_under_way(void **ignored) {
    core_begin("[Rollout]\nReplicas=4\n[Canary]\nStep=setWeight 50\nStep=pause 10min\nStep=setWeight 75\n");
    state.rollout.step = 1;
    state.rollout.step_since = now - 240 * USEC_PER_SEC;
    ask(2);
    assert_int_equal(plan_of.n_steps, 4);
    expect_step(0, "pause 10min", 5000, 2, WAITING_PAUSE, 0, 360);
    expect_step(1, "setWeight 75", 7500, 3, WAITING_TRAFFIC, 360, 0);
    state.rollout.full = true;
    ask(2);
    assert_int_equal(plan_of.n_steps, 2);
    expect_step(0, "promotion", 10000, 4, WAITING_TRAFFIC, 0, 0);
    ask(1);
    assert_int_equal(plan_of.n_steps, 0);
}

static void blue_green(void **ignored) {
    core_begin("[Rollout]\nStrategy=blueGreen\nReplicas=3\nScaleDownDelaySec=infinity\n[BlueGreen]\nPreviewReplicas=1\n"
               "PrePromotionAnalysis=good\nAutoPromotion=no\n" METRIC);
    ask(2);
    assert_int_equal(plan_of.n_steps, 6);
    expect_step(0, "preview", 0, 1, WAITING_READY, 0, 0);
    expect_step(1, "prePromotionAnalysis", 0, 1, WAITING_ANALYSIS, 0, 180);
    expect_step(2, "wait for promote", 0, 1, WAITING_PROMOTE, 180, -1);
    expect_step(3, "scale up", 0, 3, WAITING_READY, -1, 0);
    expect_step(4, "switch", 10000, 3, WAITING_TRAFFIC, -1, 0);
    expect_step(5, "promotion", 10000, 3, WAITING_TRAFFIC, -1, 0);
}

static void the_first_version(void **ignored) {
    core_begin("[Rollout]\nReplicas=2\n[Canary]\nStep=setWeight 50\nStep=pause\n");
    state.stable = COLOR_NONE;
    ask(2);
    assert_int_equal(plan_of.n_steps, 1);
    expect_step(0, "promotion", 10000, 2, WAITING_TRAFFIC, 0, 0);
    assert_int_equal(plan_of.steps[0].stable_scale, 0);
}

static void a_queued_one(void **ignored) {
    core_begin("[Rollout]\nReplicas=2\n[Canary]\nStep=setWeight 50\nStep=pause 1min\n");
    state.rollout.mode = MODE_IDLE;
    state.queued.revision = 2;
    ask(2);
    assert_int_equal(plan_of.n_steps, 4);
    expect_step(1, "pause 1min", 5000, 1, WAITING_PAUSE, 0, 60);
}

static uint32_t asks(uint32_t i) {
    assert_true(i < plan_of.n_steps);
    return plan_of.steps[i].asks;
}

/* Each where it is asked: once a rollout, or at each step that it is about. */
static void hooks_at_their_steps(void **ignored) {
    const uint32_t increase = 1u << HOOK_CONFIRM_TRAFFIC_INCREASE, at_waits = 1u << HOOK_ROLLOUT;
    core_begin("[Rollout]\nReplicas=2\n[Canary]\nStep=setWeight 50\nStep=pause 1min\nStep=setWeight 75\nStep=pause\n"
               "[Hook all]\nAt=confirm-rollout pre-rollout rollout confirm-traffic-increase\nURL=http://h:1\n"
               "[Hook live]\nAt=confirm-promotion rollback event\nURL=http://h:1\n");
    ask(2);
    assert_int_equal(asks(0), 1u << HOOK_CONFIRM_ROLLOUT | 1u << HOOK_PRE_ROLLOUT | increase);
    assert_int_equal(asks(1), at_waits);
    assert_int_equal(asks(2), increase);
    assert_int_equal(asks(3), at_waits);
    assert_int_equal(asks(4), increase | 1u << HOOK_CONFIRM_PROMOTION);
    assert_int_equal(asks(5), 0);
    state.rollout.hooks[0].passed = 1u << HOOK_CONFIRM_ROLLOUT;
    ask(2);
    assert_int_equal(asks(0), 1u << HOOK_PRE_ROLLOUT | increase);
    state.rollout.full = true;
    ask(2);
    assert_int_equal(asks(0), 0);
    state.rollout.full = false;
    state.stable = COLOR_NONE;
    ask(2);
    assert_int_equal(asks(0), 0);
}

static void times_have_an_end(void **ignored) {
    core_begin("[Rollout]\n[Canary]\nStep=analysis good\n[Metric good]\nProvider=prometheus\n"
               "Address=http://127.0.0.1:9090\nQuery=up\nSuccessCondition=result[0] > 0\nIntervalSec=1000000d\n"
               "Count=1000000\n");
    ask(2);
    expect_step(0, "analysis good", 0, 1, WAITING_ANALYSIS, 0, -1);
    core_begin("[Rollout]\n[Canary]\nStep=analysis good\n[Metric good]\nProvider=prometheus\n"
               "Address=http://127.0.0.1:9090\nQuery=up\nSuccessCondition=result[0] > 0\nIntervalSec=10s\n"
               "Count=9\nConsecutiveSuccessLimit=3\n");
    ask(2);
    expect_step(0, "analysis good", 0, 1, WAITING_ANALYSIS, 0, 20);
}

#define TEST(name) cmocka_unit_test_teardown(name, core_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_canary),
        TEST(what_is_left_of_one_under_way),
        TEST(blue_green),
        TEST(the_first_version),
        TEST(a_queued_one),
        TEST(times_have_an_end),
        TEST(hooks_at_their_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
