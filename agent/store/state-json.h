/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state as a JSON document, and back. Pure: no files, no clock. */
#ifndef ROLLOUT_STORE_STATE_JSON_H
#define ROLLOUT_STORE_STATE_JSON_H

#include <stddef.h>

#include "common/error.h"
#include "core/model.h"

#define STATE_TEXT_MAX ((size_t)1 << 20)

/* The caller frees *ret_text. What is empty (instances that never ran) isn't written. */
int state_to_json(const struct state *state, char **ret_text, size_t *ret_len, struct error *err);

/* Checks every field by itself; whether they fit each other is state_invalid()'s. -EPROTONOSUPPORT: by a newer version.
 * Anything else that is wrong gives -EBADMSG with the field's path. */
int state_from_json(const char *text, size_t len, struct state *ret, struct error *err);

#endif
