/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hooks: which is asked at which moment, what holds meanwhile, and what its answer leads to. */
#include "core-fixture.h"

#include "core/command.h"
#include "core/explain.h"
#include "core/words.h"

#define SEC(n) ((n)*USEC_PER_SEC)
#define STEPS "[Rollout]\nReplicas=1\n[Canary]\nStep=setWeight 20\nStep=pause 1min\nStep=setWeight 60\n"
#define HOOK(name, at) "[Hook " name "]\nAt=" at "\nURL=http://127.0.0.1:8099\n"

static struct explanation explained(void) {
    struct explanation said;
    explain(spec, &state, &world, now, &said);
    return said;
}

/* The call that is open for a hook. */
static uint32_t asked(uint32_t hook, enum hook_moment moment) {
    enum hook_lane lane = moment == HOOK_ROLLBACK ? HOOK_LANE_ROLLBACK : HOOK_LANE_STEPS;
    const struct hook_order *order = &plan.hooks[hook][lane];
    if (order->call && order->moment != moment)
        fail_msg("hook %u is asked at %s", hook, hook_moment_to_string(order->moment));
    return order->call;
}

static void answer(uint32_t hook, enum hook_lane lane, bool passed) {
    struct hook_seen *seen = &world.hooks[hook][lane];
    *seen = (struct hook_seen){.call = plan.hooks[hook][lane].call, .passed = passed};
    (void)snprintf(seen->message, sizeof seen->message, "%s", passed ? "" : "HTTP 403");
    core_decide_after(1);
}

static void decide_for(usec_t span) {
    for (usec_t end = now + span; now < end;)
        core_decide_after(SEC(1));
}

static uint32_t events(enum event_kind kind) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < state.n_outbox; i++)
        n += state.outbox[i].kind == kind;
    return n;
}

static const char *last_event(enum event_kind kind) {
    for (uint32_t i = state.n_outbox; i > 0; i--)
        if (state.outbox[i - 1].kind == kind)
            return state.outbox[i - 1].detail;
    return "none";
}

static struct command_result promote(bool full) {
    static struct state next;
    struct command_result result;
    const struct command verb = {.verb = VERB_PROMOTE, .full = full};
    command(spec, &state, &world, now, &verb, &next, &result);
    memcpy(&state, &next, sizeof state);
    return result;
}

/* ---------------------------------------------------------------- moments */

static void nothing_starts_before_confirm_rollout(void **ignored) {
    core_begin(STEPS HOOK("ok", "confirm-rollout"));
    world.units[GREEN][0].state = UNIT_INACTIVE;
    core_decide_after(SEC(1));
    uint32_t call = asked(0, HOOK_CONFIRM_ROLLOUT);
    assert_int_equal(call, 1);
    assert_int_equal(plan.n_units, 0);
    struct explanation said = explained();
    assert_int_equal(said.phase, PHASE_PAUSED);
    assert_int_equal(said.waiting, WAITING_GATE);
    assert_string_equal(said.message, "Hook: confirm-rollout waits for ok");
    core_decide_after(SEC(1));
    assert_int_equal(asked(0, HOOK_CONFIRM_ROLLOUT), call);
    answer(0, HOOK_LANE_STEPS, true);
    assert_int_equal(plan.n_units, 1);
    assert_int_equal(plan.units[0].kind, UNIT_START);
    assert_int_equal(asked(0, HOOK_CONFIRM_ROLLOUT), 0);
}

