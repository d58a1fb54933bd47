/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

/* When one of these fails, a field is new: fill it below, and see that store/ writes and reads it. */
static_assert(sizeof(struct slot) == 16, "slot");
static_assert(sizeof(struct by_hand) == 40, "by_hand");
static_assert(sizeof(struct instance) == 72, "instance");
static_assert(sizeof(struct hook_progress) == 56, "hook_progress");
static_assert(sizeof(struct rollout) == 688, "rollout");
static_assert(sizeof(struct history) == 408, "history");
static_assert(sizeof(struct event) == 192, "event");
static_assert(sizeof(struct state) ==
                  104 + 2 * 16 + 2 * REPLICAS_MAX * 72 + 688 + 40 + REASON_MAX + HISTORY_MAX * 408 + OUTBOX_MAX * 192,
              "state");
static_assert(sizeof(struct run) == 392, "run");
static_assert(sizeof(struct metric_run) == 15488, "metric_run");
static_assert(sizeof(struct measurement) == 472, "measurement");

static uint64_t at;

static uint64_t draw(void) {
    at += 0x9E3779B97F4A7C15u; /* splitmix64 */
    uint64_t z = at;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint32_t below(uint32_t n) {
    return (uint32_t)(draw() % n);
}

/* The ends of the range are as likely as all between. */
static uint32_t any_u32(void) {
    uint32_t kind = below(4);
    return kind == 0 ? 0 : kind == 1 ? UINT32_MAX : (uint32_t)draw();
}

static usec_t any_usec(void) {
    uint32_t kind = below(5);
    return kind == 0   ? 0
           : kind == 1 ? USEC_INFINITY
           : kind == 2 ? JSON_INTEGER_MAX
                       : (usec_t)(draw() & JSON_INTEGER_MAX);
}

static bool any_bool(void) {
    return draw() & 1;
}

static struct id128 any_id(void) {
    struct id128 id;
    for (size_t i = 0; i < sizeof(id.bytes); i++)
        id.bytes[i] = (uint8_t)draw();
    return id;
}

/* Up to a full buffer of characters that JSON has to treat in every way. */
static void any_text(char *buffer, size_t size) {
    static const char *const pieces[] = {"a",    "Z",    "0", " ", "\"", "\\", "\n", "\t",
                                         "\x01", "\x7F", "/", "ä", "€",  "𝄞",  "{",  "]"};
    size_t len = 0, wanted = below(3) == 0 ? size - 1 : below((uint32_t)size);
    for (;;) {
        const char *piece = pieces[below(sizeof(pieces) / sizeof(pieces[0]))];
        if (len + strlen(piece) > wanted)
            break;
        memcpy(buffer + len, piece, strlen(piece));
        len += strlen(piece);
    }
}

#define ANY_TEXT(field) any_text(field, sizeof(field))

static struct run_ref any_run_ref(void) {
    return (struct run_ref){.id = any_u32(),
                            .step = below(STEPS_MAX + 1),
                            .phase = (enum run_phase)below(RUN_INCONCLUSIVE + 1)};
}

static void any_hook(struct hook_progress *hook) {
    hook->passed = below(1u << HOOK_MOMENTS);
    for (enum hook_lane lane = 0; lane < HOOK_LANES; lane++) {
        struct hook_call *call = &hook->calls[lane];
        call->number = any_u32() | 1; /* else it may be left out */
        call->moment = (enum hook_moment)below(HOOK_MOMENTS);
        call->open = any_bool();
        call->failures = any_u32();
        call->ask_at = any_usec();
    }
}

static void any_rollout(struct rollout *rollout) {
    rollout->mode = (enum mode)below(MODE_HELD + 1);
    rollout->revision = any_u32();
    rollout->attempt = any_u32();
    rollout->color = (enum color)below(COLOR_NONE + 1);
    rollout->step = below(STEPS_MAX + 1);
    rollout->step_since = any_usec();
    rollout->began = any_usec();
    rollout->progress_at = any_usec();
    rollout->ready_seen = below(REPLICAS_MAX + 1);
    rollout->paused_by_user = any_bool();
    rollout->paused_inconclusive = any_bool();
    rollout->full = any_bool();
    rollout->held_by_hook = any_bool();
    rollout->reason = (enum reason)below(REASON_NEWER_STATE + 1);
    ANY_TEXT(rollout->detail);
    rollout->step_run = any_run_ref();
    rollout->background_run = any_run_ref();
    for (uint32_t i = 0; i < HOOKS_MAX; i++)
        any_hook(&rollout->hooks[i]);
}

static void any_history(struct history *entry) {
    entry->revision = any_u32();
    entry->attempt = any_u32();
    ANY_TEXT(entry->version);
    entry->identity = any_id();
    ANY_TEXT(entry->configuration);
    entry->outcome = (enum outcome)below(OUTCOME_ROLLED_BACK + 1);
    entry->live_before = any_bool();
    entry->uid = any_u32();
    entry->login_uid = any_u32();
    entry->wall_started = any_usec();
    entry->wall_finished = any_usec();
    ANY_TEXT(entry->reason);
}

static void any_event(struct event *event) {
    event->number = any_u32();
    event->kind = (enum event_kind)below(EVENTS);
    event->revision = any_u32();
    event->step = below(STEPS_MAX + 1);
    event->weight = (share_t)below(SHARE_FULL + 1);
    event->run = any_u32();
    event->wall = any_usec();
    ANY_TEXT(event->detail);
}

static void any_instance(struct instance *instance) {
    instance->accepted = any_id();
    instance->passed_over = any_id();
    instance->crash_counted = any_bool();
    instance->ended_quietly = any_bool();
    instance->crashes = any_u32();
    instance->started_at = any_usec();
    instance->placed_at = any_usec();
    instance->drain_since = any_usec();
    instance->cut_off = any_u32();
}

void random_state(uint64_t seed, struct state *ret) {
    at = seed;
    memset(ret, 0, sizeof(*ret));
    ret->schema = STATE_SCHEMA;
    ret->generation = any_u32();
    ret->boot = any_id();
    ret->clock = any_usec();
    ret->clock_offset = any_bool() ? any_usec() : -(usec_t)(draw() & JSON_INTEGER_MAX);
    ret->next_revision = any_u32();
    ret->next_run = any_u32();
    ret->next_call = any_u32();
    ret->next_event = any_u32();
    ret->stable = (enum color)below(COLOR_NONE + 1);
    ret->stable_ailing_since = any_usec();
    ret->share_given = (share_t)below(SHARE_FULL + 1);
    for (enum color color = BLUE; color < COLORS; color++) {
        ret->slots[color] = (struct slot){.revision = any_u32(), .stop_after = any_usec(), .adopted = any_bool()};
        for (uint32_t number = 0; number < REPLICAS_MAX; number++)
            if (below(4) == 0)
                any_instance(&ret->instances[color][number]);
    }
    any_rollout(&ret->rollout);
    ret->queued = (struct queued){.revision = any_u32(), .now = any_bool(), .at_end = any_bool()};
    ret->restart_at = any_usec();
    ret->by_hand = (struct by_hand){.admitted = any_u32(), .confirmed = any_u32(), .yielded = any_bool()};
    for (uint32_t i = 0; i < RESTORATIONS_MAX; i++)
        ret->by_hand.restored[i] = any_usec();
    ANY_TEXT(ret->routing_error);
    ret->n_history = below(3) == 0 ? HISTORY_MAX : below(HISTORY_MAX);
    for (uint32_t i = 0; i < ret->n_history; i++)
        any_history(&ret->history[i]);
    ret->delivered = any_u32();
    ret->n_outbox = below(3) == 0 ? OUTBOX_MAX : below(OUTBOX_MAX);
    for (uint32_t i = 0; i < ret->n_outbox; i++)
        any_event(&ret->outbox[i]);
}

static void any_measurement(struct measurement *measurement) {
    measurement->started = any_usec();
    measurement->finished = any_usec();
    measurement->wall = any_usec();
    measurement->phase = (enum run_phase)below(RUN_INCONCLUSIVE + 1);
    ANY_TEXT(measurement->value);
    ANY_TEXT(measurement->baseline);
    ANY_TEXT(measurement->samples);
    ANY_TEXT(measurement->message);
}

static void any_metric(struct metric_run *metric) {
    ANY_TEXT(metric->name);
    metric->phase = (enum run_phase)below(RUN_INCONCLUSIVE + 1);
    metric->dry_run = any_bool();
    metric->asked = any_u32();
    metric->sequence = any_u32();
    metric->asked_at = any_usec();
    metric->next_at = any_usec();
    metric->successful = any_u32();
    metric->failed = any_u32();
    metric->inconclusive = any_u32();
    metric->error = any_u32();
    metric->too_few = any_u32();
    metric->consecutive_error = any_u32();
    metric->consecutive_success = any_u32();
    ANY_TEXT(metric->message);
    metric->n_measurements = below(3) == 0 ? MEASUREMENTS_MAX : below(MEASUREMENTS_MAX);
    for (uint32_t i = 0; i < metric->n_measurements; i++)
        any_measurement(&metric->measurements[i]);
}

struct run *random_run(uint64_t seed) {
    at = seed;
    uint32_t n = seed % 50 == 0 ? RUN_METRICS_MAX : below(6);
    struct run *run = calloc(1, run_size(n));
    if (!run)
        abort();
    run->id = any_u32();
    run->revision = any_u32();
    run->attempt = any_u32();
    run->step = (int32_t)below(STEPS_MAX + 2) - 1;
    run->uid = any_u32();
    run->login_uid = any_u32();
    run->phase = (enum run_phase)below(RUN_INCONCLUSIVE + 1);
    run->stop = any_bool();
    run->started = any_usec();
    run->finished = any_usec();
    run->wall_started = any_usec();
    run->wall_finished = any_usec();
    ANY_TEXT(run->name);
    ANY_TEXT(run->message);
    run->n_metrics = n;
    for (uint32_t i = 0; i < n; i++)
        any_metric(&run->metrics[i]);
    return run;
}
