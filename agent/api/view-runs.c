/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GET /v1/runs: what was measured, and how it was judged. */
#include <string.h>

#include "analysis/fill.h"
#include "api/http.h"
#include "common/text.h"

#define RUNS_LISTED 20 /* each is read from its file while everybody waits */

static void put_optional(struct json_writer *json, const char *key, const char *text) {
    json_put_text(json, key, text && *text ? text : NULL);
}

/* A condition as it was judged. */
static void put_filled(struct json_writer *json, const char *key, const char *condition,
                       const struct measurement *measurement) {
    char filled[FILLED_MAX];
    bool judged = condition && *measurement->value && measurement->phase != RUN_PENDING;
    json_put_text(json, key,
                  judged ? condition_fill(condition, measurement->value, measurement->baseline, filled) : NULL);
}

/* ASKED NULL: without the conditions. */
static void put_measurement(struct json_writer *json, const struct measurement *measurement,
                            const struct metric_spec *asked) {
    json_open_object(json, NULL);
    view_put_wall(json, "time", measurement->wall);
    json_put_text(json, "value", measurement->value);
    json_put_string(json, "phase", run_phase_to_string(measurement->phase));
    json_put_text(json, "message", measurement->message);
    put_optional(json, "baseline", measurement->baseline);
    put_optional(json, "samples", measurement->samples);
    if (asked) {
        put_filled(json, "success", asked->success_condition, measurement);
        put_filled(json, "failure", asked->failure_condition, measurement);
    }
    json_close(json);
}

/* "Key=value", as they were sent; credentials are still placeholders, and what a header holds is nobody's business. */
static void put_setting(struct json_writer *json, const struct setting *setting) {
    _cleanup_buffer_ struct buffer text = BUFFER(ANSWER_MAX);
    bool header = strcmp(setting->key, "Header") == 0;
    size_t shown = header ? strcspn(setting->value, ":") : strlen(setting->value);
    (void)buffer_printf(&text, "%s=%.*s%s", setting->key, (int)shown, setting->value, header ? ": ..." : "");
    json_put_text(json, NULL, buffer_text(&text));
}

static void put_asked(struct json_writer *json, const struct metric_spec *asked) {
    const char *query = NULL;
    for (size_t i = 0; i < asked->n_settings; i++)
        if (strcmp(asked->settings[i].key, "Query") == 0)
            query = asked->settings[i].value;
    json_put_string(json, "provider", asked->provider);
    json_put_text(json, "query", query);
    json_put_text(json, "baselineQuery", asked->baseline_query);
    json_put_text(json, "samplesQuery", asked->samples_query);
    json_open_array(json, "settings");
    for (size_t i = 0; i < asked->n_settings; i++)
        put_setting(json, &asked->settings[i]);
    json_close(json);
    json_put_text(json, "successCondition", asked->success_condition);
    json_put_text(json, "failureCondition", asked->failure_condition);
    view_put_id(json, "count", asked->count, 0);
    json_put_double(json, "intervalSec", (double)asked->interval / USEC_PER_SEC);
    json_put_u32(json, "failureLimit", asked->failure_limit);
    json_put_u32(json, "inconclusiveLimit", asked->inconclusive_limit);
    json_put_u32(json, "consecutiveErrorLimit", asked->consecutive_error_limit);
    json_put_u32(json, "consecutiveSuccessLimit", asked->consecutive_success_limit);
    json_put_u32(json, "minSamples", asked->min_samples);
}

static void put_metric(struct json_writer *json, const struct metric_run *metric, const struct metric_spec *asked) {
    json_open_object(json, NULL);
    json_put_text(json, "name", metric->name);
    json_put_string(json, "phase", run_phase_to_string(metric->phase));
    json_put_text(json, "message", metric->message);
    json_put_bool(json, "dryRun", metric->dry_run);
    json_put_u32(json, "successful", metric->successful);
    json_put_u32(json, "failed", metric->failed);
    json_put_u32(json, "inconclusive", metric->inconclusive);
    json_put_u32(json, "error", metric->error);
    json_put_u32(json, "tooFewSamples", metric->too_few);
    if (asked)
        put_asked(json, asked);
    json_open_array(json, "measurements");
    for (uint32_t i = 0; i < metric->n_measurements && i < MEASUREMENTS_MAX; i++)
        put_measurement(json, &metric->measurements[i], asked);
    json_close(json);
    json_close(json);
}

static void put_metrics(struct json_writer *json, const struct run_view *view, bool whole) {
    json_open_array(json, "metrics");
    for (uint32_t i = 0; i < view->run->n_metrics; i++)
        put_metric(json, &view->run->metrics[i],
                   whole && view->asked && i < view->asked->n_metrics ? view->asked->metrics[i] : NULL);
    json_close(json);
}

void view_put_run(struct json_writer *json, const struct run_view *view, enum run_detail detail) {
    const struct run *run = view->run;
    json_open_object(json, NULL);
    json_put_u32(json, "id", run->id);
    json_put_text(json, "name", run->name);
    view_put_id(json, "revision", run->revision, 0);
    view_put_id(json, "attempt", run->attempt, 0);
    if (run->step >= 0)
        json_put_i64(json, "stepIndex", run->step);
    else
        json_put_null(json, "stepIndex");
    if (run->revision == 0)
        view_put_by(json, run->uid, run->login_uid);
    else
        json_put_null(json, "by");
    json_put_string(json, "phase", run_phase_to_string(run->phase));
    json_put_text(json, "message", run->message);
    view_put_wall(json, "started", run->wall_started);
    view_put_wall(json, "finished", run->wall_finished);
    if (detail != RUN_SUMMARY)
        put_metrics(json, view, detail == RUN_WHOLE);
    json_close(json);
}

/* Newest first. Some ids have no document any more; the search for others ends somewhere. */
void view_put_runs(struct json_writer *json, const struct api_handler *handler, const char *key, uint32_t revision) {
    struct api_view view;
    handler->view(handler->userdata, &view);
    uint32_t id = view.state->next_run, listed = 0;
    json_open_array(json, key);
    for (int tries = 0; tries < 2 * RUNS_LISTED && listed < RUNS_LISTED && id > 1; tries++) {
        struct run_view run;
        if (handler->run(handler->userdata, --id, &run, NULL) < 0 || (revision && run.run->revision != revision))
            continue;
        view_put_run(json, &run, RUN_SUMMARY);
        listed++;
    }
    json_close(json);
}
