/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "provider/prometheus-answer.h"

#define SUCCESS(type, result) "{\"status\":\"success\",\"data\":{\"resultType\":\"" type "\",\"result\":" result "}}"
#define SERIES(value) "{\"metric\":{\"job\":\"haproxy\"},\"value\":[1435781451.781,\"" value "\"]}"

#define RANGE(values) "{\"metric\":{\"job\":\"haproxy\"},\"values\":[" values "]}"

static void values(void **unused) {
    static const struct {
        const char *body, *value;
    } cases[] = {
        {SUCCESS("vector", "[]"), "[]"},
        {SUCCESS("vector", "[" SERIES("0.9987") "]"), "[0.9987]"},
        {SUCCESS("vector", "[" SERIES("1") "," SERIES("-2.5e-07") "," SERIES("1e+21") "]"), "[1,-2.5e-07,1e+21]"},
        {SUCCESS("vector", "[" SERIES("NaN") "," SERIES("+Inf") "," SERIES("-Inf") "]"), "[NaN,Infinity,-Infinity]"},
        {SUCCESS("matrix", "[]"), "[]"},
        {SUCCESS("matrix", "[" RANGE("[1,\"1\"],[2,\"NaN\"]") "," RANGE("") "," RANGE("[1,\"3\"]") "]"), "[1,NaN,3]"},
        {SUCCESS("scalar", "[1435781451.781,\"42\"]"), "42"},
        {SUCCESS("scalar", "[1435781451,\"NaN\"]"), "NaN"},
        {SUCCESS("scalar", "[1435781451,\"0.1000000000000000055511151231257827\"]"),
         "0.1000000000000000055511151231257827"},
        {SUCCESS("string", "[1435781451.781,\"say \\\"hi\\\"\\n\"]"), "\"say \\\"hi\\\"\\n\""},
        {SUCCESS("string", "[1435781451.781,\"\"]"), "\"\""},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        _cleanup_free_ char *value = NULL, *warning = NULL;
        struct error err = {0};
        assert_int_equal(prometheus_answer(cases[i].body, strlen(cases[i].body), &value, &warning, &err), 0);
        assert_string_equal(value, cases[i].value);
        assert_null(warning);
    }
}

static void refusals(void **unused) {
    static const struct {
        const char *body;
        int code;
        const char *says;
    } cases[] = {
        {"", -EBADMSG, "this is no answer of Prometheus"},
        {"<html>", -EBADMSG, "this is no answer of Prometheus"},
        {"[]", -EBADMSG, "this is no answer of Prometheus"},
        {"{}", -EBADMSG, "status"},
        {"{\"status\":\"maybe\"}", -EBADMSG, "unknown status \"maybe\""},
        {"{\"status\":\"success\"}", -ENOENT, "data"},
        {"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[", -EBADMSG,
         "no answer of Prometheus"},
        {SUCCESS("vector", "7"), -EBADMSG, "not an array"},
        {SUCCESS("vector", "[7]"), -EBADMSG, "not a time and a value"},
        {SUCCESS("vector", "[{\"metric\":{},\"value\":[1,\"1\",\"1\"]}]"), -EBADMSG, "not a time and a value"},
        {SUCCESS("vector", "[{\"metric\":{},\"value\":[1,1]}]"), -EBADMSG, "not a time and a value"},
        {SUCCESS("vector", "[{\"metric\":{},\"histogram\":[1,{}]}]"), -EBADMSG, "histogram_quantile()"},
        {SUCCESS("vector", "[" SERIES("") "]"), -EBADMSG, "\"\" where a number belongs"},
        {SUCCESS("vector", "[" SERIES("Inf") "]"), -EBADMSG, "\"Inf\" where a number belongs"},
        {SUCCESS("vector", "[" SERIES("01") "]"), -EBADMSG, "where a number belongs"},
        {SUCCESS("vector", "[" SERIES("1.") "]"), -EBADMSG, "where a number belongs"},
        {SUCCESS("vector", "[" SERIES("1e") "]"), -EBADMSG, "where a number belongs"},
        {SUCCESS("vector", "[" SERIES("1e999") "]"), -EBADMSG, "where a number belongs"},
        {SUCCESS("vector", "[" SERIES("0x10") "]"), -EBADMSG, "where a number belongs"},
        {SUCCESS("vector", "[" SERIES("1,2") "]"), -EBADMSG, "where a number belongs"},
        {SUCCESS("scalar", "[1435781451.781,\"up\"]"), -EBADMSG, "\"up\" where a number belongs"},
        {SUCCESS("scalar", "null"), -EBADMSG, "not a time and a value"},
        {SUCCESS("matrix", "[{\"metric\":{},\"values\":7}]"), -EBADMSG, "a range without values"},
        {SUCCESS("matrix", "[" SERIES("1") "]"), -EBADMSG, "a range without values"},
        {SUCCESS("matrix", "[" RANGE("[1,\"1\"],[2,3]") "]"), -EBADMSG, "not a time and a value"},
        {SUCCESS("matrix", "[{\"metric\":{},\"values\":[],\"histograms\":[]}]"), -EBADMSG, "histogram_quantile()"},
        {SUCCESS("matrix", "{}"), -EBADMSG, "not an array"},
        {SUCCESS("streams", "[]"), -EBADMSG, "unknown type \"streams\""},
        {"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"1:5: parse error: unexpected \\\"}\\\"\"}",
         -EREMOTEIO, "Prometheus says bad_data: 1:5: parse error: unexpected \"}\""},
        {"{\"status\":\"error\"}", -EREMOTEIO, "Prometheus says error: no reason given"},
        {"{\"status\":\"error\",\"error\":7}", -EREMOTEIO, "no reason given"},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char *value = NULL, *warning = NULL;
        struct error err = {0};
        int r = prometheus_answer(cases[i].body, strlen(cases[i].body), &value, &warning, &err);
        if (r != cases[i].code || err.code != r || !strstr(err.text, cases[i].says))
            fail_msg("%s: %d, \"%s\"", cases[i].body, r, err.text);
        assert_null(value);
        assert_null(warning);
    }
}

