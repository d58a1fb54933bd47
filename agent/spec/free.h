/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ROLLOUT_SPEC_FREE_H
#define ROLLOUT_SPEC_FREE_H

#include "spec/spec.h"

/* Frees what a metric owns, not itself. */
void metric_clear(struct metric_spec *metric);

#endif
