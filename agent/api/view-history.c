/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was: revisions, analysis runs, events. */
#include <errno.h>

#include "api/http.h"
#include "common/cleanup.h"
#include "core/decide.h"
#include "core/words.h"

#define RUNS_LISTED 20 /* each is read from its file while everybody waits */

static void put_id_or_null(struct json_writer *json, const char *key, uint32_t id, uint32_t none) {
    if (id != none)
        json_put_u32(json, key, id);
    else
        json_put_null(json, key);
}

static void put_wall(struct json_writer *json, const char *key, usec_t wall) {
    json_put_time(json, key, wall > 0 ? wall : USEC_INFINITY);
}

static void put_entry(struct json_writer *json, const struct history *entry) {
    json_open_object(json, NULL);
    json_put_u32(json, "revision", entry->revision);
    json_put_string(json, "version", entry->version);
    json_put_string(json, "outcome", outcome_to_string(entry->outcome));
    json_put_u32(json, "attempt", entry->attempt);
    json_open_object(json, "by");
    put_id_or_null(json, "uid", entry->uid, UINT32_MAX);
    put_id_or_null(json, "loginUid", entry->login_uid, UINT32_MAX);
    json_close(json);
    put_wall(json, "started", entry->wall_started);
    put_wall(json, "finished", entry->wall_finished);
    json_put_text(json, "reason", entry->reason);
    json_close(json);
}

void view_put_revisions(struct json_writer *json, const struct api_handler *handler) {
    struct api_view view;
    handler->view(handler->userdata, &view);
    json_open_array(json, NULL);
    for (uint32_t i = 0; i < view.state->n_history; i++)
        put_entry(json, &view.state->history[i]);
    json_close(json);
}

int view_put_revision(struct json_writer *json, const struct api_handler *handler, uint32_t revision) {
    struct api_view view;
    handler->view(handler->userdata, &view);
    const struct history *entry = state_revision(view.state, revision);
    if (!entry)
        return -ENOENT;
    put_entry(json, entry);
    return 0;
}

/* ---------------------------------------------------------------- runs */

static void put_measurement(struct json_writer *json, const struct measurement *measurement) {
    json_open_object(json, NULL);
    put_wall(json, "time", measurement->wall);
    json_put_text(json, "value", measurement->value);
    json_put_string(json, "phase", run_phase_to_string(measurement->phase));
    json_put_text(json, "message", measurement->message);
    json_close(json);
}

static void put_metric(struct json_writer *json, const struct metric_run *metric) {
    json_open_object(json, NULL);
    json_put_text(json, "name", metric->name);
    json_put_string(json, "phase", run_phase_to_string(metric->phase));
    json_put_text(json, "message", metric->message);
    json_put_bool(json, "dryRun", metric->dry_run);
    json_put_u32(json, "successful", metric->successful);
    json_put_u32(json, "failed", metric->failed);
    json_put_u32(json, "inconclusive", metric->inconclusive);
    json_put_u32(json, "error", metric->error);
    json_open_array(json, "measurements");
    for (uint32_t i = 0; i < metric->n_measurements && i < MEASUREMENTS_MAX; i++)
        put_measurement(json, &metric->measurements[i]);
    json_close(json);
    json_close(json);
}

void view_put_run(struct json_writer *json, const struct run *run, bool with_metrics) {
    json_open_object(json, NULL);
    json_put_u32(json, "id", run->id);
    json_put_text(json, "name", run->name);
    put_id_or_null(json, "revision", run->revision, 0);
    if (run->step >= 0)
        json_put_i64(json, "stepIndex", run->step);
    else
        json_put_null(json, "stepIndex");
    json_put_string(json, "phase", run_phase_to_string(run->phase));
    json_put_text(json, "message", run->message);
    put_wall(json, "started", run->wall_started);
    put_wall(json, "finished", run->wall_finished);
    if (with_metrics) {
        json_open_array(json, "metrics");
        for (uint32_t i = 0; i < run->n_metrics; i++)
            put_metric(json, &run->metrics[i]);
        json_close(json);
    }
    json_close(json);
}

/* Newest first. Some ids have no document any more; the search for others ends somewhere. */
void view_put_runs(struct json_writer *json, const struct api_handler *handler) {
    struct api_view view;
    handler->view(handler->userdata, &view);
    uint32_t id = view.state->next_run, listed = 0;
    json_open_array(json, NULL);
    for (int tries = 0; tries < 2 * RUNS_LISTED && listed < RUNS_LISTED && id > 1; tries++) {
        _cleanup_free_ struct run *run = NULL;
        if (handler->run(handler->userdata, --id, &run, NULL) < 0)
            continue;
        view_put_run(json, run, false);
        listed++;
    }
    json_close(json);
}

/* ---------------------------------------------------------------- events */

static int put_event(struct buffer *text, const char *app, const struct event *event) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(4096);
    _cleanup_free_ char *data = NULL;
    json_open_object(&json, NULL);
    json_put_u32(&json, "number", event->number);
    json_put_string(&json, "event", event_kind_to_string(event->kind));
    json_put_string(&json, "app", app);
    json_put_u32(&json, "revision", event->revision);
    json_put_u32(&json, "step", event->step);
    json_put_double(&json, "weight", event->weight / 100.0);
    put_id_or_null(&json, "run", event->run, 0);
    put_wall(&json, "time", event->wall);
    json_put_text(&json, "detail", event->detail);
    json_close(&json);
    int r = json_finish(&json, &data, NULL, NULL);
    if (r < 0)
        return r;
    return buffer_printf(text, "id: %u\nevent: %s\ndata: %s\n\n", event->number, event_kind_to_string(event->kind),
                         data);
}

int view_put_events(struct buffer *text, const struct api_handler *handler, uint32_t *after) {
    struct api_view view;
    handler->view(handler->userdata, &view);
    for (uint32_t i = 0; i < view.state->n_outbox; i++) {
        const struct event *event = &view.state->outbox[i];
        if (event->number <= *after)
            continue;
        int r = put_event(text, view.spec->app, event);
        if (r < 0)
            return r;
        *after = event->number;
    }
    return 0;
}

uint32_t view_newest_event(const struct api_handler *handler) {
    struct api_view view;
    handler->view(handler->userdata, &view);
    return view.state->next_event > 0 ? view.state->next_event - 1 : 0;
}
