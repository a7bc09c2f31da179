/* group_changes.c - what a chunk of rows changed: old results and new ones as -U, +U, +I and -D.
 *
 * Old results are built before the chunk is applied and new ones behind them; then a gather puts
 * each group's two rows side by side, without those that did not change. */
#include "base/core/assert.h"
#include "worker/op/group_priv.h"

static bool row_is_wanted(const group *self, const group_value *v)
{
    return v->rows > 0 || self->global;
}

static void add_results(group *self, const uint32_t *rows, uint32_t n)
{
    tide_op_emit_groups(&self->emit, self->table, rows, n);
    self->emit.builder.n += n;
}

void group_note_before(group *self)
{
    group_touched *t = &self->touched;
    tide_assert(self->emit.builder.n == 0);
    t->n_before = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        t->old_row[i] = 0;
        if (!group_of(self, t->rows[i])->is_out) continue;
        t->before[t->n_before] = t->rows[i];
        t->old_row[i] = (uint16_t)++t->n_before;
    }
    add_results(self, t->before, t->n_before);
}

/* The aggregates of two rows of a dense batch. */
static bool same_result(const group *self, const tide_batch *batch, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < self->aggs.n; i++) {
        const tide_col *col = batch->cols[self->emit.n_keys + i];
        bool valid = tide_col_valid(col, a);
        if (valid != tide_col_valid(col, b)) return false;
        if (!valid) continue;
        if (tide_type_is_string(col->type)) {
            uint32_t n_a, n_b;
            const char *at_a = tide_col_str(col, a, &n_a), *at_b = tide_col_str(col, b, &n_b);
            if (n_a != n_b || memcmp(at_a, at_b, n_a) != 0) return false;
        } else {
            uint32_t width = tide_type_width(col->type);
            const uint8_t *values = col->values;
            if (memcmp(values + (size_t)a * width, values + (size_t)b * width, width) != 0)
                return false;
        }
    }
    return true;
}

/* Fills t->order and t->changes; returns their number. */
static uint32_t order_changes(group *self, const tide_batch *results)
{
    group_touched *t = &self->touched;
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t old_row = t->old_row[i], new_row = t->new_row[i];
        if (old_row && new_row && same_result(self, results, old_row - 1, new_row - 1)) continue;
        if (old_row) {
            t->order[n] = (uint16_t)(old_row - 1);
            t->changes[n++] = new_row ? TIDE_CHANGE_UPDATE_BEFORE : TIDE_CHANGE_DELETE;
        }
        if (new_row) {
            t->order[n] = (uint16_t)(new_row - 1);
            t->changes[n++] = old_row ? TIDE_CHANGE_UPDATE_AFTER : TIDE_CHANGE_INSERT;
        }
    }
    return n;
}

/* Rows t->order[0..n) of the results, with their changes. */
static tide_batch *gather_changes(group *self, tide_batch *results, uint32_t n)
{
    tide_pool *pool = self->env->pool;
    tide_col **cols = self->cols, *change;
    void *values;
    for (uint32_t c = 0; c < results->n_cols; c++)
        cols[c] = tide_col_gather(pool, results->cols[c], self->touched.order, n);
    tide_batch *made = tide_batch_new(pool, cols, results->n_cols, n);
    change = tide_col_new(pool, tide_type_of(TIDE_TYPE_TINYINT), n, &values, false, NULL);
    memcpy(values, self->touched.changes, n);
    tide_batch_set_change(made, &change);
    return made;
}

tide_batch *group_take_changes(group *self)
{
    group_touched *t = &self->touched;
    uint32_t n_gone = 0;
    t->n_after = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        group_value *v = group_of(self, t->rows[i]);
        bool wanted = row_is_wanted(self, v);
        t->new_row[i] = 0;
        v->place = 0;
        v->is_out = wanted;
        if (!wanted) {
            self->rows[n_gone++] = t->rows[i];
            continue;
        }
        t->after[t->n_after] = t->rows[i];
        t->new_row[i] = (uint16_t)(t->n_before + ++t->n_after);
    }
    add_results(self, t->after, t->n_after);
    tide_batch *results = tide_builder_finish(&self->emit.builder), *made = NULL;
    uint32_t n = results ? order_changes(self, results) : 0;
    if (n > 0) made = gather_changes(self, results, n);
    tide_batch_unref(&results);
    tide_table_delete(self->table, self->rows, n_gone);
    return made;
}
