/* distinct.c - see distinct.h. */
#include "worker/op/distinct.h"

#include "base/core/mem.h"

tide_status tide_op_distinct_open(tide_op_distinct *self, tide_pool *pool, const tide_node *node,
                                  tide_op_aggs *aggs, bool counted)
{
    self->aggs = aggs;
    self->counted = counted;
    if (aggs->n_sets == 0) return TIDE_OK;
    self->keys = tide_calloc(aggs->n_sets, sizeof *self->keys);
    self->rows = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->rows);
    self->fresh = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->fresh);
    self->fresh_rows = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->fresh_rows);
    self->fresh_values = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->fresh_values);
    for (; self->n < aggs->n_sets; self->n++) {
        uint32_t argument = (uint32_t)aggs->calls[aggs->set_agg[self->n]].arg;
        TIDE_TRY(tide_op_keys_open(&self->keys[self->n], pool, &node->inputs[0]->schema,
                                   node->aggregate.keys, node->aggregate.n_keys, &argument, 1));
    }
    return TIDE_OK;
}

void tide_op_distinct_close(tide_op_distinct *self)
{
    for (uint32_t s = 0; self->keys && s < self->aggs->n_sets; s++) tide_op_keys_close(&self->keys[s]);
    tide_free(self->keys);
    tide_free(self->rows);
    tide_free(self->fresh);
    tide_free(self->fresh_rows);
    tide_free(self->fresh_values);
}

tide_status tide_op_distinct_tables(const tide_op_distinct *self, tide_state_set *state,
                                    const char *owner, tide_table **tables)
{
    for (uint32_t s = 0; s < self->n; s++) {
        char *name = tide_asprintf("%s/%u", owner, (unsigned)s);
        tide_table_spec spec = { .name = name, .key = &self->keys[s].spec,
                                 .value_bytes = self->counted ? sizeof(int64_t) : 0 };
        tide_status rv = tide_state_set_open(state, &spec, &tables[s]);
        tide_free(name);
        if (rv != TIDE_OK) return rv;
    }
    return TIDE_OK;
}

/* Rows self->fresh[0..n) of `some`, fed to every aggregate of the set. */
static tide_status feed(tide_op_distinct *self, uint32_t set, const tide_op_rows *some, uint32_t n,
                        bool retract)
{
    for (uint32_t i = 0; i < n; i++) {
        self->fresh_rows[i] = some->rows[self->fresh[i]];
        self->fresh_values[i] = some->values[self->fresh[i]];
    }
    tide_op_rows news = { .in = some->in, .values = self->fresh_values, .rows = self->fresh_rows, .n = n };
    return tide_op_aggs_update_set(self->aggs, set, &news, retract);
}

static tide_status put_in(tide_op_distinct *self, uint32_t set, tide_table *table,
                          const tide_op_rows *some)
{
    const tide_op_keys *keys = &self->keys[set];
    uint32_t n_fresh = 0;
    TIDE_TRY(tide_table_find_or_insert(table, keys->keys, keys->hash, some->n, self->rows, self->fresh,
                                       &n_fresh));
    if (self->counted) {
        tide_table_touch(table, self->rows, some->n);
        for (uint32_t i = 0; i < some->n; i++)
            ++*(int64_t *)(void *)tide_table_value(table, self->rows[i]);
    }
    return n_fresh ? feed(self, set, some, n_fresh, false) : TIDE_OK;
}

/* A value leaves the set when it has been taken out as often as it was put in. One that is not there was
 * never put in (its row was skipped): nothing to do. */
static tide_status take_out(tide_op_distinct *self, uint32_t set, tide_table *table,
                            const tide_op_rows *some)
{
    const tide_op_keys *keys = &self->keys[set];
    uint32_t n_gone = 0;
    tide_table_find(table, keys->keys, keys->hash, some->n, self->rows);
    for (uint32_t i = 0; i < some->n; i++) {
        if (self->rows[i] == 0) continue;
        tide_table_touch(table, &self->rows[i], 1);
        int64_t *count = (int64_t *)(void *)tide_table_value(table, self->rows[i]);
        if (*count > 0 && --*count == 0) self->fresh[n_gone++] = (uint16_t)i;
    }
    TIDE_TRY(feed(self, set, some, n_gone, true));
    for (uint32_t i = 0; i < n_gone; i++) self->rows[i] = self->rows[self->fresh[i]];
    tide_table_delete(table, self->rows, n_gone);
    return TIDE_OK;
}

tide_status tide_op_distinct_update(tide_op_distinct *self, tide_table *const *tables,
                                    const tide_op_rows *at, bool retract)
{
    for (uint32_t s = 0; s < self->n; s++) {
        tide_op_rows some = tide_op_aggs_narrow(self->aggs, self->aggs->set_agg[s], at, true);
        if (some.n == 0) continue;
        TIDE_TRY(tide_op_keys_encode(&self->keys[s], at->in, some.rows, some.n));
        TIDE_TRY(retract ? take_out(self, s, tables[s], &some) : put_in(self, s, tables[s], &some));
    }
    return TIDE_OK;
}
