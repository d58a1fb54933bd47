/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ROLLOUT_SPEC_CONDITION_CHECK_H
#define ROLLOUT_SPEC_CONDITION_CHECK_H

#include "common/error.h"

/* Compiles a condition and forgets it. On failure the error shows the text with a caret under the column. */
int condition_check_shown(const char *text, struct error *err);

#endif
