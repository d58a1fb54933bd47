/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a web server answers, as a measurement. Pure. */
#ifndef ROLLOUT_PROVIDER_WEB_ANSWER_H
#define ROLLOUT_PROVIDER_WEB_ANSWER_H

#include <stddef.h>

#include "common/error.h"

/* *ret_value, which the caller frees, is JSON text: what PATH (a JSONPath; NULL: none) selects in the document, or the
 * whole document, or a string when BODY (with a NUL behind it) is text. With a path, or when it begins as an object or
 * an array, it has to be JSON. -EBADMSG when it isn't, or is neither JSON nor text; -E2BIG beyond the bounds of
 * analysis/value.h; -EINVAL for a bad path. */
int web_answer(const char *body, size_t len, const char *path, char **ret_value, struct error *err);

#endif
