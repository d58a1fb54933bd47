/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DynamicStableScale=: stable has what its share needs, and requests come back as fast as its instances. */
#include "core-fixture.h"
#include "core/explain.h"

#define CONFIGURATION                                                                                        \
    "[Rollout]\nReplicas=4\nDrainTimeoutSec=0\nAbortScaleDownDelaySec=0\n[Canary]\nDynamicStableScale=yes\n" \
    "Step=setWeight 75\nStep=pause\nStep=setWeight 25\nStep=pause\n"

/* Units do what they are told at once; so do servers. */
static void obey(void) {
    for (uint32_t i = 0; i < plan.n_units; i++) {
        enum color color = (enum color)plan.units[i].color;
        uint32_t number = plan.units[i].number;
        if (plan.units[i].kind == UNIT_STOP)
            world.units[color][number].state = UNIT_INACTIVE;
    }
    for (uint32_t i = 0; i < plan.balancers[0].n; i++) {
        const struct server_order *order = &plan.balancers[0].orders[i];
        struct server_seen *server = &world.balancers[0].servers[0][order->color][order->number];
        if (order->kind == SERVER_MAINT)
            *server = (struct server_seen){.known = true, .maint = true, .checked = true};
    }
}

static void decide_until_still(void) {
    for (int i = 0; i < 8; i++) {
        core_decide_after(USEC_PER_SEC);
        obey();
    }
}

static uint32_t running(enum color color) {
    uint32_t n = 0;
    for (uint32_t number = 0; number < spec->replicas; number++)
        n += world.units[color][number].state == UNIT_ACTIVE;
    return n;
}

/* In percent. */
static uint32_t share_of(enum color color) {
    uint32_t sum[COLORS] = {0};
    for (enum color each = BLUE; each < COLORS; each++)
        for (uint32_t number = 0; number < spec->replicas; number++)
            sum[each] += world.balancers[0].servers[0][each][number].weight;
    return sum[color] * 100 / (sum[BLUE] + sum[GREEN]);
}

/* One more instance of stable has started. */
static void comes_back(uint32_t number) {
    core_runs(BLUE, number, (uint8_t)(200 + number));
    world.balancers[0].servers[0][BLUE][number] =
        (struct server_seen){.known = true, .up = true, .checked = true, .up_since = now};
}

static int begin(void **ignored) {
    core_begin(CONFIGURATION);
    decide_until_still();
    return 0;
}

static void stable_shrinks_after_its_share(void **ignored) {
    assert_int_equal(share_of(GREEN), 75);
    assert_int_equal(running(BLUE), 1);
    assert_int_equal(running(GREEN), 3);
}

static void stable_whole_is_what_its_share_needs(void **ignored) {
    struct explanation said;
    explain(spec, &state, &world, now, &said);
    assert_int_equal(said.phase, PHASE_PAUSED);
    assert_int_equal(state.stable_ailing_since, 0);
}

static void an_abort_waits_for_stable(void **ignored) {
    struct explanation said;
    state.rollout.mode = MODE_ABORTED;
    state.slots[GREEN].stop_after = now;
    decide_until_still();
    assert_int_equal(share_of(GREEN), 75);
    assert_int_equal(running(GREEN), 3);
    explain(spec, &state, &world, now, &said);
    assert_non_null(strstr(said.message, "it keeps 75 % until stable has its instances back"));
    comes_back(1);
    decide_until_still();
    assert_int_equal(share_of(GREEN), 50);
    comes_back(2);
    world.balancers[0].servers[0][BLUE][1].up = false; /* it does not go up again with who is ready */
    decide_until_still();
    assert_int_equal(state.share_given, 5000);
    world.balancers[0].servers[0][BLUE][1].up = true;
    comes_back(3);
    decide_until_still();
    assert_int_equal(share_of(GREEN), 0);
    decide_until_still();
    assert_int_equal(running(GREEN), 0);
}

/* One of two balancers is gone: the other one takes back what stable can carry. */
static void an_abort_waits_for_no_balancer(void **ignored) {
    world.n_balancers = 2;
    world.balancers[1] = (struct balancer_seen){.link = LINK_GONE, .lost_since = now};
    state.rollout.mode = MODE_ABORTED;
    state.slots[GREEN].stop_after = now;
    for (uint32_t number = 1; number < spec->replicas; number++)
        comes_back(number);
    decide_until_still();
    assert_int_equal(share_of(GREEN), 0);
}

static void nobody_of_the_new_version_is_left(void **ignored) {
    state.rollout.mode = MODE_ABORTED;
    for (uint32_t number = 0; number < spec->replicas; number++)
        world.units[GREEN][number].state = UNIT_FAILED;
    decide_until_still();
    assert_int_equal(share_of(BLUE), 100);
    assert_int_equal(state.share_given, 0);
}

static void a_lower_step_waits_for_stable(void **ignored) {
    state.rollout.step = 2;
    decide_until_still();
    assert_int_equal(share_of(GREEN), 75);
    assert_int_equal(state.rollout.step, 2);
    comes_back(1);
    decide_until_still();
    assert_int_equal(share_of(GREEN), 50);
    comes_back(2);
    decide_until_still();
    assert_int_equal(share_of(GREEN), 25);
    assert_int_equal(state.rollout.step, 3);
}

static void the_next_deploy_waits_but_not_for_ever(void **ignored) {
    state.rollout.revision = 3;
    state.rollout.began = now;
    state.slots[GREEN].stop_after = now;
    decide_until_still();
    assert_int_equal(share_of(GREEN), 75);
    core_decide_after(spec->progress_deadline);
    decide_until_still();
    assert_int_equal(share_of(GREEN), 0);
}

static void full_promotion_waits_for_the_new_version_whole(void **ignored) {
    state.rollout.full = true;
    decide_until_still();
    assert_int_equal(share_of(GREEN), 75);
    assert_int_equal(running(BLUE), 1);
    core_runs(GREEN, 3, 250);
    world.balancers[0].servers[0][GREEN][3] =
        (struct server_seen){.known = true, .up = true, .checked = true, .up_since = now};
    decide_until_still();
    assert_int_equal(share_of(GREEN), 100);
    assert_int_equal(state.stable, GREEN);
    assert_int_equal(state.share_given, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stable_shrinks_after_its_share, begin, core_end),
        cmocka_unit_test_setup_teardown(stable_whole_is_what_its_share_needs, begin, core_end),
        cmocka_unit_test_setup_teardown(an_abort_waits_for_stable, begin, core_end),
        cmocka_unit_test_setup_teardown(an_abort_waits_for_no_balancer, begin, core_end),
        cmocka_unit_test_setup_teardown(nobody_of_the_new_version_is_left, begin, core_end),
        cmocka_unit_test_setup_teardown(a_lower_step_waits_for_stable, begin, core_end),
        cmocka_unit_test_setup_teardown(the_next_deploy_waits_but_not_for_ever, begin, core_end),
        cmocka_unit_test_setup_teardown(full_promotion_waits_for_the_new_version_whole, begin, core_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
