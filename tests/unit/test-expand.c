/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "spec/spec.h"

#define ARGUMENT(n, v)                           \
    {                                            \
        .name = (char[]){n}, .value = (char[]) { \
            v                                    \
        }                                        \
    }

static struct spec *parsed(const char *text) {
    struct spec *spec = NULL;
    struct error err = {0};

    if (spec_parse("shop", text, "f", &spec, &err) < 0)
        fail_msg("%s", err.text);
    return spec;
}

static const char *setting(const struct metric_spec *metric, const char *key) {
    for (size_t i = 0; i < metric->n_settings; i++)
        if (strcmp(metric->settings[i].key, key) == 0)
            return metric->settings[i].value;
    return NULL;
}

static void fills_in_and_copies(void **state) {
    struct spec *spec =
        parsed("[Canary]\nStep=analysis t m\n[Args]\nmine=a\n"
               "[Metric m]\nProvider=prometheus\nQuery=x{s=~\"{{canary.servers}}\"} {{ args.mine }}{{args.mine}}\n"
               "SuccessCondition=result[0] > 1\nHeader=T: {{credential.token}}\n"
               "[Template t]\n[Args]\nlimit=5\nmine=b\n[Metric n]\nProvider=web\nURL={{args.mine}}/{{args.limit}}\n"
               "FailureCondition=result > {{args.limit}}\n[Metric o]\nProvider=web\n");
    const struct argument builtins[] = {ARGUMENT("canary.servers", "green-1|green-2")};
    struct expanded_analysis *analysis = NULL;

    assert_int_equal(spec_expand(spec, &spec->steps[0].analysis, builtins, 1, &analysis, NULL), 0);
    spec_free(spec); /* copies are owned */
    assert_string_equal(analysis->name, "t+m");
    assert_int_equal(analysis->n_metrics, 3);
    assert_string_equal(setting(analysis->metrics[0], "URL"), "a/5");
    assert_string_equal(analysis->metrics[0]->failure_condition, "result > 5");
    assert_string_equal(analysis->metrics[1]->name, "o");
    assert_string_equal(setting(analysis->metrics[2], "Query"), "x{s=~\"green-1|green-2\"} aa");
    assert_string_equal(setting(analysis->metrics[2], "Header"), "T: {{credential.token}}");
    assert_string_equal(analysis->metrics[2]->settings[0].file, "f");
    assert_int_equal(analysis->metrics[2]->settings[0].line, 7);
    expanded_analysis_free(analysis);
}

/* What it is asked with over the app's over the agent's over the template's. */
static void the_nearest_value_counts(void **state) {
    static const char text[] = "[Canary]\nStep=analysis t a=step\n[Args]\na=app\nb=app\n"
                               "[Template t]\n[Args]\na=template\nb=template\nc=template\ne=template\n[Metric m]\n"
                               "Provider=web\nURL={{args.a}} {{args.b}} {{args.c}} {{args.e}}\n";
    const struct argument builtins[] = {
        ARGUMENT("args.a", "agent"),
        ARGUMENT("args.b", "agent"),
        ARGUMENT("args.c", "agent"),
    };
    struct spec *spec = parsed(text);
    struct expanded_analysis *analysis = NULL;

    assert_int_equal(spec_expand(spec, &spec->steps[0].analysis, builtins, 3, &analysis, NULL), 0);
    assert_string_equal(setting(analysis->metrics[0], "URL"), "step app agent template");
    expanded_analysis_free(analysis);
    spec_free(spec);
}

static void refuses(const char *text, const struct argument *builtins, size_t n, const char *wanted) {
    struct spec *spec = parsed(text);
    struct expanded_analysis *analysis = NULL;
    struct error err = {0};

    assert_true(spec_expand(spec, &spec->steps[0].analysis, builtins, n, &analysis, &err) < 0);
    assert_null(analysis);
    assert_string_equal(err.text, wanted);
    spec_free(spec);
}

#define QUERY(query) "[Metric m]\nProvider=web\nURL=" query "\n[Canary]\nStep=analysis m\n"
#define CONDITION(condition) "[Metric m]\nProvider=web\nSuccessCondition=" condition "\n[Canary]\nStep=analysis m\n"

static void what_only_shows_then_is_refused(void **state) {
    const struct argument nested[] = {ARGUMENT("canary.color", "{{args.app}}")};
    const struct argument color[] = {ARGUMENT("canary.color", "gr een")};
    const struct argument nothing[] = {{.name = (char[]){"canary.color"}}};

    refuses(QUERY("{{canary.color}}"), nested, 1,
            "f:3: URL: the value of {{canary.color}} holds {{, expected plain text");
    refuses(QUERY("{{canary.color}}"), NULL, 0, "f:3: URL: {{canary.color}} has no value here");
    refuses(QUERY("{{canary.color}}"), nothing, 1, "f:3: URL: {{canary.color}} has no value here");
    refuses(QUERY("{{args.backend}}"), NULL, 0, "f:3: URL: {{args.backend}} has no value, expected backend= in [Args]");

    struct spec *spec = parsed(CONDITION("result == {{canary.color}}"));
    struct error err = {0};
    struct expanded_analysis *analysis = NULL;
    assert_int_equal(spec_expand(spec, &spec->steps[0].analysis, color, 1, &analysis, &err), -EINVAL);
    assert_memory_equal(err.text, "f:1: SuccessCondition: ", 23);
    assert_non_null(strstr(err.text, "\n    result == gr een\n"));
    spec_free(spec);

    /* With [Args] alone it shows at once. */
    assert_int_equal(spec_parse("shop", CONDITION("result > {{args.limit}}") "[Args]\nlimit=$\n", "f", &spec, &err),
                     -EINVAL);
    assert_memory_equal(err.text, "f:1: SuccessCondition: ", 23);
}

