/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reader of answers. cJSON cannot carry NaN and the infinities, which Prometheus gives as a matter of course. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/value.h"
#include "common/text.h"

struct reader {
    const char *start, *at, *end;
    struct arena *arena;
    unsigned depth;
    struct error *err;
};

static int read_value(struct reader *reader, struct value *ret);

static int fail(struct reader *reader, const char *expected) {
    return error_set(reader->err, -EINVAL, "the answer is not a value: %s expected at byte %zu", expected,
                     (size_t)(reader->at - reader->start) + 1);
}

static int too_large(struct reader *reader) {
    return error_set(reader->err, -E2BIG, "the answer is too large: at most %zu bytes and %d levels are read",
                     VALUE_TEXT_MAX, VALUE_DEPTH_MAX);
}

static void skip_space(struct reader *reader) {
    while (reader->at < reader->end && strchr(" \t\n\r", *reader->at))
        reader->at++;
}

/* Takes one character behind white space, if it is the one. */
static bool take(struct reader *reader, char wanted) {
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static bool take_word(struct reader *reader, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static const char *skip_digits(const char *at) {
    while (*at >= '0' && *at <= '9')
        at++;
    return at;
}

/* The text ends in NUL, so that no bound needs a check here. */
static int read_number(struct reader *reader, struct value *ret) {
    const char *at = reader->at + (*reader->at == '-'), *digits = at;
    char *end;

    at = skip_digits(at);
    if (at == digits || (*digits == '0' && at > digits + 1))
        return fail(reader, "a number");
    if (*at == '.') {
        const char *fraction = at + 1;
        at = skip_digits(fraction);
        if (at == fraction)
            return fail(reader, "a number");
    }
    if (*at == 'e' || *at == 'E') {
        const char *exponent = at + 1 + (at[1] == '+' || at[1] == '-');
        at = skip_digits(exponent);
        if (at == exponent)
            return fail(reader, "a number");
    }
    double number = strtod(reader->at, &end);
    if (end != at || isinf(number)) /* strtod() knows more notations than JSON */
        return fail(reader, "a number in range");
    reader->at = at;
    *ret = value_number(number);
    return 0;
}

static int read_hex(struct reader *reader, uint32_t *ret) {
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        const char *digits = "0123456789abcdef";
        char lower = *reader->at >= 'A' && *reader->at <= 'F' ? (char)(*reader->at - 'A' + 'a') : *reader->at;
        const char *digit = reader->at < reader->end && lower ? strchr(digits, lower) : NULL;
        if (!digit)
            return fail(reader, "four hexadecimal digits");
        unit = unit << 4 | (uint32_t)(digit - digits);
    }
    *ret = unit;
    return 0;
}

/* Behind "\u": one character, which may be written as two surrogates. */
static int read_unicode(struct reader *reader, char *to, size_t *ret_length) {
    uint32_t unit, low;
    int r = read_hex(reader, &unit);
    if (r < 0)
        return r;
    if (unit >= 0xd800 && unit <= 0xdbff && take_word(reader, "\\u")) {
        r = read_hex(reader, &low);
        if (r < 0)
            return r;
        if (low < 0xdc00 || low > 0xdfff)
            return fail(reader, "the second half of a character");
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    size_t length = utf8_encode(to, unit);
    if (length == 0)
        return fail(reader, "a whole character");
    *ret_length = length;
    return 0;
}

static int read_string(struct reader *reader, struct value *ret) {
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *close = ++reader->at;

    while (close < reader->end && *close != '"')
        close += *close == '\\' && close + 1 < reader->end ? 2 : 1;
    if (close == reader->end)
        return fail(reader, "the end of a string");
    /* no escape sequence is shorter than what it stands for */
    char *bytes = arena_take(reader->arena, (size_t)(close - reader->at)), *to = bytes;
    if (!bytes)
        return too_large(reader);
    while (reader->at < close) {
        size_t length = utf8_length(reader->at, (size_t)(close - reader->at));
        if (length == 0 || (unsigned char)*reader->at < ' ')
            return fail(reader, "valid text");
        if (*reader->at != '\\') {
            memcpy(to, reader->at, length);
            to += length;
            reader->at += length;
            continue;
        }
        char escape = reader->at[1];
        reader->at += 2;
        const char *known = escape ? strchr(escapes, escape) : NULL;
        if (known) {
            *to++ = meanings[known - escapes];
        } else if (escape == 'u') {
            char character[4];
            int r = read_unicode(reader, character, &length);
            if (r < 0)
                return r;
            memcpy(to, character, length);
            to += length;
        } else {
            return fail(reader, "a known escape sequence");
        }
    }
    reader->at = close + 1;
    *ret = value_string(bytes, (uint32_t)(to - bytes));
    return 0;
}

static int read_array(struct reader *reader, struct value *ret) {
    struct value *items = NULL;
    size_t n = 0, capacity = 0;

    reader->at++;
    if (!take(reader, ']')) {
        do {
            struct value item;
            int r = read_value(reader, &item);
            if (r < 0)
                return r;
            struct value *grown = arena_grow(reader->arena, items, n, &capacity, sizeof *items);
            if (!grown)
                return too_large(reader);
            items = grown;
            items[n++] = item;
        } while (take(reader, ','));
        if (!take(reader, ']'))
            return fail(reader, "',' or ']'");
    }
    *ret = (struct value){.kind = VALUE_ARRAY, .length = (uint32_t)n, .items = items};
    return 0;
}

static int read_map(struct reader *reader, struct value *ret) {
    struct member *members = NULL;
    size_t n = 0, capacity = 0;

    reader->at++;
    if (!take(reader, '}')) {
        do {
            struct member member;
            skip_space(reader);
            if (reader->at == reader->end || *reader->at != '"')
                return fail(reader, "a key");
            int r = read_string(reader, &member.key);
            if (r < 0)
                return r;
            if (!take(reader, ':'))
                return fail(reader, "':'");
            r = read_value(reader, &member.value);
            if (r < 0)
                return r;
            struct member *grown = arena_grow(reader->arena, members, n, &capacity, sizeof *members);
            if (!grown)
                return too_large(reader);
            members = grown;
            members[n++] = member;
        } while (take(reader, ','));
        if (!take(reader, '}'))
            return fail(reader, "',' or '}'");
    }
    *ret = (struct value){.kind = VALUE_MAP, .length = (uint32_t)n, .members = members};
    return 0;
}

static int read_value(struct reader *reader, struct value *ret) {
    static const struct {
        const char *word;
        struct value value;
    } words[] = {
        {"null", {.kind = VALUE_NIL}},
        {"true", {.kind = VALUE_BOOLEAN, .boolean = true}},
        {"false", {.kind = VALUE_BOOLEAN, .boolean = false}},
        {"NaN", {.kind = VALUE_NUMBER, .number = NAN}},
        {"Infinity", {.kind = VALUE_NUMBER, .number = INFINITY}},
        {"-Infinity", {.kind = VALUE_NUMBER, .number = -INFINITY}},
    };
    int r;

    skip_space(reader);
    if (reader->at == reader->end)
        return fail(reader, "a value");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (take_word(reader, words[i].word)) {
            *ret = words[i].value;
            return 0;
        }
    switch (*reader->at) {
    case '"':
        return read_string(reader, ret);
    case '[':
    case '{':
        if (++reader->depth > VALUE_DEPTH_MAX)
            return too_large(reader);
        r = *reader->at == '[' ? read_array(reader, ret) : read_map(reader, ret);
        reader->depth--;
        return r;
    default:
        return read_number(reader, ret);
    }
}

int value_read(struct arena *arena, const char *text, struct value *ret, struct error *err) {
    size_t length = strnlen(text, VALUE_TEXT_MAX + 1);
    struct reader reader = {.start = text, .at = text, .end = text + length, .arena = arena, .err = err};
    struct value value;

    if (length > VALUE_TEXT_MAX)
        return too_large(&reader);
    int r = read_value(&reader, &value);
    if (r < 0)
        return r;
    skip_space(&reader);
    if (reader.at != reader.end)
        return fail(&reader, "the end of the answer");
    *ret = value;
    return 0;
}
