/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds where nothing is written. */
#ifndef ROLLOUT_SPEC_DEFAULTS_H
#define ROLLOUT_SPEC_DEFAULTS_H

#include "spec/spec.h"

/* Before the configuration is read. NULL when out of memory. */
struct spec *spec_new(const char *app);
void metric_defaults(struct metric_spec *metric);

/* Afterwards: what follows from other values. */
void spec_complete(struct spec *spec);

#endif
