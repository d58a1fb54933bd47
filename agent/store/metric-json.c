/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/metric-json.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "spec/array.h"
#include "store/fields.h"

DEFINE_WORDS(on_no_data);
DEFINE_WORDS(on_failure);

static const struct field flat[] = {
    TEXT_FIELD(struct metric_spec, name, "name"),
    TEXT_FIELD(struct metric_spec, provider, "provider"),
    USEC_FIELD(struct metric_spec, initial_delay, "initialDelay"),
    USEC_FIELD(struct metric_spec, interval, "interval"),
    U32_FIELD(struct metric_spec, count, "count", UINT32_MAX),
    U32_FIELD(struct metric_spec, failure_limit, "failureLimit", UINT32_MAX),
    U32_FIELD(struct metric_spec, inconclusive_limit, "inconclusiveLimit", UINT32_MAX),
    U32_FIELD(struct metric_spec, consecutive_error_limit, "consecutiveErrorLimit", UINT32_MAX),
    U32_FIELD(struct metric_spec, consecutive_success_limit, "consecutiveSuccessLimit", UINT32_MAX),
    U32_FIELD(struct metric_spec, min_samples, "minSamples", UINT32_MAX),
    U32_FIELD(struct metric_spec, retain, "retain", UINT32_MAX),
    ENUM_FIELD(struct metric_spec, on_no_data, "onNoData", on_no_data),
    ENUM_FIELD(struct metric_spec, on_failure, "onFailure", on_failure),
    BOOL_FIELD(struct metric_spec, dry_run, "dryRun"),
    I32_FIELD(struct metric_spec, line, "line", 0, INT32_MAX),
};

/* Texts of any length; null where there is none. */
static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    {"successCondition", offsetof(struct metric_spec, success_condition)},
    {"failureCondition", offsetof(struct metric_spec, failure_condition)},
    {"baselineQuery", offsetof(struct metric_spec, baseline_query)},
    {"samplesQuery", offsetof(struct metric_spec, samples_query)},
    {"file", offsetof(struct metric_spec, file)},
};

static void put_setting(struct json_writer *json, const struct setting *setting) {
    json_open_object(json, NULL);
    json_put_string(json, "key", setting->key);
    json_put_string(json, "value", setting->value);
    json_put_string(json, "file", setting->file);
    json_put_i64(json, "line", setting->line);
    json_close(json);
}

void metric_spec_put(struct json_writer *json, const char *key, const struct metric_spec *metric) {
    json_open_object(json, key);
    fields_put(json, flat, ELEMENTS(flat), metric);
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        json_put_string(json, texts[i].key, *(char *const *)(const void *)((const char *)metric + texts[i].offset));
    json_open_array(json, "settings");
    for (size_t i = 0; i < metric->n_settings; i++)
        put_setting(json, &metric->settings[i]);
    json_close(json);
    json_close(json);
}

/* An owned copy of a text, or NULL when it is null. */
static int get_text(const cJSON *object, const char *key, char **ret, struct error *err) {
    const char *text = NULL;
    int r = json_opt_string(object, key, &text, err);
    if (r < 0)
        return r;
    *ret = text ? strdup(text) : NULL;
    return *ret || !text ? 0 : error_set(err, -ENOMEM, "no memory for a metric");
}

static int get_setting(const cJSON *object, struct setting *setting, struct error *err) {
    int64_t line = 0;
    int r = json_get_i64(object, "line", &line, err);
    if (r == 0 && (line < 0 || line > INT32_MAX))
        r = json_error(object, "line", err, -ERANGE, "no number of a line");
    setting->line = (int)line;
    if (r == 0)
        r = get_text(object, "key", &setting->key, err);
    if (r == 0)
        r = get_text(object, "value", &setting->value, err);
    if (r == 0)
        r = get_text(object, "file", &setting->file, err);
    if (r == 0 && (!setting->key || !setting->value || !setting->file))
        r = json_error(object, NULL, err, -ENOENT, "expected key, value and file");
    return r;
}

int metric_spec_get(const cJSON *object, struct metric_spec *metric, struct error *err) {
    const cJSON *settings;
    int r = fields_get(object, flat, ELEMENTS(flat), metric, err);
    for (size_t i = 0; r == 0 && i < ELEMENTS(texts); i++)
        r = get_text(object, texts[i].key, (char **)(void *)((char *)metric + texts[i].offset), err);
    if (r == 0)
        r = json_get_array(object, "settings", &settings, err);
    if (r == 0 && !metric->file)
        r = json_error(object, "file", err, -ENOENT, "expected a text");
    if (r < 0)
        return r;
    json_for_each(item, settings) {
        struct setting *setting = ARRAY_ADD(metric->settings, metric->n_settings);
        r = setting ? get_setting(item, setting, err) : error_set(err, -ENOMEM, "no memory for a metric");
        if (r < 0)
            return r;
    }
    return 0;
}
