/* rows.h - a bag of rows as text: what is left of an updating result when its input has ended.
 *
 * A row is a record of bytes; equal records are the same row. Rows come out in the order in
 * which they came in. Owner: one thread. */
#ifndef TIDE_WORKER_CONNECTOR_PRINT_ROWS_H
#define TIDE_WORKER_CONNECTOR_PRINT_ROWS_H
#include <stdbool.h>

#include "base/core/bytes.h"
#include "base/core/status.h"

#define TIDE_ROWS_BYTES_MAX (4ull << 30) /* Of records held; up to half of them may be garbage. */

typedef struct tide_rows tide_rows;

tide_rows *tide_rows_new(void);
void tide_rows_free(tide_rows **self_p);

/* TIDE_E_BUDGET beyond TIDE_ROWS_BYTES_MAX. */
TIDE_MUST_CHECK tide_status tide_rows_add(tide_rows *self, const char *p, size_t n);
/* TIDE_E_INTERNAL if there is no such row. */
TIDE_MUST_CHECK tide_status tide_rows_remove(tide_rows *self, const char *p, size_t n);

/* The next row at or behind *cursor (start at 0), or false. A row that is held k times comes k
 * times. */
typedef struct tide_rows_cursor {
    uint64_t entry, repeat;
} tide_rows_cursor;
bool tide_rows_next(const tide_rows *self, tide_rows_cursor *cursor, const char **p, size_t *n);

#endif
