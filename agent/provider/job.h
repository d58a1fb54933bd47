/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provider=job: a oneshot unit whose end is the verdict. */
#ifndef ROLLOUT_PROVIDER_JOB_H
#define ROLLOUT_PROVIDER_JOB_H

#include "provider/provider.h"

extern const struct provider job_provider;

#endif
