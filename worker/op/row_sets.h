/* row_sets.h - the DISTINCT aggregates of rows that carry their value sets themselves
 * (value_set.h).
 *
 * For rows that end one by one: sessions, attached windows. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_ROW_SETS_H
#define TIDE_WORKER_OP_ROW_SETS_H
#include "worker/op/aggs.h"
#include "worker/op/value_set.h"

typedef struct tide_row_ref { /* A row of one of an operator's tables. */
    tide_table *table;
    uint32_t row;
} tide_row_ref;

/* Where the rows of an update lie: all in one table, or each where refs says. */
typedef struct tide_row_places {
    tide_table *table;
    const uint32_t *rows;
    const tide_row_ref *refs; /* NULL: the above. */
} tide_row_places;

typedef struct tide_row_sets {
    uint32_t n;          /* aggs->n_sets */
    uint32_t first_blob; /* Set s has blobs first_blob + 2 s and the next. */
    tide_op_aggs *aggs;
    tide_key_spec *specs; /* Of each set's value. */
    uint8_t *keys;        /* Scratch. */
    uint64_t *hash;
    uint8_t **values;
    uint16_t *rows;
    uint8_t *fresh; /* By row: was its value new? */
    uint16_t *late; /* Rows whose value goes the slow way. */
} tide_row_sets;

/* Zeroed storage; call _close even after a failure. `aggs` outlives it. */
TIDE_MUST_CHECK tide_status tide_row_sets_open(tide_row_sets *self, const tide_schema *in,
                                               tide_op_aggs *aggs, uint32_t first_blob);
void tide_row_sets_close(tide_row_sets *self);

/* Puts the arguments of the rows into the sets of those places, whose values at->values are, and
 * feeds the aggregates with those that were new. */
TIDE_MUST_CHECK tide_status tide_row_sets_update(tide_row_sets *self, const tide_row_places *places,
                                                 const tide_op_rows *at);
/* into's sets and DISTINCT aggregates += from's. */
TIDE_MUST_CHECK tide_status tide_row_sets_merge(tide_row_sets *self, tide_pool *pool,
                                                tide_row_ref into, tide_row_ref from);

#endif
