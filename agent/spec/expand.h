/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ROLLOUT_SPEC_EXPAND_H
#define ROLLOUT_SPEC_EXPAND_H

#include "spec/spec.h"

/* What spec_expand() would find wrong whatever the builtins' values will be. -EEXIST: what
 * is asked for does not go together. */
int expand_check(const struct spec *spec, const struct analysis_use *use, struct error *err);

#endif
