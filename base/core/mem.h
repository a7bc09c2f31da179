/* mem.h - bookkeeping memory, which cannot run out: when it does, the process ends and the cluster
 * recovers. Row data never comes from here but from a budgeted pool (pool.h). Thread safe. */
#ifndef TIDE_BASE_CORE_MEM_H
#define TIDE_BASE_CORE_MEM_H
#include <stddef.h>

#include "base/core/attr.h"

/* Each returns at least one byte of memory that the caller frees with tide_free; never NULL. */
void *tide_malloc(size_t bytes);
void *tide_calloc(size_t count,
                  size_t bytes); /* Zeroed; overflow of the product ends the process. */
void *tide_realloc(void *p, size_t bytes);
void *tide_malloc_aligned(size_t align, size_t bytes); /* align: a power of two. */
char *tide_strdup(const char *text);
char *tide_strndup(const char *text, size_t bytes_max);
char *tide_asprintf(const char *fmt, ...) TIDE_PRINTF(1, 2);
void tide_free(void *p); /* NULL is fine. */

/* Makes room for one more element in a growing array: doubles *cap when n == *cap. */
#define TIDE_GROW(array, n, cap)                                                                   \
    do {                                                                                           \
        if ((n) == (cap)) {                                                                        \
            (cap) = (cap) ? (cap)*2 : 8;                                                           \
            (array) = tide_realloc((array), (size_t)(cap) * sizeof *(array));                      \
        }                                                                                          \
    } while (0)

#endif
