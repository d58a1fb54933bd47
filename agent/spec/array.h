/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays that grow by one. */
#ifndef ROLLOUT_SPEC_ARRAY_H
#define ROLLOUT_SPEC_ARRAY_H

#include <stdlib.h>
#include <string.h>

/* Adds a zeroed element to array, whose length n counts it. Yields its address; NULL, and nothing changed, when memory
 * is out. */
#define ARRAY_ADD(array, n)                                                                 \
    __extension__({                                                                         \
        __typeof__(array) _grown = reallocarray((array), (size_t)(n) + 1, sizeof *(array)); \
        if (_grown) {                                                                       \
            (array) = _grown;                                                               \
            memset(&_grown[(n)++], 0, sizeof *_grown);                                      \
        }                                                                                   \
        _grown ? &_grown[(n)-1] : NULL;                                                     \
    })

#endif
