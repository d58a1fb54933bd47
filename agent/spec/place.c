/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/place.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int error_at(struct error *err, const char *file, int line, const char *format, ...) {
    char text[ERROR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (line == 0)
        return error_set(err, -EINVAL, "%s: %s", file, text);
    return error_set(err, -EINVAL, "%s:%d: %s", file, line, text);
}

const char *did_you_mean(char *buffer, size_t size, const char *word, const char *const *names, size_t n) {
    const char *near = nearest(word, names, n);

    (void)snprintf(buffer, size, "%s%s%s", near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
    return buffer;
}

const char *one_of(char *buffer, size_t size, const char *const *names, size_t n) {
    size_t len = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < n && len < size; i++)
        len += (size_t)snprintf(buffer + len, size - len, "%s%s", i == 0 ? "" : i == n - 1 ? " or " : ", ", names[i]);
    return buffer;
}
