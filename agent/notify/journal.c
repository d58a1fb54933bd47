/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/journal.h"

#include <stdio.h>

#include "common/log.h"
#include "common/text.h"
#include "core/decide.h"
#include "core/words.h"
#include "notify/catalog.h"

/* What went wrong is seen by whoever filters for warnings. */
static int level_of(enum event_kind kind) {
    switch (kind) {
    case EVENT_ROLLOUT_ABORTED:
    case EVENT_TRAFFIC_ROUTING_ERROR:
    case EVENT_ANALYSIS_RUN_FAILED:
    case EVENT_ANALYSIS_RUN_ERROR:
        return LOG_WARNING;
    case EVENT_ROLLOUT_UPDATED:
    case EVENT_ROLLOUT_PAUSED:
    case EVENT_ROLLOUT_COMPLETED:
    case EVENT_ANALYSIS_RUN_INCONCLUSIVE:
    case EVENT_CONNECTIONS_ENDED:
        return LOG_NOTICE;
    case EVENT_ROLLOUT_STEP_COMPLETED:
    case EVENT_ROLLOUT_RESUMED:
    case EVENT_TRAFFIC_WEIGHT_UPDATED:
    case EVENT_SCALING_REPLICA_SET:
    case EVENT_SWITCH_SERVICE:
    case EVENT_SKIP_STEPS:
    case EVENT_ANALYSIS_RUN_RUNNING:
    case EVENT_ANALYSIS_RUN_SUCCESSFUL:
    case EVENTS:
        return LOG_INFO;
    }
    return LOG_INFO;
}

void notify_journal(const struct spec *spec, const struct state *state, const struct event *event) {
    char id[64], app[96], revision[48], kind[64], number[48];
    const struct history *entry = state_revision(state, event->revision);
    (void)snprintf(id, sizeof id, "MESSAGE_ID=%s", event_message_ids[event->kind]);
    (void)snprintf(app, sizeof app, "ROLLOUT_APP=%s", spec->app);
    (void)snprintf(revision, sizeof revision, "ROLLOUT_REVISION=%u", event->revision);
    (void)snprintf(kind, sizeof kind, "ROLLOUT_EVENT=%s", event_kind_to_string(event->kind));
    (void)snprintf(number, sizeof number, "ROLLOUT_EVENT_NUMBER=%u", event->number);
    const char *const fields[] = {id, app, revision, kind, number};
    log_event(level_of(event->kind), "notify", fields, ELEMENTS(fields), "%s: %s: revision %u (%s)%s%s", spec->app,
              event_kind_to_string(event->kind), event->revision, entry ? entry->version : "?",
              *event->detail ? ": " : "", event->detail);
}
