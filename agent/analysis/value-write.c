/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values as text again, in the notation that value_read() reads. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/value.h"

struct writer {
    struct arena *arena;
    char *text;
    size_t n, capacity;
    bool failed; /* beyond the bound, or out of memory */
};

static void put(struct writer *writer, const char *bytes, size_t length) {
    if (writer->failed || length == 0)
        return;
    if (writer->n + length > writer->capacity) {
        size_t capacity = 2 * (writer->n + length) + 64;
        char *grown = writer->n + length > VALUE_TEXT_MAX ? NULL : arena_take(writer->arena, capacity);
        writer->failed = !grown;
        if (!grown)
            return;
        if (writer->n)
            memcpy(grown, writer->text, writer->n);
        writer->text = grown;
        writer->capacity = capacity;
    }
    memcpy(writer->text + writer->n, bytes, length);
    writer->n += length;
}

static void put_word(struct writer *writer, const char *word) {
    put(writer, word, strlen(word));
}

/* As few digits as give the same number again. */
static void put_number(struct writer *writer, double number) {
    char text[40];

    if (!isfinite(number)) {
        put_word(writer, isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    put_word(writer, text);
}

static void put_string(struct writer *writer, const struct value *string) {
    put_word(writer, "\"");
    for (uint32_t i = 0; i < string->length; i++) {
        char escaped[8], c = string->bytes[i];
        if ((unsigned char)c < ' ')
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)c);
        else
            (void)snprintf(escaped, sizeof escaped, c == '"' || c == '\\' ? "\\%c" : "%c", c);
        put_word(writer, escaped);
    }
    put_word(writer, "\"");
}

static void put_value(struct writer *writer, const struct value *value) {
    switch (value->kind) {
    case VALUE_NIL:
        put_word(writer, "null");
        return;
    case VALUE_BOOLEAN:
        put_word(writer, value->boolean ? "true" : "false");
        return;
    case VALUE_NUMBER:
        put_number(writer, value->number);
        return;
    case VALUE_STRING:
        put_string(writer, value);
        return;
    case VALUE_ARRAY:
        put_word(writer, "[");
        for (uint32_t i = 0; i < value->length && !writer->failed; i++) {
            put_word(writer, i ? ", " : "");
            put_value(writer, &value->items[i]);
        }
        put_word(writer, "]");
        return;
    case VALUE_MAP:
        put_word(writer, "{");
        for (uint32_t i = 0; i < value->length && !writer->failed; i++) {
            put_word(writer, i ? ", " : "");
            put_string(writer, &value->members[i].key);
            put_word(writer, ": ");
            put_value(writer, &value->members[i].value);
        }
        put_word(writer, "}");
        return;
    }
}

int value_write(struct arena *arena, const struct value *value, const char **ret, struct error *err) {
    struct writer writer = {.arena = arena};

    put_value(&writer, value);
    put(&writer, "", 1);
    if (writer.failed)
        return error_set(err, -E2BIG, "the value is too large: at most %zu bytes of text are taken", VALUE_TEXT_MAX);
    *ret = writer.text;
    return 0;
}
