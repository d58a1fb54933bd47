/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any pattern over any text: the first line is the pattern, the rest the text. In both syntaxes; what matches as a
 * whole is also found, and the answer does not depend on what else the arena holds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/pattern.h"

#define STEPS 100000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static int match(struct arena *arena, const struct pattern *pattern, bool whole, const char *text, size_t length) {
    uint32_t steps = STEPS, again = STEPS;
    int r = pattern_match(arena, pattern, whole, text, length, &steps);
    check(pattern_match(arena, pattern, whole, text, length, &again) == r && steps == again && steps <= STEPS);
    check(r == 0 || r == 1 || (r < 0 && steps == 0));
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    size_t length = newline ? (size_t)(newline - data) : size;
    const char *text = (const char *)data + length + (newline ? 1 : 0);
    size_t left = size - length - (newline ? 1 : 0);

    for (enum pattern_syntax syntax = PATTERN_RE2; syntax <= PATTERN_I_REGEXP; syntax++) {
        ARENA(arena);
        const struct pattern *pattern = NULL;
        struct error err = {.code = 0};
        struct fault fault = {.err = &err};
        int r = pattern_compile(&arena, (const char *)data, length, syntax, &pattern, &fault);
        if (r < 0) {
            check(r == fault.code && r == err.code && *err.text && fault.at <= length && !pattern);
            continue;
        }
        check(pattern && fault.code == 0);
        if (match(&arena, pattern, true, text, left) == 1)
            check(match(&arena, pattern, false, text, left) == 1);
        else
            (void)match(&arena, pattern, false, text, left);
    }
    return 0;
}
