/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An analysis run as a JSON document, and back. Pure: no files, no clock. */
#ifndef ROLLOUT_STORE_RUN_JSON_H
#define ROLLOUT_STORE_RUN_JSON_H

#include <stddef.h>

#include "analysis/run.h"
#include "common/error.h"

#define RUN_SCHEMA 1 /* what this program writes */
#define RUN_READER 1 /* the oldest program that can read what this one writes */
#define RUN_TEXT_MAX ((size_t)8 << 20)

/* The caller frees *ret_text. */
int run_to_json(const struct run *run, char **ret_text, size_t *ret_len, struct error *err);

/* The caller frees *ret with free(). Errors as state_from_json()'s. */
int run_from_json(const char *text, size_t len, struct run **ret, struct error *err);

#endif
