/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which ends of an instance are crashes. */
#include "core-fixture.h"

#define SEC(n) ((n)*USEC_PER_SEC)

static const char tolerant[] = "[Rollout]\nCrashLimit=9\n[Canary]\nStep=setWeight 20\nStep=pause\n";

static struct unit_seen *unit(void) {
    return &world.units[GREEN][0];
}

static uint32_t crashes(void) {
    return state.instances[GREEN][0].crashes;
}

static void ends_as(enum unit_state how) {
    unit()->state = how;
    core_decide_after(SEC(1));
}

/* What a start leads to, whoever ordered it. */
static void starts(uint8_t life) {
    core_runs(GREEN, 0, life);
    core_decide_after(SEC(1));
}

static void failed_is_a_crash(void **ignored) {
    core_begin(tolerant);
    core_decide_after(SEC(1));
    ends_as(UNIT_FAILED);
    assert_int_equal(crashes(), 1);
    core_decide_after(SEC(1));
    assert_int_equal(crashes(), 1);
}

static void restarted_without_failing_is_a_crash(void **ignored) {
    core_begin(tolerant);
    core_decide_after(SEC(1));
    ends_as(UNIT_RESTARTING); /* exit 0 and Restart=always */
    assert_int_equal(crashes(), 1);
    starts(50);
    assert_int_equal(crashes(), 1);
}

static void restarted_unseen_is_a_crash(void **ignored) {
    core_begin(tolerant);
    core_decide_after(SEC(1));
    core_runs(GREEN, 0, 50);
    unit()->restarts = 1;
    core_decide_after(SEC(1));
    assert_int_equal(crashes(), 1);
}

static void gone_without_failing_is_one_the_second_time(void **ignored) {
    core_begin(tolerant);
    core_decide_after(SEC(1));
    ends_as(UNIT_INACTIVE); /* exit 0 and Restart=on-failure */
    assert_int_equal(crashes(), 0);
    starts(50);
    ends_as(UNIT_INACTIVE);
    assert_int_equal(crashes(), 1);
    core_decide_after(SEC(1));
    assert_int_equal(crashes(), 1);
    starts(51);
    ends_as(UNIT_INACTIVE);
    assert_int_equal(crashes(), 2);
}

static void beyond_the_limit_it_aborts(void **ignored) {
    core_begin("[Canary]\nStep=setWeight 20\nStep=pause\n");
    core_decide_after(SEC(1));
    ends_as(UNIT_INACTIVE);
    starts(50);
    assert_int_equal(state.rollout.mode, MODE_RUNNING);
    ends_as(UNIT_INACTIVE);
    assert_int_equal(state.rollout.mode, MODE_ABORTED);
    assert_int_equal(state.rollout.reason, REASON_CRASH);
}

static void stopped_by_hand_is_none(void **ignored) {
    core_begin(tolerant);
    for (uint8_t life = 50; life < 54; life++) {
        starts(life);
        unit()->job = true;
        ends_as(UNIT_STOPPING);
        unit()->job = false;
        ends_as(life % 2 ? UNIT_INACTIVE : UNIT_FAILED); /* not all of them end well on SIGTERM */
    }
    assert_int_equal(crashes(), 0);
}

static void restarted_by_hand_is_none(void **ignored) {
    core_begin(tolerant);
    for (uint8_t life = 50; life < 54; life++)
        starts(life);
    assert_int_equal(crashes(), 0);
}

static void another_boot_is_none(void **ignored) {
    core_begin(tolerant);
    core_decide_after(SEC(1));
    world.boot.bytes[0] = 7;
    unit()->invocation = (struct id128){0};
    ends_as(UNIT_INACTIVE);
    starts(50);
    assert_int_equal(crashes(), 0);
}

static void fails_to_prepare(void) {
    world.unprepared[GREEN][0] = ++now;
    core_decide_after(SEC(1));
}

static void a_start_that_was_not_prepared_is_a_crash(void **ignored) {
    core_begin(tolerant);
    state.slots[GREEN].revision = 2;
    *unit() = (struct unit_seen){.known = true, .env_revision = 1}; /* nobody has looked at what was placed since */
    core_decide_after(SEC(1));
    assert_int_equal(state.instances[GREEN][0].started_at, now);
    fails_to_prepare();
    assert_int_equal(crashes(), 1);
    core_decide_after(SEC(60)); /* started again */
    assert_int_equal(crashes(), 1);
    assert_int_equal(state.instances[GREEN][0].started_at, now);
    fails_to_prepare();
    assert_int_equal(crashes(), 2);
}

/* It took so long that the next start is due at once. */
static void a_preparation_counts_once(void **ignored) {
    core_begin(tolerant);
    state.slots[GREEN].revision = 2;
    *unit() = (struct unit_seen){.known = true, .env_revision = 1};
    core_decide_after(SEC(1));
    now += SEC(60);
    world.unprepared[GREEN][0] = now;
    core_decide_after(0);
    assert_int_equal(state.instances[GREEN][0].started_at, now);
    core_decide_after(0);
    core_decide_after(SEC(1));
    assert_int_equal(crashes(), 1);
}

/* Somebody had started it, unseen, when it was placed: it runs the revision before. */
static void what_was_placed_while_it_ran_is_no_life_of_ours(void **ignored) {
    core_begin(tolerant);
    *unit() = (struct unit_seen){.known = true, .env_revision = 1};
    core_decide_after(SEC(1));
    assert_true(state.instances[GREEN][0].placed_at == now);
    *unit() = (struct unit_seen){.known = true,
                                 .state = UNIT_ACTIVE,
                                 .invocation = {.bytes = {60}},
                                 .env_revision = 2,
                                 .active_since = now - SEC(1)};
    core_decide_after(SEC(1));
    unit()->active_since = 0;
    ends_as(UNIT_RESTARTING);
    assert_int_equal(crashes(), 0);
    starts(61);
    ends_as(UNIT_RESTARTING);
    assert_int_equal(crashes(), 1);
}

static void what_is_being_prepared_can_be_given_up(void **ignored) {
    core_begin(tolerant);
    *unit() = (struct unit_seen){.known = true, .env_revision = 2};
    world.ordered[GREEN][0] = world.preparing[GREEN][0] = true;
    world.balancers[0].servers[0][GREEN][0].maint = true;
    state.slots[GREEN].stop_after = now;
    core_decide_after(SEC(1));
    assert_int_equal(plan.n_units, 1);
    assert_int_equal(plan.units[0].kind, UNIT_STOP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_is_a_crash),
        cmocka_unit_test(restarted_without_failing_is_a_crash),
        cmocka_unit_test(restarted_unseen_is_a_crash),
        cmocka_unit_test(gone_without_failing_is_one_the_second_time),
        cmocka_unit_test(beyond_the_limit_it_aborts),
        cmocka_unit_test(stopped_by_hand_is_none),
        cmocka_unit_test(restarted_by_hand_is_none),
        cmocka_unit_test(another_boot_is_none),
        cmocka_unit_test(a_start_that_was_not_prepared_is_a_crash),
        cmocka_unit_test(a_preparation_counts_once),
        cmocka_unit_test(what_was_placed_while_it_ran_is_no_life_of_ours),
        cmocka_unit_test(what_is_being_prepared_can_be_given_up),
    };
    return cmocka_run_group_tests_name("lives", tests, NULL, core_end);
}
