/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provider=haproxy: what HAProxy itself counts of a color's servers, from now on and for WindowSec=. */
#ifndef ROLLOUT_PROVIDER_HAPROXY_H
#define ROLLOUT_PROVIDER_HAPROXY_H

#include "provider/provider.h"

extern const struct provider haproxy_provider;

#endif
