/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "spec/steps.h"

static struct step parsed(const char *text) {
    struct step step = {0};
    struct error err = {0};

    if (step_parse(text, &step, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    assert_string_equal(step.text, text);
    return step;
}

static void weights(void **state) {
    static const struct {
        const char *text;
        share_t share;
    } cases[] = {
        {"0", 0},    {"20", 2000},    {"100", 10000},    {"33.3", 3330}, {"33.33", 3333},
        {"0.01", 1}, {"99.99", 9999}, {"100.00", 10000}, {"007", 700},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        share_t share = -1;
        assert_int_equal(share_parse(cases[i].text, &share, NULL), 0);
        assert_int_equal(share, cases[i].share);
    }
}

static void every_kind_of_step(void **state) {
    assert_int_equal(parsed("setWeight 20").weight, 2000);
    assert_int_equal(parsed("setWeight \t 12.5").weight, 1250);
    assert_true(parsed("pause").duration == USEC_INFINITY);
    assert_true(parsed("pause 10min").duration == 600 * USEC_PER_SEC);
    assert_true(parsed("pause 1h 30s").duration == 3630 * USEC_PER_SEC);
    assert_true(parsed("pause 0").duration == 0);

    struct step step = parsed("analysis success-rate latency-p95");
    assert_int_equal(step.kind, STEP_ANALYSIS);
    assert_int_equal(step.analysis.n_names, 2);
    assert_string_equal(step.analysis.names[0], "success-rate");
    assert_string_equal(step.analysis.names[1], "latency-p95");

    step = parsed("setCanaryScale replicas 3");
    assert_int_equal(step.scale.kind, SCALE_REPLICAS);
    assert_int_equal(step.scale.value, 3);
    step = parsed("setCanaryScale weight 50.5");
    assert_int_equal(step.scale.kind, SCALE_WEIGHT);
    assert_int_equal(step.scale.value, 5050);
    assert_int_equal(parsed("setCanaryScale matchTrafficWeight").scale.kind, SCALE_MATCH_TRAFFIC_WEIGHT);

    step = parsed("setHeaderRoute beta X-Beta exact 1");
    assert_int_equal(step.kind, STEP_SET_HEADER_ROUTE);
    assert_int_equal(step.route.match, ROUTE_EXACT);
    assert_string_equal(step.route.name, "beta");
    assert_string_equal(step.route.field, "X-Beta");
    assert_string_equal(step.route.value, "1");
    step = parsed("setHeaderRoute agents User-Agent regex Moz.* (X11)");
    assert_int_equal(step.route.match, ROUTE_REGEX);
    assert_string_equal(step.route.value, "Moz.* (X11)");
    step = parsed("setCookieRoute beta who prefix test-");
    assert_int_equal(step.kind, STEP_SET_COOKIE_ROUTE);
    assert_int_equal(step.route.match, ROUTE_PREFIX);
    step = parsed("setHeaderRoute beta"); /* the route ends */
    assert_string_equal(step.route.field, "");
    assert_string_equal(step.route.value, "");
}

static void bad_steps(void **state) {
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"setWeight 120", "weight 120 is more than everything, expected 0 to 100"},
        {"setWeight 100.01", "weight 100.01 is more than everything, expected 0 to 100"},
        {"setWeight", "\"\" is no weight, expected 0 to 100 with up to two decimals"},
        {"setWeight -5", "\"-5\" is no weight, expected 0 to 100 with up to two decimals"},
        {"setWeight 20%", "\"20%\" is no weight, expected 0 to 100 with up to two decimals"},
        {"setWeight 1.234", "\"1.234\" is no weight, expected 0 to 100 with up to two decimals"},
        {"setWeight 5.", "\"5.\" is no weight, expected 0 to 100 with up to two decimals"},
        {"setWeight .5", "\".5\" is no weight, expected 0 to 100 with up to two decimals"},
        {"setWeight 20 30", "\"20 30\" is no weight, expected 0 to 100 with up to two decimals"},
        {"setWeight 99999999999", "\"99999999999\" is no weight, expected 0 to 100 with up to two decimals"},
        {"setweight 20", "unknown step \"setweight\", did you mean setWeight?"},
        {"SetWeight 20", "unknown step \"SetWeight\", did you mean setWeight?"},
        {"analyze x", "unknown step \"analyze\", did you mean analysis?"},
        {"dance", "unknown step \"dance\", expected setWeight, pause, analysis, setCanaryScale, setHeaderRoute or "
                  "setCookieRoute"},
        {"pause -5s", "\"-5s\" is negative, expected a time span of 0 or more"},
        {"pause soon", "\"soon\" is no time span, expected one like \"10min\", \"1h 30s\" or \"infinity\""},
        {"analysis", "analysis without a name, expected \"analysis NAME...\""},
        {"analysis a a", "\"a\" is named twice"},
        {"analysis a/b", "\"a/b\" is no name of a metric or template"},
        {"analysis -a", "\"-a\" is no name of a metric or template"},
        {"analysis a b c d e f g h i", "more than 8 names in one analysis, expected fewer"},
        {"analysis nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "a name of more than 63 characters, expected a shorter one"},
        {"setCanaryScale", "\"\" is no scale, expected \"replicas N\", \"weight W\" or \"matchTrafficWeight\""},
        {"setCanaryScale 3", "\"3\" is no scale, expected \"replicas N\", \"weight W\" or \"matchTrafficWeight\""},
        {"setCanaryScale replicas", "\"\" is no number of replicas, expected 0 to 32"},
        {"setCanaryScale replicas 33", "\"33\" is no number of replicas, expected 0 to 32"},
        {"setCanaryScale replicas 4294967297", "\"4294967297\" is no number of replicas, expected 0 to 32"},
        {"setCanaryScale weight 101", "weight 101 is more than everything, expected 0 to 100"},
        {"setHeaderRoute", "a route needs a name of at most 31 letters, digits, - _ ."},
        {"setHeaderRoute beta X-Beta",
         "route beta: expected \"exact VALUE\", \"prefix VALUE\" or \"regex VALUE\" after X-Beta"},
        {"setHeaderRoute beta X-Beta exact",
         "route beta: expected \"exact VALUE\", \"prefix VALUE\" or \"regex VALUE\" after X-Beta"},
        {"setHeaderRoute beta X-Beta is 1",
         "route beta: expected \"exact VALUE\", \"prefix VALUE\" or \"regex VALUE\" after X-Beta"},
        {"setHeaderRoute b H exact a\tb", "route b: control characters in its value, expected none"},
        {"setHeaderRoute b H regex a(b", "this parenthesis is not closed\n    a(b\n     ^"},
        {"setHeaderRoute b H regex ^a",
         "a route's regular expression cannot have ^ or $, expected none, as it matches the "
         "whole value"},
        {"setHeaderRoute b H regex a$",
         "a route's regular expression cannot have ^ or $, expected none, as it matches the "
         "whole value"},
        {"setHeaderRoute b H regex a\\s", "a route's regular expression cannot have this escape, expected \\d \\w \\b "
                                          "\\B \\x20 or a class in brackets; it matches the whole value"},
        {"setHeaderRoute b H regex \\Qa\\E", "a route's regular expression cannot have this escape, expected \\d \\w "
                                             "\\b \\B \\x20 or a class in brackets; it matches the whole value"},
        {"setHeaderRoute b H regex a\\x0a",
         "a route's regular expression cannot have such a \\x, expected \\x20 to \\x7e"},
        {"setHeaderRoute b H regex (?s)a.b",
         "a route's regular expression cannot have this group, expected (...), (?:...), (?i) or (?i:...)"},
        {"setHeaderRoute b H regex [[:space:]]",
         "a route's regular expression cannot have this class, expected [:alnum:], [:alpha:], [:digit:], [:graph:], "
         "[:lower:], [:print:], [:punct:], [:upper:], [:word:] or [:xdigit:]"},
        {"setHeaderRoute b H regex \xc3\xa4", "a route's regular expression is ASCII, expected no other characters"},
        {"setCookieRoute b C regex a\\x3Bb",
         "a route's regular expression cannot have a semicolon, expected none, as a cookie ends there"},
        {"setCookieRoute b C exact a;b", "route b: a cookie ends at the semicolon, expected none in its value"},
        {"setHeaderRoute beta X:Beta exact 1",
         "route beta: bad header or cookie, expected at most 63 letters, digits, - _ ."},
        {"pause 1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111"
         "1111111111111111111111111111111111111111111111111111111111111111111",
         "a step of more than 159 characters, expected a shorter one"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct step step = {.kind = STEP_PAUSE, .text = "untouched"};
        struct error err = {0};
        assert_int_equal(step_parse(cases[i].text, &step, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].error);
        assert_string_equal(step.text, "untouched");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights),
        cmocka_unit_test(every_kind_of_step),
        cmocka_unit_test(bad_steps),
    };
    return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}
