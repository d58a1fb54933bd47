/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool is_continuation(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

size_t utf8_length(const char *text, size_t len) {
    const unsigned char *byte = (const unsigned char *)text;
    size_t need;
    if (len == 0)
        return 0;
    if (byte[0] < 0x80)
        return 1;
    if (byte[0] >= 0xC2 && byte[0] <= 0xDF)
        need = 2;
    else if (byte[0] >= 0xE0 && byte[0] <= 0xEF)
        need = 3;
    else if (byte[0] >= 0xF0 && byte[0] <= 0xF4)
        need = 4;
    else
        return 0;

    if (len < need)
        return 0;
    for (size_t i = 1; i < need; i++)
        if (!is_continuation(byte[i]))
            return 0;

    /* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
    if ((byte[0] == 0xE0 && byte[1] < 0xA0) || (byte[0] == 0xED && byte[1] > 0x9F) ||
        (byte[0] == 0xF0 && byte[1] < 0x90) || (byte[0] == 0xF4 && byte[1] > 0x8F))
        return 0;
    return need;
}

bool utf8_valid(const char *text, size_t len) {
    while (len > 0) {
        size_t n = utf8_length(text, len);
        if (n == 0)
            return false;
        text += n;
        len -= n;
    }
    return true;
}

int string_copy(char *buffer, size_t size, const char *source) {
    assert(size > 0);
    size_t len = strnlen(source, size);
    if (len < size) {
        memmove(buffer, source, len + 1);
        return 0;
    }

    /* Back to the start of the character that the cut would split. */
    len = size - 1;
    while (len > 0 && is_continuation((unsigned char)source[len]))
        len--;
    memmove(buffer, source, len);
    buffer[len] = '\0';
    return -ENOSPC;
}

bool str_in_set(const char *word, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, names[i]) == 0)
            return true;
    return false;
}

#define WORD_MAX 64

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from a to b. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t row[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= a_len; i++)
        row[i][0] = i;
    for (size_t j = 0; j <= b_len; j++)
        row[0][j] = j;

    for (size_t i = 1; i <= a_len; i++)
        for (size_t j = 1; j <= b_len; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            row[i][j] = least(row[i - 1][j - 1] + (x != y), least(row[i - 1][j], row[i][j - 1]) + 1);
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]))
                row[i][j] = least(row[i][j], row[i - 2][j - 2] + 1);
        }
    return row[a_len][b_len];
}

const char *nearest(const char *word, const char *const *names, size_t n) {
    size_t word_len = strnlen(word, WORD_MAX + 1);
    if (word_len == 0 || word_len > WORD_MAX)
        return NULL;

    const char *best = NULL;
    size_t best_distance = word_len / 3 + 1;
    for (size_t i = 0; i < n; i++) {
        size_t len = strnlen(names[i], WORD_MAX + 1);
        if (len > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, word_len, names[i], len);
        /* A word of which nothing is left is not near. */
        if (distance < least(word_len, len) && (best ? distance < best_distance : distance <= best_distance)) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}

/* C1 controls (U+0080 to U+009F) steer terminals like the ASCII ones do. */
static bool is_control(const char *character, size_t len) {
    unsigned char first = (unsigned char)character[0];
    if (len == 1)
        return first < 0x20 || first == 0x7F;
    return len == 2 && first == 0xC2 && (unsigned char)character[1] < 0xA0;
}

const char *text_escape(char *buffer, size_t size, const char *bytes, size_t len) {
    assert(size >= 4);
    size_t used = 0, room_for_dots = 0;

    for (size_t i = 0; i < len;) {
        char shown[8];
        size_t n = utf8_length(bytes + i, len - i), width;
        if (n > 0 && !is_control(bytes + i, n)) {
            memcpy(shown, bytes + i, n);
            width = n;
        } else {
            n = 1;
            if (bytes[i] == '\n' || bytes[i] == '\t')
                width = (size_t)snprintf(shown, sizeof(shown), "\\%c", bytes[i] == '\n' ? 'n' : 't');
            else
                width = (size_t)snprintf(shown, sizeof(shown), "\\x%02x", (unsigned char)bytes[i]);
        }
        if (used + width + 1 > size) {
            memcpy(buffer + room_for_dots, "...", 4);
            return buffer;
        }
        memcpy(buffer + used, shown, width);
        used += width;
        i += n;
        if (used + 4 <= size)
            room_for_dots = used;
    }
    buffer[used] = '\0';
    return buffer;
}

bool text_to_u32(const char *text, uint32_t *ret) {
    uint64_t number = 0;
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > 10 || text[len] != '\0')
        return false;
    for (; *text; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    if (number > UINT32_MAX)
        return false;
    *ret = (uint32_t)number;
    return true;
}
