/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/place.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define SHOWN_BEFORE 48 /* characters of a long text that are shown before the caret */
#define SHOWN_BYTES 96

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

int error_in_text(struct error *err, int code, const char *why, const char *text, size_t column) {
    const char *start = text, *caret = text;
    size_t at = 1;

    while (*caret != '\0' && at < column) {
        caret += utf8_length(caret, strlen(caret));
        if (++at + SHOWN_BEFORE <= column + 1)
            start = caret;
    }
    int indent = (int)(column < SHOWN_BEFORE ? column : SHOWN_BEFORE);
    /* Tabs keep their width in the line above only as spaces. */
    char shown[SHOWN_BYTES];
    (void)string_copy(shown, sizeof shown, start);
    for (char *tab = strchr(shown, '\t'); tab; tab = strchr(tab, '\t'))
        *tab = ' ';
    return error_set(err, code, "%s\n    %s\n    %*s", why, shown, indent, "^");
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
