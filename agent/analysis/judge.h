/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One answer, one verdict. Argo Rollouts' table:
 *
 *     success given   failure given   verdict
 *     no              no              Successful
 *     yes             no              holds ? Successful : Failed
 *     no              yes             holds ? Failed : Successful
 *     yes             yes             failure holds: Failed; else success holds: Successful; neither: Inconclusive
 *     a condition cannot be told      Error
 *
 * An answer without data is null or []. It is what OnNoData= says; with OnNoData=error it is judged, as Argo does,
 * where a condition asks for it (len, isNil, default, nil, ??), and else an Error: no data never passes by accident.
 * NaN is data, with which no comparison holds. Where a condition uses baseline, the same is true of the baseline's
 * answer: nothing to compare with is no data. */
#ifndef ROLLOUT_ANALYSIS_JUDGE_H
#define ROLLOUT_ANALYSIS_JUDGE_H

#include "analysis/metric.h"
#include "analysis/run.h"

/* The answers to one measurement's questions, as JSON text. */
struct evidence {
    const char *result;
    const char *baseline; /* NULL: the metric has no BaselineQuery= */
};

/* Judges by the metric's conditions: Successful, Failed, Inconclusive or Error. The message says why with the values
 * filled in, "" for Successful. */
enum run_phase judge(const struct metric_spec *metric, const struct evidence *evidence,
                     char message[static MEASUREMENT_MESSAGE_MAX]);

#endif
