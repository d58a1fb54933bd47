/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `rolloutctl permit APP`: lets the agent, which is not root, drive its app's units and no others, by a rule for
 * polkit. */
#ifndef ROLLOUT_CTL_PERMIT_H
#define ROLLOUT_CTL_PERMIT_H

#include "common/error.h"
#include "spec/spec.h"

/* Writes APP's rule if it isn't there as it should be, and returns when polkit has read it. -EACCES for whoever is not
 * root; else as spec_load() and file_write_atomic(). */
int permit_app(const char *app, struct error *err);

/* The rule: a file for polkit's rules.d. The caller frees it. -EINVAL when a unit's name is none. */
int permit_text(const struct spec *spec, char **ret, struct error *err);

#endif
