/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One analysis as it is asked: the metrics of its templates, with their arguments filled in. */
#include "spec/expand.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/run.h"
#include "spec/array.h"
#include "spec/condition-check.h"
#include "spec/free.h"
#include "spec/place.h"
#include "spec/placeholder.h"
#include "spec/use.h"

/* Expands a value in its place; it is owned. */
static int expand_value(const struct expansion *how, char **value, bool condition, const char *file, int line,
                        const char *key, struct error *err) {
    struct error inner = {0};
    char *expanded = NULL;
    bool whole = false;
    int r = expand_text(how, *value, &expanded, &whole, &inner);

    if (r >= 0) {
        free(*value);
        *value = expanded;
        if (condition && whole)
            r = condition_check_shown(expanded, &inner);
    }
    return r < 0 ? (error_at(err, file, line, "%s: %s", key, inner.text), r) : 0;
}

static int expand_metric(const struct expansion *how, struct metric_spec *metric, struct error *err) {
    const struct {
        char **value;
        const char *key;
        bool condition;
    } texts[] = {
        {&metric->success_condition, "SuccessCondition", true},
        {&metric->failure_condition, "FailureCondition", true},
        {&metric->baseline_query, "BaselineQuery", false},
        {&metric->samples_query, "SamplesQuery", false},
    };
    int r = 0;

    for (size_t i = 0; i < ELEMENTS(texts) && r >= 0; i++)
        if (*texts[i].value)
            r = expand_value(how, texts[i].value, texts[i].condition, metric->file, metric->line, texts[i].key, err);
    for (size_t i = 0; i < metric->n_settings && r >= 0; i++) {
        struct setting *setting = &metric->settings[i];
        r = expand_value(how, &setting->value, false, setting->file, setting->line, setting->key, err);
    }
    return r;
}

static bool copy_string(char **to, const char *from) {
    *to = from ? strdup(from) : NULL;
    return *to || !from;
}

/* A copy that owns all it holds, also when it is cut short by a lack of memory. NULL then. */
static struct metric_spec *metric_copy(const struct metric_spec *metric) {
    struct metric_spec *copy = malloc(sizeof *copy);

    if (!copy)
        return NULL;
    *copy = *metric;
    copy->n_settings = 0;
    copy->settings = NULL;
    bool whole = copy_string(&copy->success_condition, metric->success_condition);
    whole = copy_string(&copy->baseline_query, metric->baseline_query) && whole;
    whole = copy_string(&copy->samples_query, metric->samples_query) && whole;
    whole = copy_string(&copy->failure_condition, metric->failure_condition) && whole;
    whole = copy_string(&copy->file, metric->file) && whole;
    for (size_t i = 0; i < metric->n_settings && whole; i++) {
        struct setting *setting = ARRAY_ADD(copy->settings, copy->n_settings);
        whole = setting && copy_string(&setting->key, metric->settings[i].key) &&
                copy_string(&setting->value, metric->settings[i].value) &&
                copy_string(&setting->file, metric->settings[i].file);
        if (whole)
            setting->line = metric->settings[i].line;
    }
    if (!whole) {
        metric_clear(copy);
        free(copy);
        return NULL;
    }
    return copy;
}

static int add_metric(struct expanded_analysis *analysis, const struct expansion *how, const struct metric_spec *metric,
                      struct error *err) {
    for (size_t i = 0; i < analysis->n_metrics; i++)
        if (strcmp(analysis->metrics[i]->name, metric->name) == 0)
            return error_set(err, -EEXIST, "two metrics have the name %s, expected different ones", metric->name);
    if (analysis->n_metrics == RUN_METRICS_MAX)
        return error_set(err, -EEXIST, "more than %d metrics in one analysis, expected fewer", RUN_METRICS_MAX);

    struct metric_spec *copy = metric_copy(metric),
                       **added = copy ? ARRAY_ADD(analysis->metrics, analysis->n_metrics) : NULL;
    if (!added) {
        if (copy)
            metric_clear(copy);
        free(copy);
        return error_set(err, -ENOMEM, "out of memory");
    }
    *added = copy;
    return expand_metric(how, copy, err);
}

