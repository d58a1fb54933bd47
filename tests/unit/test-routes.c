/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes of the core: when they are made and removed, and that nobody leaves the preview backend before them. */
#include "core-fixture.h"

#include "core/explain.h"

#define HAPROXY "[Rollout]\nReplicas=1\n[HAProxy]\nPreviewBackend=preview\nRouteMap=/r\n[Canary]\n"
#define CONFIGURATION                                                                                            \
    HAPROXY "Step=setHeaderRoute beta X-Beta exact 1\nStep=setWeight 50\nStep=setCookieRoute who who exact me\n" \
            "Step=pause 10s\nStep=setHeaderRoute beta\nStep=pause\n"

enum { MAIN, PREVIEW };

static struct route_set shown; /* as HAProxy has it */

static void begin(const char *text) {
    core_begin(text);
    world.preview = true;
    memcpy(world.balancers[0].servers[PREVIEW], world.balancers[0].servers[MAIN],
           sizeof world.balancers[0].servers[PREVIEW]);
    shown = (struct route_set){0};
}

/* One decision; its routes are seen by the next one. */
static enum routes_order decide_after(usec_t later) {
    world.balancers[0].routes = shown;
    world.balancers[0].routes_asked = plan.balancers[0].routes;
    core_decide_after(later);
    enum routes_order order = plan.balancers[0].routes_order;
    if (order == ROUTES_SET)
        shown = plan.balancers[0].routes;
    if (order == ROUTES_CLEAR)
        shown = (struct route_set){0};
    return order;
}

static void decide_until(uint32_t step) {
    for (int i = 0; i < 20 && state.rollout.step < step; i++)
        (void)decide_after(USEC_PER_SEC);
    assert_int_equal(state.rollout.step, step);
}

static uint32_t weight_of(uint32_t backend, enum color color) {
    const struct server_seen *servers = world.balancers[0].servers[backend][color];
    return servers[0].weight;
}

static void nobodys_hand(void) {
    for (int i = 0; i < RESTORATIONS_MAX; i++)
        assert_int_equal(state.by_hand.restored[i], 0);
}

static void test_made_when_reached(void **ignored) {
    begin(CONFIGURATION);
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_LEAVE); /* nobody has weight in the preview backend yet */
    assert_true(weight_of(PREVIEW, GREEN) > 0);
    assert_int_equal(state.rollout.step, 0);
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_SET);
    assert_int_equal(shown.revision, 2);
    assert_int_equal(shown.steps, 1);
    assert_int_equal(state.rollout.step, 0); /* not seen yet */
    (void)decide_after(USEC_PER_SEC);
    assert_int_equal(state.rollout.step, 1);
    decide_until(3);
    assert_int_equal(shown.steps, 3);
    decide_until(5); /* beyond the one that removes a route */
    assert_int_equal(shown.steps, 5);
    nobodys_hand();
}

static void test_gone_before_the_preview(void **ignored) {
    begin(CONFIGURATION);
    decide_until(2);
    state.rollout.mode = MODE_ABORTED;
    state.slots[GREEN].stop_after = now;
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_CLEAR);
    assert_true(weight_of(PREVIEW, GREEN) > 0);
    for (uint32_t i = 0; i < plan.balancers[0].n; i++)
        assert_int_equal(plan.balancers[0].orders[i].backend, MAIN);
    shown = ROUTES_OTHER; /* it was not carried out */
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_CLEAR);
    assert_true(weight_of(PREVIEW, GREEN) > 0);
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_LEAVE);
    assert_int_equal(weight_of(PREVIEW, GREEN), 0);
    nobodys_hand();
}

static void test_last_one_crashes(void **ignored) {
    begin(CONFIGURATION);
    decide_until(2);
    for (uint32_t number = 0; number < spec->replicas; number++) {
        world.units[GREEN][number].state = UNIT_RESTARTING;
        for (uint32_t backend = 0; backend < 2; backend++)
            world.balancers[0].servers[backend][GREEN][number].up = false;
        spec->crash_limit = 9;
    }
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_CLEAR);
    nobodys_hand();
}

