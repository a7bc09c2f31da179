/* fuzz_block.c - rows out of any bytes: a batch that can be used, or an error.
 *
 * The size in the header is made right first, or little would get past it. */
#include <stdlib.h>
#include <string.h>

#include "base/column/block.h"
#include "base/column/key.h"
#include "base/core/assert.h"
#include "tests/fuzz/fuzz.h"

#define COPIED_BYTES_MAX (64u << 20) /* Strings may share their bytes: a copy is larger. */

static tide_field fields[] = {
    { .name = "b", .type = { .id = TIDE_TYPE_BOOLEAN } },
    { .name = "i", .type = { .id = TIDE_TYPE_BIGINT } },
    { .name = "s", .type = { .id = TIDE_TYPE_STRING } },
    { .name = "d", .type = { .id = TIDE_TYPE_DECIMAL, .precision = 20, .scale = 4 } },
    { .name = "x", .type = { .id = TIDE_TYPE_BYTES } },
};
static const tide_schema schema = { 5, fields };

/* Hashes, copies and writes the rows again. */
static void use(tide_batch *batch, tide_pool *pool)
{
    tide_key_col cols[5];
    for (uint32_t i = 0; i < 5; i++) cols[i] = (tide_key_col){ .type = fields[i].type, .idx = i };
    tide_key_spec spec;
    tide_status rv = tide_key_spec_init(&spec, cols, 5, 0);
    tide_assert(rv == TIDE_OK);
    uint64_t hashes[TIDE_BATCH_ROWS_MAX];
    tide_key_hash(&spec, batch, hashes);
    if (tide_batch_used_bytes(batch) > COPIED_BYTES_MAX) return;
    tide_batch *copy = tide_batch_copy(pool, batch), *again;
    size_t bytes = tide_block_bytes(copy, &schema);
    tide_buf *buf = tide_pool_take(pool, bytes);
    bytes = tide_block_write(copy, &schema, buf->data, bytes);
    rv = tide_block_read(buf, bytes, &schema, pool, &again);
    tide_assert(rv == TIDE_OK && again->n_rows == batch->n_rows);
    tide_batch_unref(&again);
    tide_buf_unref(&buf);
    tide_batch_unref(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tide_pool *pool = tide_pool_new(0);
    tide_buf *buf = tide_pool_take(pool, size);
    memcpy(buf->data, data, size);
    uint64_t bytes = size;
    if (size >= 32) memcpy(buf->data + 16, &bytes, sizeof bytes);
    tide_batch *batch;
    tide_status rv = tide_block_read(buf, size, &schema, pool, &batch);
    if (rv == TIDE_OK)
        use(batch, pool);
    else if (rv != TIDE_E_CORRUPT)
        abort();
    tide_batch_unref(&batch);
    tide_buf_unref(&buf);
    tide_assert(tide_pool_bytes(pool) == 0);
    tide_pool_free(&pool);
    return 0;
}
