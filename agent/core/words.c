/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

DEFINE_STRING_TABLE(color, enum color, [BLUE] = "blue", [GREEN] = "green", [COLOR_NONE] = "none")

DEFINE_STRING_TABLE(
    mode, enum mode, [MODE_IDLE] = "idle", [MODE_RUNNING] = "running", [MODE_ABORTED] = "aborted", [MODE_HELD] = "held")

DEFINE_STRING_TABLE(
    reason, enum reason, [REASON_NONE] = "None", [REASON_BY_USER] = "ByUser", [REASON_CRASH] = "Crash",
    [REASON_ANALYSIS_FAILED] = "AnalysisFailed", [REASON_ANALYSIS_ERROR] = "AnalysisError",
    [REASON_DEADLINE] = "ProgressDeadlineExceeded", [REASON_HOOK_FAILED] = "HookFailed",
    [REASON_HOOK_ASKED] = "HookAsked", [REASON_LOST_STATE] = "LostState", [REASON_NEWER_STATE] = "NewerState")

DEFINE_STRING_TABLE(
    outcome, enum outcome, [OUTCOME_RUNNING] = "running", [OUTCOME_PROMOTED] = "promoted",
    [OUTCOME_ABORTED] = "aborted", [OUTCOME_SUPERSEDED] = "superseded", [OUTCOME_ROLLED_BACK] = "rolled-back")

DEFINE_STRING_TABLE(
    event_kind, enum event_kind, [EVENT_ROLLOUT_UPDATED] = "RolloutUpdated",
    [EVENT_ROLLOUT_STEP_COMPLETED] = "RolloutStepCompleted", [EVENT_ROLLOUT_PAUSED] = "RolloutPaused",
    [EVENT_ROLLOUT_RESUMED] = "RolloutResumed", [EVENT_ROLLOUT_ABORTED] = "RolloutAborted",
    [EVENT_ROLLOUT_COMPLETED] = "RolloutCompleted", [EVENT_TRAFFIC_WEIGHT_UPDATED] = "TrafficWeightUpdated",
    [EVENT_TRAFFIC_ROUTING_ERROR] = "TrafficRoutingError", [EVENT_SCALING_REPLICA_SET] = "ScalingReplicaSet",
    [EVENT_SWITCH_SERVICE] = "SwitchService", [EVENT_SKIP_STEPS] = "SkipSteps",
    [EVENT_ANALYSIS_RUN_RUNNING] = "AnalysisRunRunning", [EVENT_ANALYSIS_RUN_SUCCESSFUL] = "AnalysisRunSuccessful",
    [EVENT_ANALYSIS_RUN_FAILED] = "AnalysisRunFailed", [EVENT_ANALYSIS_RUN_INCONCLUSIVE] = "AnalysisRunInconclusive",
    [EVENT_ANALYSIS_RUN_ERROR] = "AnalysisRunError", [EVENT_CONNECTIONS_ENDED] = "ConnectionsEnded")

const char *instance_name(char ret[static INSTANCE_NAME_MAX], enum color color, uint32_t number) {
    (void)snprintf(ret, INSTANCE_NAME_MAX, "%s-%u", color_to_string(color), number + 1);
    return ret;
}

int instance_from_name(const char *name, enum color *ret_color, uint32_t *ret_number) {
    /* So few are possible that comparing with each is the strictest parser. */
    for (uint32_t number = 0; number < REPLICAS_MAX; number++)
        for (enum color color = BLUE; color < COLORS; color++)
            if (strcmp(name, INSTANCE_NAME(color, number)) == 0) {
                *ret_color = color;
                *ret_number = number;
                return 0;
            }
    return -EINVAL;
}
