/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* States and runs with a random value in every field. */
#ifndef ROLLOUT_TESTS_RANDOM_MODEL_H
#define ROLLOUT_TESTS_RANDOM_MODEL_H

#include "core/model.h"

/* Each field is in its range; whether they fit each other isn't looked at. The same seed gives the same values. */
void random_state(uint64_t seed, struct state *ret);

/* The caller frees it. */
struct run *random_run(uint64_t seed);

#endif
