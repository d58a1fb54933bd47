/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any path over any answer: the first line is the path, the rest the answer. What is selected can be written and read
 * again, and is the same then. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static void select_from(const struct jsonpath *path, struct arena *arena, const char *answer) {
    struct value value, selected, again;
    struct error err = {.code = 0};
    const char *text, *text_again;

    if (value_read(arena, answer, &value, &err) < 0)
        return;
    int r = jsonpath_evaluate(arena, path, &value, &selected, &err);
    check(r == 0 ? err.code == 0 : r == err.code && *err.text);
    if (r < 0 || value_write(arena, &selected, &text, &err) < 0)
        return;
    ARENA(other);
    check(value_read(&other, text, &again, &err) == 0);
    check(value_write(&other, &again, &text_again, &err) == 0 && strcmp(text, text_again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    check(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';

    char *answer = strchr(text, '\n');
    if (answer)
        *answer++ = '\0';
    struct error err = {.code = 0};
    struct jsonpath path;
    size_t column = 0;
    ARENA(arena);
    int r = jsonpath_compile(&arena, text, &path, &column, &err);
    check(r == 0 || (r == err.code && *err.text && column >= 1 && column <= strlen(text) + 1));
    if (r == 0 && answer)
        select_from(&path, &arena, answer);
    free(text);
    return 0;
}
