/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a text is JSON by the letter of RFC 8259. Only json.c should need it: cJSON takes more than that. */
#ifndef ROLLOUT_COMMON_JSON_SYNTAX_H
#define ROLLOUT_COMMON_JSON_SYNTAX_H

#include <stddef.h>

#include "common/error.h"

/* 0 when the len bytes are exactly one document that cJSON keeps without loss, so without \u0000, lone surrogates,
 * numbers of more than 63 characters and nesting beyond JSON_DEPTH_MAX; else -EINVAL with line and column. */
int json_check_syntax(const char *text, size_t len, struct error *err);

#endif
