/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/condition-check.h"

#include <stdio.h>
#include <string.h>

#include "analysis/condition.h"
#include "common/text.h"

#define SHOWN_BEFORE 48 /* characters of a long condition that are shown before the caret */
#define SHOWN_BYTES 96

int condition_check_shown(const char *text, struct error *err) {
    struct error inner = {0};
    size_t column = 1, at = 1;
    int r = condition_check(text, &column, &inner);

    if (r >= 0)
        return 0;
    const char *start = text, *caret = text;
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
    return error_set(err, r, "%s\n    %s\n    %*s", inner.text, shown, indent, "^");
}
