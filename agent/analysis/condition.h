/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language of SuccessCondition= and FailureCondition=: expr-lang as Argo Rollouts uses it, compiled from text and
 * evaluated over the value of an answer. Pure and bounded: no clock, no I/O, memory from the arena only, a bound on
 * depth, nodes and steps.
 *
 *     literals      1  0x1f  0o17  0b11  1_000  .5  1e-3  "text"  'text'  `raw`  true  false  nil  null
 *                   [1, 2]  {a: 1, "b": 2}; comments are // and slash-star
 *     the answer    result  result[0]  result[-1]  result[1:3]  result.rate  result["rate"]  result?.rate
 *     compared      baseline, the answer of BaselineQuery=, is used like result
 *     operators     ?: ??   or ||   and &&   not !   == != < <= > >=   in contains startsWith endsWith matches (and
 *                   not in, ...)   ..   + -   * / %   ** ^;   1 < result < 5 holds when both comparisons do
 *     predicates    all any none one filter map count sum (array, {# > 1}), braces may be left out, .x is #.x
 *     functions     len isNaN isInf isNil default asInt asFloat int float abs ceil floor round min max sum mean median
 *
 * Where it differs from expr-lang, it is stricter or simpler:
 * - every number is a double; % wants whole ones, and not 0;
 * - == and != are between values of one kind, or with nil (expr-lang lets result == "1" be false where result is 1);
 * - default() and isNil() look at their own argument, Argo's always at result;
 * - asInt() and int() of NaN and of the infinities fail;
 * - a pattern of matches is what pattern.h says; slices and indices are of arrays, fields of maps;
 * - max, min, mean and median of an empty array fail, and so do arrays in arrays; a NaN among the numbers is not lost.
 * Not there: let, if, pipes, bytes, $env, #acc and #index, dates, bits, and the functions on strings and maps. */
#ifndef ROLLOUT_ANALYSIS_CONDITION_H
#define ROLLOUT_ANALYSIS_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/arena.h"
#include "analysis/value.h"
#include "common/error.h"

#define CONDITION_TEXT_MAX 4096
#define CONDITION_NODES_MAX 512
#define CONDITION_DEPTH_MAX 64
#define CONDITION_STEPS_MAX 1000000u

struct node;

/* Lives as long as its arena and its text. */
struct condition {
    const char *text;
    const struct node *root;
    bool asks_for_data; /* it handles an answer without data itself: has len, isNil, default, nil or ?? */
    bool uses_baseline; /* it needs inputs.baseline */
};

/* What a condition is evaluated over. */
struct condition_inputs {
    const struct value *result;
    const struct value *baseline; /* NULL: the metric has none, a condition that uses it fails */
};

/* Compiles and type-checks. What is wrong is told with its column, counted from 1 in characters, so that a caret can be
 * printed under it; column may be NULL and is set on failure only. -EINVAL for a bad text, -E2BIG beyond the bounds. */
int condition_compile(struct arena *arena, const char *text, struct condition *ret, size_t *column, struct error *err);

/* Whether the condition holds for an answer. Fails, with the column, where it cannot be told: an index out of range, a
 * field of nil, an operand of the wrong kind, something else than a boolean as its value. */
int condition_evaluate(struct arena *arena, const struct condition *condition, const struct condition_inputs *inputs,
                       bool *ret, size_t *column, struct error *err);

/* Compiles and forgets: for lint. */
int condition_check(const char *text, size_t *column, struct error *err);

/* Whether a condition compares with a baseline: its metric must have BaselineQuery=. False for what doesn't compile. */
bool condition_uses_baseline(const char *text);

#endif
