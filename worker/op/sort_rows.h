/* sort_rows.h - rows kept in memory to be put in order.
 *
 * Rows are copied into dense batches. They are ordered column by column, by words (sort_words.h):
 * first by the first word of all, then what is equal in it by the next, so that most rows are
 * looked at once. Rows with equal keys keep the order in which they came. Owner: the operator's
 * thread. */
#ifndef TIDE_WORKER_OP_SORT_ROWS_H
#define TIDE_WORKER_OP_SORT_ROWS_H
#include "worker/op/op.h"
#include "worker/op/sort_words.h"

typedef struct tide_sort_rows {
    tide_pool *pool;
    uint32_t n_columns;
    tide_sort_column *columns;
    uint32_t n;             /* Rows. */
    tide_sort_entry *order; /* n entries, once _sort has put them in order. */
    /* Row r of batch b is number b * TIDE_BATCH_ROWS_MAX + r; the first ones may be short. */
    tide_batch **batches;
    uint32_t n_batches, cap_batches;
    tide_builder builder; /* The last rows, until _seal. */
    size_t batch_bytes;
    /* Of a batch that comes in; NULL until rows are turned away. */
    tide_sort_entry *words;
    tide_batch *last;   /* The batch whose last row is the last one kept, */
    uint64_t last_word; /* whose first word this is, */
    bool last_is_null;  /* unless it is NULL. */
} tide_sort_rows;

/* `whole_row`: every column counts, after the keys: equal rows become neighbours. Zeroed
 * storage. */
void tide_sort_rows_open(tide_sort_rows *self, tide_pool *pool, const tide_schema *schema,
                         const tide_sort_key *keys, uint32_t n_keys, bool whole_row);
void tide_sort_rows_close(tide_sort_rows *self);

/* Adds the batch's rows. TIDE_E_LIMIT beyond 2^32 rows. */
TIDE_MUST_CHECK tide_status tide_sort_rows_add(tide_sort_rows *self, const tide_batch *in);
/* Ends the batch under construction; more rows only follow after _keep. */
void tide_sort_rows_seal(tide_sort_rows *self);
/* Orders all rows: `order` is then ascending. */
void tide_sort_rows_sort(tide_sort_rows *self);
/* Two rows by the columns from `column` on: < 0, 0, > 0 as the first comes before, with, behind. */
int tide_sort_rows_compare(const tide_sort_rows *self, uint32_t column, const tide_batch *a,
                           uint32_t row_a, const tide_batch *b, uint32_t row_b);
/* Are the whole sort keys of order[a] and order[b] equal? */
bool tide_sort_rows_equal(const tide_sort_rows *self, uint32_t a, uint32_t b);
/* Keeps only the rows order[keep[0..n)], as rows 0..n in that order; keep is ascending. */
void tide_sort_rows_keep(tide_sort_rows *self, const uint32_t *keep, uint32_t n);
/* The rows, which _keep has just put in order, are as many as are wanted: from now on _add turns
 * away what comes behind the last of them. */
void tide_sort_rows_turn_away(tide_sort_rows *self);
/* Rows order[first .. first + n) as a batch, n <= TIDE_BATCH_ROWS_MAX. */
tide_batch *tide_sort_rows_batch(tide_sort_rows *self, uint32_t first, uint32_t n);
tide_change tide_sort_rows_change(const tide_sort_rows *self, uint32_t place);

/* What the rows take, with what it takes to sort them. */
size_t tide_sort_rows_bytes(const tide_sort_rows *self);

#endif
