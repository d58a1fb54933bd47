/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd says of a unit, as the core sees it and as people read it. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"
#include "instance/oneshot.h"
#include "instance/order.h"

#define UNIT "shop@blue-1.service"
#define PROPERTIES(...) \
    ((struct unit_properties){.complete = true, .load_state = "loaded", .condition_result = true, __VA_ARGS__})

static void test_states(void **state) {
    static const struct {
        const char *active, *sub;
        enum unit_state state;
    } cases[] = {
        {"active", "running", UNIT_ACTIVE},
        {"reloading", "reload", UNIT_ACTIVE},
        {"inactive", "dead", UNIT_INACTIVE},
        {"failed", "failed", UNIT_FAILED},
        {"activating", "start", UNIT_STARTING},
        {"activating", "auto-restart", UNIT_RESTARTING},
        {"activating", "auto-restart-queued", UNIT_RESTARTING},
        {"failed", "failed-before-auto-restart", UNIT_RESTARTING},
        {"deactivating", "stop-sigterm", UNIT_STOPPING},
        {"maintenance", "cleaning", UNIT_INACTIVE},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct unit_properties properties = PROPERTIES(.active_at = 5);
        (void)string_copy(properties.active_state, sizeof(properties.active_state), cases[i].active);
        (void)string_copy(properties.sub_state, sizeof(properties.sub_state), cases[i].sub);
        struct unit_seen seen = unit_properties_seen(&properties);
        assert_true(seen.known);
        assert_int_equal(seen.state, cases[i].state);
        assert_int_equal(seen.active_since, cases[i].state == UNIT_ACTIVE ? 5 : 0);
    }
}

static void test_not_known(void **state) {
    struct unit_properties properties = PROPERTIES(.active_state = "active");
    properties.complete = false;
    assert_false(unit_properties_seen(&properties).known);
    properties = PROPERTIES(.active_state = "dancing");
    assert_false(unit_properties_seen(&properties).known);
}

static void test_missing(void **state) {
    struct unit_properties properties = PROPERTIES(.active_state = "inactive");
    assert_false(unit_properties_seen(&properties).missing);
    strcpy(properties.load_state, "masked");
    assert_true(unit_properties_seen(&properties).missing);
    strcpy(properties.load_state, "not-found");
    assert_true(unit_properties_seen(&properties).missing);
    strcpy(properties.load_state, "bad-setting");
    assert_false(unit_properties_seen(&properties).missing);
}

