/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a unit wrote to the journal. */
#ifndef ROLLOUT_PROVIDER_JOB_JOURNAL_H
#define ROLLOUT_PROVIDER_JOB_JOURNAL_H

#include "instance/oneshot.h"

#define JOB_LINES 5 /* the last ones */

/* "LINE | LINE | LINE": the last lines of one run of UNIT, oldest first, safe to show; older ones are left out where
 * they don't fit. "" when there are none or the journal can't be read. SIZE is at least 1. */
void job_journal(const char *unit, const struct oneshot_result *run, char *ret, size_t size);

#endif
