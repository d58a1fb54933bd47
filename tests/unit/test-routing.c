/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A balancer that does not do what it is told: when that is an event, when it is Degraded, and when it is over. */
#include "core-fixture.h"

#include "core/explain.h"

#define LIVE "[Rollout]\nReplicas=1\nProgressDeadlineSec=10min\n[Canary]\nStep=setWeight 20\nStep=pause\n"

static uint32_t events(void) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < state.n_outbox; i++)
        n += state.outbox[i].kind == EVENT_TRAFFIC_ROUTING_ERROR;
    return n;
}

static void decide_for(usec_t span) {
    for (usec_t end = now + span; now < end;)
        core_decide_after(USEC_PER_SEC);
}

static void lose(void) {
    world.balancers[0].link = LINK_GONE;
    world.balancers[0].lost_since = now;
    (void)snprintf(world.balancers[0].problem, sizeof world.balancers[0].problem, "refused the connection");
}

static void come_back(void) {
    world.balancers[0].link = LINK_UP;
    world.balancers[0].lost_since = 0;
}

static void a_restart_is_no_event(void **ignored) {
    core_begin(LIVE);
    decide_for(3 * USEC_PER_SEC);
    lose();
    decide_for(8 * USEC_PER_SEC);
    come_back();
    decide_for(8 * USEC_PER_SEC);
    assert_int_equal(events(), 0);
}

static void who_stays_away_is_told_of_once(void **ignored) {
    core_begin(LIVE);
    decide_for(3 * USEC_PER_SEC);
    lose();
    decide_for(60 * USEC_PER_SEC);
    assert_int_equal(events(), 1);
    assert_string_equal(state.outbox[state.n_outbox - 1].detail, "/run/haproxy/admin.sock: refused the connection");
    come_back();
    decide_for(3 * USEC_PER_SEC);
    assert_string_equal(state.routing_error, "");
    lose();
    decide_for(60 * USEC_PER_SEC);
    assert_int_equal(events(), 2);
}

static void a_refusal_is_told_of_at_once(void **ignored) {
    core_begin(LIVE);
    decide_for(3 * USEC_PER_SEC);
    world.balancers[0].refused_at = now;
    (void)snprintf(world.balancers[0].refused, sizeof world.balancers[0].refused, "set weight: Permission denied");
    decide_for(3 * USEC_PER_SEC);
    assert_int_equal(events(), 1);
}

/* Not since the last rollout began, which may be weeks ago. */
static void unseen_is_no_outage_yet(void **ignored) {
    core_begin(LIVE);
    state.rollout.mode = MODE_IDLE;
    now += 7 * 24 * 3600 * USEC_PER_SEC;
    world.balancers[0].link = LINK_UNKNOWN;
    struct explanation said;
    explain(spec, &state, &world, now, &said);
    assert_int_equal(said.phase, PHASE_PROGRESSING);
    lose();
    now += 9 * 60 * USEC_PER_SEC;
    explain(spec, &state, &world, now, &said);
    assert_int_equal(said.phase, PHASE_PROGRESSING);
    now += 60 * USEC_PER_SEC;
    explain(spec, &state, &world, now, &said);
    assert_int_equal(said.phase, PHASE_DEGRADED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_restart_is_no_event, core_end),
        cmocka_unit_test_teardown(who_stays_away_is_told_of_once, core_end),
        cmocka_unit_test_teardown(a_refusal_is_told_of_at_once, core_end),
        cmocka_unit_test_teardown(unseen_is_no_outage_yet, core_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