/* With the canary ready, and without a request. */
static void each_moment_in_its_order(void **ignored) {
    core_begin(STEPS HOOK("all", "confirm-rollout pre-rollout rollout confirm-traffic-increase confirm-promotion"));
    static const struct {
        enum hook_moment moment;
        uint32_t step;
        uint16_t weight; /* of the canary, while it waits */
    } course[] = {
        {HOOK_CONFIRM_ROLLOUT, 0, 0},           {HOOK_PRE_ROLLOUT, 0, 0},
        {HOOK_CONFIRM_TRAFFIC_INCREASE, 0, 0},  {HOOK_ROLLOUT, 1, 40},
        {HOOK_CONFIRM_TRAFFIC_INCREASE, 2, 40}, {HOOK_CONFIRM_TRAFFIC_INCREASE, 3, 120},
        {HOOK_CONFIRM_PROMOTION, 3, 120},
    };
    for (size_t i = 0; i < sizeof course / sizeof course[0]; i++) {
        decide_for(SEC(70));
        assert_int_equal(asked(0, course[i].moment), i + 1);
        assert_int_equal(state.rollout.step, course[i].step);
        const struct server_seen *canary = &world.balancers[0].servers[0][GREEN][0];
        const struct server_seen *stable = &world.balancers[0].servers[0][BLUE][0];
        assert_int_equal(canary->weight * 200 / (canary->weight + stable->weight), course[i].weight);
        answer(0, HOOK_LANE_STEPS, true);
    }
    decide_for(SEC(5));
    assert_int_equal(state.rollout.mode, MODE_IDLE);
    assert_int_equal(state.stable, GREEN);
}

static void one_after_the_other(void **ignored) {
    core_begin(STEPS HOOK("first", "confirm-rollout") HOOK("second", "confirm-rollout"));
    core_decide_after(SEC(1));
    assert_int_not_equal(asked(0, HOOK_CONFIRM_ROLLOUT), 0);
    assert_int_equal(asked(1, HOOK_CONFIRM_ROLLOUT), 0);
    answer(0, HOOK_LANE_STEPS, true);
    assert_int_not_equal(asked(1, HOOK_CONFIRM_ROLLOUT), 0);
}

static void the_first_version_is_asked_of_nobody(void **ignored) {
    core_begin(STEPS HOOK("all", "confirm-rollout pre-rollout confirm-traffic-increase confirm-promotion rollback"));
    state.stable = COLOR_NONE;
    state.slots[BLUE] = (struct slot){.stop_after = USEC_INFINITY};
    decide_for(SEC(3));
    assert_int_equal(state.next_call, 1);
}

/* ---------------------------------------------------------------- answers */

static void a_gate_is_asked_again(void **ignored) {
    core_begin(STEPS HOOK("ok", "confirm-rollout") "IntervalSec=30s\n");
    core_decide_after(SEC(1));
    for (uint32_t call = 1; call < 20; call++) {
        assert_int_equal(asked(0, HOOK_CONFIRM_ROLLOUT), call);
        answer(0, HOOK_LANE_STEPS, false);
        decide_for(SEC(29));
        assert_int_equal(asked(0, HOOK_CONFIRM_ROLLOUT), 0);
        assert_string_equal(explained().message, "Hook: confirm-rollout waits for ok: HTTP 403");
        decide_for(SEC(1));
    }
    assert_int_equal(state.rollout.mode, MODE_RUNNING);
}

static void no_gate_delays_a_crash(void **ignored) {
    core_begin(STEPS HOOK("ok", "confirm-traffic-increase"));
    core_decide_after(SEC(1));
    answer(0, HOOK_LANE_STEPS, false);
    world.units[GREEN][0].state = UNIT_FAILED;
    core_decide_after(SEC(1));
    assert_int_equal(state.rollout.mode, MODE_ABORTED);
    assert_int_equal(state.rollout.reason, REASON_CRASH);
    assert_int_equal(plan.hooks[0][HOOK_LANE_STEPS].call, 0);
}

