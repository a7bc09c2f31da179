/* keys.c - see keys.h. */
#include "worker/op/keys.h"

#include "base/core/mem.h"

tide_status tide_op_keys_open(tide_op_keys *self, tide_pool *pool, const tide_schema *in,
                              const uint32_t *columns, uint32_t n_route, const uint32_t *extra,
                              uint32_t n_extra)
{
    tide_key_col cols[TIDE_KEY_COLS_MAX];
    uint32_t n = n_route + n_extra, n_constant = n_route == 0;
    if (n + n_constant > TIDE_KEY_COLS_MAX)
        return tide_fail(TIDE_E_LIMIT, "%u columns to group by, at most %u are possible",
                         (unsigned)n, TIDE_KEY_COLS_MAX);

    self->n = n;
    self->columns = tide_calloc(n + 1, sizeof *self->columns);
    self->cols = tide_calloc(n + 1, sizeof *self->cols);
    if (n_constant) {
        tide_value zero = { .type = tide_type_of(TIDE_TYPE_BIGINT) };
        self->constant = tide_col_constant(pool, &zero, TIDE_BATCH_ROWS_MAX);
        cols[0] = (tide_key_col){ .type = zero.type, .not_null = true };
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t column = i < n_route ? columns[i] : extra[i - n_route];
        self->columns[i] = column;
        cols[n_constant + i] = (tide_key_col){ .type = in->fields[column].type,
                                               .idx = column,
                                               .not_null = in->fields[column].not_null };
    }
    TIDE_TRY(tide_key_spec_init(&self->spec, cols, n + n_constant, n_constant ? 1 : n_route));
    self->keys = tide_malloc_aligned(64, (size_t)TIDE_BATCH_ROWS_MAX * self->spec.key_bytes);
    self->hash = tide_malloc_aligned(64, TIDE_BATCH_ROWS_MAX * sizeof *self->hash);
    return TIDE_OK;
}

void tide_op_keys_close(tide_op_keys *self)
{
    tide_col_unref(&self->constant);
    tide_free(self->columns);
    tide_free(self->cols);
    tide_free(self->keys);
    tide_free(self->hash);
    *self = (tide_op_keys){ 0 };
}

static tide_status encode(tide_op_keys *self, const tide_batch *in, bool partial,
                          const uint16_t *sel, uint32_t n)
{
    uint32_t n_constant = self->constant != NULL;
    if (n_constant) self->cols[0] = self->constant;
    for (uint32_t i = 0; i < self->n; i++)
        self->cols[n_constant + i] = in->cols[partial ? i : self->columns[i]];
    return tide_key_encode_cols(&self->spec, self->cols, sel, n, self->keys, self->hash);
}

tide_status tide_op_keys_encode(tide_op_keys *self, const tide_batch *in, const uint16_t *sel,
                                uint32_t n)
{
    return encode(self, in, false, sel, n);
}

tide_status tide_op_keys_encode_partial(tide_op_keys *self, const tide_batch *in,
                                        const uint16_t *sel, uint32_t n)
{
    return encode(self, in, true, sel, n);
}
