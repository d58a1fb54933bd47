/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many samples a measurement rests on, by the answer to SamplesQuery=. Ours: Argo Rollouts judges one request as
 * it judges a million. */
#ifndef ROLLOUT_ANALYSIS_SAMPLES_H
#define ROLLOUT_ANALYSIS_SAMPLES_H

#include "common/error.h"

/* ANSWER is JSON text: a number, or an array of numbers, whose sum counts; no data is none. -EINVAL for anything else,
 * NaN and the infinities among it. */
int samples_count(const char *answer, double *ret, struct error *err);

#endif
