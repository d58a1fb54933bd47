/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"

int(error_set)(struct error *err, int code, const char *format, ...) {
    assert(code < 0);
    if (!err)
        return code;

    /* The old text may be an argument of the new one, so it is built aside. */
    char text[ERROR_TEXT_MAX + 4];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    err->code = code;
    (void)string_copy(err->text, sizeof(err->text), text);
    return code;
}

int error_prefix(struct error *err, const char *format, ...) {
    if (!err || err->code == 0)
        return err ? err->code : 0;

    char prefix[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(prefix, sizeof(prefix), format, args);
    va_end(args);

    return error_set(err, err->code, "%s: %s", prefix, err->text);
}
