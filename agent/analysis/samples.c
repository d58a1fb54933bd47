/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analysis/samples.h"

#include <errno.h>
#include <math.h>

#include "analysis/value.h"

static int not_a_count(struct error *err) {
    return error_set(err, -EINVAL, "SamplesQuery= gives no number");
}

static int count_all(const struct value *answer, double *ret, struct error *err) {
    double sum = 0;

    for (uint32_t i = 0; i < answer->length; i++) {
        if (answer->items[i].kind != VALUE_NUMBER)
            return not_a_count(err);
        sum += answer->items[i].number;
    }
    *ret = sum;
    return 0;
}

int samples_count(const char *answer, double *ret, struct error *err) {
    struct value value;
    double n = 0;
    ARENA(arena);
    int r = value_read(&arena, answer, &value, err);

    if (r < 0)
        return r;
    if (value.kind == VALUE_ARRAY)
        r = count_all(&value, &n, err);
    else if (value.kind == VALUE_NUMBER)
        n = value.number;
    else if (value.kind != VALUE_NIL)
        r = not_a_count(err);
    if (r >= 0 && !isfinite(n))
        r = not_a_count(err);
    if (r >= 0)
        *ret = n;
    return r;
}
