/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The identity of each kind of event in the journal, as units/rollout.catalog explains them. Never changed once
 * released. */
#ifndef ROLLOUT_NOTIFY_CATALOG_H
#define ROLLOUT_NOTIFY_CATALOG_H

#include "core/model.h"

static const char *const event_message_ids[EVENTS] = {
    [EVENT_ROLLOUT_UPDATED] = "c4873f7c746b8e9aa26194a4d129497f",
    [EVENT_ROLLOUT_STEP_COMPLETED] = "760cb820ad86d32f61609d17aafa02d6",
    [EVENT_ROLLOUT_PAUSED] = "3290830b35704e4720c13fb8bc690d96",
    [EVENT_ROLLOUT_RESUMED] = "ee4bec1cc8c384ac75d8acd972cb7848",
    [EVENT_ROLLOUT_ABORTED] = "25238f464039f7a921b1977f9f8a6f4d",
    [EVENT_ROLLOUT_COMPLETED] = "c900ec673da664237a17447638ce413c",
    [EVENT_TRAFFIC_WEIGHT_UPDATED] = "cb11d4e281fe13b6cbf3e4c7542e2f50",
    [EVENT_TRAFFIC_ROUTING_ERROR] = "03b34d64bf9b33912e7e98afece3add5",
    [EVENT_SCALING_REPLICA_SET] = "9faaae04a9be526f02df2e33c8fd08cc",
    [EVENT_SWITCH_SERVICE] = "2166d1443a2a61ec81a326b1609bf708",
    [EVENT_SKIP_STEPS] = "a5b06a99c756fca04f04a653f1a6040c",
    [EVENT_ANALYSIS_RUN_RUNNING] = "2699e7f95a500522cc2cb777f9a1410a",
    [EVENT_ANALYSIS_RUN_SUCCESSFUL] = "2784da050df395515567d95deda8231c",
    [EVENT_ANALYSIS_RUN_FAILED] = "27fdce2bdd393adb6b4ef6a84edba79d",
    [EVENT_ANALYSIS_RUN_INCONCLUSIVE] = "4c791cc3def3e60218e4a81eb9b6dbef",
    [EVENT_ANALYSIS_RUN_ERROR] = "9a9ee8ef79b5cccbf9db09c9924f93ad",
};

#endif
