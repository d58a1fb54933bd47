/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `rolloutctl permit APP`: lets the agent, which is not root, drive its app's units and no others, by a rule for
 * polkit. */
#ifndef ROLLOUT_CTL_PERMIT_H
#define ROLLOUT_CTL_PERMIT_H

#include "common/error.h"
#include "spec/spec.h"

#define RULE_MAX ((size_t)256 * 1024) /* bytes of a rule */

/* Writes APP's rule if it isn't there as it should be, and returns when polkit has read it. -EACCES for whoever is not
 * root; else as spec_load() and file_write_atomic(). */
int permit_app(const char *app, struct error *err);

/* Where APP's rule is: a file in polkit's rules.d. RET has PATH_MAX bytes. */
void permit_path(const char *app, char *ret);

/* What is to stand there for the app of SPEC, with the pinned configuration from its state: permit_text(). */
int permit_rule(const struct spec *spec, const char *before, char **ret, struct error *err);

/* The rule for the units that SPEC names, and for those of PINNED that BEFORE, the rule so far, permits (each may be
 * NULL: none). An attempt goes on by the configuration that it began with, whatever the files say since. That is
 * written by the agent: it can keep a unit by it, but gain none. The caller frees the rule. -EINVAL when a unit's name
 * is none. */
int permit_text(const struct spec *spec, const struct spec *pinned, const char *before, char **ret, struct error *err);

#endif
