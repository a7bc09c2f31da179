/* arena.h - memory with one lifetime: allocated piece by piece, given back all at once.
 *
 * An arena is named for its lifetime (job_arena, task_arena, step_arena) and passed explicitly.
 * Owner: one thread at a time. Bookkeeping class: never returns NULL. */
#ifndef TIDE_BASE_CORE_ARENA_H
#define TIDE_BASE_CORE_ARENA_H
#include <stddef.h>
#include <string.h>

#include "base/core/attr.h"

typedef struct tide_arena tide_arena;

tide_arena *tide_arena_new(void);
void tide_arena_free(tide_arena **self_p);

/* Gives back everything but the first block, which is kept for reuse. */
void tide_arena_reset(tide_arena *self);

void *tide_arena_alloc(tide_arena *self, size_t bytes);  /* 16-byte aligned, not zeroed. */
void *tide_arena_zalloc(tide_arena *self, size_t bytes); /* Zeroed. */
char *tide_arena_strdup(tide_arena *self, const char *text);
char *tide_arena_strndup(tide_arena *self, const char *text, size_t bytes); /* Adds a NUL. */
char *tide_arena_printf(tide_arena *self, const char *fmt, ...) TIDE_PRINTF(2, 3);
size_t tide_arena_bytes(const tide_arena *self); /* Held from the system. */

#define TIDE_NEW(arena, type) ((type *)tide_arena_zalloc((arena), sizeof(type)))
#define TIDE_NEW_N(arena, type, n) ((type *)tide_arena_zalloc((arena), sizeof(type) * (size_t)(n)))

/* Appends to an array in an arena, doubling its capacity when full (the old copy stays until
 * reset). */
#define TIDE_PUSH(arena, array, n, cap, value)                                                     \
    do {                                                                                           \
        if ((n) == (cap)) {                                                                        \
            (cap) = (cap) ? (cap)*2 : 4;                                                           \
            void *push_new_ = tide_arena_alloc((arena), (size_t)(cap) * sizeof *(array));          \
            if (n) memcpy(push_new_, (array), (size_t)(n) * sizeof *(array));                      \
            (array) = push_new_;                                                                   \
        }                                                                                          \
        (array)[(n)++] = (value);                                                                  \
    } while (0)

#endif
