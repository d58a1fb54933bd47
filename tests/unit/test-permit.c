/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rule for polkit, as text; that polkit takes it so is shown by tests/integration/test_manager.py. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "ctl/permit.h"

/* What stands between "[" and "].forEach". */
static void assert_kept(const struct spec *spec, const struct spec *pinned, const char *before, const char *expected) {
    _cleanup_free_ char *text = NULL;
    assert_int_equal(permit_text(spec, pinned, before, &text, NULL), 0);
    char *begin = strstr(text, "    [\n");
    char *end = strstr(text, "    ].forEach");
    assert_true(begin && end);
    *end = '\0';
    assert_string_equal(begin + strlen("    [\n"), expected);
}

static void assert_units(const struct spec *spec, const char *expected) {
    assert_kept(spec, NULL, NULL, expected);
}

static void test_every_unit_of_the_app(void **state) {
    struct setting job_unit = {.key = (char[]){"Unit"}, .value = (char[]){"shop-load@.service"}};
    struct setting query = {.key = (char[]){"Unit"}, .value = (char[]){"no-job@.service"}};
    struct setting hook_settings[] = {
        {.key = (char[]){"At"}, .value = (char[]){"pre-rollout"}},
        {.key = (char[]){"Unit"}, .value = (char[]){"approve.service"}},
    };
    struct metric_spec metrics[] = {
        {.provider = "job", .settings = &job_unit, .n_settings = 1},
        {.provider = "web", .settings = &query, .n_settings = 1},
    };
    struct template_spec template = {.metrics = metrics, .n_metrics = 2};
    struct party_spec hook = {.settings = hook_settings, .n_settings = 2};
    struct spec spec = {
        .app = "shop",
        .unit = "shop@.service",
        .prepare = "shop-fetch@.service",
        .templates = &template,
        .n_templates = 1,
        .hooks = &hook,
        .n_hooks = 1,
    };
    assert_units(&spec, "        \"shop@.service\",\n"
                        "        \"shop-fetch@.service\",\n"
                        "        \"shop-load@.service\",\n"
                        "        \"approve.service\",\n");
}

static void test_backslash(void **state) {
    struct spec spec = {.app = "shop", .unit = "my\\x2dshop@.service"};
    assert_units(&spec, "        \"my\\\\x2dshop@.service\",\n");
}

/* The agent, which writes what it is pinned to, keeps by it what it had, and gains nothing. */
static void test_what_is_under_way_is_kept(void **state) {
    struct spec now = {.app = "shop", .unit = "other@.service"};
    struct spec begun = {.app = "shop", .unit = "shop@.service", .prepare = "fetch@.service"};
    _cleanup_free_ char *before = NULL;
    assert_int_equal(permit_text(&begun, NULL, NULL, &before, NULL), 0);
    assert_kept(&now, &begun, before,
                "        \"other@.service\",\n"
                "        \"shop@.service\",\n"
                "        \"fetch@.service\",\n");
    assert_kept(&now, &begun, NULL, "        \"other@.service\",\n");
    assert_kept(&now, NULL, before, "        \"other@.service\",\n");
    assert_kept(&begun, &begun, before,
                "        \"shop@.service\",\n"
                "        \"fetch@.service\",\n");

    struct spec wishes = {.app = "shop", .unit = "hop@.service", .prepare = "ssh.service"};
    assert_kept(&now, &wishes, before, "        \"other@.service\",\n");
}

static void test_no_way_out_of_the_string(void **state) {
    static const char *const names[] = {
        "a\"@.service", "a'@.service", "a\n@.service", "a/@.service",       "a b@.service",    "@.service",
        ".service",     "shop@.timer", "*@.service",   "\xc3\xa4@.service", "shop@.service\"",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct spec spec = {.app = "shop"};
        struct error err = {0};
        char *text = NULL;
        (void)snprintf(spec.unit, sizeof(spec.unit), "%s", names[i]);
        assert_int_equal(permit_text(&spec, NULL, NULL, &text, &err), -EINVAL);
        assert_null(text);
        assert_true(err.text[0]);
    }
}

static void test_too_much(void **state) {
    static struct party_spec hooks[2000];
    char name[UNIT_NAME_MAX];
    (void)snprintf(name, sizeof(name), "%0240d@.service", 7);
    struct setting unit = {.key = (char[]){"Unit"}, .value = name};
    for (size_t i = 0; i < 2000; i++)
        hooks[i] = (struct party_spec){.settings = &unit, .n_settings = 1};
    struct spec spec = {.app = "shop", .unit = "shop@.service", .hooks = hooks, .n_hooks = 2000};
    char *text = NULL;
    struct error err = {0};
    assert_int_equal(permit_text(&spec, NULL, NULL, &text, &err), -ENOBUFS);
    assert_null(text);
    assert_true(err.text[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_unit_of_the_app),
        cmocka_unit_test(test_backslash),
        cmocka_unit_test(test_what_is_under_way_is_kept),
        cmocka_unit_test(test_no_way_out_of_the_string),
        cmocka_unit_test(test_too_much),
    };
    return cmocka_run_group_tests_name("permit", tests, NULL, NULL);
}
