/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regular expressions: `matches` in conditions, match() and search() in JSONPath. All ways through a text are followed
 * at once (Thompson's construction), so that time is at most the product of the text's and the program's length: there
 * is no pattern that blows up. Pure: memory from the arena only.
 *
 * PATTERN_RE2 is the syntax of RE2 and Go, without captures, as only whether it matches is told:
 *     x  .  [a-z]  [^a-z]  [[:alpha:]]  \d \w \s \D \W \S     one character
 *     xy  x|y  (x)  (?:x)  (?P<name>x)  (?<name>x)            together
 *     x*  x+  x?  x{2}  x{2,}  x{2,5}, each perhaps with ? behind     repeated, at most 1000 times
 *     ^  $  \A  \z  \b  \B                                    places
 *     (?i)  (?s)  (?m)  (?i-s:x)                              flags
 *     \n \t \r \f \v \a  \x41  \x{20AC}  \Q...\E  \.          escapes
 * Not there: \p{...} (Unicode's categories), \C, (?U), octal escapes; (?i) is about ASCII's letters only. As in RE2
 * there are no back references and no looking around.
 *
 * PATTERN_I_REGEXP is RFC 9485 but for \p{...}: no flags, no \d; the dot is neither \n nor \r. ^ and $ are places here
 * too: the RFC's grammar has them as characters, but its mapping to other engines, and the compliance tests of
 * JSONPath, as places. */
#ifndef ROLLOUT_ANALYSIS_PATTERN_H
#define ROLLOUT_ANALYSIS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/arena.h"
#include "analysis/fault.h"

#define PATTERN_PROGRAM_MAX 4096 /* instructions; a character is one, a repetition as many as its copies */
#define PATTERN_DEPTH_MAX 64
#define PATTERN_REPEAT_MAX 1000 /* as RE2 */

enum pattern_syntax { PATTERN_RE2, PATTERN_I_REGEXP };

/* Lives as long as its arena; the text is not needed any more. */
struct pattern;

/* Compiles length bytes. fault->at is a byte of the pattern. -EINVAL for a bad pattern, -E2BIG beyond the bounds. */
int pattern_compile(struct arena *arena, const char *text, size_t length, enum pattern_syntax syntax,
                    const struct pattern **ret, struct fault *fault);

/* The same for a constant in a text: length bytes, written in quotes at text + at. What is wrong is told with its place
 * in the text, or that of the constant where something before it is escaped. */
int pattern_compile_quoted(struct arena *arena, const char *text, size_t at, const char *bytes, size_t length,
                           enum pattern_syntax syntax, const struct pattern **ret, struct fault *fault);

/* Whether the pattern matches somewhere in the text, or the whole of it: 1 or 0. -E2BIG when *steps are used up or the
 * arena is. A step is a few instructions. */
int pattern_match(struct arena *arena, const struct pattern *pattern, bool whole, const char *text, size_t length,
                  uint32_t *steps);

#endif
