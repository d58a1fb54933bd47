/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a [Hook NAME]: a POST to its URL=, or a run of its Unit=. It stands on what providers stand on. */
#ifndef ROLLOUT_NOTIFY_HOOK_H
#define ROLLOUT_NOTIFY_HOOK_H

#include "provider/provider.h"

/* Checks the hook's own settings; FILE:LINE in the error. */
int hook_check(const struct party_spec *hook, struct error *err);

/* Asks, with BODY as JSON. The answer comes as one of a provider does: ANSWER_SUCCESSFUL says that it passed, anything
 * else that it did not, with the reason. All is borrowed for the call; TimeoutSec= bounds the wait. */
int hook_ask(struct provider_host *host, const struct party_spec *hook, const struct subject *subject, const char *body,
             uint64_t token, struct error *err);

#endif
