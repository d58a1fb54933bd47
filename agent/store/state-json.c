/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/state-json.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/json-writer.h"
#include "common/json.h"
#include "common/text.h"
#include "core/words.h"
#include "store/fields.h"

DEFINE_WORDS(color);
DEFINE_WORDS(mode);
DEFINE_WORDS(reason);
DEFINE_WORDS(outcome);
DEFINE_WORDS(event_kind);
DEFINE_WORDS(run_phase);
DEFINE_WORDS(hook_moment);

static const struct field state_fields[] = {
    U32_FIELD(struct state, generation, "generation", UINT32_MAX),
    ID_FIELD(struct state, boot, "boot"),
    USEC_FIELD(struct state, clock, "clock"),
    OFFSET_FIELD(struct state, clock_offset, "clockOffset"),
    U32_FIELD(struct state, next_revision, "nextRevision", UINT32_MAX),
    U32_FIELD(struct state, next_run, "nextRun", UINT32_MAX),
    U32_FIELD(struct state, next_event, "nextEvent", UINT32_MAX),
    U32_FIELD(struct state, next_call, "nextCall", UINT32_MAX),
    U32_FIELD(struct state, delivered, "delivered", UINT32_MAX),
    ENUM_FIELD(struct state, stable, "stable", color),
    USEC_FIELD(struct state, stable_ailing_since, "stableAilingSince"),
    I32_FIELD(struct state, share_given, "shareGiven", 0, SHARE_FULL),
    U32_FIELD(struct state, queued.revision, "queued", UINT32_MAX),
    BOOL_FIELD(struct state, queued.now, "queuedNow"),
    BOOL_FIELD(struct state, queued.at_end, "queuedAtEnd"),
    USEC_FIELD(struct state, restart_at, "restartAt"),
    TEXT_FIELD(struct state, routing_error, "routingError"),
};

static const struct field slot_fields[] = {
    U32_FIELD(struct slot, revision, "revision", UINT32_MAX),
    USEC_FIELD(struct slot, stop_after, "stopAfter"),
    BOOL_FIELD(struct slot, adopted, "adopted"),
};

static const struct field instance_fields[] = {
    ID_FIELD(struct instance, accepted, "accepted"),
    ID_FIELD(struct instance, passed_over, "passedOver"),
    BOOL_FIELD(struct instance, crash_counted, "crashCounted"),
    U32_FIELD(struct instance, crashes, "crashes", UINT32_MAX),
    BOOL_FIELD(struct instance, ended_quietly, "endedQuietly"),
    USEC_FIELD(struct instance, started_at, "startedAt"),
    USEC_FIELD(struct instance, placed_at, "placedAt"),
    USEC_FIELD(struct instance, drain_since, "drainSince"),
    U32_FIELD(struct instance, cut_off, "cutOff", UINT32_MAX),
};

static const struct field rollout_fields[] = {
    ENUM_FIELD(struct rollout, mode, "mode", mode),
    U32_FIELD(struct rollout, revision, "revision", UINT32_MAX),
    U32_FIELD(struct rollout, attempt, "attempt", UINT32_MAX),
    ENUM_FIELD(struct rollout, color, "color", color),
    U32_FIELD(struct rollout, step, "step", STEPS_MAX),
    USEC_FIELD(struct rollout, step_since, "stepSince"),
    USEC_FIELD(struct rollout, began, "began"),
    USEC_FIELD(struct rollout, progress_at, "progressAt"),
    U32_FIELD(struct rollout, ready_seen, "readySeen", REPLICAS_MAX),
    BOOL_FIELD(struct rollout, paused_by_user, "pausedByUser"),
    BOOL_FIELD(struct rollout, paused_inconclusive, "pausedInconclusive"),
    BOOL_FIELD(struct rollout, full, "full"),
    BOOL_FIELD(struct rollout, held_by_hook, "heldByHook"),
    ENUM_FIELD(struct rollout, reason, "reason", reason),
    TEXT_FIELD(struct rollout, detail, "detail"),
    U32_FIELD(struct rollout, step_run.id, "stepRun", UINT32_MAX),
    U32_FIELD(struct rollout, step_run.step, "stepRunStep", STEPS_MAX),
    ENUM_FIELD(struct rollout, step_run.phase, "stepRunPhase", run_phase),
    U32_FIELD(struct rollout, background_run.id, "backgroundRun", UINT32_MAX),
    U32_FIELD(struct rollout, background_run.step, "backgroundRunStep", STEPS_MAX),
    ENUM_FIELD(struct rollout, background_run.phase, "backgroundRunPhase", run_phase),
};

#define CALL_FIELDS(lane, prefix)                                                             \
    U32_FIELD(struct hook_progress, calls[lane].number, prefix "Call", UINT32_MAX),           \
        ENUM_FIELD(struct hook_progress, calls[lane].moment, prefix "Moment", hook_moment),   \
        BOOL_FIELD(struct hook_progress, calls[lane].open, prefix "Open"),                    \
        U32_FIELD(struct hook_progress, calls[lane].failures, prefix "Failures", UINT32_MAX), \
        USEC_FIELD(struct hook_progress, calls[lane].ask_at, prefix "AskAt")

