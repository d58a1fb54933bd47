/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ROLLOUT_SPEC_BLUE_GREEN_H
#define ROLLOUT_SPEC_BLUE_GREEN_H

#include "spec/spec.h"

/* Writes what [BlueGreen] says as the steps that it means, in the place of those of [Canary]. The order is that of Argo
 * Rollouts 1.8 (rollout/bluegreen.go): preview, pre-promotion analysis, pause, the rest of the instances, switch,
 * post-promotion analysis. */
void spec_blue_green(struct spec *spec);

#endif