/* An argument that no text has would be a misspelled one. */
static int check_asked_for(const struct analysis_use *use, const bool *asked_for, struct error *err) {
    size_t index = 0;

    for_each_use_arg(arg, use) {
        int len = (int)strcspn(arg, "=");
        if (!asked_for[index++] && !use_arg_value(arg, USE_DRY_RUN))
            return error_set(err, -EEXIST, "nothing in %s%s asks for {{args.%.*s}}", use->names[0],
                             use->n_names > 1 ? " and the others" : "", len, arg);
    }
    return 0;
}

/* One name, two defaults: which one is meant has to be said. */
static int check_defaults(const struct expansion *one, const struct expansion *other, struct error *err) {
    for (size_t i = 0; i < one->template->n_args; i++)
        for (size_t k = 0; k < other->template->n_args; k++) {
            const struct argument *a = &one->template->args[i], *b = &other->template->args[k];
            if (strcmp(a->name, b->name) == 0 && a->value && b->value && strcmp(a->value, b->value) != 0 &&
                !expansion_argument(one, a->name))
                return error_set(err, -EEXIST,
                                 "templates %s and %s have different defaults of %s (%s and %s), give one",
                                 one->template->name, other->template->name, a->name, SHOWN(a->value), SHOWN(b->value));
        }
    return 0;
}

static int silence_metrics(const struct analysis_use *use, struct expanded_analysis *analysis, struct error *err) {
    for_each_use_arg(arg, use) {
        const char *pattern = use_arg_value(arg, USE_DRY_RUN);
        bool matches = !pattern;
        for (size_t i = 0; pattern && i < analysis->n_metrics; i++)
            if (fnmatch(pattern, analysis->metrics[i]->name, 0) == 0)
                matches = analysis->metrics[i]->dry_run = true;
        if (!matches)
            return error_set(err, -EEXIST, "%s: no metric has such a name", arg);
    }
    return 0;
}

static void add_to_name(struct expanded_analysis *analysis, const char *template) {
    size_t len = strlen(analysis->name);

    (void)snprintf(analysis->name + len, sizeof analysis->name - len, "%s%s", len == 0 ? "" : "+", template);
}

static int expand_use(const struct spec *spec, const struct analysis_use *use, const struct argument *builtins,
                      size_t n_builtins, struct expanded_analysis *analysis, struct error *err) {
    struct expansion how[STEP_ANALYSES_MAX];
    bool asked_for[ANALYSIS_ARGS_MAX] = {false};
    int r = 0;

    for (uint32_t i = 0; i < use->n_names; i++) {
        const struct template_spec *template = spec_template(spec, use->names[i]);
        if (!template)
            return error_set(err, -ENOENT, "there is no metric or template %s", use->names[i]);
        how[i] = (struct expansion){spec, template, use, builtins, n_builtins, asked_for};
        add_to_name(analysis, template->name);
        for (uint32_t k = 0; k < i && r >= 0; k++)
            r = check_defaults(&how[k], &how[i], err);
        for (size_t k = 0; k < template->n_metrics && r >= 0; k++)
            r = add_metric(analysis, &how[i], &template->metrics[k], err);
    }
    if (r >= 0)
        r = check_asked_for(use, asked_for, err);
    return r < 0 ? r : silence_metrics(use, analysis, err);
}

static int expand(const struct spec *spec, const struct analysis_use *use, const struct argument *builtins,
                  size_t n_builtins, struct expanded_analysis **ret, struct error *err) {
    struct expanded_analysis *analysis = calloc(1, sizeof *analysis);

    if (!analysis)
        return error_set(err, -ENOMEM, "out of memory");
    int r = expand_use(spec, use, builtins, n_builtins, analysis, err);
    if (r < 0)
        (void)expanded_analysis_free(analysis);
    else
        *ret = analysis;
    return r;
}

int spec_expand(const struct spec *spec, const struct analysis_use *use, const struct argument *builtins,
                size_t n_builtins, struct expanded_analysis **ret, struct error *err) {
    static const struct argument none[1];

    return expand(spec, use, builtins ? builtins : none, n_builtins, ret, err);
}

int expand_check(const struct spec *spec, const struct analysis_use *use, struct error *err) {
    struct expanded_analysis *analysis = NULL;
    int r = expand(spec, use, NULL, 0, &analysis, err);

    (void)expanded_analysis_free(analysis);
    return r;
}