static void what_fails_is_asked_again_and_aborts(void **ignored) {
    core_begin(STEPS HOOK("smoke", "pre-rollout") "Retries=2\nIntervalSec=5s\n");
    core_decide_after(SEC(1));
    for (uint32_t call = 1; call <= 3; call++) {
        assert_int_equal(state.rollout.mode, MODE_RUNNING);
        assert_int_equal(asked(0, HOOK_PRE_ROLLOUT), call);
        assert_int_equal(explained().phase, PHASE_PROGRESSING);
        answer(0, HOOK_LANE_STEPS, false);
        decide_for(SEC(5));
    }
    assert_int_equal(state.rollout.mode, MODE_ABORTED);
    assert_int_equal(state.rollout.reason, REASON_HOOK_FAILED);
    assert_string_equal(state.rollout.detail, "smoke, pre-rollout: HTTP 403");
}

static void rollback_is_asked_in_a_pause(void **ignored) {
    core_begin(STEPS HOOK("undo", "rollback") "IntervalSec=2s\n");
    state.rollout.paused_by_user = true;
    core_decide_after(SEC(1));
    for (uint32_t call = 1; call < 10; call++) {
        assert_int_equal(asked(0, HOOK_ROLLBACK), call);
        answer(0, HOOK_LANE_ROLLBACK, false);
        decide_for(SEC(2));
    }
    answer(0, HOOK_LANE_ROLLBACK, true);
    assert_int_equal(state.rollout.mode, MODE_ABORTED);
    assert_int_equal(state.rollout.reason, REASON_HOOK_ASKED);
}

static void an_answer_counts_once_and_for_its_call(void **ignored) {
    core_begin(STEPS HOOK("smoke", "pre-rollout") "Retries=1\nIntervalSec=1s\n");
    core_decide_after(SEC(1));
    answer(0, HOOK_LANE_STEPS, false);
    decide_for(SEC(4)); /* the world still shows the first answer */
    assert_int_equal(asked(0, HOOK_PRE_ROLLOUT), 2);
    assert_int_equal(state.rollout.hooks[0].calls[HOOK_LANE_STEPS].failures, 1);
    assert_int_equal(state.rollout.mode, MODE_RUNNING);
}

/* A person has skipped the pause that it was asked at. */
static void an_answer_to_an_earlier_step_counts_no_more(void **ignored) {
    core_begin("[Rollout]\nReplicas=1\n[Canary]\nStep=pause 1min\nStep=pause 1min\n" HOOK("load", "rollout"));
    core_decide_after(SEC(1));
    uint32_t call = asked(0, HOOK_ROLLOUT);
    assert_int_equal(promote(false).verdict, VERDICT_ACCEPTED);
    assert_int_equal(state.rollout.step, 1);
    world.hooks[0][HOOK_LANE_STEPS] = (struct hook_seen){.call = call};
    core_decide_after(SEC(1));
    assert_int_equal(state.rollout.mode, MODE_RUNNING);
    assert_int_equal(asked(0, HOOK_ROLLOUT), call + 1);
}

static void nobody_is_asked_before_it_is_durable(void **ignored) {
    core_begin(STEPS HOOK("ok", "confirm-rollout"));
    world.unwritten = true;
    core_decide_after(SEC(1));
    assert_int_equal(asked(0, HOOK_CONFIRM_ROLLOUT), 0);
    assert_int_equal(state.next_call, 1);
}

/* ---------------------------------------------------------------- people */

static void a_gate_is_told_of_once(void **ignored) {
    core_begin(STEPS HOOK("ok", "confirm-rollout") "IntervalSec=1s\n");
    core_decide_after(SEC(1));
    assert_int_equal(events(EVENT_ROLLOUT_PAUSED), 0);
    for (int i = 0; i < 5; i++) {
        answer(0, HOOK_LANE_STEPS, false);
        decide_for(SEC(2));
    }
    assert_int_equal(events(EVENT_ROLLOUT_PAUSED), 1);
    assert_string_equal(last_event(EVENT_ROLLOUT_PAUSED), "confirm-rollout waits for ok");
    assert_int_equal(events(EVENT_ROLLOUT_RESUMED), 0);
    answer(0, HOOK_LANE_STEPS, true);
    assert_int_equal(events(EVENT_ROLLOUT_RESUMED), 1);
    assert_int_equal(events(EVENT_ROLLOUT_PAUSED), 1);
}

