/* rowkit.h - rows of every type out of a seed, and whether two batches hold the same. One thread,
 * that of the pool. */
#ifndef TIDE_TESTS_SUPPORT_ROWKIT_H
#define TIDE_TESTS_SUPPORT_ROWKIT_H
#include "base/column/batch.h"

#define TIDE_ROWKIT_COLUMNS (TIDE_TYPE_COUNT - 1u)

/* A column of each type. */
const tide_schema *tide_rowkit_schema(void);
/* n rows, the same for the same seed; one value in `null_every` is NULL (0: none), strings are
 * inline and long. changes: of every kind. */
tide_batch *tide_rowkit_batch(tide_pool *pool, uint64_t seed, uint32_t n, uint64_t null_every,
                              bool changes);
/* The same rows, changes included, whatever the selections and buffers. */
bool tide_rowkit_equal(const tide_batch *a, const tide_batch *b);

#endif
