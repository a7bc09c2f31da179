/* block_builder.h - chosen rows of batches, gathered straight into a block.
 *
 * For rows that will leave the process anyway: what a builder and the writing of a block would copy
 * twice is copied once, and the finished batch is its own block (tide_batch.block), with room in
 * front of it for what a sender puts there. When a block would be mostly room, when rows have a
 * change column, or strings did not fit, the batch is as any other and whoever sends it writes its
 * block. Owner: one thread, the pool's. */
#ifndef TIDE_BASE_COLUMN_BLOCK_BUILDER_H
#define TIDE_BASE_COLUMN_BLOCK_BUILDER_H
#include "base/column/block.h"

typedef struct tide_block_builder {
    tide_pool *pool;
    const tide_schema *schema;
    uint32_t n, cap; /* Rows so far, and at most. */
    int64_t born_ns;
    tide_buf *buf; /* Of the block under construction; NULL while n is 0. */
    struct tide_block_builder_col *cols;
    size_t heap_at, heap_bytes, heap_wanted; /* In buf: begin, use. Wanted: of the next block. */
    tide_buf **spilled;                      /* Heaps of strings that found no room in buf. */
    uint32_t n_spilled, cap_spilled;
    size_t spill_used; /* Of the last one. */
    int8_t *change;    /* NULL until a batch had changes. */
    tide_buf *change_buf;
} tide_block_builder;

/* cap: at most TIDE_BATCH_ROWS_MAX. The schema is borrowed. */
void tide_block_builder_init(tide_block_builder *self, tide_pool *pool, const tide_schema *schema,
                             uint32_t cap);
void tide_block_builder_fini(tide_block_builder *self);
/* Appends the physical rows rows[0..n) of src, which has the schema's types, changes included.
 * n <= cap - self->n. */
void tide_block_builder_append(tide_block_builder *self, const tide_batch *src,
                               const uint16_t *rows, uint32_t n);
/* The rows so far as a batch; the builder starts anew. NULL when there are none. */
tide_batch *tide_block_builder_finish(tide_block_builder *self);

#endif
