/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "random-model.h"
#include "store/run-json.h"

static void every_field_comes_back(void **unused) {
    for (uint64_t seed = 0; seed < 150; seed++) {
        struct error err = {0};
        size_t len;
        _cleanup_free_ char *text = NULL;
        _cleanup_free_ struct run *run = random_run(seed), *back = NULL;
        assert_int_equal(run_to_json(run, NULL, &text, &len, NULL), 0);
        if (run_from_json(text, len, &back, NULL, &err) < 0)
            fail_msg("seed %ju: %s", (uintmax_t)seed, err.text);
        assert_memory_equal(run, back, run_size(run->n_metrics));
    }
}

#define ASKED                                                                                                     \
    "[Canary]\nStep=analysis m n dryRun=n\n[Metric m]\nProvider=prometheus\nQuery=up{a=\"b\"}\nHeader=A: "        \
    "{{credential.x}}\n"                                                                                          \
    "Header=B: c\nSuccessCondition=result[0] > baseline[0]\nBaselineQuery=down\nMinSamples=5\nSamplesQuery=n\n"   \
    "IntervalSec=90s\nCount=7\nInitialDelaySec=1s\nFailureLimit=2\nOnNoData=success\nOnFailure=pause\nRetain=3\n" \
    "[Metric n]\nProvider=job\nUnit=smoke@.service\n"

/* What is asked comes back: the same text again. */
static void what_is_asked_comes_back(void **unused) {
    struct error err = {0};
    struct spec *spec = NULL;
    struct expanded_analysis *asked = NULL, *again = NULL;
    _cleanup_free_ char *text = NULL, *second = NULL;
    size_t len;
    if (spec_parse("shop", ASKED, "f", &spec, &err) < 0 ||
        spec_expand(spec, &spec->steps[0].analysis, NULL, 0, &asked, &err) < 0)
        fail_msg("%s", err.text);
    _cleanup_free_ struct run *run = calloc(1, run_size(2)), *back = NULL;
    run->n_metrics = 2;
    assert_int_equal(run_to_json(run, asked, &text, &len, NULL), 0);
    if (run_from_json(text, len, &back, &again, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(again->n_metrics, 2);
    assert_int_equal(again->metrics[0]->count, 7);
    assert_int_equal(again->metrics[0]->on_failure, ON_FAILURE_PAUSE);
    assert_string_equal(again->metrics[0]->baseline_query, "down");
    assert_null(again->metrics[0]->failure_condition);
    assert_true(again->metrics[1]->dry_run);
    assert_int_equal(run_to_json(back, again, &second, NULL, NULL), 0);
    assert_string_equal(text, second);
    (void)expanded_analysis_free(again);
    again = NULL;
    for (size_t cut = 0; cut < len; cut += 1 + cut / 50)
        assert_int_equal(run_from_json(text, cut, &back, &again, NULL), -EBADMSG);
    assert_null(again);
    (void)expanded_analysis_free(asked);
    (void)spec_free(spec);
}

static void wrong_runs_are_refused(void **unused) {
    static const struct {
        const char *text, *error;
        int code;
    } rows[] = {
        {"", "", -EBADMSG},
        {"7", "", -EBADMSG},
        {"{}", "schema: missing", -EBADMSG},
        {"{\"schema\":1,\"reader\":1}", "metrics: missing", -EBADMSG},
        {"{\"schema\":2,\"reader\":2,\"metrics\":[]}", "newer version", -EPROTONOSUPPORT},
        {"{\"schema\":1,\"reader\":1,\"metrics\":[]}", "id: missing", -EBADMSG},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        struct run *run = NULL;
        int r = run_from_json(rows[i].text, strlen(rows[i].text), &run, NULL, &err);
        if (r != rows[i].code || !strstr(err.text, rows[i].error))
            fail_msg("%s: %d, %s", rows[i].text, r, err.text);
        assert_null(run);
    }
}

static void no_cut_text_is_taken(void **unused) {
    _cleanup_free_ char *text = NULL;
    _cleanup_free_ struct run *run = random_run(4);
    struct run *back = NULL;
    size_t len;
    assert_int_equal(run_to_json(run, NULL, &text, &len, NULL), 0);
    for (size_t cut = 0; cut < len; cut += 1 + cut / 50)
        assert_int_equal(run_from_json(text, cut, &back, NULL, NULL), -EBADMSG);
    assert_null(back);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(what_is_asked_comes_back),
        cmocka_unit_test(wrong_runs_are_refused),
        cmocka_unit_test(no_cut_text_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
