/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provider=web: what any HTTP server answers, or a part of it. */
#ifndef ROLLOUT_PROVIDER_WEB_H
#define ROLLOUT_PROVIDER_WEB_H

#include "provider/provider.h"

extern const struct provider web_provider;

#endif
