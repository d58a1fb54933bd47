/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analysis/metric.h"

DEFINE_STRING_TABLE(on_no_data, enum on_no_data, [NO_DATA_ERROR] = "error", [NO_DATA_INCONCLUSIVE] = "inconclusive",
                    [NO_DATA_SUCCESS] = "success", [NO_DATA_FAILURE] = "failure")
DEFINE_STRING_TABLE(on_failure, enum on_failure, [ON_FAILURE_ABORT] = "abort", [ON_FAILURE_PAUSE] = "pause")
