/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSONPath as RFC 9535 has it: names, indices, slices, wildcards, descendants, several selectors in one bracket,
 * filters with comparisons, existence, ! && || and the functions length, count, value, match and search. Compiled from
 * text, evaluated over a value. Pure and bounded: memory from the arena only, a bound on depth, parts and steps.
 *
 * Stricter than the RFC in two ways, both told when the path is compiled: a constant pattern of match() or search()
 * that is none is an error (the RFC has it match nothing), and of I-Regexp (RFC 9485) \p{...} is not supported (see
 * pattern.h). */
#ifndef ROLLOUT_ANALYSIS_JSONPATH_H
#define ROLLOUT_ANALYSIS_JSONPATH_H

#include <stddef.h>

#include "analysis/arena.h"
#include "analysis/value.h"
#include "common/error.h"

#define JSONPATH_TEXT_MAX 4096
#define JSONPATH_PARTS_MAX 512
#define JSONPATH_DEPTH_MAX 32 /* parentheses, filters and calls in each other */
#define JSONPATH_STEPS_MAX 1000000u

struct query;

/* Lives as long as its arena and its text. */
struct jsonpath {
    const char *text;
    const struct query *query;
};

/* Compiles and checks that functions get what they take. What is wrong is told with its column, counted from 1 in
 * characters; column may be NULL and is set on failure only. -EINVAL for a bad text, -E2BIG beyond the bounds. */
int jsonpath_compile(struct arena *arena, const char *text, struct jsonpath *ret, size_t *column, struct error *err);

/* What the path selects: the value of the one node, an array of the values of several, an empty array for none. -E2BIG
 * when it takes too many steps or too much memory, nothing else fails. */
int jsonpath_evaluate(struct arena *arena, const struct jsonpath *path, const struct value *value, struct value *ret,
                      struct error *err);

/* Compiles and forgets: for lint. */
int jsonpath_check(const char *text, size_t *column, struct error *err);

#endif
