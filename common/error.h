/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error contract of the whole program: a function that can fail returns a negative errno and leaves its ret_
 * parameters untouched; where a person will read what went wrong it takes a `struct error *` as its last parameter and
 * fills it on failure only. */
#ifndef ROLLOUT_COMMON_ERROR_H
#define ROLLOUT_COMMON_ERROR_H

#define ERROR_TEXT_MAX 512

struct error {
    int code;                  /* negative errno; 0 when nothing went wrong */
    char text[ERROR_TEXT_MAX]; /* one sentence: what was tried, on what, what was expected; no trailing newline */
};

/* Fills err (which may be NULL) and returns code, so that `return error_set(err, -EINVAL, ...)` ends a function. */
int error_set(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The analyzer doesn't look into other files: tell it that what is returned is the code. */
#ifdef __clang_analyzer__
#define error_set(err, code, ...)                     \
    __extension__({                                   \
        const int _code = (code);                     \
        (void)(error_set)((err), _code, __VA_ARGS__); \
        _code;                                        \
    })
#endif

/* Puts "PREFIX: " before the text of an error that is set, as it travels up. Returns err->code. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
