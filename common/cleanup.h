/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ownership that ends with the scope. A destructor takes NULL and returns NULL. */
#ifndef ROLLOUT_COMMON_CLEANUP_H
#define ROLLOUT_COMMON_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* Hands a pointer on: yields its value and leaves NULL behind, so that the scope's end frees nothing. */
#define take_pointer(pointer)                     \
    __extension__({                               \
        __typeof__(pointer) *_place = &(pointer); \
        __typeof__(pointer) _taken = *_place;     \
        *_place = NULL;                           \
        _taken;                                   \
    })

static inline void cleanup_free(void *place) {
    free(*(void **)place);
}

static inline void cleanup_close(const int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void cleanup_fclose(FILE **file) {
    if (*file)
        (void)fclose(*file);
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)

#endif
