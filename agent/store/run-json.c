/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/run-json.h"

#include <assert.h>
#include <errno.h>

#include "common/json-writer.h"
#include "common/json.h"
#include "common/text.h"
#include "store/fields.h"
#include "store/metric-json.h"

DEFINE_WORDS(run_phase);

static const struct field run_fields[] = {
    U32_FIELD(struct run, id, "id", UINT32_MAX),
    U32_FIELD(struct run, revision, "revision", UINT32_MAX),
    U32_FIELD(struct run, attempt, "attempt", UINT32_MAX),
    I32_FIELD(struct run, step, "step", -1, STEPS_MAX),
    U32_FIELD(struct run, uid, "uid", UINT32_MAX),
    U32_FIELD(struct run, login_uid, "loginUid", UINT32_MAX),
    ENUM_FIELD(struct run, phase, "phase", run_phase),
    BOOL_FIELD(struct run, stop, "stop"),
    USEC_FIELD(struct run, started, "started"),
    USEC_FIELD(struct run, finished, "finished"),
    USEC_FIELD(struct run, wall_started, "wallStarted"),
    USEC_FIELD(struct run, wall_finished, "wallFinished"),
    TEXT_FIELD(struct run, name, "name"),
    TEXT_FIELD(struct run, message, "message"),
};

static const struct field metric_fields[] = {
    TEXT_FIELD(struct metric_run, name, "name"),
    ENUM_FIELD(struct metric_run, phase, "phase", run_phase),
    BOOL_FIELD(struct metric_run, dry_run, "dryRun"),
    U32_FIELD(struct metric_run, asked, "asked", UINT32_MAX),
    U32_FIELD(struct metric_run, sequence, "sequence", UINT32_MAX),
    USEC_FIELD(struct metric_run, asked_at, "askedAt"),
    USEC_FIELD(struct metric_run, next_at, "nextAt"),
    U32_FIELD(struct metric_run, successful, "successful", UINT32_MAX),
    U32_FIELD(struct metric_run, failed, "failed", UINT32_MAX),
    U32_FIELD(struct metric_run, inconclusive, "inconclusive", UINT32_MAX),
    U32_FIELD(struct metric_run, error, "error", UINT32_MAX),
    U32_FIELD(struct metric_run, too_few, "tooFew", UINT32_MAX),
    U32_FIELD(struct metric_run, consecutive_error, "consecutiveError", UINT32_MAX),
    U32_FIELD(struct metric_run, consecutive_success, "consecutiveSuccess", UINT32_MAX),
    TEXT_FIELD(struct metric_run, message, "message"),
};

static const struct field measurement_fields[] = {
    USEC_FIELD(struct measurement, started, "started"), USEC_FIELD(struct measurement, finished, "finished"),
    USEC_FIELD(struct measurement, wall, "wall"),       ENUM_FIELD(struct measurement, phase, "phase", run_phase),
    TEXT_FIELD(struct measurement, value, "value"),     TEXT_FIELD(struct measurement, baseline, "baseline"),
    TEXT_FIELD(struct measurement, samples, "samples"), TEXT_FIELD(struct measurement, message, "message"),
};

static void put_metric(struct json_writer *json, const struct metric_run *metric, const struct metric_spec *asked) {
    assert(metric->n_measurements <= MEASUREMENTS_MAX);
    json_open_object(json, NULL);
    fields_put(json, metric_fields, ELEMENTS(metric_fields), metric);
    json_open_array(json, "measurements");
    for (uint32_t i = 0; i < metric->n_measurements; i++) {
        json_open_object(json, NULL);
        fields_put(json, measurement_fields, ELEMENTS(measurement_fields), &metric->measurements[i]);
        json_close(json);
    }
    json_close(json);
    if (asked)
        metric_spec_put(json, "spec", asked);
    json_close(json);
}

