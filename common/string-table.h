/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An enum and its words from one table:
 *     DECLARE_STRING_TABLE(color, enum color);                                    in the header
 *     DEFINE_STRING_TABLE(color, enum color, [BLUE] = "blue", [GREEN] = "green")  in one file
 * gives
 *     const char *color_to_string(enum color value);               "unknown" for a value that has no word
 *     int color_from_string(const char *text, enum color *ret);    -EINVAL for a word that isn't in the table
 *     const char *const *color_names(size_t *ret_n);               all words, for messages and nearest(); no NULLs
 * Words are compared exactly. The enum starts at 0 and has no gaps. */
#ifndef ROLLOUT_COMMON_STRING_TABLE_H
#define ROLLOUT_COMMON_STRING_TABLE_H

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define DECLARE_STRING_TABLE(name, type)                 \
    const char *name##_to_string(type value);            \
    int name##_from_string(const char *text, type *ret); \
    const char *const *name##_names(size_t *ret_n)

#define DEFINE_STRING_TABLE(name, type, ...)                                        \
    static const char *const name##_table[] = {__VA_ARGS__};                        \
                                                                                    \
    const char *name##_to_string(type value) {                                      \
        size_t i = (size_t)value;                                                   \
        if (i >= sizeof(name##_table) / sizeof(name##_table[0]))                    \
            return "unknown";                                                       \
        return name##_table[i];                                                     \
    }                                                                               \
                                                                                    \
    int name##_from_string(const char *text, type *ret) {                           \
        for (size_t i = 0; i < sizeof(name##_table) / sizeof(name##_table[0]); i++) \
            if (strcmp(name##_table[i], text) == 0) {                               \
                *ret = (type)i;                                                     \
                return 0;                                                           \
            }                                                                       \
        return -EINVAL;                                                             \
    }                                                                               \
                                                                                    \
    const char *const *name##_names(size_t *ret_n) {                                \
        *ret_n = sizeof(name##_table) / sizeof(name##_table[0]);                    \
        return name##_table;                                                        \
    }

#endif
