/* emit.c - see emit.h. */
#include "worker/op/emit.h"

#include "base/core/assert.h"
#include "base/core/mem.h"

/* window_time, the row's event time, is the last millisecond of the window. */
#define WINDOW_TIME_BEFORE_END_US 1000

void tide_op_emit_open(tide_op_emit *self, tide_pool *pool, const tide_node *node,
                       const tide_op_aggs *aggs)
{
    tide_type *types = tide_calloc(node->schema.n + 1u, sizeof *types);
    for (uint32_t i = 0; i < node->schema.n; i++) types[i] = node->schema.fields[i].type;
    tide_builder_init(&self->builder, pool, types, node->schema.n, TIDE_BATCH_ROWS_MAX);
    tide_free(types);
    self->n_keys = node->aggregate.n_keys;
    self->aggs = aggs;
    self->values = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->values);
    self->key_ptrs = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->key_ptrs);
}

void tide_op_emit_close(tide_op_emit *self)
{
    tide_builder_fini(&self->builder);
    tide_free(self->values);
    tide_free(self->key_ptrs);
}

void tide_op_emit_groups(tide_op_emit *self, const tide_table *table, const uint32_t *rows,
                         uint32_t n)
{
    tide_builder *b = &self->builder;
    tide_assert(n <= tide_op_emit_space(self));
    tide_table_values(table, rows, n, self->values);
    if (self->n_keys) tide_table_keys(table, rows, n, self->key_ptrs);
    for (uint32_t i = 0; i < self->n_keys; i++)
        tide_key_decode(tide_table_key_spec(table), i, self->key_ptrs, n, &b->cols[i], b->n);
    tide_op_aggs_results(self->aggs, (const uint8_t *const *)self->values, n,
                         b->cols + self->n_keys, b->n);
}

void tide_op_emit_window(tide_op_emit *self, int64_t start_us, int64_t end_us, uint32_t n)
{
    tide_builder *b = &self->builder;
    tide_colb *cols = b->cols + self->n_keys + self->aggs->n;
    int64_t *start = (int64_t *)cols[0].values + b->n, *end = (int64_t *)cols[1].values + b->n;
    int64_t *time = (int64_t *)cols[2].values + b->n;
    for (uint32_t i = 0; i < n; i++) {
        start[i] = start_us;
        end[i] = end_us;
        time[i] = end_us - WINDOW_TIME_BEFORE_END_US;
    }
}

void tide_op_emit_windows(tide_op_emit *self, const int64_t *start_us, const int64_t *end_us,
                          uint32_t n)
{
    tide_builder *b = &self->builder;
    tide_colb *cols = b->cols + self->n_keys + self->aggs->n;
    int64_t *time = (int64_t *)cols[2].values + b->n;
    memcpy((int64_t *)cols[0].values + b->n, start_us, n * sizeof *start_us);
    memcpy((int64_t *)cols[1].values + b->n, end_us, n * sizeof *end_us);
    for (uint32_t i = 0; i < n; i++) time[i] = end_us[i] - WINDOW_TIME_BEFORE_END_US;
}

bool tide_op_emit_flush(tide_op_emit *self, tide_outbox *out)
{
    if (self->builder.n == 0) return true;
    if (!tide_outbox_has_room(out)) return false;
    tide_batch *made = tide_builder_finish(&self->builder);
    tide_outbox_push(out, &made);
    return true;
}
