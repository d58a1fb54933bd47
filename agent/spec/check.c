/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no single value shows: references, and what belongs together. */
#include <errno.h>

#include "analysis/condition.h"
#include "analysis/run.h"
#include "spec/build.h"
#include "spec/expand.h"
#include "spec/hook.h"
#include "spec/place.h"

/* Where a key was written; the file as a whole when it wasn't. */
static struct document_entry place_of(const struct document *document, enum section_kind kind, const char *key,
                                      size_t nth, const char *file) {
    const struct document_entry *entry = document_entry(document_section(document, kind, "", ""), key, nth);

    return entry ? *entry : (struct document_entry){.key = (char *)(uintptr_t)key, .file = (char *)(uintptr_t)file};
}

/* The analyses that have a key of their own. */
static const struct {
    size_t offset;
    enum section_kind section;
    const char *key;
} keyed_uses[] = {
    {offsetof(struct spec, background), SECTION_CANARY, "BackgroundAnalysis"},
    {offsetof(struct spec, pre_promotion), SECTION_BLUE_GREEN, "PrePromotionAnalysis"},
    {offsetof(struct spec, post_promotion), SECTION_BLUE_GREEN, "PostPromotionAnalysis"},
};

static const struct analysis_use *keyed_use(const struct spec *spec, size_t i) {
    return (const struct analysis_use *)(const void *)((const char *)spec + keyed_uses[i].offset);
}

const struct analysis_use *spec_use(const struct spec *spec, size_t index, const struct document *document,
                                    const struct document_entry **ret_place) {
    for (uint32_t i = 0; i < spec->n_steps; i++)
        if (spec->steps[i].kind == STEP_ANALYSIS && index-- == 0) {
            *ret_place = document_entry(document_section(document, SECTION_CANARY, "", ""), "Step", i);
            return &spec->steps[i].analysis;
        }
    for (size_t i = 0; i < ELEMENTS(keyed_uses); i++)
        if (keyed_use(spec, i)->n_names > 0 && index-- == 0) {
            const struct document_section *section = document_section(document, keyed_uses[i].section, "", "");
            *ret_place = document_entry(section, keyed_uses[i].key, 0);
            return keyed_use(spec, i);
        }
    return NULL;
}

static const char *setting_value(const struct setting *settings, size_t n, const char *key) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].key, key) == 0)
            return settings[i].value;
    return NULL;
}

/* Further queries need a provider that has one, and each other. */
static int check_queries(const struct metric_spec *metric, struct error *err) {
    bool compares = (metric->success_condition && condition_uses_baseline(metric->success_condition)) ||
                    (metric->failure_condition && condition_uses_baseline(metric->failure_condition));
    const char *further = metric->baseline_query ? "BaselineQuery" : metric->samples_query ? "SamplesQuery" : NULL;

    if (further && strcmp(metric->provider, "prometheus") != 0)
        return error_at(err, metric->file, metric->line, "[Metric %s] has %s=, expected Provider=prometheus with it",
                        metric->name, further);
    if (compares && !metric->baseline_query)
        return error_at(err, metric->file, metric->line,
                        "[Metric %s] has baseline in a condition, expected BaselineQuery= with it", metric->name);
    if (!metric->samples_query != (metric->min_samples == 0))
        return error_at(err, metric->file, metric->line, "[Metric %s] has %s, expected both or none", metric->name,
                        metric->samples_query ? "SamplesQuery= and no MinSamples="
                                              : "MinSamples= and no SamplesQuery=");
    return 0;
}

static int check_metric(const struct metric_spec *metric, struct error *err) {
    const struct {
        const char *key;
        uint32_t limit;
    } limits[] = {
        {"FailureLimit", metric->failure_limit},
        {"InconclusiveLimit", metric->inconclusive_limit},
        {"ConsecutiveSuccessLimit", metric->consecutive_success_limit},
    };

    if (metric->provider[0] == '\0')
        return error_at(err, metric->file, metric->line, "[Metric %s] has no Provider=, expected one", metric->name);
    if (metric->count > 1 && metric->interval == 0)
        return error_at(err, metric->file, metric->line, "[Metric %s] has Count=%u and no IntervalSec=, expected one",
                        metric->name, metric->count);
    for (size_t i = 0; i < ELEMENTS(limits); i++)
        if (metric->count > 0 && limits[i].limit > metric->count)
            return error_at(err, metric->file, metric->line, "[Metric %s] can never reach %s=%u with Count=%u",
                            metric->name, limits[i].key, limits[i].limit, metric->count);
    return check_queries(metric, err);
}