static void all_builtins_may_be_used(void **state) {
    spec_free(parsed(QUERY("{{args.app}}{{args.backend}}{{canary.color}}{{canary.instances}}{{canary.ports}}"
                           "{{canary.servers}}{{canary.version}}{{stable.color}}{{stable.instances}}{{stable.ports}}"
                           "{{stable.servers}}{{stable.version}}")));
}

#define TWO_TEMPLATES                                                                                         \
    "[Template one]\n[Args]\nwindow=1m\n[Metric errors]\nProvider=web\nURL={{args.window}}\n[Template two]\n" \
    "[Args]\nwindow=5m\n[Metric error-budget]\nProvider=web\nURL={{args.window}}{{args.app}}\n"
#define USE(how) "[Canary]\nStep=analysis " how "\n"

static void a_use_that_does_not_go_together_is_refused(void **state) {
    static const struct {
        const char *text, *error; /* error NULL: good */
    } cases[] = {
        {USE("one two") TWO_TEMPLATES,
         "f:2: Step: templates one and two have different defaults of window (1m and 5m), give one"},
        {USE("one two window=2m") TWO_TEMPLATES, NULL},
        {USE("one two") "[Args]\nwindow=2m\n" TWO_TEMPLATES, NULL},
        {USE("one windw=2m") TWO_TEMPLATES, "f:2: Step: nothing in one asks for {{args.windw}}"},
        {USE("two app=other") TWO_TEMPLATES, NULL},
        {USE("one app=other") TWO_TEMPLATES, "f:2: Step: nothing in one asks for {{args.app}}"},
        {USE("one dryRun=errors") TWO_TEMPLATES, NULL},
        {USE("one dryRun=latency*") TWO_TEMPLATES, "f:2: Step: dryRun=latency*: no metric has such a name"},
        {USE("one window=2m window=3m") TWO_TEMPLATES, "f:2: Step: argument window is given twice"},
        {USE("one window=") TWO_TEMPLATES, "f:2: Step: argument window: \"\" is no value, expected plain text"},
        {USE("one window={{args.app}}") TWO_TEMPLATES,
         "f:2: Step: argument window: \"{{args.app}}\" is no value, expected plain text"},
        {USE("window=2m") TWO_TEMPLATES, "f:2: Step: analysis without a name, expected \"analysis NAME...\""},
        {"[Canary]\nBackgroundAnalysis=window=2m\n" TWO_TEMPLATES,
         "f:2: BackgroundAnalysis: arguments without a name, expected NAME..."},
        {"[Canary]\nBackgroundAnalysis=window=2m\nBackgroundAnalysis=one\n" TWO_TEMPLATES, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct spec *spec = NULL;
        struct error err = {0};
        int r = spec_parse("shop", cases[i].text, "f", &spec, &err);
        assert_string_equal(r < 0 ? err.text : "", cases[i].error ? cases[i].error : "");
        spec_free(spec);
    }
}

static void patterns_silence_metrics(void **state) {
    struct spec *spec = parsed(USE("one two window=1m dryRun=*budget") TWO_TEMPLATES);
    const struct argument app[] = {ARGUMENT("args.app", "shop")};
    struct expanded_analysis *analysis = NULL;

    assert_int_equal(spec_expand(spec, &spec->steps[0].analysis, app, 1, &analysis, NULL), 0);
    assert_false(analysis->metrics[0]->dry_run);
    assert_true(analysis->metrics[1]->dry_run);
    expanded_analysis_free(analysis);
    spec_free(spec);
}

static void arguments_have_bounds(void **state) {
    struct analysis_use use = {0}, before;
    struct error err = {0};
    char value[ANALYSIS_ARGS_MAX];

    assert_int_equal(analysis_use_give(&use, "query", "a b \"c\" = d", &err), 0);
    assert_string_equal(use.args, "query=a b \"c\" = d");
    before = use;
    memset(value, 'x', sizeof value);
    value[sizeof value - 1] = '\0';
    assert_int_equal(analysis_use_give(&use, "long", value, &err), -EINVAL);
    assert_int_equal(analysis_use_give(&use, "a b", "x", &err), -EINVAL);
    assert_int_equal(analysis_use_give(&use, "a", "x\ny", &err), -EINVAL);
    assert_memory_equal(&use, &before, sizeof use);
    value[sizeof value - 2 - sizeof "query=a b \"c\" = d" - sizeof "long"] = '\0'; /* to the last byte */
    assert_int_equal(analysis_use_give(&use, "long", value, &err), 0);
    assert_int_equal(analysis_use_give(&use, "x", "y", &err), -EINVAL);
}

static void unknown_names_are_refused(void **state) {
    struct spec *spec = parsed("");
    struct analysis_use use = {.n_names = 1, .names = {"x"}};
    struct expanded_analysis *analysis = NULL;
    struct error err = {0};

    assert_int_equal(spec_expand(spec, &use, NULL, 0, &analysis, &err), -ENOENT);
    assert_string_equal(err.text, "there is no metric or template x");
    spec_free(spec);
    assert_null(expanded_analysis_free(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in_and_copies),
        cmocka_unit_test(the_nearest_value_counts),
        cmocka_unit_test(what_only_shows_then_is_refused),
        cmocka_unit_test(all_builtins_may_be_used),
        cmocka_unit_test(a_use_that_does_not_go_together_is_refused),
        cmocka_unit_test(patterns_silence_metrics),
        cmocka_unit_test(arguments_have_bounds),
        cmocka_unit_test(unknown_names_are_refused),
    };
    return cmocka_run_group_tests_name("expand", tests, NULL, NULL);
}
