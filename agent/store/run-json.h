/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An analysis run as a JSON document, and back. Pure: no files, no clock. */
#ifndef ROLLOUT_STORE_RUN_JSON_H
#define ROLLOUT_STORE_RUN_JSON_H

#include <stddef.h>

#include "analysis/run.h"
#include "common/error.h"
#include "spec/spec.h"

#define RUN_SCHEMA 1 /* what this program writes */
#define RUN_READER 1 /* the oldest program that can read what this one writes */
#define RUN_TEXT_MAX ((size_t)8 << 20)

/* ASKED: its metrics, in the run's order. The caller frees *ret_text. */
int run_to_json(const struct run *run, const struct expanded_analysis *asked, char **ret_text, size_t *ret_len,
                struct error *err);

/* The caller frees *ret with free(), and *ret_asked (may be NULL) with expanded_analysis_free(); as many metrics in
 * both. Errors as state_from_json()'s. */
int run_from_json(const char *text, size_t len, struct run **ret, struct expanded_analysis **ret_asked,
                  struct error *err);

#endif
