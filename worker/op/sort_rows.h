/* sort_rows.h - rows kept in memory to be put in order.
 *
 * Rows are copied into dense batches, and each gets a sort key that memcmp orders: per column a
 * byte for NULL, then the value with its order made that of its bytes (for strings their first
 * bytes; equal ones are compared in full), inverted for DESC. Rows with equal keys keep the order
 * in which they came. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_SORT_ROWS_H
#define TIDE_WORKER_OP_SORT_ROWS_H
#include "worker/op/op.h"

typedef struct tide_sort_column {
    uint32_t column, at;                   /* at: offset of its part of the sort key. */
    bool descending, nulls_first, in_full; /* in_full: bytes beyond the key may decide. */
} tide_sort_column;

typedef struct tide_sort_entry {
    uint64_t head; /* The first 8 bytes of the key, as a number. */
    uint32_t row, unused;
} tide_sort_entry;

typedef struct tide_sort_rows {
    tide_pool *pool;
    const tide_schema *schema;
    uint32_t n_columns, key_bytes;
    tide_sort_column *columns;
    uint32_t n, cap;        /* Rows. */
    uint8_t *keys;          /* n * key_bytes */
    tide_sort_entry *order; /* n entries; sorted by tide_sort_rows_sort. */
    /* Row i is row i % TIDE_BATCH_ROWS_MAX of batch i / TIDE_BATCH_ROWS_MAX; */
    tide_batch **batches;
    uint32_t n_batches, cap_batches;
    tide_builder builder; /* the last rows are still under construction until _seal. */
    size_t batch_bytes;
} tide_sort_rows;

/* `whole_row`: every column counts, after the keys: equal rows become neighbours. Zeroed
 * storage. */
void tide_sort_rows_open(tide_sort_rows *self, tide_pool *pool, const tide_schema *schema,
                         const tide_sort_key *keys, uint32_t n_keys, bool whole_row);
void tide_sort_rows_close(tide_sort_rows *self);

/* Adds the batch's rows. TIDE_E_LIMIT beyond 2^32 rows. */
TIDE_MUST_CHECK tide_status tide_sort_rows_add(tide_sort_rows *self, const tide_batch *in);
/* Orders all rows: `order` is then ascending. */
void tide_sort_rows_sort(tide_sort_rows *self);
/* Are the whole sort keys of order[a] and order[b] equal? */
bool tide_sort_rows_equal(const tide_sort_rows *self, uint32_t a, uint32_t b);
/* Keeps only the rows order[keep[0..n)], as rows 0..n in that order; keep is ascending. */
void tide_sort_rows_keep(tide_sort_rows *self, const uint32_t *keep, uint32_t n);
/* Rows order[first .. first + n) as a batch, n <= TIDE_BATCH_ROWS_MAX. */
tide_batch *tide_sort_rows_batch(tide_sort_rows *self, uint32_t first, uint32_t n);
tide_change tide_sort_rows_change(const tide_sort_rows *self, uint32_t place);

size_t tide_sort_rows_bytes(const tide_sort_rows *self);

#endif