static int check_templates(const struct spec *spec, const struct document *document, struct error *err) {
    for (size_t i = 0; i < spec->n_templates; i++) {
        const struct template_spec *template = &spec->templates[i];
        if (template->n_metrics == 0) {
            const struct document_section *place =
                document_section(document, SECTION_TEMPLATE, template->name, template->name);
            return error_at(err, place->file, place->line, "template %s has no metric, expected [Metric NAME]",
                            template->name);
        }
        for (size_t k = 0; k < template->n_metrics; k++) {
            int r = check_metric(&template->metrics[k], err);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* A run that a rollout waits for has to end. */
static int check_ends(const struct spec *spec, const struct analysis_use *use, const struct document_entry *place,
                      struct error *err) {
    for (uint32_t i = 0; i < use->n_names; i++) {
        const struct template_spec *template = spec_template(spec, use->names[i]);
        for (size_t k = 0; k < template->n_metrics; k++) {
            const struct metric_spec *metric = &template->metrics[k];
            if (metric->interval > 0 && metric->count == 0 && metric->consecutive_success_limit == 0)
                return error_at(err, place->file, place->line,
                                "%s: metric %s measures for ever, expected Count= or ConsecutiveSuccessLimit= with its "
                                "IntervalSec= (%s:%d)",
                                place->key, metric->name, metric->file, metric->line);
        }
    }
    return 0;
}

static int no_such_metric(const struct spec *spec, const char *name, const struct document_entry *place,
                          struct error *err) {
    const char *names[32];
    size_t n = 0;

    for (; n < spec->n_templates && n < ELEMENTS(names); n++)
        names[n] = spec->templates[n].name;
    return error_at(err, place->file, place->line, "%s: \"%s\" is neither a [Metric] nor a [Template]%s", place->key,
                    name, DID_YOU_MEAN(name, names, n));
}

int spec_check_use(const struct spec *spec, const struct analysis_use *use, const struct document_entry *place,
                   struct error *err) {
    for (uint32_t i = 0; i < use->n_names; i++)
        if (!spec_template(spec, use->names[i]))
            return no_such_metric(spec, use->names[i], place, err);
    if (use != &spec->background) {
        int r = check_ends(spec, use, place, err);
        if (r < 0)
            return r;
    }
    struct error inner = {0};
    int r = expand_check(spec, use, &inner);
    /* What doesn't go together is the use's fault, everything else has the place of its metric. */
    if (r == -EEXIST)
        return error_at(err, place->file, place->line, "%s: %s", place->key, inner.text);
    return r < 0 ? error_set(err, r, "%s", inner.text) : 0;
}

static int check_routes(const struct spec *spec, const struct document *document, const char *file, struct error *err) {
    const char *missing = spec->haproxy.route_map[0] == '\0'         ? "RouteMap"
                          : spec->haproxy.preview_backend[0] == '\0' ? "PreviewBackend"
                                                                     : NULL;
    for (uint32_t i = 0; missing && i < spec->n_steps; i++)
        if (step_is_route(&spec->steps[i])) {
            struct document_entry place = place_of(document, SECTION_CANARY, "Step", i, file);
            return error_at(err, place.file, place.line, "Step: a route needs %s= in [HAProxy]", missing);
        }
    if (missing && spec->session_cookie[0]) {
        struct document_entry place = place_of(document, SECTION_CANARY, "SessionCookie", 0, file);
        return error_at(err, place.file, place.line, "SessionCookie: it needs %s= in [HAProxy]", missing);
    }
    return 0;
}

/* Arguments alone ask nothing. */
static int check_named(const struct spec *spec, const struct document *document, const char *file, struct error *err) {
    for (size_t i = 0; i < ELEMENTS(keyed_uses); i++)
        if (keyed_use(spec, i)->n_names == 0 && keyed_use(spec, i)->args[0] != '\0') {
            struct document_entry place = place_of(document, keyed_uses[i].section, keyed_uses[i].key, 0, file);
            return error_at(err, place.file, place.line, "%s: arguments without a name, expected NAME...", place.key);
        }
    return 0;
}

static int check_notify(const struct party_spec *notify, struct error *err) {
    static const struct {
        const char *type, *key;
    } needed[] = {{"slack", "URL"}, {"webhook", "URL"}, {"email", "To"}, {"unit", "Unit"}};
    const char *type = setting_value(notify->settings, notify->n_settings, "Type");

    if (!type)
        return error_at(err, notify->file, notify->line, "[Notify %s] has no Type=, expected one", notify->name);
    if (!setting_value(notify->settings, notify->n_settings, "On"))
        return error_at(err, notify->file, notify->line, "[Notify %s] has no On=, expected events to tell of",
                        notify->name);
    for (size_t i = 0; i < ELEMENTS(needed); i++)
        if (strcmp(type, needed[i].type) == 0 && !setting_value(notify->settings, notify->n_settings, needed[i].key))
            return error_at(err, notify->file, notify->line, "[Notify %s] is of Type=%s and has no %s=, expected one",
                            notify->name, type, needed[i].key);
    return 0;
}

static int check_parties(const struct spec *spec, struct error *err) {
    int r = hooks_check(spec->hooks, spec->n_hooks, err);

    for (size_t i = 0; i < spec->n_notifies && r >= 0; i++)
        r = check_notify(&spec->notifies[i], err);
    return r;
}

int spec_check(const struct spec *spec, const struct document *document, const char *file, struct error *err) {
    const struct analysis_use *use;
    const struct document_entry *place;
    int r = check_templates(spec, document, err);

    if (r >= 0)
        r = check_named(spec, document, file, err);
    for (size_t i = 0; r >= 0 && (use = spec_use(spec, i, document, &place)); i++)
        r = spec_check_use(spec, use, place, err);
    if (r >= 0)
        r = check_routes(spec, document, file, err);
    if (r >= 0)
        r = check_parties(spec, err);
    if (r >= 0 && spec->background_starting_step > spec->n_steps) {
        struct document_entry at = place_of(document, SECTION_CANARY, "BackgroundAnalysisStartingStep", 0, file);
        r = error_at(err, at.file, at.line, "%s: there is no step %u, expected 0 to %u", at.key,
                     spec->background_starting_step, spec->n_steps);
    }
    return r;
}
