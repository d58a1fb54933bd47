/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a server answers: a value that conditions can be judged by, or an error; never both, never neither. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "analysis/arena.h"
#include "analysis/value.h"
#include "common/cleanup.h"
#include "provider/prometheus-answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _cleanup_free_ char *value = NULL, *warning = NULL;
    struct error err = {0};
    int r = prometheus_answer((const char *)data, size, &value, &warning, &err);
    if (r < 0) {
        if (value || warning || err.code != r || !err.text[0])
            abort();
        return 0;
    }
    if (!value || err.code != 0)
        abort();
    ARENA(arena);
    struct value read;
    if (value_read(&arena, value, &read, &err) < 0 && err.code == -EINVAL)
        abort();
    return 0;
}
