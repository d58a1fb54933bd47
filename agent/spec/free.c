/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/free.h"

#include <stdlib.h>

static void settings_free(struct setting *settings, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free(settings[i].key);
        free(settings[i].value);
        free(settings[i].file);
    }
    free(settings);
}

static void arguments_free(struct argument *args, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free(args[i].name);
        free(args[i].value);
    }
    free(args);
}

static void parties_free(struct party_spec *parties, size_t n) {
    for (size_t i = 0; i < n; i++) {
        settings_free(parties[i].settings, parties[i].n_settings);
        free(parties[i].file);
    }
    free(parties);
}

void metric_clear(struct metric_spec *metric) {
    settings_free(metric->settings, metric->n_settings);
    free(metric->success_condition);
    free(metric->failure_condition);
    free(metric->baseline_query);
    free(metric->samples_query);
    free(metric->file);
}

static void templates_free(struct template_spec *templates, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < templates[i].n_metrics; k++)
            metric_clear(&templates[i].metrics[k]);
        free(templates[i].metrics);
        free(templates[i].description);
        arguments_free(templates[i].args, templates[i].n_args);
    }
    free(templates);
}

struct spec *spec_free(struct spec *spec) {
    if (!spec)
        return NULL;
    for (size_t i = 0; i < spec->n_deploy_windows; i++)
        free(spec->deploy_windows[i]);
    free(spec->deploy_windows);
    arguments_free(spec->args, spec->n_args);
    templates_free(spec->templates, spec->n_templates);
    parties_free(spec->hooks, spec->n_hooks);
    parties_free(spec->notifies, spec->n_notifies);
    free(spec->release);
    free(spec->text);
    free(spec);
    return NULL;
}

struct expanded_analysis *expanded_analysis_free(struct expanded_analysis *analysis) {
    if (!analysis)
        return NULL;
    for (size_t i = 0; i < analysis->n_metrics; i++) {
        metric_clear(analysis->metrics[i]);
        free(analysis->metrics[i]);
    }
    free(analysis->metrics);
    free(analysis);
    return NULL;
}
