/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What waits: for its window, or for the end of what is under way; and what waits for neither. */
#include "core-fixture.h"

#include "core/command.h"
#include "core/explain.h"

#define STEPS "[Rollout]\nReplicas=1\n[Canary]\nStep=setWeight 20\nStep=pause\n"

static struct command_result ask(const struct command *asked) {
    static struct state next;
    struct command_result result;
    command(spec, &state, &world, now, asked, &next, &result);
    memcpy(&state, &next, sizeof state);
    return result;
}

static struct command_result deploy(uint8_t identity) {
    struct command asked = {.verb = VERB_DEPLOY, .version = "v9", .identity = {.bytes = {identity}}};
    return ask(&asked);
}

static struct explanation explained(void) {
    struct explanation said;
    explain(spec, &state, &world, now, &said);
    return said;
}

static void decide_for(usec_t span) {
    for (usec_t end = now + span; now < end;)
        core_decide_after(USEC_PER_SEC);
}

/* Opens in so long, by a wall clock that stands still until it is set. */
static void window_opens_in(usec_t later) {
    world.wall = now;
    world.window_opens = later ? now + later : 0;
}

static void a_window_opens_in_the_middle_of_a_rollout(void **ignored) {
    core_begin(STEPS);
    decide_for(3 * USEC_PER_SEC);
    window_opens_in(3600 * USEC_PER_SEC);
    struct command_result told = deploy(9);
    assert_int_equal(told.verdict, VERDICT_ACCEPTED);
    assert_string_equal(told.message, "revision 3 (v9) waits for its window");
    decide_for(3 * USEC_PER_SEC);
    assert_int_equal(state.rollout.revision, 2);
    assert_string_equal(explained().message, "CanaryPauseStep: step 2 of 2: promote goes on, abort takes back; "
                                             "revision 3 (v9) waits for its window");
    window_opens_in(0);
    decide_for(3 * USEC_PER_SEC);
    assert_int_equal(state.rollout.revision, 3);
    assert_int_equal(state.queued.revision, 0);
    assert_int_equal(state.history[1].outcome, OUTCOME_SUPERSEDED);
    assert_int_equal(state.history[0].wall_started, world.wall);
}

static void who_waits_for_the_end_begins_after_it(void **ignored) {
    core_begin(STEPS "[Rollout]\nOnSupersede=queue\n");
    decide_for(3 * USEC_PER_SEC);
    assert_string_equal(deploy(9).message, "revision 3 (v9) waits until the one under way has ended");
    decide_for(3 * USEC_PER_SEC);
    assert_int_equal(state.rollout.revision, 2);
    assert_non_null(strstr(explained().message, "; revision 3 (v9) waits for its end"));
    struct command promote = {.verb = VERB_PROMOTE, .full = true};
    assert_int_equal(ask(&promote).verdict, VERDICT_ACCEPTED);
    decide_for(5 * USEC_PER_SEC);
    assert_int_equal(state.rollout.revision, 3);
}

static void what_waits_is_told_after_an_abort(void **ignored) {
    core_begin(STEPS);
    decide_for(3 * USEC_PER_SEC);
    window_opens_in(3600 * USEC_PER_SEC);
    assert_int_equal(deploy(9).verdict, VERDICT_ACCEPTED);
    struct command abort = {.verb = VERB_ABORT, .uid = 1000, .login_uid = UINT32_MAX};
    assert_int_equal(ask(&abort).verdict, VERDICT_ACCEPTED);
    decide_for(3 * USEC_PER_SEC);
    assert_int_equal(explained().phase, PHASE_DEGRADED);
    assert_int_equal(explained().waiting, WAITING_WINDOW);
    assert_string_equal(
        explained().message,
        "RolloutAborted: revision 2: aborted by hand: by uid 1000; revision 3 (v9) waits for its window");
}

/* Back to any revision, whatever is said of deploys. */
static void no_undo_waits_or_is_rejected(void **ignored) {
    static const char *const configurations[] = {STEPS "[Rollout]\nOnSupersede=queue\n",
                                                 STEPS "[Rollout]\nOnSupersede=reject\n"};
    for (size_t i = 0; i < 2; i++) {
        core_begin(configurations[i]);
        state.next_revision = 4;
        state.n_history = 3;
        memmove(&state.history[1], &state.history[0], 2 * sizeof state.history[0]);
        state.history[0].revision = 3;
        state.slots[GREEN].revision = state.rollout.revision = 3;
        state.history[1].outcome = OUTCOME_PROMOTED; /* revision 2 */
        state.history[1].identity = (struct id128){.bytes = {2}};
        window_opens_in(3600 * USEC_PER_SEC);
        struct command undo = {.verb = VERB_UNDO, .to_revision = 2};
        assert_int_equal(ask(&undo).verdict, VERDICT_ACCEPTED);
        assert_int_equal(state.queued.revision, 0);
        assert_int_equal(state.rollout.revision, 4);
    }
}

/* Compared with what readers are shown: at rest, of what is live. */
static void expected_is_what_is_shown(void **ignored) {
    core_begin(STEPS);
    struct command undo = {.verb = VERB_UNDO};
    assert_int_equal(ask(&undo).verdict, VERDICT_ACCEPTED);
    struct command asked = {.verb = VERB_RESTART, .expect_revision = true, .revision = 2};
    assert_int_equal(ask(&asked).verdict, VERDICT_UNEXPECTED);
    asked.revision = 1;
    assert_int_not_equal(ask(&asked).verdict, VERDICT_UNEXPECTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_window_opens_in_the_middle_of_a_rollout, core_end),
        cmocka_unit_test_teardown(who_waits_for_the_end_begins_after_it, core_end),
        cmocka_unit_test_teardown(what_waits_is_told_after_an_abort, core_end),
        cmocka_unit_test_teardown(no_undo_waits_or_is_rejected, core_end),
        cmocka_unit_test_teardown(expected_is_what_is_shown, core_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
