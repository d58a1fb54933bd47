/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A condition with its values filled in, for people: "result[0] >= 0.95" becomes "0.91 >= 0.95". */
#ifndef ROLLOUT_ANALYSIS_FILL_H
#define ROLLOUT_ANALYSIS_FILL_H

#include <stddef.h>

#define FILLED_MAX 512

/* Puts what `result` and `baseline` lead to in their places, where that is a single number, truth, text or nil;
 * anything else stays as it is written. VALUE and BASELINE are JSON texts ("": there is none). Returns buffer, cut with
 * "..." where it gets longer. */
const char *condition_fill(const char *condition, const char *value, const char *baseline,
                           char buffer[static FILLED_MAX]);

#endif
