/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a web server answers, whole and by a path: what is made of it can be read as a value. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/value.h"
#include "provider/web-answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const char *body, size_t size, const char *path) {
    ARENA(arena);
    _cleanup_free_ char *text = NULL;
    struct value value;
    struct error error;
    if (web_answer(body, size, path, &text, &error) >= 0)
        assert(value_read(&arena, text, &value, &error) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _cleanup_free_ char *body = malloc(size + 1);
    if (!body)
        return 0;
    memcpy(body, data, size);
    body[size] = '\0';
    answer(body, size, NULL);
    answer(body, size, "$..[?@.a > 1, 0]");
    return 0;
}
