/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with a text in one of the small languages (conditions, patterns, JSONPath): a sentence and a place. The
 * first failure counts, later ones are dropped. */
#ifndef ROLLOUT_ANALYSIS_FAULT_H
#define ROLLOUT_ANALYSIS_FAULT_H

#include <stddef.h>

#include "common/error.h"

struct fault {
    struct error *err; /* may be NULL */
    size_t at;         /* byte of the text */
    int code;          /* 0 while nothing failed */
};

/* Returns the code of the first failure. */
int fault_set(struct fault *fault, size_t at, int code, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same where the arena gave nothing. */
int fault_memory(struct fault *fault, size_t at);

/* Tells the column, counted from 1 in characters, so that a caret can be printed under it; column may be NULL. Returns
 * the code of the failure. */
int fault_report(const struct fault *fault, const char *text, size_t *column);

#endif