static void warnings_are_told(void **unused) {
    static const char body[] = "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]},"
                               "\"warnings\":[\"one store is down\",\"two\\nlines\"]}";
    _cleanup_free_ char *value = NULL, *warning = NULL;
    assert_int_equal(prometheus_answer(body, strlen(body), &value, &warning, NULL), 0);
    assert_string_equal(value, "[]");
    assert_string_equal(warning, "Prometheus warns: one store is down; two\\nlines");
}

static void many_warnings_are_cut(void **unused) {
    _cleanup_buffer_ struct buffer body = BUFFER(64 * 1024);
    (void)buffer_puts(&body,
                      "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]},\"warnings\":[\"0\"");
    for (int i = 0; i < 1000; i++)
        (void)buffer_puts(&body, ",\"a store that is down\"");
    assert_int_equal(buffer_puts(&body, "]}"), 0);
    _cleanup_free_ char *value = NULL, *warning = NULL;
    assert_int_equal(prometheus_answer(body.data, body.len, &value, &warning, NULL), 0);
    assert_in_range(strlen(warning), 400, 512);
}

static int ask_series(int n, struct error *err) {
    _cleanup_buffer_ struct buffer body = BUFFER(1024 * 1024);
    (void)buffer_puts(&body, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[");
    for (int i = 0; i < n; i++)
        (void)buffer_printf(&body, "%s%s", i > 0 ? "," : "", SERIES("1"));
    assert_int_equal(buffer_puts(&body, "]}}"), 0);
    _cleanup_free_ char *value = NULL, *warning = NULL;
    return prometheus_answer(body.data, body.len, &value, &warning, err);
}

static void series_are_bounded(void **unused) {
    struct error err = {0};
    assert_int_equal(ask_series(PROMETHEUS_SERIES_MAX, &err), 0);
    assert_int_equal(ask_series(PROMETHEUS_SERIES_MAX + 1, &err), -E2BIG);
    assert_non_null(strstr(err.text, "the query gives 1001 series"));
}

static void values_are_bounded(void **unused) {
    _cleanup_buffer_ struct buffer body = BUFFER(1024 * 1024);
    (void)buffer_puts(&body,
                      "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"values\":[[1,\"0\"]");
    for (int i = 0; i < 20000; i++)
        (void)buffer_puts(&body, ",[1,\"3.14159265358979\"]");
    assert_int_equal(buffer_puts(&body, "]}]}}"), 0);
    char *value = NULL, *warning = NULL;
    struct error err = {0};
    assert_int_equal(prometheus_answer(body.data, body.len, &value, &warning, &err), -E2BIG);
    assert_string_equal(err.text,
                        "the query gives more values than 262144 bytes hold: aggregate them, or ask for fewer");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(refusals),
        cmocka_unit_test(warnings_are_told),
        cmocka_unit_test(many_warnings_are_cut),
        cmocka_unit_test(series_are_bounded),
        cmocka_unit_test(values_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
