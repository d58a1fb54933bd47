/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analysis/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int fault_set(struct fault *fault, size_t at, int code, const char *format, ...) {
    char text[ERROR_TEXT_MAX];
    va_list arguments;

    if (fault->code < 0)
        return fault->code;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fault->at = at;
    fault->code = code;
    return error_set(fault->err, code, "%s", text);
}

int fault_memory(struct fault *fault, size_t at) {
    return fault_set(fault, at, -E2BIG, "this needs too much memory");
}

/* Characters before and with the one where it went wrong. */
int fault_report(const struct fault *fault, const char *text, size_t *column) {
    if (!column)
        return fault->code;
    *column = 1;
    for (size_t i = 0; i < fault->at && text[i]; i++)
        *column += ((unsigned char)text[i] & 0xc0) != 0x80;
    return fault->code;
}