static const struct field hook_fields[] = {
    U32_FIELD(struct hook_progress, passed, "passed", (1u << HOOK_MOMENTS) - 1),
    CALL_FIELDS(HOOK_LANE_STEPS, "step"),
    CALL_FIELDS(HOOK_LANE_ROLLBACK, "rollback"),
};

static const struct field by_hand_fields[] = {
    U32_FIELD(struct by_hand, admitted, "admitted", UINT32_MAX),
    U32_FIELD(struct by_hand, confirmed, "confirmed", UINT32_MAX),
    USEC_FIELD(struct by_hand, restored[0], "restored0"),
    USEC_FIELD(struct by_hand, restored[1], "restored1"),
    USEC_FIELD(struct by_hand, restored[2], "restored2"),
    BOOL_FIELD(struct by_hand, yielded, "yielded"),
};

static const struct field history_fields[] = {
    U32_FIELD(struct history, revision, "revision", UINT32_MAX),
    U32_FIELD(struct history, attempt, "attempt", UINT32_MAX),
    TEXT_FIELD(struct history, version, "version"),
    ID_FIELD(struct history, identity, "identity"),
    TEXT_FIELD(struct history, configuration, "configuration"),
    ENUM_FIELD(struct history, outcome, "outcome", outcome),
    BOOL_FIELD(struct history, live_before, "liveBefore"),
    U32_FIELD(struct history, uid, "uid", UINT32_MAX),
    U32_FIELD(struct history, login_uid, "loginUid", UINT32_MAX),
    USEC_FIELD(struct history, wall_started, "wallStarted"),
    USEC_FIELD(struct history, wall_finished, "wallFinished"),
    TEXT_FIELD(struct history, reason, "reason"),
};

static const struct field event_fields[] = {
    U32_FIELD(struct event, number, "number", UINT32_MAX),
    ENUM_FIELD(struct event, kind, "kind", event_kind),
    U32_FIELD(struct event, revision, "revision", UINT32_MAX),
    U32_FIELD(struct event, step, "step", STEPS_MAX),
    I32_FIELD(struct event, weight, "weight", 0, SHARE_FULL),
    U32_FIELD(struct event, run, "run", UINT32_MAX),
    USEC_FIELD(struct event, wall, "wall"),
    TEXT_FIELD(struct event, detail, "detail"),
};

/* ---------------------------------------------------------------- to JSON */

static void put_object(struct json_writer *json, const char *key, const struct field *fields, size_t n,
                       const void *from) {
    json_open_object(json, key);
    fields_put(json, fields, n, from);
    json_close(json);
}

static bool instance_empty(const struct instance *instance) {
    static const struct id128 none;
    return memcmp(&instance->accepted, &none, sizeof(none)) == 0 &&
           memcmp(&instance->passed_over, &none, sizeof(none)) == 0 && !instance->crash_counted &&
           instance->crashes == 0 && !instance->ended_quietly && instance->started_at == 0 &&
           instance->placed_at == 0 && instance->drain_since == 0 && instance->cut_off == 0;
}

static void put_instances(struct json_writer *json, const struct state *state) {
    json_open_array(json, "instances");
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
            const struct instance *instance = &state->instances[color][number];
            if (instance_empty(instance))
                continue;
            json_open_object(json, NULL);
            json_put_string(json, "name", INSTANCE_NAME(color, number));
            fields_put(json, instance_fields, ELEMENTS(instance_fields), instance);
            json_close(json);
        }
    json_close(json);
}

/* Up to the last one that was ever asked. */
static uint32_t hooks_in_use(const struct rollout *rollout) {
    static const struct hook_progress unused;
    uint32_t n = HOOKS_MAX;
    while (n > 0 && memcmp(&rollout->hooks[n - 1], &unused, sizeof unused) == 0)
        n--;
    return n;
}

int state_to_json(const struct state *state, char **ret_text, size_t *ret_len, struct error *err) {
    assert(state->n_history <= HISTORY_MAX && state->n_outbox <= OUTBOX_MAX);
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(STATE_TEXT_MAX);
    json_open_object(&json, NULL);
    json_put_u32(&json, "schema", STATE_SCHEMA);
    json_put_u32(&json, "reader", STATE_READER);
    fields_put(&json, state_fields, ELEMENTS(state_fields), state);
    json_open_object(&json, "slots");
    for (enum color color = BLUE; color < COLORS; color++)
        put_object(&json, color_to_string(color), slot_fields, ELEMENTS(slot_fields), &state->slots[color]);
    json_close(&json);
    put_instances(&json, state);
    put_object(&json, "rollout", rollout_fields, ELEMENTS(rollout_fields), &state->rollout);
    json_open_array(&json, "hooks");
    for (uint32_t i = 0; i < hooks_in_use(&state->rollout); i++)
        put_object(&json, NULL, hook_fields, ELEMENTS(hook_fields), &state->rollout.hooks[i]);
    json_close(&json);
    put_object(&json, "byHand", by_hand_fields, ELEMENTS(by_hand_fields), &state->by_hand);
    json_open_array(&json, "history");
    for (uint32_t i = 0; i < state->n_history; i++)
        put_object(&json, NULL, history_fields, ELEMENTS(history_fields), &state->history[i]);
    json_close(&json);
    json_open_array(&json, "outbox");
    for (uint32_t i = 0; i < state->n_outbox; i++)
        put_object(&json, NULL, event_fields, ELEMENTS(event_fields), &state->outbox[i]);
    json_close(&json);
    json_close(&json);
    return json_finish(&json, ret_text, ret_len, err);
}

