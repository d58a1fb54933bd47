/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer holds and what conditions compute with: JSON's values, with NaN and the infinities as numbers. */
#ifndef ROLLOUT_ANALYSIS_VALUE_H
#define ROLLOUT_ANALYSIS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/arena.h"
#include "common/error.h"

/* Bounds of an answer. */
#define VALUE_TEXT_MAX ((size_t)256 << 10)
#define VALUE_DEPTH_MAX 64

enum value_kind { VALUE_NIL, VALUE_BOOLEAN, VALUE_NUMBER, VALUE_STRING, VALUE_ARRAY, VALUE_MAP };

struct member;

/* Copied freely: bytes, items and members belong to an arena and never change. */
struct value {
    enum value_kind kind;
    uint32_t length; /* of bytes, items or members */
    union {
        bool boolean;
        double number;
        const char *bytes; /* UTF-8, not terminated, may hold NUL */
        const struct value *items;
        const struct member *members;
    };
};

struct member {
    struct value key; /* a string */
    struct value value;
};

static inline struct value value_boolean(bool boolean) {
    return (struct value){.kind = VALUE_BOOLEAN, .boolean = boolean};
}

static inline struct value value_number(double number) {
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

static inline struct value value_string(const char *bytes, uint32_t length) {
    return (struct value){.kind = VALUE_STRING, .length = length, .bytes = bytes};
}

/* "nil", "a boolean", "a number", ... */
const char *value_kind_name(enum value_kind kind);

/* Reads JSON (RFC 8259) in which NaN, Infinity and -Infinity are numbers too. One value, nothing behind it, valid
 * UTF-8, at most VALUE_TEXT_MAX bytes and VALUE_DEPTH_MAX levels. -EINVAL for what isn't that, -E2BIG beyond the
 * bounds. */
int value_read(struct arena *arena, const char *text, struct value *ret, struct error *err);

/* Writes a value as value_read() reads it; the text belongs to the arena. -E2BIG beyond VALUE_TEXT_MAX bytes. The
 * value's depth is its reader's bound and what was put around it, so recursion is bounded. */
int value_write(struct arena *arena, const struct value *value, const char **ret, struct error *err);

/* The value of a key, the last one where it is repeated; NULL if there is none. */
const struct value *value_member(const struct value *map, const char *key, uint32_t length);

/* Whether two values are the same; of different kinds they never are, NaN isn't even itself. Takes one of *steps for
 * each pair that is looked at; false at 0. */
bool value_equal(const struct value *a, const struct value *b, uint32_t *steps);

/* Writes one character as UTF-8, 1 to 4 bytes; returns how many, 0 for what isn't one (a surrogate, beyond U+10FFFF).
 */
size_t utf8_encode(char at[4], uint32_t character);

#endif
