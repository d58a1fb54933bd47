/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small work on strings: bounded copies, sets of words, the nearest word, untrusted bytes made safe to show. */
#ifndef ROLLOUT_COMMON_TEXT_H
#define ROLLOUT_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* Length of the well-formed UTF-8 character that text begins with (1 to 4), 0 when its bytes are none. len is what may
 * be read. */
size_t utf8_length(const char *text, size_t len);

/* True when all len bytes are well-formed UTF-8. NUL counts as a character. */
bool utf8_valid(const char *text, size_t len);

/* Copies source into buffer of size bytes (> 0), always terminated. Returns 0, or -ENOSPC when it had to be cut; the
 * cut never splits a character. */
int string_copy(char *buffer, size_t size, const char *source);

/* True when word is one of the n names. */
bool str_in_set(const char *word, const char *const *names, size_t n);
#define STR_IN_SET(word, ...)                            \
    str_in_set(word, (const char *const[]){__VA_ARGS__}, \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* The name that word was most likely meant to be ("did you mean"), without regard to case; NULL when none is near. */
const char *nearest(const char *word, const char *const *names, size_t n);

/* Writes len untrusted bytes so that they are safe to show on one line: control characters and bytes that are not UTF-8
 * become \n, \t or \xNN; what does not fit ends in "...". For people: not reversible. Returns buffer (size >= 4). */
const char *text_escape(char *buffer, size_t size, const char *bytes, size_t len);

/* Text from outside, short and safe enough for a message. Lives until the enclosing block ends. */
#define SHOWN(text) text_escape((char[80]){0}, 80, text, strlen(text))

/* Decimal digits only; false, and *ret untouched, for anything else and beyond UINT32_MAX. */
bool text_to_u32(const char *text, uint32_t *ret);

#endif
