/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long a rollout waits for a stable version that is not well. */
#include "core-fixture.h"
#include "core/explain.h"

#define SEC(n) ((n)*USEC_PER_SEC)

static const char steps[] = "[Rollout]\nReplicas=2\n[Canary]\nStep=setWeight 20\nStep=setWeight 50\nStep=pause\n";

static void decide_for(usec_t span) {
    for (usec_t end = now + span; now < end;)
        core_decide_after(SEC(1));
}

static struct explanation explained(void) {
    struct explanation said;
    explain(spec, &state, &world, now, &said);
    return said;
}

static void whole_is_not_waited_for(void **ignored) {
    core_begin(steps);
    decide_for(SEC(5));
    assert_int_equal(state.rollout.step, 2);
    assert_int_equal(state.stable_ailing_since, 0);
}

static void ailing_is_waited_for_and_no_longer(void **ignored) {
    core_begin(steps);
    world.balancers[0].servers[0][BLUE][1].up = false;
    core_decide_after(SEC(1));
    usec_t since = now;
    assert_true(state.stable_ailing_since == since);
    decide_for(SEC(58));
    assert_int_equal(state.rollout.step, 0);
    struct explanation said = explained();
    assert_int_equal(said.waiting, WAITING_STABLE);
    assert_true(said.waiting_since == since);
    assert_true(said.waiting_until == since + SEC(60));
    assert_string_equal(said.message,
                        "step 1 of 3, setWeight 20: waits up to 1min for stable to be whole: blue-2 is unready");
    assert_true(plan.wake <= since + SEC(60));
    decide_for(SEC(6));
    assert_int_equal(state.rollout.step, 2);
    assert_int_equal(explained().phase, PHASE_PAUSED);
    assert_true(state.stable_ailing_since == since);
}

static void broken_before_the_deploy_is_not_waited_for_again(void **ignored) {
    core_begin(steps);
    state.rollout.mode = MODE_IDLE;
    world.units[BLUE][1].state = UNIT_FAILED;
    decide_for(SEC(70));
    state.rollout.mode = MODE_RUNNING;
    decide_for(SEC(3));
    assert_int_equal(state.rollout.step, 2);
}

static void ready_for_a_moment_is_not_whole(void **ignored) {
    core_begin(steps);
    uint8_t life = 200;
    for (int round = 0; round < 7; round++) {
        world.units[BLUE][0].state = UNIT_RESTARTING;
        decide_for(SEC(1));
        core_runs(BLUE, 0, ++life);
        world.units[BLUE][0].restarts++;
        decide_for(SEC(8));
        assert_int_equal(state.rollout.step, round < 6 ? 0 : 2);
    }
    assert_true(state.stable_ailing_since != 0);
}

static void steady_is_whole_again(void **ignored) {
    core_begin(steps);
    world.units[BLUE][0].state = UNIT_RESTARTING;
    decide_for(SEC(1));
    core_runs(BLUE, 0, 200);
    decide_for(SEC(9));
    assert_int_equal(state.rollout.step, 0);
    assert_non_null(strstr(explained().message, "blue-1 has crashed and was started again just now"));
    decide_for(SEC(3));
    assert_int_equal(state.rollout.step, 2);
    assert_int_equal(state.stable_ailing_since, 0);
}

static void steady_is_as_long_as_min_ready(void **ignored) {
    core_begin("[Rollout]\nReplicas=2\nMinReadySec=30s\n[Canary]\nStep=setWeight 20\nStep=pause\n");
    world.units[BLUE][0].state = UNIT_RESTARTING;
    decide_for(SEC(1));
    core_runs(BLUE, 0, 200);
    decide_for(SEC(29));
    assert_int_equal(state.rollout.step, 0);
    decide_for(SEC(3));
    assert_int_equal(state.rollout.step, 1);
}

static void waiting_for_stable_is_no_delay_of_the_new_version(void **ignored) {
    core_begin("[Rollout]\nReplicas=2\nProgressDeadlineSec=20s\nProgressDeadlineAbort=yes\n[Canary]\nStep=setWeight "
               "20\nStep=pause\n");
    world.units[BLUE][1].state = UNIT_FAILED;
    decide_for(SEC(65));
    assert_int_equal(state.rollout.mode, MODE_RUNNING);
    assert_int_equal(state.rollout.step, 1);
}

static void the_end_waits_as_well(void **ignored) {
    core_begin("[Rollout]\nReplicas=1\n[Canary]\nStep=setWeight 20\n");
    decide_for(SEC(1));
    world.units[BLUE][0].state = UNIT_FAILED;
    decide_for(SEC(58));
    assert_int_equal(state.rollout.mode, MODE_RUNNING);
    decide_for(SEC(7));
    assert_int_equal(state.rollout.mode, MODE_IDLE);
    assert_int_equal(state.stable, GREEN);
}

static void partly_unready_for_long_is_degraded(void **ignored) {
    core_begin("[Rollout]\nReplicas=2\nProgressDeadlineSec=20s\n");
    state.rollout.mode = MODE_IDLE;
    world.balancers[0].servers[0][BLUE][1].up = false;
    decide_for(SEC(15));
    assert_int_equal(explained().phase, PHASE_PROGRESSING);
    decide_for(SEC(10));
    assert_int_equal(explained().phase, PHASE_DEGRADED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_is_not_waited_for),
        cmocka_unit_test(ailing_is_waited_for_and_no_longer),
        cmocka_unit_test(broken_before_the_deploy_is_not_waited_for_again),
        cmocka_unit_test(ready_for_a_moment_is_not_whole),
        cmocka_unit_test(steady_is_whole_again),
        cmocka_unit_test(steady_is_as_long_as_min_ready),
        cmocka_unit_test(waiting_for_stable_is_no_delay_of_the_new_version),
        cmocka_unit_test(the_end_waits_as_well),
        cmocka_unit_test(partly_unready_for_long_is_degraded),
    };
    return cmocka_run_group_tests_name("stable", tests, NULL, core_end);
}
