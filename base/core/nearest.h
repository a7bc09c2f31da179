/* nearest.h - which of the known names did the user mean? For "did you mean" in error messages.
 *
 * Feed every candidate, then ask. Case does not count; letters added, dropped, changed or
 * swapped with their neighbour do. Pure; any thread. */
#ifndef TIDE_BASE_CORE_NEAREST_H
#define TIDE_BASE_CORE_NEAREST_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/attr.h"

#define TIDE_NEAREST_LENGTH_MAX 64u /* Bytes compared of a name; what follows is ignored. */

typedef struct tide_nearest {
    const char *wanted, *best; /* Borrowed. */
    uint32_t best_distance;    /* Only candidates below this are taken. */
} tide_nearest;

/* Candidates that differ from `wanted` in more than about a third of its letters are not near. */
void tide_nearest_init(tide_nearest *self, const char *wanted);
void tide_nearest_try(tide_nearest *self, const char *candidate);

/* The nearest candidate, or NULL when none was near. */
TIDE_INLINE const char *tide_nearest_best(const tide_nearest *self)
{
    return self->best;
}

/* Edits between two names (the first TIDE_NEAREST_LENGTH_MAX bytes of each). */
uint32_t tide_name_distance(const char *a, const char *b);

#endif
