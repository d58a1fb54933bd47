/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was: revisions, events. */
#include <errno.h>

#include "api/http.h"
#include "common/cleanup.h"
#include "core/decide.h"
#include "core/words.h"

void view_put_id(struct json_writer *json, const char *key, uint32_t id, uint32_t none) {
    if (id != none)
        json_put_u32(json, key, id);
    else
        json_put_null(json, key);
}

void view_put_wall(struct json_writer *json, const char *key, usec_t wall) {
    json_put_time(json, key, wall > 0 ? wall : USEC_INFINITY);
}

void view_put_by(struct json_writer *json, uint32_t uid, uint32_t login_uid) {
    json_open_object(json, "by");
    view_put_id(json, "uid", uid, UINT32_MAX);
    view_put_id(json, "loginUid", login_uid, UINT32_MAX);
    json_close(json);
}

static void put_entry(struct json_writer *json, const struct history *entry) {
    json_put_u32(json, "revision", entry->revision);
    json_put_string(json, "version", entry->version);
    json_put_string(json, "outcome", outcome_to_string(entry->outcome));
    json_put_u32(json, "attempt", entry->attempt);
    json_put_text(json, "configuration", *entry->configuration ? entry->configuration : NULL);
    view_put_by(json, entry->uid, entry->login_uid);
    view_put_wall(json, "started", entry->wall_started);
    view_put_wall(json, "finished", entry->wall_finished);
    json_put_text(json, "reason", entry->reason);
}

void view_put_revisions(struct json_writer *json, const struct api_handler *handler) {
    struct api_view view;
    handler->view(handler->userdata, &view);
    json_open_array(json, NULL);
    for (uint32_t i = 0; i < view.state->n_history; i++) {
        json_open_object(json, NULL);
        put_entry(json, &view.state->history[i]);
        json_close(json);
    }
    json_close(json);
}

int view_put_revision(struct json_writer *json, const struct api_handler *handler, uint32_t revision) {
    struct api_view view;
    handler->view(handler->userdata, &view);
    const struct history *entry = state_revision(view.state, revision);
    if (!entry)
        return -ENOENT;
    json_open_object(json, NULL);
    put_entry(json, entry);
    view_put_runs(json, handler, "runs", revision);
    json_close(json);
    return 0;
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
    view_put_id(&json, "run", event->run, 0);
    view_put_wall(&json, "time", event->wall);
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
