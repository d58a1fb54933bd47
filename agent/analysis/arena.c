/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "analysis/arena.h"

#define CHUNK_MIN ((size_t)32 << 10)

struct arena_chunk {
    struct arena_chunk *next;
};

void arena_begin(struct arena *arena, void *first, size_t size) {
    *arena = (struct arena){.at = first, .end = (char *)first + size, .left = ARENA_LIMIT};
}

void arena_end(struct arena *arena) {
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}

void *arena_take(struct arena *arena, size_t size) {
    if (size > ARENA_LIMIT)
        return NULL;
    size = (size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    if (size > (size_t)(arena->end - arena->at)) {
        size_t wanted = sizeof(struct arena_chunk) + (size > CHUNK_MIN ? size : CHUNK_MIN);
        if (wanted > arena->left)
            return NULL;
        struct arena_chunk *chunk = malloc(wanted);
        if (!chunk)
            return NULL;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->left -= wanted;
        arena->at = (char *)(chunk + 1);
        arena->end = (char *)chunk + wanted;
    }
    void *taken = arena->at;
    arena->at += size;
    return taken;
}

void arena_return(struct arena *arena, void *taken) {
    arena->at = taken;
}

void *arena_grow(struct arena *arena, void *items, size_t n, size_t *capacity, size_t size) {
    if (n < *capacity)
        return items;
    size_t more = n ? 2 * n : 4;
    void *grown = arena_take(arena, more * size);
    if (!grown)
        return NULL;
    if (n)
        memcpy(grown, items, n * size);
    *capacity = more;
    return grown;
}
