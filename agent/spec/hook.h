/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a [Hook NAME] says to the core: when it is asked, and how often. */
#ifndef ROLLOUT_SPEC_HOOK_H
#define ROLLOUT_SPEC_HOOK_H

#include "spec/spec.h"

/* Fills in what the core goes by from the settings, which are checked one by one already. -EINVAL with FILE:LINE where
 * they don't go together. */
int hook_read(struct party_spec *hook, struct error *err);

#endif