/* ---------------------------------------------------------------- from JSON */

static int get_slots(const cJSON *document, struct state *state, struct error *err) {
    const cJSON *slots, *slot;
    int r = json_get_object(document, "slots", &slots, err);
    for (enum color color = BLUE; color < COLORS && r == 0; color++) {
        r = json_get_object(slots, color_to_string(color), &slot, err);
        if (r == 0)
            r = fields_get(slot, slot_fields, ELEMENTS(slot_fields), &state->slots[color], err);
    }
    return r;
}

static int get_instances(const cJSON *document, struct state *state, struct error *err) {
    const cJSON *instances;
    int r = json_get_array(document, "instances", &instances, err);
    if (r < 0)
        return r;
    json_for_each(item, instances) {
        const char *name;
        enum color color;
        uint32_t number;
        r = json_get_string(item, "name", &name, err);
        if (r < 0)
            return r;
        if (instance_from_name(name, &color, &number) < 0)
            return json_error(item, "name", err, -EINVAL, "no name of an instance, expected one like blue-1");
        if (!instance_empty(&state->instances[color][number]))
            return json_error(item, "name", err, -EINVAL, "this instance is there twice");
        r = fields_get(item, instance_fields, ELEMENTS(instance_fields), &state->instances[color][number], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Elements of SIZE bytes each, at most MAX. */
static int get_list(const cJSON *document, const char *key, const struct field *fields, size_t n_fields, void *to,
                    size_t size, uint32_t max, uint32_t *ret_n, struct error *err) {
    const cJSON *list;
    uint32_t n = 0;
    int r = json_get_array(document, key, &list, err);
    if (r < 0)
        return r;
    json_for_each(item, list) {
        if (n == max)
            return json_error(document, key, err, -ERANGE, "more than %u", max);
        r = fields_get(item, fields, n_fields, (char *)to + n++ * size, err);
        if (r < 0)
            return r;
    }
    *ret_n = n;
    return 0;
}

static int get_state(const cJSON *document, struct state *state, struct error *err) {
    const cJSON *rollout, *by_hand;
    uint32_t n_hooks;
    int r = schema_check(document, STATE_SCHEMA, err);
    if (r == 0)
        r = json_get_u32(document, "schema", &state->schema, err);
    if (r == 0)
        r = fields_get(document, state_fields, ELEMENTS(state_fields), state, err);
    if (r == 0)
        r = get_slots(document, state, err);
    if (r == 0)
        r = get_instances(document, state, err);
    if (r == 0)
        r = json_get_object(document, "rollout", &rollout, err);
    if (r == 0)
        r = fields_get(rollout, rollout_fields, ELEMENTS(rollout_fields), &state->rollout, err);
    if (r == 0)
        r = get_list(document, "hooks", hook_fields, ELEMENTS(hook_fields), state->rollout.hooks,
                     sizeof(state->rollout.hooks[0]), HOOKS_MAX, &n_hooks, err);
    if (r == 0)
        r = json_get_object(document, "byHand", &by_hand, err);
    if (r == 0)
        r = fields_get(by_hand, by_hand_fields, ELEMENTS(by_hand_fields), &state->by_hand, err);
    if (r == 0)
        r = get_list(document, "history", history_fields, ELEMENTS(history_fields), state->history,
                     sizeof(state->history[0]), HISTORY_MAX, &state->n_history, err);
    if (r == 0)
        r = get_list(document, "outbox", event_fields, ELEMENTS(event_fields), state->outbox, sizeof(state->outbox[0]),
                     OUTBOX_MAX, &state->n_outbox, err);
    return r;
}

int state_from_json(const char *text, size_t len, struct state *ret, struct error *err) {
    _cleanup_json_ cJSON *document = NULL;
    _cleanup_free_ struct state *state = calloc(1, sizeof(*state));
    if (!state)
        return error_set(err, -ENOMEM, "no memory for the state");
    int r = json_parse(text, len, &document, err);
    if (r == 0)
        r = get_state(document, state, err);
    if (r < 0 && r != -ENOMEM && r != -EPROTONOSUPPORT) {
        r = -EBADMSG;
        if (err)
            err->code = r;
    }
    if (r == 0)
        *ret = *state;
    return r;
}
