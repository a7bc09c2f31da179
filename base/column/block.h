/* block.h - a batch as one contiguous block of bytes, for another process or a file, and back.
 *
 * Rows are gathered once: the selection is applied, fixed-width columns are copied as they lie, the
 * bytes of long strings are gathered behind each other (their views are rewritten to point into the
 * block). Reading back copies no column: the batch's columns point into the buffer that holds the
 * block. Every length and view was checked before, so a damaged or hostile block is TIDE_E_CORRUPT
 * and never a wild read; values themselves are not judged. The change column travels, too; a
 * batch's birth does not, since it is a time of one host. Nor does the schema: both sides built the
 * same graph, and a block of other types is TIDE_E_CORRUPT. Layout: docs/formats/block.md.
 *
 * Pure. _write on any thread, _read on the pool's owner. */
#ifndef TIDE_BASE_COLUMN_BLOCK_H
#define TIDE_BASE_COLUMN_BLOCK_H
#include "base/column/batch.h"

/* Offsets of strings have 32 bits; a batch of the largest records is far below. */
#define TIDE_BLOCK_BYTES_MAX (256u << 20)
#define TIDE_BLOCK_ALIGN 64u /* Of the block and of everything in it. */
/* Zeros that lie around a batch's own block (tide_batch.block), for whoever sends it. */
#define TIDE_BLOCK_LEAD 192u
#define TIDE_BLOCK_TAIL 64u

/* Bytes that tide_block_write needs for these rows; it may use less. The batch's columns have the
 * schema's types. Linear in the rows of string columns. */
size_t tide_block_bytes(const tide_batch *batch, const tide_schema *schema);

/* Writes the block at `to`, which is aligned and has `room` bytes: those of tide_block_bytes, at
 * most TIDE_BLOCK_BYTES_MAX. Returns its size, a multiple of TIDE_BLOCK_ALIGN. */
size_t tide_block_write(const tide_batch *batch, const tide_schema *schema, uint8_t *to,
                        size_t room);

/* The batch in the block at the start of buf, which nobody else uses yet: takes references of its
 * own to it. `bytes` is the block's size. A placed buffer's block lies at a multiple of 16 only. */
TIDE_MUST_CHECK tide_status tide_block_read(tide_buf *buf, size_t bytes, const tide_schema *schema,
                                            tide_pool *pool, tide_batch **out);

#endif