int run_to_json(const struct run *run, const struct expanded_analysis *asked, char **ret_text, size_t *ret_len,
                struct error *err) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(RUN_TEXT_MAX);
    json_open_object(&json, NULL);
    json_put_u32(&json, "schema", RUN_SCHEMA);
    json_put_u32(&json, "reader", RUN_READER);
    fields_put(&json, run_fields, ELEMENTS(run_fields), run);
    json_open_array(&json, "metrics");
    for (uint32_t i = 0; i < run->n_metrics; i++)
        put_metric(&json, &run->metrics[i], asked && i < asked->n_metrics ? asked->metrics[i] : NULL);
    json_close(&json);
    json_close(&json);
    return json_finish(&json, ret_text, ret_len, err);
}

static int get_metric(const cJSON *object, struct metric_run *metric, struct error *err) {
    const cJSON *measurements;
    int r = fields_get(object, metric_fields, ELEMENTS(metric_fields), metric, err);
    if (r == 0)
        r = json_get_array(object, "measurements", &measurements, err);
    if (r < 0)
        return r;
    json_for_each(item, measurements) {
        if (metric->n_measurements == MEASUREMENTS_MAX)
            return json_error(object, "measurements", err, -ERANGE, "more than %d", MEASUREMENTS_MAX);
        r = fields_get(item, measurement_fields, ELEMENTS(measurement_fields),
                       &metric->measurements[metric->n_measurements++], err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int get_run(const cJSON *metrics, const cJSON *document, struct run **ret, struct error *err) {
    size_t n = (size_t)cJSON_GetArraySize(metrics);
    _cleanup_free_ struct run *run = calloc(1, run_size(n));
    if (!run)
        return error_set(err, -ENOMEM, "no memory for an analysis run");
    int r = fields_get(document, run_fields, ELEMENTS(run_fields), run, err);
    json_for_each(item, metrics) {
        if (r == 0)
            r = get_metric(item, &run->metrics[run->n_metrics++], err);
    }
    if (r == 0)
        *ret = take_pointer(run);
    return r;
}

/* Room for all metrics first: what is read into is freed with the whole. */
static int get_asked(const cJSON *metrics, struct expanded_analysis **ret, struct error *err) {
    size_t n = (size_t)cJSON_GetArraySize(metrics);
    struct expanded_analysis *asked = calloc(1, sizeof *asked);
    int r = asked && (asked->metrics = calloc(n + 1, sizeof(struct metric_spec *)))
                ? 0
                : error_set(err, -ENOMEM, "no memory for an analysis run");
    json_for_each(item, metrics) {
        const cJSON *object;
        struct metric_spec *metric = r == 0 ? calloc(1, sizeof *metric) : NULL;
        if (r < 0)
            break;
        if (metric)
            asked->metrics[asked->n_metrics++] = metric;
        r = metric ? json_get_object(item, "spec", &object, err) : error_set(err, -ENOMEM, "no memory for a metric");
        if (r == 0)
            r = metric_spec_get(object, metric, err);
    }
    if (r < 0)
        (void)expanded_analysis_free(asked);
    else
        *ret = asked;
    return r;
}

static int get_document(const cJSON *document, struct run **ret, struct expanded_analysis **ret_asked,
                        struct error *err) {
    _cleanup_free_ struct run *run = NULL;
    const cJSON *metrics;
    int r = schema_check(document, RUN_SCHEMA, err);
    if (r == 0)
        r = json_get_array(document, "metrics", &metrics, err);
    if (r == 0 && cJSON_GetArraySize(metrics) > RUN_METRICS_MAX)
        r = json_error(document, "metrics", err, -ERANGE, "more than %d", RUN_METRICS_MAX);
    if (r == 0)
        r = get_run(metrics, document, &run, err);
    if (r == 0 && ret_asked)
        r = get_asked(metrics, ret_asked, err);
    if (r == 0)
        *ret = take_pointer(run);
    return r;
}

int run_from_json(const char *text, size_t len, struct run **ret, struct expanded_analysis **ret_asked,
                  struct error *err) {
    _cleanup_json_ cJSON *document = NULL;
    int r = json_parse(text, len, &document, err);
    if (r == 0)
        r = get_document(document, ret, ret_asked, err);
    if (r < 0 && r != -ENOMEM && r != -EPROTONOSUPPORT) {
        r = -EBADMSG;
        if (err)
            err->code = r;
    }
    return r;
}
