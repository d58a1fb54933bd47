/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One metric in a run: when it is asked, what its answers add up to. For run.c only. */
#ifndef ROLLOUT_ANALYSIS_RUN_METRIC_H
#define ROLLOUT_ANALYSIS_RUN_METRIC_H

#include "analysis/run.h"

void metric_begin(struct metric_run *metric, const struct metric_spec *spec, usec_t now);

/* Puts the next question in flight if it is due; false if it isn't. */
bool metric_ask(struct metric_run *metric, usec_t now);

/* Makes a measurement of the answer, and ends the metric where it decides; false for an answer to no question in
 * flight, which changes nothing. */
bool metric_take(struct metric_run *metric, const struct metric_spec *spec, usec_t now, usec_t wall,
                 const struct answer *answer);

/* Ends a metric that hasn't ended as Argo does: Successful, its question forgotten. */
void metric_stop(struct metric_run *metric);

#endif
