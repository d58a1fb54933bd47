/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/expand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/run.h"
#include "common/buffer.h"
#include "spec/array.h"
#include "spec/condition-check.h"
#include "spec/free.h"
#include "spec/place.h"

#define EXPANDED_MAX ((size_t)256 * 1024)
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define PLACEHOLDER_MAX 128

/* Secrets stay as they are until a provider asks: they must not come into the state, the log or the API. */
#define CREDENTIAL "credential."

/* What the agent tells when a run begins (agent-runs.c): a line here for each, and one in the manual. */
static const char *const builtin_names[] = {
    "args.app",       "args.backend", "canary.color",   "canary.servers",
    "canary.version", "stable.color", "stable.servers", "stable.version",
};

struct expansion {
    const struct spec *spec;
    const struct template_spec *template;
    const struct argument *builtins; /* NULL: only checked, builtins have no values yet */
    size_t n_builtins;
};

static const char *value_of(const struct argument *args, size_t n, const char *prefix, const char *name) {
    size_t skip = strlen(prefix);

    for (size_t i = 0; i < n; i++)
        if (strncmp(args[i].name, prefix, skip) == 0 && strcmp(args[i].name + skip, name) == 0)
            return args[i].value;
    return NULL;
}

/* The value of {{args.NAME}}: what was given by hand, the app's, the agent's, the template's own; NULL when none has
 * one. */
static const char *argument_value(const struct expansion *how, const char *name) {
    const char *value = value_of(how->builtins, how->n_builtins, "given.", name);

    if (!value)
        value = value_of(how->spec->args, how->spec->n_args, "", name);
    if (!value)
        value = value_of(how->builtins, how->n_builtins, "args.", name);
    if (!value)
        value = value_of(how->template->args, how->template->n_args, "", name);
    return value;
}

/* *ret is NULL when the value is one that is known later. */
static int look_up(const struct expansion *how, const char *name, const char **ret, struct error *err) {
    bool argument = strncmp(name, "args.", 5) == 0;
    bool builtin = str_in_set(name, builtin_names, ELEMENTS(builtin_names));
    const char *value = argument ? argument_value(how, name + 5) : value_of(how->builtins, how->n_builtins, "", name);

    if (value && strstr(value, "{{"))
        return error_set(err, -EINVAL, "the value of {{%s}} holds {{, expected plain text", name);
    if (!value && (how->builtins || !builtin)) {
        if (argument)
            return error_set(err, -EINVAL, "{{%s}} has no value, expected %s= in [Args]", name, name + 5);
        if (builtin)
            return error_set(err, -EINVAL, "{{%s}} has no value here", name);
        return error_set(err, -EINVAL, "unknown {{%s}}%s", name,
                         DID_YOU_MEAN(name, builtin_names, ELEMENTS(builtin_names)));
    }
    *ret = value;
    return 0;
}

/* Reads "{{ NAME }}" at text. Returns its length. */
static ssize_t read_placeholder(const char *text, char name[static PLACEHOLDER_MAX], struct error *err) {
    const char *start = text + 2 + strspn(text + 2, " ");
    size_t len = strspn(start, NAME_BYTES);
    const char *end = start + len + strspn(start + len, " ");

    if (len == 0 || len >= PLACEHOLDER_MAX || strncmp(end, "}}", 2) != 0)
        return error_set(err, -EINVAL, "\"%s\" is no placeholder, expected {{NAME}}, none within another", SHOWN(text));
    memcpy(name, start, len);
    name[len] = '\0';
    return end + 2 - text;
}

/* *ret_whole is false when a value is known only later: then the text is no use yet. */
static int expand_text(const struct expansion *how, const char *text, char **ret, bool *ret_whole, struct error *err) {
    _cleanup_buffer_ struct buffer expanded = BUFFER(EXPANDED_MAX);
    bool whole = true;

    for (const char *open; (open = strstr(text, "{{"));) {
        char name[PLACEHOLDER_MAX];
        const char *value = NULL;
        ssize_t len = read_placeholder(open, name, err);
        if (len < 0)
            return (int)len;
        (void)buffer_append(&expanded, text, (size_t)(open - text));
        text = open + len;
        if (strncmp(name, CREDENTIAL, strlen(CREDENTIAL)) == 0) {
            (void)buffer_append(&expanded, open, (size_t)len);
            continue;
        }
        int r = look_up(how, name, &value, err);
        if (r < 0)
            return r;
        whole = whole && value;
        (void)buffer_puts(&expanded, value ? value : "");
    }
    (void)buffer_puts(&expanded, text);

    char *copy = expanded.error < 0 ? NULL : strdup(buffer_text(&expanded));
    if (!copy)
        return error_set(err, -ENOMEM, "more than %zu bytes after {{...}} is filled in", EXPANDED_MAX);
    *ret = copy;
    *ret_whole = whole;
    return 0;
}

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
    int r = 0;

    if (metric->success_condition)
        r = expand_value(how, &metric->success_condition, true, metric->file, metric->line, "SuccessCondition", err);
    if (r >= 0 && metric->failure_condition)
        r = expand_value(how, &metric->failure_condition, true, metric->file, metric->line, "FailureCondition", err);
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

static int expand_use(const struct spec *spec, const struct analysis_use *use, const struct argument *builtins,
                      size_t n_builtins, struct expanded_analysis *analysis, struct error *err) {
    size_t len = 0;

    for (uint32_t i = 0; i < use->n_names; i++) {
        const struct template_spec *template = spec_template(spec, use->names[i]);
        if (!template)
            return error_set(err, -ENOENT, "there is no metric or template %s", use->names[i]);
        if (len < sizeof analysis->name)
            len += (size_t)snprintf(analysis->name + len, sizeof analysis->name - len, "%s%s", i == 0 ? "" : "+",
                                    template->name);
        struct expansion how = {spec, template, builtins, n_builtins};
        for (size_t k = 0; k < template->n_metrics; k++) {
            int r = add_metric(analysis, &how, &template->metrics[k], err);
            if (r < 0)
                return r;
        }
    }
    return 0;
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
