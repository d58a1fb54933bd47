/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors that say where in the configuration they are: "FILE:LINE: what, what was expected". */
#ifndef ROLLOUT_SPEC_PLACE_H
#define ROLLOUT_SPEC_PLACE_H

#include "common/error.h"
#include "common/text.h"

/* Fills err and returns -EINVAL. LINE 0: the file as a whole. */
int error_at(struct error *err, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for what is wrong at a column of TEXT (counted from 1, in characters), without a place: WHY, then the text
 * around it and a caret. Returns CODE. */
int error_in_text(struct error *err, int code, const char *why, const char *text, size_t column);

/* ", did you mean NAME?" or, when none of the n names is near, "". Lives until the enclosing block ends. */
#define DID_YOU_MEAN(word, names, n) did_you_mean((char[96]){0}, 96, word, names, n)
const char *did_you_mean(char *buffer, size_t size, const char *word, const char *const *names, size_t n);

/* "a, b or c": what was expected, from a table of words. Returns buffer. */
#define ONE_OF(names, n) one_of((char[384]){0}, 384, names, n)
const char *one_of(char *buffer, size_t size, const char *const *names, size_t n);

#endif
