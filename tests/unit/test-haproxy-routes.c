/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The map of routes: its text, as HAProxy shows it, and the commands that change it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/text.h"
#include "traffic/haproxy-routes.h"

#define CONFIGURATION "[HAProxy]\nBackend=shop\nPreviewBackend=next\nServer=%H.%c-%n\nRouteMap=/r\n[Canary]\n"

static struct spec *spec;
static struct haproxy_names names;
static struct haproxy_routes routes;

static void load(const char *text) {
    struct error err = {0};
    if (spec_parse("shop", text, "f", &spec, &err) < 0)
        fail_msg("%s", err.text);
    (void)string_copy(spec->haproxy.server, sizeof spec->haproxy.server, "a.b:%c-%n"); /* no host's name in a test */
    assert_int_equal(haproxy_names_load(spec, &names, NULL), 0);
    haproxy_routes_load(spec, &routes);
}

static int unload(void **state) {
    spec = spec_free(spec);
    return 0;
}

/* The map after so many steps. */
static void expect(uint32_t steps, const char *expected) {
    _cleanup_buffer_ struct buffer text = BUFFER(HAPROXY_MAP_MAX);
    const struct route_set set = {.revision = 7, .attempt = 1, .color = GREEN, .steps = steps};
    assert_int_equal(haproxy_routes_text(&routes, &names, &set, &text), 0);
    assert_string_equal(buffer_text(&text), expected);
}

#define BETA "(?m)^x-beta:\\x201\\r?$ next\n"

static void test_matches(void **state) {
    load(CONFIGURATION "Step=setHeaderRoute beta X-Beta exact 1\nStep=setWeight 5\n"
                       "Step=setCookieRoute who my.name prefix a.b \nStep=setHeaderRoute beta\n"
                       "Step=setHeaderRoute who UA regex (?:a|.)[^x y]\\;\\d{2}[[:alpha:].;]*\n"
                       "Step=setCookieRoute c C regex .[^a]\nStep=setHeaderRoute v V exact a b;c|\\\"$\n");
    expect(0, "");
    expect(1, BETA);
    expect(2, BETA);
    expect(3, BETA "(?m)^cookie:(?:.*\\x3b|)\\x20*my\\.name=a\\.b next\n");
    expect(4, "(?m)^cookie:(?:.*\\x3b|)\\x20*my\\.name=a\\.b next\n");
    expect(5, "(?m)^ua:\\x20(?:(?:a|[^\\r\\n])[^\\r\\nx\\x20y]\\x3b\\d{2}[[:alpha:].\\x3b]*)\\r?$ next\n");
    expect(7, "(?m)^ua:\\x20(?:(?:a|[^\\r\\n])[^\\r\\nx\\x20y]\\x3b\\d{2}[[:alpha:].\\x3b]*)\\r?$ next\n"
              "(?m)^cookie:(?:.*\\x3b|)\\x20*C=(?:[^\\r\\n\\x3b][^\\r\\n\\x3ba])\\x20*(?:\\x3b.*)?\\r?$ next\n"
              "(?m)^v:\\x20a\\x20b\\x3bc\\|\\\\\"\\$\\r?$ next\n");
    _cleanup_buffer_ struct buffer text = BUFFER(HAPROXY_MAP_MAX);
    assert_int_equal(haproxy_routes_text(&routes, &names, &(struct route_set){0}, &text), 0);
    assert_string_equal(buffer_text(&text), "");
}

static void expect_class(const char *step, const char *text) {
    char configuration[512], wanted[512];
    (void)snprintf(configuration, sizeof configuration, "%sStep=%s\n", CONFIGURATION, step);
    load(configuration);
    (void)snprintf(wanted, sizeof wanted, "%s next\n", text);
    expect(1, wanted);
    (void)unload(NULL);
}

