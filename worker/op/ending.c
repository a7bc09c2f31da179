/* ending.c - see ending.h. */
#include "worker/op/ending.h"

#include "checkpoint/state/set.h"

#define FIRE_ROWS_MAX (TIDE_BATCH_ROWS_MAX / 4)

tide_status tide_ending_open(tide_ending *self, tide_op_env *env, const tide_node *node,
                             const tide_ending_layout *layout)
{
    const tide_schema *in = &node->inputs[0]->schema;
    self->env = env;
    self->layout = *layout;
    self->layout.extra = NULL; /* Borrowed for this call only. */
    if (node->inputs[0]->updating)
        return tide_fail(TIDE_E_UNSUPPORTED, "a window over an updating input");
    TIDE_TRY(tide_op_keys_open(&self->keys, env->pool, in, node->aggregate.keys,
                               node->aggregate.n_keys, layout->extra, layout->n_extra));
    TIDE_TRY(tide_op_aggs_open(&self->aggs, node, layout->head_bytes, false));
    TIDE_TRY(tide_row_sets_open(&self->sets, in, &self->aggs, layout->n_blobs));
    tide_op_emit_open(&self->emit, env->pool, node, &self->aggs);
    return TIDE_OK;
}

void tide_ending_close(tide_ending *self)
{
    tide_op_emit_close(&self->emit);
    tide_row_sets_close(&self->sets);
    tide_op_aggs_close(&self->aggs);
    tide_op_keys_close(&self->keys);
}

tide_status tide_ending_open_table(const tide_ending *self, const char *name,
                                   const tide_key_spec *key, tide_ending_table *out)
{
    uint32_t n_blobs = self->layout.n_blobs + TIDE_VALUE_SET_BLOBS * self->sets.n;
    tide_table_spec spec = { .name = name,
                             .key = key,
                             .n_blobs = n_blobs,
                             .value_bytes = self->aggs.value_bytes + 8 * n_blobs,
                             .owned = self->aggs.owned,
                             .n_owned = self->aggs.n_owned };
    TIDE_TRY(tide_state_set_open(self->env->state, &spec, &out->table));
    tide_calendar_config config = { .table = out->table,
                                    .span = self->layout.span_us,
                                    .due_offset = self->layout.due_at,
                                    .filed_offset = self->layout.filed_at };
    out->calendar = tide_calendar_new(&config);
    tide_calendar_rebuild(out->calendar); /* The table may be a restored one. */
    return TIDE_OK;
}

void tide_ending_close_table(tide_ending_table *self)
{
    tide_calendar_free(&self->calendar);
}

bool tide_ending_fire(tide_ending *self, tide_ending_table *from, int64_t watermark_us,
                      tide_outbox *out)
{
    uint32_t rows[FIRE_ROWS_MAX];
    int64_t start[FIRE_ROWS_MAX], end[FIRE_ROWS_MAX];
    for (;;) {
        uint32_t space = tide_op_emit_space(&self->emit);
        if (space == 0) {
            if (!tide_op_emit_flush(&self->emit, out)) return false;
            space = tide_op_emit_space(&self->emit);
        }
        uint32_t n = tide_calendar_pop(from->calendar, watermark_us, rows,
                                       space < FIRE_ROWS_MAX ? space : FIRE_ROWS_MAX);
        if (n == 0) return true;
        tide_op_emit_groups(&self->emit, from->table, rows, n);
        for (uint32_t i = 0; i < n; i++) {
            const tide_ending_value *v = (const void *)self->emit.values[i];
            start[i] = v->start;
            end[i] = v->end;
        }
        tide_op_emit_windows(&self->emit, start, end, n);
        self->emit.builder.n += n;
        tide_table_delete(from->table, rows, n);
    }
}