/* Whoever passes at once has made nobody wait. */
static void a_gate_that_passes_is_not_told_of(void **ignored) {
    core_begin(STEPS HOOK("ok", "confirm-rollout"));
    core_decide_after(SEC(1));
    answer(0, HOOK_LANE_STEPS, true);
    assert_int_equal(events(EVENT_ROLLOUT_PAUSED) + events(EVENT_ROLLOUT_RESUMED), 0);
}

static void promote_opens_no_gate(void **ignored) {
    core_begin(STEPS HOOK("ok", "confirm-traffic-increase"));
    core_decide_after(SEC(1));
    answer(0, HOOK_LANE_STEPS, false);
    struct command_result result = promote(false);
    assert_int_equal(result.verdict, VERDICT_REFUSED);
    assert_string_equal(result.message, "confirm-traffic-increase waits for ok, and goes on when that passes; promote "
                                        "--full passes all hooks, abort takes back");
    assert_int_equal(promote(true).verdict, VERDICT_ACCEPTED);
    assert_string_equal(last_event(EVENT_SKIP_STEPS), "promote --full while confirm-traffic-increase waits for ok");
    assert_int_equal(events(EVENT_ROLLOUT_RESUMED), 1);
    decide_for(SEC(5));
    assert_int_equal(state.stable, GREEN);
}

/* What a person has paused is a person's to go on with; the gate stays. */
static void promote_ends_a_pause_by_hand_at_a_gate(void **ignored) {
    core_begin(STEPS HOOK("ok", "confirm-traffic-increase"));
    core_decide_after(SEC(1));
    answer(0, HOOK_LANE_STEPS, false);
    state.rollout.paused_by_user = true;
    assert_int_equal(promote(false).verdict, VERDICT_ACCEPTED);
    decide_for(SEC(15));
    assert_int_equal(state.rollout.step, 0);
    assert_int_equal(explained().waiting, WAITING_GATE);
}

/* An hour at a gate is no hour without progress: what goes wrong then has its own time. */
static void a_gate_held_for_long_is_no_delay(void **ignored) {
    core_begin("[Rollout]\nReplicas=1\nProgressDeadlineSec=10min\nProgressDeadlineAbort=yes\n[Canary]\nStep=setWeight "
               "20\n" HOOK("ok", "confirm-traffic-increase") "IntervalSec=1h\n");
    core_decide_after(SEC(1));
    answer(0, HOOK_LANE_STEPS, false);
    decide_for(SEC(3000));
    assert_int_equal(explained().phase, PHASE_PAUSED);
    world.balancers[0].servers[0][GREEN][0].up = false;
    decide_for(SEC(300));
    assert_int_equal(state.rollout.mode, MODE_RUNNING);
    assert_int_equal(explained().phase, PHASE_PROGRESSING);
    decide_for(SEC(301));
    assert_int_equal(state.rollout.mode, MODE_ABORTED);
    assert_int_equal(state.rollout.reason, REASON_DEADLINE);
}

#define TEST(name) cmocka_unit_test_teardown(name, core_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nothing_starts_before_confirm_rollout),
        TEST(each_moment_in_its_order),
        TEST(one_after_the_other),
        TEST(the_first_version_is_asked_of_nobody),
        TEST(a_gate_is_asked_again),
        TEST(no_gate_delays_a_crash),
        TEST(what_fails_is_asked_again_and_aborts),
        TEST(rollback_is_asked_in_a_pause),
        TEST(an_answer_counts_once_and_for_its_call),
        TEST(an_answer_to_an_earlier_step_counts_no_more),
        TEST(nobody_is_asked_before_it_is_durable),
        TEST(a_gate_is_told_of_once),
        TEST(a_gate_that_passes_is_not_told_of),
        TEST(promote_opens_no_gate),
        TEST(promote_ends_a_pause_by_hand_at_a_gate),
        TEST(a_gate_held_for_long_is_no_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