/* As PCRE takes classes: a hyphen that makes no range is escaped, and no class of a cookie goes past its end. */
static void test_classes(void **state) {
    expect_class("setHeaderRoute b H regex [\\w-.]+[^-_][a-c-e][--/]x",
                 "(?m)^h:\\x20(?:[\\w\\-.]+[^\\r\\n\\-_][a-c\\-e][\\--/]x)\\r?$");
    expect_class("setHeaderRoute b H regex [[:alpha:]-z\\x20-~]", "(?m)^h:\\x20(?:[[:alpha:]\\-z\\x20-~])\\r?$");
    expect_class("setCookieRoute b C regex [!-~]*[^a-]",
                 "(?m)^cookie:(?:.*\\x3b|)\\x20*C=(?:(?:(?!\\x3b)[!-~])*[^\\r\\n\\x3ba\\-])\\x20*(?:\\x3b.*)?\\r?$");
}

static void test_session(void **state) {
    load(CONFIGURATION "SessionCookie=rollout\nSessionCookieMaxAgeSec=1h\n");
    _cleanup_buffer_ struct buffer text = BUFFER(HAPROXY_MAP_MAX);
    const struct route_set set = {.revision = 7, .attempt = 1, .color = GREEN};
    assert_int_equal(haproxy_routes_text(&routes, &names, &set, &text), 0);
    const char *begin = "(?m)^cookie:(?:.*\\x3b|)\\x20*rollout=7-1\\x20*(?:\\x3b.*)?\\r?$ next\n"
                        "^(?:a\\.b:green-1|a\\.b:green-2|",
               *end = "|a\\.b:green-32)$ rollout=7-1;Path=/;Max-Age=3600\n";
    assert_memory_equal(buffer_text(&text), begin, strlen(begin));
    assert_string_equal(buffer_text(&text) + text.len - strlen(end), end);
}

static void test_read(void **state) {
    char shown[] = "0x7f8db4046380 a b\n0x55ed61738410 c d;e f";
    char empty[] = "", none[] = "Unknown map identifier. Please use #<id> or <file>.";
    assert_true(haproxy_map_read(shown));
    assert_string_equal(shown, "a b\nc d;e f\n");
    assert_true(haproxy_map_read(empty));
    assert_string_equal(empty, "");
    assert_false(haproxy_map_read(none));
}

static void commands(const char *seen, const char *wanted, const char *expected) {
    _cleanup_buffer_ struct buffer text = BUFFER(HAPROXY_MAP_MAX);
    assert_int_equal(haproxy_map_commands("/r", seen, wanted, &text), 0);
    assert_string_equal(buffer_text(&text), expected);
}

static void test_changes(void **state) {
    commands("", "", "");
    commands("a 1\nb 2\n", "b 2\na 1\n", "");
    commands("", "a\\x20 1;2\n", "add map /r a\\\\x20 1\\;2\n");
    commands("a 1\n", "a 1\nb 2\n", "add map /r b 2\n");
    commands("a 1\nb 2\n", "b 2\n", "del map /r a\n");
    commands("old 1\n", "new 1\n", "add map /r new 1\ndel map /r old\n"); /* never neither of them */
    commands("a 1\n", "a 2\n", "del map /r a\nadd map /r a 2\n");
    commands("a 1\na 2\n", "a 1\n", "del map /r a\nadd map /r a 1\n"); /* a key goes with all its entries */
    commands("a 1\na 1\n", "", "del map /r a\n");
    commands("a 1\na 2\nb 1\n", "b 1\n", "del map /r a\n");
}

/* What is not ours may be long. */
static void test_foreign(void **state) {
    _cleanup_buffer_ struct buffer seen = BUFFER(1 << 16);
    for (int i = 0; i < 1000; i++)
        buffer_printf(&seen, "key%d value\n", i);
    commands(buffer_text(&seen), "a 1\n", "clear map /r\nadd map /r a 1\n");
}

static void test_equal(void **state) {
    assert_true(haproxy_map_equal("", ""));
    assert_true(haproxy_map_equal("a 1\nb 2\n", "b 2\na 1\n"));
    assert_false(haproxy_map_equal("a 1\n", "a 1\nb 2\n"));
    assert_false(haproxy_map_equal("a 1\nb 2\n", "a 1\n"));
    assert_false(haproxy_map_equal("a 1\n", "a 12\n"));
    assert_false(haproxy_map_equal("a 1\na 2\n", "a 1\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_matches, unload),
        cmocka_unit_test(test_classes),
        cmocka_unit_test_teardown(test_session, unload),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
