/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "provider/http.h"
#include "provider/provider.h"
#include "provider/settings.h"

struct fields {
    const char *address, *query;
    struct http_settings http;
};

static const struct setting_row rows[] = {
    {"Address", setting_url, offsetof(struct fields, address), false, "http://127.0.0.1:9090"},
    {"Query", setting_text, offsetof(struct fields, query), true, NULL},
    HTTP_SETTINGS(struct fields, "30s"),
};

/* A metric with the settings KEY, VALUE, KEY, VALUE, ..., the first of them on line 11. */
#define METRIC(...) \
    make_metric((const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *) / 2)

static struct metric_spec make_metric(const char **pairs, size_t n) {
    static struct setting settings[32];
    for (size_t i = 0; i < n; i++)
        settings[i] = (struct setting){.key = (char *)pairs[2 * i],
                                       .value = (char *)pairs[2 * i + 1],
                                       .file = (char *)"shop.conf",
                                       .line = 11 + (int)i};
    return (struct metric_spec){.name = "errors",
                                .provider = "prometheus",
                                .settings = settings,
                                .n_settings = n,
                                .file = (char *)"shop.conf",
                                .line = 10};
}

static int read_fields(struct metric_spec metric, bool expanded, struct fields *fields, struct error *err) {
    *fields = (struct fields){0};
    return settings_read(rows, ELEMENTS(rows), &metric, expanded, fields, err);
}

static void defaults(void **unused) {
    struct fields fields;
    assert_int_equal(read_fields(METRIC("Query", "up"), true, &fields, NULL), 0);
    assert_string_equal(fields.address, "http://127.0.0.1:9090");
    assert_string_equal(fields.query, "up");
    assert_int_equal(fields.http.timeout, 30 * USEC_PER_SEC);
    assert_false(fields.http.insecure);
    assert_int_equal(fields.http.headers.n, 0);
    assert_null(fields.http.bearer);
}

static void later_values_count(void **unused) {
    struct fields fields;
    assert_int_equal(read_fields(METRIC("Query", "up", "Header", "A: 1", "Header", "", "Header", "B: 2", "Header",
                                        "C: 3", "Query", "down", "TimeoutSec", "5s", "TimeoutSec", ""),
                                 true, &fields, NULL),
                     0);
    assert_string_equal(fields.query, "down");
    assert_int_equal(fields.http.headers.n, 2);
    assert_string_equal(fields.http.headers.items[0], "B: 2");
    assert_int_equal(fields.http.timeout, 30 * USEC_PER_SEC);
}

