/* distinct.c - see distinct.h. */
#include "worker/op/distinct.h"

#include "base/core/assert.h"
#include "base/core/mem.h"

tide_status tide_op_distinct_open(tide_op_distinct *self, const tide_op_env *env,
                                  const tide_node *node, tide_op_aggs *aggs, bool counted)
{
    self->aggs = aggs;
    self->pool = env->pool;
    self->key_groups = env->key_groups;
    self->counted = counted;
    if (aggs->n_sets == 0) return TIDE_OK;
    self->keys = tide_calloc(aggs->n_sets, sizeof *self->keys);
    self->rows = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->rows);
    self->fresh = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->fresh);
    self->fresh_rows = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->fresh_rows);
    self->fresh_values = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->fresh_values);
    for (; self->n < aggs->n_sets; self->n++) {
        uint32_t argument = (uint32_t)aggs->calls[aggs->set_agg[self->n]].arg;
        TIDE_TRY(tide_op_keys_open(&self->keys[self->n], env->pool, &node->inputs[0]->schema,
                                   node->aggregate.keys, node->aggregate.n_keys, &argument, 1));
    }
    return TIDE_OK;
}

void tide_op_distinct_close(tide_op_distinct *self)
{
    for (uint32_t s = 0; self->keys && s < self->aggs->n_sets; s++)
        tide_op_keys_close(&self->keys[s]);
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
        tide_table_spec spec = { .name = name,
                                 .key = &self->keys[s].spec,
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
    tide_op_rows news = {
        .in = some->in, .values = self->fresh_values, .rows = self->fresh_rows, .n = n
    };
    return tide_op_aggs_update_set(self->aggs, set, &news, retract);
}

static tide_status put_in(tide_op_distinct *self, uint32_t set, tide_table *table,
                          const tide_op_rows *some)
{
    const tide_op_keys *keys = &self->keys[set];
    uint32_t n_fresh = 0;
    TIDE_TRY(tide_table_find_or_insert(table, keys->keys, keys->hash, some->n, self->rows,
                                       self->fresh, &n_fresh));
    if (self->counted) {
        tide_table_touch(table, self->rows, some->n);
        for (uint32_t i = 0; i < some->n; i++)
            ++*(int64_t *)(void *)tide_table_value(table, self->rows[i]);
    }
    return n_fresh ? feed(self, set, some, n_fresh, false) : TIDE_OK;
}

/* ---- taking out ---- */

/* Do columns [from, to) of two keys of the same spec agree? */
static bool same_columns(const tide_key_spec *spec, const uint8_t *a, const uint8_t *b,
                         uint32_t from, uint32_t to)
{
    for (uint32_t c = from; c < to; c++) {
        if (tide_key_is_null(spec, a, c) != tide_key_is_null(spec, b, c)) return false;
        if (tide_type_is_string(spec->cols[c].type)) {
            const tide_key_str *s = (const void *)(a + spec->at[c]),
                               *t = (const void *)(b + spec->at[c]);
            if (s->len != t->len || memcmp(tide_key_str_ptr(s), tide_key_str_ptr(t), s->len) != 0)
                return false;
        } else {
            uint32_t end = c + 1 < spec->n ? spec->at[c + 1] : spec->hash_bytes;
            if (memcmp(a + spec->at[c], b + spec->at[c], end - spec->at[c]) != 0) return false;
        }
    }
    return true;
}

/* Is the argument in `key` what the aggregate shows? */
static tide_status is_best(tide_op_distinct *self, uint32_t agg, const tide_key_spec *spec,
                           const uint8_t *key, const uint8_t *value, bool *out)
{
    const tide_agg *a = &self->aggs->aggs[agg];
    tide_key_col col = { .type = a->result };
    tide_key_spec one;
    uint64_t shown[8], hash;
    tide_builder b;
    TIDE_TRY(tide_key_spec_init(&one, &col, 1, 1));
    tide_assert(one.key_bytes <= sizeof shown);
    tide_builder_init(&b, self->pool, &a->result, 1, 1);
    a->result_of(a, &value, self->aggs->offsets[agg], 1, &b.cols[0], 0);
    b.n = 1;
    tide_batch *made = tide_builder_finish(&b);
    tide_builder_fini(&b);
    const tide_col *arg = made->cols[0];
    tide_status rv = tide_key_encode_cols(&one, &arg, NULL, 1, (uint8_t *)shown, &hash);
    if (rv == TIDE_OK) {
        uint64_t lost[8] = { 0 };
        memcpy(lost, key + spec->at[spec->n_route], one.hash_bytes);
        *out = tide_key_equal(&one, (uint8_t *)lost, (uint8_t *)shown);
    }
    tide_batch_unref(&made);
    return rv;
}

/* Feeds the aggregate anew with the values that its group has left: those of its key group that
 * agree with `key` but for the argument. */
static tide_status find_next_best(tide_op_distinct *self, uint32_t agg, const tide_table *table,
                                  const tide_op_keys *keys, uint32_t k, uint8_t *value)
{
    const tide_key_spec *spec = &keys->spec;
    const uint8_t *key = keys->keys + (size_t)k * spec->key_bytes, *found[256];
    tide_table_scan scan =
        tide_table_scan_group(table, tide_key_group(keys->hash[k], self->key_groups));
    const tide_agg *a = &self->aggs->aggs[agg];
    uint32_t rows[256], n, n_found;
    if (a->heap) a->heap->drop(value + self->aggs->offsets[agg]);
    memset(value + self->aggs->offsets[agg], 0, a->state_bytes);
    while ((n = tide_table_scan_next(table, &scan, rows, sizeof rows / sizeof *rows)) > 0) {
        n_found = 0;
        for (uint32_t i = 0; i < n; i++) {
            found[n_found] = tide_table_key(table, rows[i]);
            n_found += same_columns(spec, found[n_found], key, 0, spec->n_route);
        }
        if (n_found)
            TIDE_TRY(tide_op_aggs_feed_keys(self->aggs, self->pool, agg, spec, spec->n_route, found,
                                            n_found, value));
    }
    return TIDE_OK;
}

/* Values gone[0..n) (places in `keys`) have left the set: min and max that showed one look for the
 * next. */
static tide_status replace_best(tide_op_distinct *self, uint32_t set, const tide_table *table,
                                const uint16_t *gone, uint8_t *const *values, uint32_t n)
{
    const tide_op_keys *keys = &self->keys[set];
    for (uint32_t a = 0; a < self->aggs->n; a++) {
        if (!self->aggs->distinct[a] || self->aggs->set_of[a] != set) continue;
        if (self->aggs->aggs[a].retract != NULL) continue;
        for (uint32_t i = 0; i < n; i++) {
            bool shown;
            TIDE_TRY(is_best(self, a, &keys->spec,
                             keys->keys + (size_t)gone[i] * keys->spec.key_bytes, values[i],
                             &shown));
            if (shown) TIDE_TRY(find_next_best(self, a, table, keys, gone[i], values[i]));
        }
    }
    return TIDE_OK;
}

/* A value leaves the set when it has been taken out as often as it was put in. One that is not
 * there was never put in (its row was skipped): nothing to do. */
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
    return replace_best(self, set, table, self->fresh, self->fresh_values, n_gone);
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
