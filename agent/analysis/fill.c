/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analysis/fill.h"

#include <stdio.h>
#include <string.h>

#include "analysis/value.h"
#include "common/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"
#define SCALAR_MAX 64

struct filling {
    const char *at; /* what is left of the condition */
    char *buffer;
    size_t len;
    bool cut;
};

static void put(struct filling *filling, const char *text, size_t len) {
    size_t room = FILLED_MAX - 1 - filling->len;
    filling->cut |= len > room;
    len = len > room ? room : len;
    memcpy(filling->buffer + filling->len, text, len);
    filling->len += len;
}

/* Takes the next n bytes over as they are. */
static void copy(struct filling *filling, size_t n) {
    put(filling, filling->at, n);
    filling->at += n;
}

/* Length of a text in quotes, its quotes among them. */
static size_t quoted_length(const char *text) {
    const char *end = text + 1;
    while (*end && *end != *text)
        end += *end == '\\' && *text != '`' && end[1] ? 2 : 1;
    return (size_t)(end - text) + (*end != '\0');
}

/* "[0]" or "[-1]" of an array. Returns the length of what was read, 0 for something else. */
static size_t take_index(const char *text, const struct value **value) {
    const struct value *array = *value;
    bool negative = text[0] == '[' && text[1] == '-';
    const char *digits = text + 1 + negative;
    size_t len = text[0] == '[' ? strspn(digits, DIGITS) : 0;
    int64_t index = 0;
    if (array->kind != VALUE_ARRAY || len == 0 || len > 9 || digits[len] != ']')
        return 0;
    for (size_t i = 0; i < len; i++)
        index = index * 10 + (digits[i] - '0');
    index = negative ? array->length - index : index;
    if (index < 0 || index >= array->length)
        return 0;
    *value = &array->items[index];
    return (size_t)(digits - text) + len + 1;
}

/* ".name" of a map. */
static size_t take_field(const char *text, const struct value **value) {
    size_t len = *text == '.' ? strspn(text + 1, LETTERS DIGITS) : 0;
    const struct value *field =
        len > 0 && (*value)->kind == VALUE_MAP ? value_member(*value, text + 1, (uint32_t)len) : NULL;
    if (!field)
        return 0;
    *value = field;
    return len + 1;
}

/* A single value as a person writes it; "" for what isn't one. */
static void show(const struct value *value, char text[static SCALAR_MAX]) {
    text[0] = '\0';
    switch (value->kind) {
    case VALUE_NIL:
        (void)snprintf(text, SCALAR_MAX, "nil");
        break;
    case VALUE_BOOLEAN:
        (void)snprintf(text, SCALAR_MAX, "%s", value->boolean ? "true" : "false");
        break;
    case VALUE_NUMBER:
        (void)snprintf(text, SCALAR_MAX, "%.6g", value->number);
        break;
    case VALUE_STRING:
        if (value->length < SCALAR_MAX - 3)
            (void)snprintf(text, SCALAR_MAX, "\"%.*s\"", (int)value->length, value->bytes);
        break;
    case VALUE_ARRAY:
    case VALUE_MAP:
        break;
    }
}

/* A name that stands for a value, and the way into it. */
static void fill_path(struct filling *filling, size_t name, const struct value *root) {
    char text[SCALAR_MAX];
    const struct value *value = root;
    size_t len = name, step;
    do {
        step = take_index(filling->at + len, &value);
        step = step ? step : take_field(filling->at + len, &value);
        len += step;
    } while (step > 0);
    show(value, text);
    if (!*text) {
        copy(filling, len);
        return;
    }
    put(filling, text, strlen(text));
    filling->at += len;
}

/* The next word: one of the names, or anything else that begins with a letter. */
static void fill_word(struct filling *filling, bool member, const struct value *result, const struct value *baseline) {
    size_t len = strspn(filling->at, LETTERS DIGITS);
    const struct value *root = member                                                   ? NULL
                               : len == 6 && strncmp(filling->at, "result", len) == 0   ? result
                               : len == 8 && strncmp(filling->at, "baseline", len) == 0 ? baseline
                                                                                        : NULL;
    if (root)
        fill_path(filling, len, root);
    else
        copy(filling, len);
}

static const struct value *read_text(struct arena *arena, const char *text, struct value *value) {
    return *text && value_read(arena, text, value, NULL) >= 0 ? value : NULL;
}

const char *condition_fill(const char *condition, const char *value, const char *baseline,
                           char buffer[static FILLED_MAX]) {
    struct filling filling = {.at = condition, .buffer = buffer};
    struct value values[2];
    ARENA(arena);
    const struct value *result = read_text(&arena, value, &values[0]);
    const struct value *other = read_text(&arena, baseline, &values[1]);
    while (*filling.at && filling.len < FILLED_MAX - 1)
        if (strchr("\"'`", *filling.at))
            copy(&filling, quoted_length(filling.at));
        else if (strchr(LETTERS, *filling.at))
            fill_word(&filling, filling.at > condition && filling.at[-1] == '.', result, other);
        else if (strchr(DIGITS, *filling.at)) /* 0x1f has letters too */
            copy(&filling, strspn(filling.at, DIGITS LETTERS));
        else
            copy(&filling, 1);
    buffer[filling.len] = '\0';
    if (*filling.at || filling.cut)
        (void)string_copy(buffer + FILLED_MAX - 4, 4, "...");
    return buffer;
}
