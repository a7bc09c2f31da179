/* fuzz_piece.c - a base and a delta of a keyed table out of any bytes: rows, or an error.
 *
 * Input: 4 bytes, how long the base is; the base; the delta. Their checksums are made right first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "checkpoint/state/table_priv.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/piece_forge.h"

#define BUDGET_BYTES (4u << 20)

/* Strings and blobs: every kind of content. */
static tide_table *open_table(tide_state_memory *memory)
{
    tide_key_col cols[] = { { .type = tide_type_of(TIDE_TYPE_STRING) },
                            { .type = tide_type_of(TIDE_TYPE_BIGINT) } };
    tide_key_spec key;
    tide_table *t;
    tide_status rv = tide_key_spec_init(&key, cols, 2, 1);
    tide_assert(rv == TIDE_OK);
    tide_table_spec spec = { .name = "t", .key = &key, .value_bytes = 24, .n_blobs = 1 };
    rv = tide_table_open(&t, &spec, (tide_table_groups){ 1, 0, 1 }, memory);
    tide_assert(rv == TIDE_OK);
    return t;
}

static tide_status restore(tide_table *t, const uint8_t *piece, size_t n)
{
    uint8_t *copy = tide_malloc(n);
    memcpy(copy, piece, n);
    if (n >= 48 && copy[6] == 2) /* A delta continues whatever is there. */
        memcpy(copy + 40, &tide_snapshot_history(t, 0)->last_id, 8);
    piece_forge(copy, n);
    tide_status rv = tide_table_restore(t, copy, n);
    tide_free(copy);
    return rv;
}

/* Whatever was restored can be read, changed and deleted. */
static void use(tide_table *t)
{
    uint32_t rows[64], n, bytes;
    tide_table_scan scan = { 0 };
    while ((n = tide_table_scan_next(t, &scan, rows, 64)) > 0) {
        tide_table_touch(t, rows, n);
        for (uint32_t i = 0; i < n; i++) (void)tide_table_blob(t, rows[i], 0, &bytes);
        tide_table_delete(t, rows, n / 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t base_bytes;
    if (size < sizeof base_bytes) return 0;
    memcpy(&base_bytes, data, sizeof base_bytes);
    data += sizeof base_bytes;
    size -= sizeof base_bytes;
    if (base_bytes > size) base_bytes = (uint32_t)size;
    tide_state_memory *memory = tide_state_memory_new(BUDGET_BYTES);
    tide_table *t = open_table(memory);
    tide_status rv = restore(t, data, base_bytes);
    if (rv == TIDE_OK) rv = restore(t, data + base_bytes, size - base_bytes);
    if (rv == TIDE_E_MISMATCH || rv == TIDE_OK) rv = tide_table_restore_end(t);
    if (rv == TIDE_OK)
        use(t);
    else if (rv != TIDE_E_CORRUPT && rv != TIDE_E_MISMATCH && rv != TIDE_E_BUDGET)
        abort();
    tide_table_free(&t);
    tide_state_memory_free(&memory);
    return 0;
}
