/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/fields.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "core/model.h"

#define ID_SIZE sizeof(struct id128)

/* A text that a careless cut left with half a character must never keep the state from being written. */
static void put_text(struct json_writer *json, const char *key, const char *text) {
    size_t len = strlen(text);
    if (utf8_valid(text, len)) {
        json_put_string(json, key, text);
        return;
    }
    char whole[1024]; /* no text of the model is longer */
    (void)string_copy(whole, sizeof(whole), text);
    for (size_t i = 0, n; whole[i]; i += n ? n : 1) {
        n = utf8_length(whole + i, strlen(whole + i));
        if (n == 0)
            whole[i] = '?';
    }
    json_put_string(json, key, whole);
}

static void put_id(struct json_writer *json, const char *key, const struct id128 *id) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * ID_SIZE + 1];
    for (size_t i = 0; i < ID_SIZE; i++) {
        text[2 * i] = digits[id->bytes[i] >> 4];
        text[2 * i + 1] = digits[id->bytes[i] & 15];
    }
    text[2 * ID_SIZE] = '\0';
    json_put_string(json, key, text);
}

void fields_put(struct json_writer *json, const struct field *fields, size_t n, const void *from) {
    for (const struct field *field = fields; field < fields + n; field++) {
        const void *at = (const char *)from + field->offset;
        switch (field->kind) {
        case FIELD_BOOL:
            json_put_bool(json, field->name, *(const bool *)at);
            break;
        case FIELD_U32:
            json_put_u32(json, field->name, *(const uint32_t *)at);
            break;
        case FIELD_I32:
            json_put_i64(json, field->name, *(const int32_t *)at);
            break;
        case FIELD_USEC:
            json_put_usec(json, field->name, *(const usec_t *)at);
            break;
        case FIELD_TEXT:
            put_text(json, field->name, at);
            break;
        case FIELD_ID:
            put_id(json, field->name, at);
            break;
        case FIELD_ENUM:
            json_put_string(json, field->name, field->words->to_word(*(const int *)at));
            break;
        }
    }
}

static int get_bounded(const cJSON *object, const struct field *field, int64_t *ret, struct error *err) {
    int64_t value;
    int r = json_get_i64(object, field->name, &value, err);
    if (r < 0)
        return r;
    if (value < field->min || value > field->max)
        return json_error(object, field->name, err, -ERANGE, "%jd is out of range, expected %jd to %jd",
                          (intmax_t)value, (intmax_t)field->min, (intmax_t)field->max);
    *ret = value;
    return 0;
}

static int get_usec(const cJSON *object, const struct field *field, usec_t *ret, struct error *err) {
    usec_t value;
    int r = json_get_usec(object, field->name, &value, err);
    if (r < 0)
        return r;
    if (value < field->min)
        return json_error(object, field->name, err, -ERANGE, "a time before the clock's begin");
    *ret = value;
    return 0;
}

static int digit(char character) {
    return character >= '0' && character <= '9'   ? character - '0'
           : character >= 'a' && character <= 'f' ? character - 'a' + 10
                                                  : -1;
}

static int get_id(const cJSON *object, const char *key, struct id128 *ret, struct error *err) {
    const char *text;
    int r = json_get_string(object, key, &text, err);
    if (r < 0)
        return r;
    struct id128 id;
    bool good = strlen(text) == 2 * ID_SIZE;
    for (size_t i = 0; good && i < ID_SIZE; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        id.bytes[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
    }
    if (!good)
        return json_error(object, key, err, -EINVAL, "expected %zu hexadecimal digits", 2 * ID_SIZE);
    *ret = id;
    return 0;
}

static int get_word(const cJSON *object, const struct field *field, int *ret, struct error *err) {
    const char *word;
    int r = json_get_string(object, field->name, &word, err);
    if (r < 0)
        return r;
    if (field->words->from_word(word, ret) >= 0)
        return 0;
    char safe[64];
    return json_error(object, field->name, err, -EINVAL, "\"%s\" is no word of this field",
                      text_escape(safe, sizeof(safe), word, strlen(word)));
}

static int get_field(const cJSON *object, const struct field *field, void *at, struct error *err) {
    int64_t value;
    int r;
    switch (field->kind) {
    case FIELD_BOOL:
        return json_get_bool(object, field->name, at, err);
    case FIELD_U32:
        r = get_bounded(object, field, &value, err);
        if (r == 0)
            *(uint32_t *)at = (uint32_t)value;
        return r;
    case FIELD_I32:
        r = get_bounded(object, field, &value, err);
        if (r == 0)
            *(int32_t *)at = (int32_t)value;
        return r;
    case FIELD_USEC:
        return get_usec(object, field, at, err);
    case FIELD_TEXT:
        return json_copy_string(object, field->name, at, field->size, err);
    case FIELD_ID:
        return get_id(object, field->name, at, err);
    case FIELD_ENUM:
        return get_word(object, field, at, err);
    }
    return -EINVAL;
}

int fields_get(const cJSON *object, const struct field *fields, size_t n, void *to, struct error *err) {
    for (const struct field *field = fields; field < fields + n; field++) {
        int r = get_field(object, field, (char *)to + field->offset, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int schema_check(const cJSON *document, uint32_t schema, struct error *err) {
    uint32_t written, reader;
    int r = json_get_u32(document, "schema", &written, err);
    if (r == 0)
        r = json_get_u32(document, "reader", &reader, err);
    if (r < 0)
        return r;
    if (reader == 0 || reader > written)
        return json_error(document, "reader", err, -EINVAL, "expected 1 to %u", written);
    if (reader > schema)
        return error_set(
            err, -EPROTONOSUPPORT,
            "written by a newer version in format %u, which format %u and newer can read; this one knows %u: "
            "install that version again",
            written, reader, schema);
    return 0;
}
