/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provider=prometheus: the value of an instant query of a Prometheus, or of anything that speaks its HTTP API. */
#ifndef ROLLOUT_PROVIDER_PROMETHEUS_H
#define ROLLOUT_PROVIDER_PROMETHEUS_H

#include "provider/provider.h"

extern const struct provider prometheus_provider;

#endif
