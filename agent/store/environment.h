/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An instance's `env` file: KEY="value" lines, as systemd's EnvironmentFile= reads them back exactly. */
#ifndef ROLLOUT_STORE_ENVIRONMENT_H
#define ROLLOUT_STORE_ENVIRONMENT_H

#include "common/buffer.h"
#include "common/error.h"
#include "core/model.h"

#define ENVIRONMENT_TEXT_MAX ((size_t)256 * 1024)
#define ENV_PAIR_MAX 4096 /* bytes of "KEY=value" */

void environment_put(struct buffer *text, const char *key, const char *value);

/* "KEY=value" as it is. */
void environment_put_pair(struct buffer *text, const char *pair);

/* Reads HOST and PORT from what was written before. -ENOENT when they aren't there. */
int environment_endpoint(const char *text, struct endpoint *ret);

#endif