static void refusals(void **unused) {
    static const struct {
        const char *key, *value, *says;
    } cases[] = {
        {"Qeury", "up", "shop.conf:12: the provider prometheus knows no key Qeury, did you mean Query?"},
        {"Colour", "red", "shop.conf:12: the provider prometheus knows no key Colour"},
        {"Address", "localhost:9090",
         "shop.conf:12: Address=: not an address, expected one like http://127.0.0.1:9090"},
        {"Address", "ftp://host/", "not an address"},
        {"Address", "http://", "not an address"},
        {"Address", "http://me:secret@host/", "must not hold a user or password, expected BasicCredential="},
        {"TimeoutSec", "soon", "TimeoutSec=: "},
        {"TimeoutSec", "0", "not between 1ms and 1h"},
        {"TimeoutSec", "infinity", "not between 1ms and 1h"},
        {"TimeoutSec", "2h", "not between 1ms and 1h"},
        {"Header", "Authorization", "not a header, expected \"Name: value\""},
        {"Header", "Not a name: 1", "not a header"},
        {"Header", "Empty: ", "not a header"},
        {"Header", "Two: 1\r\nLines: 2", "control characters"},
        {"Header", "content-length: 7", "is set by the agent itself"},
        {"BearerCredential", "../passwd", "not the name of a credential"},
        {"BasicCredential", "user:password", "not the name of a credential"},
        {"CAFile", "ca.pem", "\"ca.pem\" is not an absolute path"},
        {"InsecureTLS", "maybe", "\"maybe\" is neither yes nor no"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct fields fields;
        struct error err = {0};
        int r = read_fields(METRIC("Query", "up", cases[i].key, cases[i].value), true, &fields, &err);
        if (r != -EINVAL || !strstr(err.text, cases[i].says))
            fail_msg("%s=%s: %d, %s", cases[i].key, cases[i].value, r, err.text);
    }
}

static void required_keys_are_missed(void **unused) {
    struct fields fields;
    struct error err = {0};
    assert_int_equal(read_fields(METRIC("Address", "http://host"), true, &fields, &err), -EINVAL);
    assert_string_equal(err.text, "shop.conf:10: [Metric errors] needs Query=, as Provider=prometheus has it");
    assert_int_equal(read_fields(METRIC("Query", "up", "Query", ""), true, &fields, NULL), -EINVAL);
}

static void secrets_are_not_shown(void **unused) {
    struct fields fields;
    struct error err = {0};
    assert_true(read_fields(METRIC("Query", "up", "Header", "X-Token=hunter2"), true, &fields, &err) < 0);
    assert_null(strstr(err.text, "hunter2"));
    assert_true(read_fields(METRIC("Query", "up", "BearerCredential", "hunter2!"), true, &fields, &err) < 0);
    assert_null(strstr(err.text, "hunter2"));
    assert_true(read_fields(METRIC("Query", "up", "Address", "http://u:hunter2@h"), true, &fields, &err) < 0);
    assert_null(strstr(err.text, "hunter2"));
}

static void arguments_are_left_alone(void **unused) {
    struct metric_spec metric =
        METRIC("Query", "up{job=\"{{args.job}}\"}", "Address", "{{args.prometheus}}", "TimeoutSec", "{{args.timeout}}");
    struct fields fields;
    assert_int_equal(read_fields(metric, false, &fields, NULL), 0);
    assert_null(fields.address);
    assert_int_equal(read_fields(metric, true, &fields, NULL), -EINVAL);
    assert_int_equal(provider_find("prometheus")->check(&metric, NULL), 0);
}

static void keys_that_exclude_each_other(void **unused) {
    struct metric_spec both = METRIC("Query", "up", "BearerCredential", "a", "BasicCredential", "b");
    struct error err = {0};
    assert_int_equal(provider_find("prometheus")->check(&both, &err), -EINVAL);
    assert_string_equal(err.text, "shop.conf:13: BasicCredential= and BearerCredential= exclude each other");

    struct metric_spec key = METRIC("Query", "up", "ClientKey", "/k.pem");
    assert_int_equal(provider_find("prometheus")->check(&key, &err), -EINVAL);
    assert_string_equal(err.text, "shop.conf:12: ClientKey= needs ClientCertificate=");

    struct metric_spec query = METRIC("Query", "up", "Address", "http://host/?a=b");
    assert_int_equal(provider_find("prometheus")->check(&query, &err), -EINVAL);
    assert_non_null(strstr(err.text, "shop.conf:12: Address=: expected no \"?\""));
}

static void refusals_of_providers(void **unused) {
    static const struct {
        const char *provider, *keys[6], *says;
    } cases[] = {
        {"prometheus", {"Query", "up", "RangeSec", "5min"}, "shop.conf:12: RangeSec= needs RangeStepSec="},
        {"prometheus", {"Query", "up", "RangeStepSec", "5s"}, "shop.conf:12: RangeStepSec= needs RangeSec="},
        {"prometheus",
         {"Query", "up", "RangeSec", "1d", "RangeStepSec", "1s"},
         "shop.conf:13: RangeStepSec=: a point each 1s of 1d is more than 11000 points"},
        {"web", {"Method", "GET"}, "shop.conf:10: [Metric errors] needs URL=, as Provider=web has it"},
        {"web", {"URL", "http://h", "Method", "DELETE"}, "shop.conf:12: Method=: none of GET, POST and PUT"},
        {"web", {"URL", "http://h", "Body", "a"}, "shop.conf:12: Body= needs Method=POST or Method=PUT"},
        {"web", {"URL", "http://h", "JSONBody", "1"}, "shop.conf:12: JSONBody= needs Method=POST or Method=PUT"},
        {"web", {"Body", "a", "JSONBody", "1", "URL", "http://h"}, "Body= and JSONBody= exclude each other"},
        {"web", {"URL", "http://h", "Method", "PUT", "JSONBody", "{\"a\": 01}"}, "shop.conf:13: JSONBody=: "},
        {"web", {"URL", "http://h", "JSONPath", "$.list[?@.a =! 1]"}, "shop.conf:12: JSONPath=: "},
        {"web", {"URL", "http://h", "JSONPath", "$.list[?@.a =! 1]"}, "\n    $.list[?@.a =! 1]\n                ^"},
        {"job", {"TimeoutSec", "1s"}, "shop.conf:10: [Metric errors] needs Unit=, as Provider=job has it"},
        {"job", {"Unit", "check.service"}, "shop.conf:11: Unit=: \"check.service\" is no template unit"},
        {"job", {"Unit", "check@blue-1.service"}, "is no template unit, expected NAME@.service"},
        {"job", {"Unit", "@.service"}, "is no template unit"},
        {"job", {"Unit", "check@.service", "TimeoutSec", "2h"}, "shop.conf:12: TimeoutSec=: 2h is not between"},
        {"haproxy", {"URL", "http://h"}, "shop.conf:11: the provider haproxy knows no key URL"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        size_t n = 0;
        while (n < 3 && cases[i].keys[2 * n])
            n++;
        const char *pairs[6];
        memcpy(pairs, cases[i].keys, sizeof pairs);
        struct metric_spec metric = make_metric(pairs, n);
        struct error err = {0};
        (void)snprintf(metric.provider, sizeof metric.provider, "%s", cases[i].provider);
        int r = provider_find(cases[i].provider)->check(&metric, &err);
        if (r >= 0 || !strstr(err.text, cases[i].says))
            fail_msg("%zu: %d, %s", i, r, err.text);
    }
}

static void the_table(void **unused) {
    for (const char *const *name = provider_names(); *name; name++)
        assert_string_equal(provider_find(*name)->name, *name);
    assert_null(provider_find("promethoys"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(later_values_count),
        cmocka_unit_test(refusals),
        cmocka_unit_test(required_keys_are_missed),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(arguments_are_left_alone),
        cmocka_unit_test(keys_that_exclude_each_other),
        cmocka_unit_test(refusals_of_providers),
        cmocka_unit_test(the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
