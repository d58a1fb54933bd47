/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a [Hook NAME] says to the core: when it is asked, and how often. */
#ifndef ROLLOUT_SPEC_HOOK_H
#define ROLLOUT_SPEC_HOOK_H

#include "spec/spec.h"

/* Fills in what the core goes by from the settings, which are checked one by one already. -EINVAL with FILE:LINE where
 * they don't go together. */
int hook_read(struct party_spec *hook, struct error *err);

/* Two questions that may be open at the same time need units of their own: else one would end the other. -EINVAL with
 * FILE:LINE. */
int hooks_check(const struct party_spec *hooks, size_t n, struct error *err);

#endif
