/* keys.h - the grouping key of a keyed operator: from a batch's columns to encoded keys and hashes.
 *
 * A key of no columns (a global aggregate) is one constant column. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_KEYS_H
#define TIDE_WORKER_OP_KEYS_H
#include "base/column/key.h"
#include "worker/op/op.h"

typedef struct tide_op_keys {
    tide_key_spec spec;
    uint32_t n; /* Columns of the batch; 0 stands for the constant. */
    uint32_t *columns;
    const tide_col **cols; /* Of the batch at hand. */
    tide_col *constant;    /* A column of zeros, when n is 0. */
    uint8_t *keys;         /* Of the rows encoded last: TIDE_BATCH_ROWS_MAX of them. */
    uint64_t *hash;
} tide_op_keys;

/* The first n_route of the columns decide the key group; further ones (`extra`, a column of `in`;
 * -1 none) make the key finer. Zeroed storage; call _close even after a failure. */
TIDE_MUST_CHECK tide_status tide_op_keys_open(tide_op_keys *self, tide_pool *pool,
                                              const tide_schema *in, const uint32_t *columns,
                                              uint32_t n_route, const uint32_t *extra,
                                              uint32_t n_extra);
void tide_op_keys_close(tide_op_keys *self);

/* Encodes the batch's physical rows sel[0..n), or 0..n when sel is NULL, into self->keys and
 * ->hash. */
TIDE_MUST_CHECK tide_status tide_op_keys_encode(tide_op_keys *self, const tide_batch *in,
                                                const uint16_t *sel, uint32_t n);
/* The same for partial results, whose first columns are the key (jobapi/plan/partial.h). */
TIDE_MUST_CHECK tide_status tide_op_keys_encode_partial(tide_op_keys *self, const tide_batch *in,
                                                        const uint16_t *sel, uint32_t n);

#endif
