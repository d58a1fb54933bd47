/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one analysis is asked with: its words of the form NAME=VALUE. */
#ifndef ROLLOUT_SPEC_USE_H
#define ROLLOUT_SPEC_USE_H

#include <string.h>

#include "spec/spec.h"

/* The argument that is none: a pattern of metrics that have no say. May be repeated. In Argo's spelling, as it is
 * Argo's. */
#define USE_DRY_RUN "dryRun"

/* Goes through them, dryRun= too: each is "NAME=VALUE". */
#define for_each_use_arg(arg, use) for (const char *arg = (use)->args; *(arg) != '\0'; (arg) += strlen(arg) + 1)

/* The value, if the word is NAME=VALUE for that name; else NULL. */
static inline const char *use_arg_value(const char *arg, const char *name) {
    size_t len = strlen(name);
    return strncmp(arg, name, len) == 0 && arg[len] == '=' ? arg + len + 1 : NULL;
}

#endif