static void test_promotion(void **ignored) {
    begin(CONFIGURATION);
    decide_until(5);
    state.rollout.full = true;
    for (int i = 0; i < 5 && state.rollout.mode == MODE_RUNNING; i++)
        (void)decide_after(USEC_PER_SEC);
    assert_int_equal(state.stable, GREEN);
    for (int i = 0; i < 3; i++)
        (void)decide_after(USEC_PER_SEC);
    assert_int_equal(shown.revision, 0);
    assert_int_equal(weight_of(PREVIEW, GREEN), 0);
    nobodys_hand();
}

static void test_yields(void **ignored) {
    begin(CONFIGURATION);
    decide_until(2);
    state.by_hand.yielded = true;
    shown = ROUTES_OTHER;
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_LEAVE);
}

static void test_put_back(void **ignored) {
    begin(CONFIGURATION);
    decide_until(3);
    (void)decide_after(USEC_PER_SEC);
    (void)decide_after(USEC_PER_SEC);
    shown = ROUTES_OTHER; /* somebody's doing */
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_SET);
    assert_true(state.by_hand.restored[RESTORATIONS_MAX - 1] > 0);
}

/* As after a time of silence, or a restart of the agent: nothing was wanted when it was looked at. */
static void test_asked_about_others(void **ignored) {
    begin(CONFIGURATION);
    decide_until(3);
    (void)decide_after(USEC_PER_SEC);
    (void)decide_after(USEC_PER_SEC);
    shown = ROUTES_OTHER;
    plan.balancers[0].routes = (struct route_set){0};
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_LEAVE);
    assert_true(plan.balancers[0].look);
    nobodys_hand();
}

static void test_no_map(void **ignored) {
    struct explanation e;
    begin(CONFIGURATION);
    world.balancers[0].no_route_map = true;
    for (int i = 0; i < 4; i++)
        assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_LEAVE);
    assert_int_equal(state.rollout.step, 0);
    explain(spec, &state, &world, now, &e);
    assert_non_null(strstr(e.message, "has no map /r"));
    assert_int_equal(e.waiting, WAITING_BALANCER);
}

static void test_nobody_in_preview(void **ignored) {
    struct explanation e;
    begin(CONFIGURATION);
    for (uint32_t number = 0; number < spec->replicas; number++)
        world.balancers[0].servers[PREVIEW][GREEN][number].up = false;
    (void)decide_after(USEC_PER_SEC);
    explain(spec, &state, &world, now, &e);
    assert_non_null(strstr(e.message, "UP in backend preview"));
}

/* It is there from the beginning to the end, without a step. */
static void test_session_cookie(void **ignored) {
    begin(HAPROXY "SessionCookie=c\nStep=setWeight 10\nStep=pause\n");
    decide_until(1);
    assert_int_equal(shown.revision, 2);
    assert_int_equal(shown.steps, 0);
    state.rollout.mode = MODE_ABORTED;
    assert_int_equal(decide_after(USEC_PER_SEC), ROUTES_CLEAR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_made_when_reached, core_end),
        cmocka_unit_test_teardown(test_gone_before_the_preview, core_end),
        cmocka_unit_test_teardown(test_last_one_crashes, core_end),
        cmocka_unit_test_teardown(test_promotion, core_end),
        cmocka_unit_test_teardown(test_yields, core_end),
        cmocka_unit_test_teardown(test_put_back, core_end),
        cmocka_unit_test_teardown(test_asked_about_others, core_end),
        cmocka_unit_test_teardown(test_no_map, core_end),
        cmocka_unit_test_teardown(test_nobody_in_preview, core_end),
        cmocka_unit_test_teardown(test_session_cookie, core_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
