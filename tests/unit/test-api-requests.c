/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked well, badly, too long and by halves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api-fixture.h"
#include "common/cleanup.h"

/* ---------------------------------------------------------------- good requests */

static void sockets_have_their_modes(void **unused) {
    static const struct {
        const char *name;
        mode_t mode;
    } rows[] = {{"api.sock", 0660}, {"status.sock", 0666}};
    for (size_t i = 0; i < 2; i++) {
        char path[96];
        struct stat found;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, rows[i].name);
        assert_int_equal(stat(path, &found), 0);
        assert_int_equal(found.st_mode & 07777, rows[i].mode);
    }
}

static void the_rollout_is_shown(void **unused) {
    assert_int_equal(ask("status.sock", "GET", "/v1/rollout", ""), 200);
    assert_non_null(strstr(answer, "Content-Type: application/json\r\n"));
    _cleanup_json_ cJSON *document = document_of();
    const cJSON *part;
    const char *text;
    double number;
    assert_int_equal(json_get_string(document, "phase", &text, NULL), 0);
    assert_string_equal(text, "Paused");
    assert_int_equal(json_get_object(document, "waiting", &part, NULL), 0);
    assert_int_equal(json_get_string(part, "until", &text, NULL), 0);
    assert_string_equal(text, "2026-11-23T09:09:00.000Z");
    assert_int_equal(json_get_object(document, "canary", &part, NULL), 0);
    assert_int_equal(json_get_string(part, "version", &text, NULL), 0);
    assert_string_equal(text, "v2");
    assert_int_equal(json_get_object(document, "weight", &part, NULL), 0);
    assert_int_equal(json_get_double(part, "actual", &number, NULL), 0);
    assert_true(number > 19.9 && number < 20.1);
    assert_int_equal(json_get_array(document, "instances", &part, NULL), 0);
    assert_int_equal(cJSON_GetArraySize(part), 4);
    assert_int_equal(json_get_array(document, "analysis", &part, NULL), 0);
    assert_int_equal(cJSON_GetArraySize(part), 1);
}

static void an_unknown_world_is_shown_as_null(void **unused) {
    memset(&fake.world, 0, sizeof(fake.world));
    fake.state.stable = fake.state.rollout.color = COLOR_NONE;
    fake.state.rollout.mode = MODE_IDLE;
    fake.state.slots[BLUE].revision = fake.state.slots[GREEN].revision = 0;
    assert_int_equal(ask("status.sock", "GET", "/v1/rollout", ""), 200);
    static const char *const nulls[] = {"\"stable\":null", "\"canary\":null", "\"revision\":null", "\"actual\":null",
                                        "\"sessions\":null"};
    for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
        if (!strstr(body_of(), nulls[i]))
            fail_msg("no %s in %s", nulls[i], body_of());
}

static void what_was_is_shown(void **unused) {
    static const char *const paths[] = {"/v1/revisions", "/v1/revisions/2", "/v1/runs", "/v1/runs/1"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ask("status.sock", "GET", paths[i], ""), 200);
        cJSON_Delete(document_of());
    }
}

static void a_verb_is_carried_out_with_who_asked(void **unused) {
    assert_int_equal(
        ask("api.sock", "POST", "/v1/rollout/deploy",
            "{\"version\": \"v3\", \"env\": {\"A\": \"1\", \"B\": \"\"}, \"expect\": {\"revision\": 2, \"step\": 1}}"),
        202);
    assert_non_null(strstr(body_of(), "\"verdict\":\"accepted\""));
    assert_int_equal(fake.asked.command.verb, VERB_DEPLOY);
    assert_string_equal(fake.asked.command.version, "v3");
    assert_string_equal(fake.env, "A=1;B=;");
    assert_int_equal(fake.asked.command.uid, getuid());
    assert_true(fake.asked.command.expect_revision && fake.asked.command.revision == 2);
    assert_true(fake.asked.command.expect_step && fake.asked.command.step == 1);
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/promote", "{\"full\": true}"), 202);
    assert_true(fake.asked.command.full);
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/pause", ""), 202);
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/pause", "{}"), 200);
    assert_non_null(strstr(body_of(), "\"verdict\":\"already\""));
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/deploy", "{\"version\": \"v3\"}"), 200);
    assert_non_null(strstr(body_of(), "\"verdict\":\"attached\""));
}

