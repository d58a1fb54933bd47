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

/* By hand over the app's over the agent's over the template's. */
static void the_nearest_value_counts(void **state) {
    static const char text[] = "[Canary]\nStep=analysis t\n[Args]\na=app\nb=app\n"
                               "[Template t]\n[Args]\na=template\nb=template\nc=template\ne=template\n[Metric m]\n"
                               "Provider=web\nURL={{args.a}} {{args.b}} {{args.c}} {{args.e}}\n";
    const struct argument builtins[] = {
        ARGUMENT("args.a", "agent"),
        ARGUMENT("args.b", "agent"),
        ARGUMENT("args.c", "agent"),
        ARGUMENT("given.a", "hand"),
    };
    struct spec *spec = parsed(text);
    struct expanded_analysis *analysis = NULL;

    assert_int_equal(spec_expand(spec, &spec->steps[0].analysis, builtins, 4, &analysis, NULL), 0);
    assert_string_equal(setting(analysis->metrics[0], "URL"), "hand app agent template");
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
    spec_free(parsed(QUERY("{{args.app}}{{args.backend}}{{canary.color}}{{canary.servers}}{{canary.version}}"
                           "{{stable.color}}{{stable.servers}}{{stable.version}}")));
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
        cmocka_unit_test(unknown_names_are_refused),
    };
    return cmocka_run_group_tests_name("expand", tests, NULL, NULL);
}
