/* decode.c - see decode.h. */
#include "tests/fuzz/decode.h"

#include <stdlib.h>

#include "base/column/text.h"

#define FIELDS_MAX 16u
#define ROWS 37u /* Of a batch: odd, so that batches end anywhere. */

static void print_rows(const tide_batch *batch, tide_bytes *out)
{
    char text[TIDE_TEXT_MAX];
    for (uint32_t row = 0; batch && row < batch->n_rows; row++) {
        for (uint32_t i = 0; i < batch->n_cols; i++) {
            tide_value v = tide_col_value(batch->cols[i], row);
            if (!v.is_null && tide_type_is_string(v.type))
                tide_bytes_put(out, v.str.ptr, v.str.len);
            else
                tide_bytes_put(out, text, tide_print_value(&v, text));
            tide_bytes_putc(out, '|');
        }
        tide_bytes_putc(out, '\n');
    }
}

static void print_errors(tide_decode_errors *errors, uint64_t records, size_t offset,
                         tide_bytes *out)
{
    for (uint32_t i = 0; i < errors->n; i++) {
        const tide_decode_error *e = &errors->items[i];
        tide_bytes_printf(out, "%llu at %zu+%zu: %s\n", (unsigned long long)(records + e->record),
                          offset + e->offset, e->len, e->text);
    }
    errors->n = 0;
}

void fuzz_decode(const tide_format *format, tide_decoder *decoder, const tide_field *fields,
                 uint32_t n_fields, const uint8_t *bytes, size_t len, size_t block, tide_bytes *out)
{
    tide_type types[FIELDS_MAX];
    tide_builder builder;
    tide_decode_errors errors = { 0 };
    tide_bytes bad = { 0 };
    uint64_t records, total = 0;
    size_t at = 0, have = 0, consumed;
    tide_pool *pool = tide_pool_new(0);
    for (uint32_t i = 0; i < n_fields; i++) types[i] = fields[i].type;
    tide_builder_init(&builder, pool, types, n_fields, ROWS);
    do {
        have = block && have + block < len - at ? have + block : len - at;
        uint8_t *copy = tide_malloc(have + TIDE_BUF_PADDING); /* So that overruns are seen. */
        memcpy(copy, bytes + at, have);
        memset(copy + have, '}', TIDE_BUF_PADDING);
        if (format->decode_block(decoder, copy, have, at + have == len, &builder, &consumed,
                                 &records, &errors) != TIDE_OK ||
            consumed > have)
            abort();
        tide_free(copy);
        print_errors(&errors, total, at, &bad);
        total += records;
        at += consumed;
        bool full = tide_builder_full(&builder), last = at + (have - consumed) == len;
        have = full ? 0 : have - consumed;
        tide_batch *batch = tide_builder_finish(&builder);
        print_rows(batch, out);
        tide_batch_unref(&batch);
        if (last && !full) break;
    } while (at < len);
    if (at != len) abort();
    tide_bytes_put(out, bad.p, bad.n);
    tide_bytes_fini(&bad);
    tide_builder_fini(&builder);
    tide_decode_errors_fini(&errors);
    tide_pool_free(&pool);
}