static void a_plan_changes_nothing(void **unused) {
    static const char body[] = "{\"version\": \"v9\"}";
    static const char *const wrong[] = {"deploy?dryRun=0",     "deploy?dryRun",    "deploy?dryrun=1",
                                        "deploy?dryRun=1&x=1", "promote?dryRun=1", "analyze?dryRun=1"};
    const cJSON *steps;
    char path[64];
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/deploy?dryRun=1", body), 200);
    _cleanup_json_ cJSON *document = document_of();
    assert_int_equal(json_get_array(document, "steps", &steps, NULL), 0);
    assert_int_equal(cJSON_GetArraySize(steps), 6);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(path, sizeof(path), "/v1/rollout/%s", wrong[i]);
        assert_int_equal(ask("api.sock", "POST", path, body), 400);
    }
    assert_int_equal(ask("status.sock", "POST", "/v1/rollout/deploy?dryRun=1", body), 403);
    fake.fail = -ENOEXEC;
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/deploy?dryRun=1", body), 422);
    fake.fail = 0;
    fake.spec.on_supersede = SUPERSEDE_REJECT;
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/deploy?dryRun=1", body), 409);
    assert_int_equal(fake.commands, 0);
    assert_int_equal(fake.state.generation, 4711);
}

static void failures_say_what_they_are(void **unused) {
    static const struct {
        int fail, status;
        const char *word;
    } rows[] = {{-EINVAL, 400, "invalid"},
                {-ENOENT, 400, "invalid"},
                {-ENOEXEC, 422, "configuration"},
                {-EIO, 503, "failed"},
                {-ENOSPC, 503, "failed"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fake.fail = rows[i].fail;
        assert_int_equal(ask("api.sock", "POST", "/v1/rollout/abort", ""), rows[i].status);
        assert_non_null(strstr(answer, "Content-Type: application/problem+json\r\n"));
        assert_non_null(strstr(body_of(), rows[i].word));
        assert_non_null(strstr(body_of(), "it failed: "));
    }
    fake.fail = 0;
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/retry", ""), 409);
    assert_non_null(strstr(body_of(), "urn:rollout:problem:refused"));
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/promote", "{\"expect\": {\"revision\": 1}}"), 409);
    assert_non_null(strstr(body_of(), "urn:rollout:problem:unexpected"));
}

static void a_run_by_hand_begins(void **unused) {
    assert_int_equal(
        ask("api.sock", "POST", "/v1/rollout/analyze", "{\"name\": \"success-rate\", \"args\": {\"x\": \"1\"}}"), 202);
    assert_non_null(strstr(body_of(), "\"run\":2"));
    assert_int_equal(ask("status.sock", "GET", "/v1/runs/2", ""), 200);
    assert_non_null(strstr(body_of(), "\"revision\":null"));
    assert_non_null(strstr(body_of(), "\"success\":\"0.99 >= 0.95\""));
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/analyze", "{\"name\": \"busy\"}"), 409);
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/analyze", "{\"name\": \"nothing\"}"), 422);
    assert_int_equal(ask("status.sock", "GET", "/v1/revisions/2", ""), 200);
    assert_non_null(strstr(body_of(), "\"runs\":[{\"id\":1,"));
}

/* ---------------------------------------------------------------- bad requests */

