/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hook over HTTP: what it is sent, and which of its answers pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "notify/hook.h"
#include "tests/unit/bad-server.h"
#include "tests/unit/provider-asker.h"

#define SETTINGS_MAX 16

static struct setting given[SETTINGS_MAX];

/* KEY, VALUE, ... on shop.conf:1, 2, ... */
static struct party_spec hook_of(const char *const *settings) {
    struct party_spec hook = {.name = "gate", .settings = given, .file = (char *)(uintptr_t) "shop.conf", .line = 1};
    for (; settings[2 * hook.n_settings]; hook.n_settings++) {
        assert_true(hook.n_settings < SETTINGS_MAX);
        given[hook.n_settings] = (struct setting){.key = (char *)(uintptr_t)settings[2 * hook.n_settings],
                                                  .value = (char *)(uintptr_t)settings[2 * hook.n_settings + 1],
                                                  .file = hook.file,
                                                  .line = (int)hook.n_settings + 1};
    }
    return hook;
}
#define HOOK(...) hook_of((const char *const[]){"At", "confirm-rollout", __VA_ARGS__, NULL})

static void ask(const char *mode, const char *timeout, uint64_t token) {
    char url[128];
    struct error err = {0};
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/%s/", bad_server_port, mode);
    struct party_spec hook = HOOK("URL", url, "TimeoutSec", timeout, "Retries", "3", "IntervalSec", "5s", "Header",
                                  "X-Team: shop", "Header", "X-Why: deploy");
    unsigned before = asker.answers;
    if (hook_check(&hook, &err) < 0 ||
        hook_ask(asker.host, &hook, &asker.subject, "{\"name\":\"shop\"}", token, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(asker.answers, before); /* never from inside */
    asker_wait(before + 1);
    assert_int_equal(asker.token, token);
}

static void what_it_is_sent(void **unused) {
    ask("text", "5s", 7);
    assert_int_equal(asker.kind, ANSWER_SUCCESSFUL);
    assert_non_null(strstr(bad_server_request, "POST /text/ HTTP/1.1\r\n"));
    assert_non_null(strstr(bad_server_request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(bad_server_request, "\r\nX-Team: shop\r\n"));
    assert_non_null(strstr(bad_server_request, "\r\nX-Why: deploy\r\n"));
    assert_non_null(strstr(bad_server_request, "\r\n\r\n{\"name\":\"shop\"}"));
}

/* Whatever its body is: only the status counts. */
static void what_passes(void **unused) {
    static const char *const modes[] = {"text", "json", "empty", "binary", "deep"};
    for (size_t i = 0; i < ELEMENTS(modes); i++) {
        ask(modes[i], "5s", i + 1);
        if (asker.kind != ANSWER_SUCCESSFUL)
            fail_msg("%s: %s", modes[i], asker.message);
    }
}

static void what_does_not(void **unused) {
    static const struct {
        const char *mode, *timeout;
        enum answer_kind kind;
        const char *message; /* begins so */
    } cases[] = {
        {"forbidden", "5s", ANSWER_FAILED, "HTTP 403"},
        {"not-found", "5s", ANSWER_FAILED, "HTTP 404: 404 page not found"},
        {"broken", "5s", ANSWER_FAILED, "HTTP 500: first line"},
        {"redirect", "5s", ANSWER_FAILED, "HTTP 302: redirects to"},
        {"silent", "100ms", ANSWER_ERROR, "timed out after 100ms"},
        {"drips", "100ms", ANSWER_ERROR, "timed out after 100ms"},
        {"closes", "5s", ANSWER_ERROR, "127.0.0.1"},
        {"huge", "10s", ANSWER_ERROR, "the answer of"},
        {"garbage", "5s", ANSWER_ERROR, "127.0.0.1"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        ask(cases[i].mode, cases[i].timeout, i + 1);
        if (asker.kind != cases[i].kind || strncmp(asker.message, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("%s: %d, %s", cases[i].mode, asker.kind, asker.message);
    }
}

static void what_is_wrong_is_said(void **unused) {
    static const struct {
        const char *key, *value, *message;
    } cases[] = {
        {"URL", "ftp://example.org", "shop.conf:2: URL=: not an address, expected one like http://127.0.0.1:9090"},
        {"URL", "http://", "shop.conf:2: URL=: not an address, expected one like http://127.0.0.1:9090"},
        {"Unit", "check", "shop.conf:2: Unit=: \"check\" is no template unit, expected NAME@.service"},
        {"Unit", "c.service", "shop.conf:2: Unit=: \"c.service\" is no template unit, expected NAME@.service"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct error err = {0};
        struct party_spec hook = HOOK(cases[i].key, cases[i].value);
        assert_int_equal(hook_check(&hook, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].message);
    }
}

static void a_unit_needs_nothing_else(void **unused) {
    struct error err = {0};
    struct party_spec hook = HOOK("Unit", "check@.service", "TimeoutSec", "1min", "Retries", "2");
    if (hook_check(&hook, &err) < 0)
        fail_msg("%s", err.text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, asker_begin, asker_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_it_is_sent),           TEST(what_passes), TEST(what_does_not), TEST(what_is_wrong_is_said),
        TEST(a_unit_needs_nothing_else),
    };
    return cmocka_run_group_tests(tests, bad_server_start, bad_server_stop);
}