static void assert_result(struct unit_properties properties, const char *expected) {
    char text[48];
    unit_properties_result(&properties, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void test_results(void **state) {
    assert_result(PROPERTIES(), "");
    assert_result(PROPERTIES(.result = "success"), "");
    assert_result(PROPERTIES(.main_code = CLD_EXITED, .main_status = 1), "");
    assert_result(PROPERTIES(.result = "exit-code", .main_code = CLD_EXITED, .main_status = 1), "exit-code 1");
    assert_result(PROPERTIES(.result = "exit-code", .main_code = CLD_EXITED, .main_status = 203), "exit-code 203/EXEC");
    assert_result(PROPERTIES(.result = "exit-code"), "exit-code"); /* of ExecStartPre= */
    assert_result(PROPERTIES(.result = "signal", .main_code = CLD_KILLED, .main_status = SIGSEGV), "signal SEGV");
    assert_result(PROPERTIES(.result = "core-dump", .main_code = CLD_DUMPED, .main_status = SIGABRT), "core-dump ABRT");
    assert_result(PROPERTIES(.result = "signal", .main_code = CLD_KILLED, .main_status = 9999), "signal");
    assert_result(PROPERTIES(.result = "oom-kill", .main_code = CLD_KILLED, .main_status = SIGKILL), "oom-kill");
}

static void test_links(void **state) {
    assert_int_equal(link_target_revision("../revisions/7/blue-1", "blue-1"), 7);
    assert_int_equal(link_target_revision("../revisions/999999999/blue-1", "blue-1"), 999999999);
    static const char *const others[] = {
        "../revisions/7/blue-2",  "../revisions/7/blue-1/", "../revisions//blue-1",           "../revisions/7",
        "../revisions/-7/blue-1", "/revisions/7/blue-1",    "../revisions/9999999999/blue-1", "",
    };
    for (size_t i = 0; i < ELEMENTS(others); i++)
        assert_int_equal(link_target_revision(others[i], "blue-1"), 0);
}

static void test_patience(void **state) {
    struct unit_properties properties =
        PROPERTIES(.start_timeout = 90 * USEC_PER_SEC, .stop_timeout = 10 * USEC_PER_SEC);
    assert_int_equal(order_patience(UNIT_STOP, &properties), 70 * USEC_PER_SEC);
    assert_int_equal(order_patience(UNIT_START, &properties), 340 * USEC_PER_SEC);
    properties.job_timeout = 20 * USEC_PER_SEC;
    assert_int_equal(order_patience(UNIT_START, &properties), 50 * USEC_PER_SEC);
    properties.job_timeout = properties.start_timeout = USEC_INFINITY;
    assert_int_equal(order_patience(UNIT_START, &properties), 3600 * USEC_PER_SEC);
}

static void assert_job(enum unit_order_kind kind, const char *result, struct unit_properties properties, int code,
                       const char *sentence) {
    char text[SENTENCE_MAX];
    assert_int_equal(job_sentence(UNIT, kind, result, &properties, text, sizeof(text)), code);
    assert_string_equal(text, sentence);
}

static void test_job_done(void **state) {
    assert_job(UNIT_START, "done", PROPERTIES(.active_state = "active"), 0, UNIT ": started");
    assert_job(UNIT_STOP, "done", PROPERTIES(.active_state = "inactive"), 0, UNIT ": stopped");
    assert_job(UNIT_STOP, "done", PROPERTIES(.active_state = "failed", .result = "timeout"), 0, UNIT ": stopped");
    assert_job(UNIT_STOP, "done", PROPERTIES(.active_state = "activating"), -EBUSY,
               UNIT ": was stopped, but somebody has started it again");
    assert_job(UNIT_START, "done",
               PROPERTIES(.active_state = "failed", .result = "exit-code", .main_code = CLD_EXITED, .main_status = 3),
               -EIO, UNIT ": was started, but does not run any more: exit-code 3; see `journalctl -u " UNIT "`");
    struct unit_properties unmet = PROPERTIES(.active_state = "inactive", .condition_at = 1);
    unmet.condition_result = false;
    assert_job(UNIT_START, "done", unmet, -ECANCELED,
               UNIT ": was not started: a Condition...= of its unit file does not hold; see `systemctl status " UNIT
                    "`");
}

static void test_job_failed(void **state) {
    assert_job(UNIT_START, "timeout", PROPERTIES(), -ETIMEDOUT, UNIT ": the start job timed out");
    assert_job(UNIT_STOP, "failed", PROPERTIES(), -EIO, UNIT ": the stop job failed; see `journalctl -u " UNIT "`");
    assert_job(UNIT_START, "failed", PROPERTIES(.result = "timeout"), -EIO,
               UNIT ": the start job failed: it took longer than its TimeoutStartSec= or TimeoutStopSec= allows; "
                    "see `journalctl -u " UNIT "`");
    assert_job(UNIT_START, "brand-new", PROPERTIES(), -EIO,
               UNIT ": the start job failed (brand-new); see `journalctl -u " UNIT "`");
    assert_job(UNIT_START, "dependency", PROPERTIES(), -EIO,
               UNIT ": was not started: a unit that it depends on failed; see `systemctl list-dependencies --all " UNIT
                    "`");
}

static void assert_refusal(enum unit_order_kind kind, const char *name, int code, const char *sentence) {
    char text[SENTENCE_MAX];
    assert_int_equal(refusal_sentence(UNIT, kind, "shop", name, "Tea\nis over", text, sizeof(text)), code);
    assert_string_equal(text, sentence);
}

static void test_refusals(void **state) {
    assert_refusal(UNIT_START, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", -EACCES,
                   UNIT ": was not started: polkit does not allow it; run `rolloutctl permit shop` as root");
    assert_refusal(UNIT_START, "org.freedesktop.systemd1.NoSuchUnit", -ENOENT,
                   UNIT ": was not started: there is no unit file for it");
    assert_refusal(UNIT_STOP, "org.freedesktop.systemd1.NoSuchUnit", 0,
                   UNIT ": is not there, so nothing had to be stopped");
    assert_refusal(UNIT_STOP, "org.freedesktop.DBus.Error.NoReply", -ETIMEDOUT,
                   UNIT ": systemd did not answer in time when asked to stop it");
    char text[SENTENCE_MAX];
    assert_int_equal(refusal_sentence(UNIT, UNIT_STOP, "shop", "org.freedesktop.systemd1.UnitMasked",
                                      "Unit polkit.service is masked.", text, sizeof(text)),
                     -EIO);
    assert_string_equal(text, UNIT ": was not stopped: Unit polkit.service is masked.");
    assert_int_equal(refusal_sentence(UNIT, UNIT_START, "shop", "org.freedesktop.systemd1.UnitMasked",
                                      "Unit " UNIT " is masked.", text, sizeof(text)),
                     -ESHUTDOWN);
    assert_refusal(UNIT_START, "org.example.Else", -EIO, UNIT ": was not started: Tea\\nis over");
}

static void test_sentence_is_bounded(void **state) {
    char text[24];
    assert_int_equal(waited_sentence(UNIT, UNIT_START, 90 * USEC_PER_SEC, text, sizeof(text)), -ETIMEDOUT);
    assert_string_equal(text, UNIT ": th");
    char whole[SENTENCE_MAX];
    (void)waited_sentence(UNIT, UNIT_START, 90 * USEC_PER_SEC, whole, sizeof(whole));
    assert_string_equal(whole,
                        UNIT ": the start job has not ended after 1min 30s; `systemctl list-jobs --after` says what it "
                             "waits for");
}

/* What ran tells how the new version is; what did not run tells nothing. */
static void test_oneshots(void **state) {
    static const struct {
        const char *job, *active, *result;
        int32_t code, status;
        enum oneshot_end end;
    } cases[] = {
        {"done", "inactive", "success", CLD_EXITED, 0, ONESHOT_DONE},
        {"done", "active", "success", CLD_EXITED, 0, ONESHOT_NOT_DONE}, /* RemainAfterExit=, or no oneshot */
        {"done", "activating", "success", 0, 0, ONESHOT_NOT_DONE},      /* somebody has started it again */
        {"done", "inactive", "exec-condition", CLD_EXITED, 1, ONESHOT_NOT_DONE},
        {"failed", "failed", "exit-code", CLD_EXITED, 1, ONESHOT_FAILED},
        {"failed", "failed", "exit-code", CLD_EXITED, 203, ONESHOT_NOT_DONE},
        {"failed", "failed", "exit-code", CLD_EXITED, 243, ONESHOT_NOT_DONE}, /* a credential is missing */
        {"failed", "failed", "exit-code", CLD_EXITED, 250, ONESHOT_FAILED},
        {"failed", "failed", "signal", CLD_KILLED, SIGSEGV, ONESHOT_FAILED},
        {"failed", "failed", "core-dump", CLD_DUMPED, SIGABRT, ONESHOT_FAILED},
        {"failed", "failed", "oom-kill", CLD_KILLED, SIGKILL, ONESHOT_FAILED},
        {"failed", "failed", "timeout", 0, 0, ONESHOT_FAILED}, /* the unit's own TimeoutStartSec= */
        {"failed", "failed", "resources", 0, 0, ONESHOT_NOT_DONE},
        {"failed", "failed", "start-limit-hit", 0, 0, ONESHOT_NOT_DONE},
        {"canceled", "inactive", "success", CLD_KILLED, SIGTERM, ONESHOT_NOT_DONE},
        {"canceled", "failed", "signal", CLD_KILLED, SIGTERM, ONESHOT_NOT_DONE}, /* `systemctl stop` */
        {"timeout", "activating", "success", 0, 0, ONESHOT_NOT_DONE},
        {"dependency", "inactive", "success", 0, 0, ONESHOT_NOT_DONE},
        {"skipped", "inactive", "success", 0, 0, ONESHOT_NOT_DONE},
        {"assert", "inactive", "success", 0, 0, ONESHOT_NOT_DONE},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct unit_properties properties = PROPERTIES(.main_code = cases[i].code, .main_status = cases[i].status);
        (void)string_copy(properties.active_state, sizeof(properties.active_state), cases[i].active);
        (void)string_copy(properties.result, sizeof(properties.result), cases[i].result);
        if (oneshot_judge(cases[i].job, &properties) != cases[i].end)
            fail_msg("%s, %s, %s %d", cases[i].job, cases[i].active, cases[i].result, cases[i].status);
    }
    struct unit_properties unmet = PROPERTIES(.active_state = "inactive", .result = "success");
    unmet.condition_result = false;
    assert_int_equal(oneshot_judge("done", &unmet), ONESHOT_NOT_DONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),   cmocka_unit_test(test_not_known),
        cmocka_unit_test(test_missing),  cmocka_unit_test(test_results),
        cmocka_unit_test(test_links),    cmocka_unit_test(test_patience),
        cmocka_unit_test(test_job_done), cmocka_unit_test(test_job_failed),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_sentence_is_bounded),
        cmocka_unit_test(test_oneshots),
    };
    return cmocka_run_group_tests_name("instance", tests, NULL, NULL);
}
