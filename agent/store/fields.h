/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A flat struct as a JSON object: one table of its fields both writes and reads it, so that the two cannot differ.
 * Reading checks type, range and size of every field, and passes over fields that the table doesn't know. */
#ifndef ROLLOUT_STORE_FIELDS_H
#define ROLLOUT_STORE_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/json-writer.h"
#include "common/json.h"

enum field_kind { FIELD_BOOL, FIELD_U32, FIELD_I32, FIELD_USEC, FIELD_TEXT, FIELD_ID, FIELD_ENUM };

/* An enum's words, with the enum as int. */
struct words {
    const char *(*to_word)(int value);
    int (*from_word)(const char *word, int *ret);
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    size_t size;               /* of a text, with its final 0 */
    int64_t min, max;          /* of a whole number; of a time only the least */
    const struct words *words; /* of an enum */
};

#define BOOL_FIELD(type, member, key) \
    { .name = (key), .kind = FIELD_BOOL, .offset = offsetof(type, member) }
#define U32_FIELD(type, member, key, most) \
    { .name = (key), .kind = FIELD_U32, .offset = offsetof(type, member), .max = (most) }
#define I32_FIELD(type, member, key, least, most) \
    { .name = (key), .kind = FIELD_I32, .offset = offsetof(type, member), .min = (least), .max = (most) }
#define USEC_FIELD(type, member, key) \
    { .name = (key), .kind = FIELD_USEC, .offset = offsetof(type, member) }
#define OFFSET_FIELD(type, member, key) \
    { .name = (key), .kind = FIELD_USEC, .offset = offsetof(type, member), .min = INT64_MIN }
#define ID_FIELD(type, member, key) \
    { .name = (key), .kind = FIELD_ID, .offset = offsetof(type, member) }
#define TEXT_FIELD(type, member, key) \
    { .name = (key), .kind = FIELD_TEXT, .offset = offsetof(type, member), .size = sizeof(((type *)0)->member) }
#define ENUM_FIELD(type, member, key, enumeration) \
    { .name = (key), .kind = FIELD_ENUM, .offset = offsetof(type, member), .words = &enumeration##_words }

/* The words of `enum NAME` by NAME_to_string() and NAME_from_string(), for ENUM_FIELD(). */
#define DEFINE_WORDS(name)                                                       \
    static_assert(sizeof(enum name) == sizeof(int), "kept as int in the model"); \
    static const char *name##_to_word(int value) {                               \
        return name##_to_string((enum name)value);                               \
    }                                                                            \
    static int name##_from_word(const char *word, int *ret) {                    \
        enum name value;                                                         \
        int r = name##_from_string(word, &value);                                \
        if (r >= 0)                                                              \
            *ret = (int)value;                                                   \
        return r;                                                                \
    }                                                                            \
    static const struct words name##_words = {name##_to_word, name##_from_word}

/* Puts the n fields into the object that is open. */
void fields_put(struct json_writer *json, const struct field *fields, size_t n, const void *from);

/* Gets them from an object; all of them must be there. What was got before a failure stays in TO. */
int fields_get(const cJSON *object, const struct field *fields, size_t n, void *to, struct error *err);

/* Checks the numbers that a document begins with: "schema", of the format that it is written in, and "reader", the
 * oldest format whose readers understand it. -EPROTONOSUPPORT when a program that knows SCHEMA doesn't. */
int schema_check(const cJSON *document, uint32_t schema, struct error *err);

#endif
