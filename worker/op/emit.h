/* emit.h - rows on their way out: collects groups into batches of the node's schema.
 *
 * Holds at most one batch under construction; an operator adds rows while there is space and
 * flushes when it is full or the callback ends. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_EMIT_H
#define TIDE_WORKER_OP_EMIT_H
#include "worker/op/aggs.h"
#include "worker/op/keys.h"

typedef struct tide_op_emit {
    tide_builder builder;
    uint32_t n_keys;
    const tide_op_aggs *aggs;
    uint8_t **values; /* Scratch: one per row of a batch. */
    const uint8_t **key_ptrs;
} tide_op_emit;

/* Zeroed storage. The node is an aggregate; `aggs` outlives it. */
void tide_op_emit_open(tide_op_emit *self, tide_pool *pool, const tide_node *node,
                       const tide_op_aggs *aggs);
void tide_op_emit_close(tide_op_emit *self);

TIDE_INLINE uint32_t tide_op_emit_space(const tide_op_emit *self)
{
    return self->builder.cap - self->builder.n;
}
/* Key and aggregate columns of rows[0..n) of a table whose key begins with the node's key columns;
 * n <= space. self->values holds the rows' values afterwards. The caller fills further columns of
 * these rows and then advances builder.n by n. */
void tide_op_emit_groups(tide_op_emit *self, const tide_table *table, const uint32_t *rows,
                         uint32_t n);
/* The three window columns of rows builder.n.., for one window, or one per row. */
void tide_op_emit_window(tide_op_emit *self, int64_t start_us, int64_t end_us, uint32_t n);
void tide_op_emit_windows(tide_op_emit *self, const int64_t *start_us, const int64_t *end_us,
                          uint32_t n);

/* Pushes what has been collected. False, keeping it, when there is something but no room. */
TIDE_MUST_CHECK bool tide_op_emit_flush(tide_op_emit *self, tide_outbox *out);

#endif