static void wrong_addresses_and_methods(void **unused) {
    static const struct {
        const char *method, *path;
        int status;
    } rows[] = {
        {"GET", "/", 404},
        {"GET", "/v1/rollout/", 404},
        {"GET", "/v1/rollout/deploy", 405},
        {"GET", "/v1/rollout/analyze", 405},
        {"POST", "/v1/rollout/explode", 404},
        {"POST", "/v1/rollout", 405},
        {"DELETE", "/v1/runs/1", 405},
        {"GET", "/v1/runs/", 404},
        {"GET", "/v1/runs/1x", 404},
        {"GET", "/v1/runs/-1", 404},
        {"GET", "/v1/runs/2", 404},
        {"GET", "/v1/runs/4294967296", 404},
        {"GET", "/v1/runs/99999999999999999999", 404},
        {"GET", "/v1/revisions/7", 404},
        {"GET", "/v1/revisions/../../etc/passwd", 404},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (ask("api.sock", rows[i].method, rows[i].path, "") != rows[i].status)
            fail_msg("%s %s: %s", rows[i].method, rows[i].path, answer);
    assert_int_equal(fake.commands, 0);
}

static void the_status_socket_only_reads(void **unused) {
    assert_int_equal(ask("status.sock", "POST", "/v1/rollout/analyze", "{\"name\": \"success-rate\"}"), 403);
    assert_int_equal(ask("status.sock", "POST", "/v1/rollout/abort", "{}"), 403);
    assert_non_null(strstr(body_of(), "read-only"));
    assert_int_equal(fake.commands, 0);
}

static void wrong_bodies_name_the_field(void **unused) {
    static const struct {
        const char *verb, *body, *detail;
    } rows[] = {
        {"deploy", "", "version: missing"},
        {"deploy", "{", "line 1"},
        {"deploy", "[]", "expected an object"},
        {"deploy", "7", "expected an object"},
        {"deploy", "{\"version\": 7}", "version: expected a string"},
        {"deploy", "{\"version\": \"../x\"}", "version: not a version"},
        {"deploy", "{\"version\": \"\"}", "version: not a version"},
        {"deploy", "{\"version\": \"v1\\u0000\"}", "line 1"},
        {"deploy", "{\"version\": \"v1\", \"versoin\": 1}", "versoin: unknown field, did you mean"},
        {"deploy", "{\"version\": \"v1\", \"version\": \"v2\"}", "version: the key is there twice"},
        {"deploy", "{\"version\": \"v1\", \"env\": [\"A=1\"]}", "env: expected an object"},
        {"deploy", "{\"version\": \"v1\", \"env\": {\"A\": 1}}", "env.A: expected a string"},
        {"deploy", "{\"version\": \"v1\", \"expect\": {\"revision\": -1}}", "expect.revision: -1 is out of range"},
        {"deploy", "{\"version\": \"v1\", \"expect\": {\"foo\": 1}}", "expect.foo: unknown field"},
        {"promote", "{\"full\": \"yes\"}", "full: expected true or false"},
        {"promote", "{\"version\": \"v1\"}", "version: unknown field"},
        {"abort", "{\"full\": true}", "full: unknown field"},
        {"abort", "{} {}", "line 1"},
        {"analyze", "", "line 1"},
        {"analyze", "[]", "expected an object"},
        {"analyze", "{}", "name: missing"},
        {"analyze", "{\"name\": \"\"}", "name: expected the name"},
        {"analyze", "{\"name\": \"a b\"}", "name: expected the name"},
        {"analyze", "{\"name\": \"a=b\"}", "name: expected the name"},
        {"analyze", "{\"name\": \"a/b\"}", "no name of a metric"},
        {"analyze", "{\"name\": \"a\", \"arg\": {}}", "arg: unknown field"},
        {"analyze", "{\"name\": \"a\", \"args\": {\"x\": 1}}", "args.x: expected a string"},
        {"analyze", "{\"name\": \"a\", \"args\": {\"x y\": \"1\"}}", "no name of an argument"},
        {"analyze", "{\"name\": \"a\", \"args\": {\"x\": \"{{y}}\"}}", "expected plain text"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/v1/rollout/%s", rows[i].verb);
        if (ask("api.sock", "POST", path, rows[i].body) != 400 || !strstr(body_of(), rows[i].detail))
            fail_msg("%s: %s", rows[i].body, answer);
    }
    assert_int_equal(fake.commands, 0);
}

static void what_is_no_http_is_refused(void **unused) {
    static const char *const texts[] = {
        "\r\n\r\n\r\n",
        "hello\r\n\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01 tls",
        "POST /v1/rollout/abort HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n",
        "POST /v1/rollout/abort HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        _cleanup_close_ int fd = begin("api.sock");
        say(fd, texts[i], strlen(texts[i]));
        (void)shutdown(fd, SHUT_WR);
        hear(fd, NULL, answer, sizeof(answer));
        assert_null(strstr(answer, "HTTP/1.1 20"));
    }
    assert_int_equal(fake.commands, 0);
}

static void too_long_is_refused(void **unused) {
    static char long_text[200 * 1024];
    memset(long_text, 'a', sizeof(long_text) - 1);
    assert_int_equal(ask("api.sock", "POST", "/v1/rollout/abort", long_text), 413);
    char *request = NULL;
    int len = asprintf(&request, "GET /v1/rollout HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", long_text);
    assert_true(len > 0);
    int status = ask_raw("api.sock", request, (size_t)len);
    free(request);
    assert_true(status == 0 || status == 431 || status == 413);
    len = asprintf(&request, "GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", long_text);
    assert_true(len > 0);
    status = ask_raw("api.sock", request, (size_t)len);
    free(request);
    assert_true(status == 0 || status == 414 || status == 431);
    assert_int_equal(fake.commands, 0);
}

static void half_a_request_does_nothing(void **unused) {
    static const char text[] = "POST /v1/rollout/abort HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        int fd = begin("api.sock");
        say(fd, text, len);
        run_loop(0);
        (void)close(fd);
        run_loop(0);
    }
    assert_int_equal(fake.commands, 0);
    assert_int_equal(ask_raw("api.sock", text, sizeof(text) - 1), 202);
    assert_int_equal(fake.commands, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(sockets_have_their_modes),
        TEST(the_rollout_is_shown),
        TEST(an_unknown_world_is_shown_as_null),
        TEST(what_was_is_shown),
        TEST(a_verb_is_carried_out_with_who_asked),
        TEST(a_plan_changes_nothing),
        TEST(failures_say_what_they_are),
        TEST(a_run_by_hand_begins),
        TEST(wrong_addresses_and_methods),
        TEST(the_status_socket_only_reads),
        TEST(wrong_bodies_name_the_field),
        TEST(what_is_no_http_is_refused),
        TEST(too_long_is_refused),
        TEST(half_a_request_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
