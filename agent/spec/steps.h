/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language of Step=: what a canary does, one step per line, in Argo's words. */
#ifndef ROLLOUT_SPEC_STEPS_H
#define ROLLOUT_SPEC_STEPS_H

#include "common/error.h"
#include "spec/spec.h"

/* "setWeight 20", "pause", "pause 10min", "analysis NAME... [ARGUMENT=VALUE...]", "setCanaryScale replicas N | weight W
 * | matchTrafficWeight", "setHeaderRoute NAME [HEADER exact|prefix|regex VALUE]", "setCookieRoute NAME [COOKIE
 * exact|prefix|regex VALUE]". */
int step_parse(const char *text, struct step *ret, struct error *err);

/* A percentage with up to two decimals, 0 to 100. */
int share_parse(const char *text, share_t *ret, struct error *err);

#endif
