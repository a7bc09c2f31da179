/* block_priv.h - the layout of a block, for who writes one and who reads it. docs/formats/block.md.
 */
#ifndef TIDE_BASE_COLUMN_BLOCK_PRIV_H
#define TIDE_BASE_COLUMN_BLOCK_PRIV_H
#include "base/column/block.h"

#define BLOCK_MAGIC 0x32424d54u /* "TMB2" */
#define BLOCK_HAS_CHANGES 1u
#define BLOCK_HAS_ROOM 2u /* Built row by row: parts have the room of rows_room rows. */
#define BLOCK_HAS_NULLS 1u

typedef struct block_head {
    uint32_t magic, n_rows, n_cols, flags;
    uint64_t bytes;
    uint32_t rows_room;  /* With BLOCK_HAS_ROOM; else n_rows. */
    uint32_t views_from; /* Views' offsets count from so many bytes before the block. */
} block_head;

typedef struct block_col { /* One per column, behind the header; the change column's is last. */
    tide_type type;
    uint32_t flags;
    uint64_t heap_bytes; /* 0 with BLOCK_HAS_ROOM: there is one heap, behind all columns. */
} block_col;
_Static_assert(sizeof(block_head) == 32 && sizeof(block_col) == 16, "sent layouts");

TIDE_INLINE size_t block_padded(size_t bytes)
{
    return (bytes + TIDE_BLOCK_ALIGN - 1) & ~(size_t)(TIDE_BLOCK_ALIGN - 1);
}

TIDE_INLINE size_t block_heads_bytes(uint32_t n_cols, bool has_changes)
{
    return block_padded(sizeof(block_head) + (n_cols + has_changes) * sizeof(block_col));
}

TIDE_INLINE size_t block_validity_bytes(uint32_t n_rows)
{
    return block_padded(((size_t)n_rows + 63) / 64 * 8);
}

/* Of one column, without its heap. */
TIDE_INLINE size_t block_fixed_bytes(uint32_t n_rows, uint32_t width, bool has_validity)
{
    return (has_validity ? block_validity_bytes(n_rows) : 0) + block_padded((size_t)n_rows * width);
}

#endif
