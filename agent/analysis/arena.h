/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of one judgement: taken piece by piece, bounded, and given back all at once. The first bytes are the caller's
 * (usually on its stack, so that an ordinary judgement allocates nothing); only what exceeds them comes from the heap.
 */
#ifndef ROLLOUT_ANALYSIS_ARENA_H
#define ROLLOUT_ANALYSIS_ARENA_H

#include <stddef.h>

#include "common/cleanup.h"

/* Bytes from the heap that one judgement may take, besides its first ones. */
#define ARENA_LIMIT ((size_t)8 << 20)

/* Bytes that hold an ordinary condition and answer. */
#define ARENA_FIRST 8192

struct arena_chunk;

struct arena {
    char *at, *end;
    struct arena_chunk *chunks;
    size_t left; /* bytes that may still come from the heap */
};

/* Begins with size bytes at first, which must be aligned as a pointer is and outlive the arena. */
void arena_begin(struct arena *arena, void *first, size_t size);

/* Frees what came from the heap. */
void arena_end(struct arena *arena);

/* Aligned bytes, not cleared; NULL when the bound is met or memory is out. */
void *arena_take(struct arena *arena, size_t size);

/* Gives back the piece that was taken last. */
void arena_return(struct arena *arena, void *taken);

/* Makes room for one more item in a growing list: *capacity items of the given size at items, *n of them used. Returns
 * the place of the list, which may have moved, or NULL as arena_take(). */
void *arena_grow(struct arena *arena, void *items, size_t n, size_t *capacity, size_t size);

/* An arena that begins on the stack and ends with the scope. */
#define ARENA(name)                                  \
    _Alignas(void *) char name##_first[ARENA_FIRST]; \
    _cleanup_(arena_end) struct arena name;          \
    arena_begin(&name, name##_first, sizeof name##_first)

#endif
