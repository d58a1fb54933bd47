/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a web server answers, as a measurement. Pure. */
#ifndef ROLLOUT_PROVIDER_WEB_ANSWER_H
#define ROLLOUT_PROVIDER_WEB_ANSWER_H

#include <stddef.h>

#include "common/error.h"

/* *ret_value, which the caller frees, is JSON text: the document itself, or a string when BODY (with a NUL behind it)
 * is text. What begins as an object or an array has to be JSON. -EBADMSG for what is neither, -E2BIG beyond the bounds
 * of analysis/value.h. */
int web_answer(const char *body, size_t len, char **ret_value, struct error *err);

#endif
