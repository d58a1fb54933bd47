/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The preview backend reaches the new revision and nobody else; and nobody of either version being ready is told. */
#include "core-fixture.h"

#include "core/explain.h"

#define CONFIGURATION                                            \
    "[Rollout]\nReplicas=2\n[HAProxy]\nPreviewBackend=preview\n" \
    "[Canary]\nStep=setCanaryScale replicas 2\nStep=setWeight 50\nStep=pause\n"

enum { MAIN, PREVIEW };

static int begin(void **ignored) {
    core_begin(CONFIGURATION);
    world.preview = true;
    memcpy(world.balancers[0].servers[PREVIEW], world.balancers[0].servers[MAIN],
           sizeof world.balancers[0].servers[PREVIEW]);
    return 0;
}

static void decide_until_still(void) {
    for (int i = 0; i < 5; i++)
        core_decide_after(USEC_PER_SEC);
    assert_int_equal(plan.balancers[0].n, 0);
}

static uint32_t weight_of(uint32_t backend, enum color color) {
    const struct server_seen *servers = world.balancers[0].servers[backend][color];
    return (uint32_t)servers[0].weight + servers[1].weight;
}

static void test_new_revision_only(void **ignored) {
    decide_until_still();
    assert_int_equal(weight_of(MAIN, BLUE), weight_of(MAIN, GREEN));
    assert_int_equal(weight_of(PREVIEW, BLUE), 0);
    assert_true(weight_of(PREVIEW, GREEN) > 0);
}

static void test_nobody_stands_in(void **ignored) {
    decide_until_still();
    world.balancers[0].servers[MAIN][GREEN][0].up = false;
    world.balancers[0].servers[PREVIEW][GREEN][0].up = false;
    decide_until_still();
    assert_int_equal(weight_of(PREVIEW, BLUE), 0);
}

/* ... as long as it is kept. */
static void test_taken_back_it_can_be_looked_into(void **ignored) {
    decide_until_still();
    state.rollout.mode = MODE_ABORTED;
    state.slots[GREEN].stop_after = now + 60 * USEC_PER_SEC;
    decide_until_still();
    assert_int_equal(weight_of(MAIN, GREEN), 0);
    assert_true(weight_of(MAIN, BLUE) > 0);
    assert_int_equal(weight_of(PREVIEW, BLUE), 0);
    assert_true(weight_of(PREVIEW, GREEN) > 0);
    for (int i = 0; i < 70; i++)
        core_decide_after(USEC_PER_SEC);
    assert_int_equal(weight_of(PREVIEW, BLUE) + weight_of(PREVIEW, GREEN), 0);
}

/* What follows, an analysis of the preview say, meets whom it is about. */
static void test_scale_step_waits_for_its_address(void **ignored) {
    struct explanation now_is;
    for (uint32_t number = 0; number < spec->replicas; number++)
        world.balancers[0].servers[PREVIEW][GREEN][number].up = false;
    decide_until_still();
    assert_int_equal(state.rollout.step, 0);
    explain(spec, &state, &world, now, &now_is);
    assert_non_null(strstr(now_is.message, "waits for the new instances to be UP in backend preview"));
    world.balancers[0].servers[PREVIEW][GREEN][0].up = true;
    decide_until_still();
    assert_int_equal(state.rollout.step, 0);
    world.balancers[0].servers[PREVIEW][GREEN][1].up = true;
    decide_until_still();
    assert_int_equal(state.rollout.step, 2);
}

static void test_outage_is_told(void **ignored) {
    struct explanation now_is;
    decide_until_still();
    explain(spec, &state, &world, now, &now_is);
    assert_int_equal(now_is.phase, PHASE_PAUSED);
    uint32_t before = weight_of(MAIN, BLUE);
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < spec->replicas; number++)
            world.balancers[0].servers[MAIN][color][number].up = false;
    core_decide_after(USEC_PER_SEC);
    explain(spec, &state, &world, now, &now_is);
    assert_int_equal(now_is.phase, PHASE_DEGRADED);
    assert_non_null(strstr(now_is.message, "no instance of either version is ready: blue-1"));
    assert_int_equal(weight_of(MAIN, BLUE), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_revision_only, begin, core_end),
        cmocka_unit_test_setup_teardown(test_nobody_stands_in, begin, core_end),
        cmocka_unit_test_setup_teardown(test_taken_back_it_can_be_looked_into, begin, core_end),
        cmocka_unit_test_setup_teardown(test_scale_step_waits_for_its_address, begin, core_end),
        cmocka_unit_test_setup_teardown(test_outage_is_told, begin, core_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
