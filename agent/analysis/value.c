/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "analysis/value.h"

const char *value_kind_name(enum value_kind kind) {
    switch (kind) {
    case VALUE_NIL:
        return "nil";
    case VALUE_BOOLEAN:
        return "a boolean";
    case VALUE_NUMBER:
        return "a number";
    case VALUE_STRING:
        return "a string";
    case VALUE_ARRAY:
        return "an array";
    case VALUE_MAP:
        return "a map";
    }
    return "unknown";
}

static bool string_is(const struct value *string, const char *bytes, uint32_t length) {
    return string->length == length && (length == 0 || memcmp(string->bytes, bytes, length) == 0);
}

const struct value *value_member(const struct value *map, const char *key, uint32_t length) {
    for (uint32_t i = map->length; i-- > 0;)
        if (string_is(&map->members[i].key, key, length))
            return &map->members[i].value;
    return NULL;
}

static bool take_steps(uint32_t *steps, uint32_t n) {
    *steps = n < *steps ? *steps - n : 0;
    return *steps > 0;
}

static bool map_holds(const struct value *map, const struct value *other, uint32_t *steps) {
    for (uint32_t i = 0; i < other->length; i++) {
        const struct value *key = &other->members[i].key;
        if (!take_steps(steps, 1 + map->length))
            return false;
        const struct value *here = value_member(map, key->bytes, key->length);
        const struct value *there = value_member(other, key->bytes, key->length);
        if (!here || !value_equal(here, there, steps))
            return false;
    }
    return true;
}

bool value_equal(const struct value *a, const struct value *b, uint32_t *steps) {
    if (a->kind != b->kind || !take_steps(steps, 1))
        return false;
    switch (a->kind) {
    case VALUE_NIL:
        return true;
    case VALUE_BOOLEAN:
        return a->boolean == b->boolean;
    case VALUE_NUMBER:
        return a->number == b->number;
    case VALUE_STRING:
        return take_steps(steps, 1 + a->length / 64) && string_is(a, b->bytes, b->length);
    case VALUE_ARRAY:
        if (a->length != b->length)
            return false;
        for (uint32_t i = 0; i < a->length; i++)
            if (!value_equal(&a->items[i], &b->items[i], steps))
                return false;
        return true;
    case VALUE_MAP: /* both ways: a key may be repeated */
        return map_holds(a, b, steps) && map_holds(b, a, steps);
    }
    return false;
}

size_t utf8_encode(char at[4], uint32_t character) {
    if (character < 0x80) {
        at[0] = (char)character;
        return 1;
    }
    if (character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
        return 0;
    size_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, character >>= 6)
        at[i] = (char)(0x80 | (character & 0x3f));
    at[0] = (char)((0xf00 >> length) | character);
    return length;
}
