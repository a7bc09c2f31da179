/* row_sets.c - see row_sets.h. */
#include "worker/op/row_sets.h"

#include "base/core/mem.h"

/* Values carried from one set to another at a time. */
#define CARRY_MAX 256u
/* Rows from one hint of what a set needs to the next, and to its use. */
#define PREFETCH_ROWS 8u

tide_status tide_row_sets_open(tide_row_sets *self, const tide_schema *in, tide_op_aggs *aggs,
                               uint32_t first_blob)
{
    uint32_t key_bytes = 0;
    self->aggs = aggs;
    self->first_blob = first_blob;
    if (aggs->n_sets == 0) return TIDE_OK;
    self->specs = tide_calloc(aggs->n_sets, sizeof *self->specs);
    for (; self->n < aggs->n_sets; self->n++) {
        uint32_t arg = (uint32_t)aggs->calls[aggs->set_agg[self->n]].arg;
        tide_key_col col = { .type = in->fields[arg].type, .idx = arg, .not_null = true };
        TIDE_TRY(tide_key_spec_init(&self->specs[self->n], &col, 1, 1));
        if (self->specs[self->n].key_bytes > key_bytes) key_bytes = self->specs[self->n].key_bytes;
    }
    self->keys = tide_malloc_aligned(64, (size_t)TIDE_BATCH_ROWS_MAX * key_bytes);
    self->hash = tide_malloc_aligned(64, TIDE_BATCH_ROWS_MAX * sizeof *self->hash);
    self->values = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->values);
    self->rows = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->rows);
    return TIDE_OK;
}

void tide_row_sets_close(tide_row_sets *self)
{
    tide_free(self->specs);
    tide_free(self->keys);
    tide_free(self->hash);
    tide_free(self->values);
    tide_free(self->rows);
}

static tide_value_set set_of(const tide_row_sets *self, tide_row_ref ref, const uint8_t *value,
                             uint32_t set)
{
    uint32_t blob = self->first_blob + TIDE_VALUE_SET_BLOBS * set;
    return (tide_value_set){ .table = ref.table,
                             .row = ref.row,
                             .blob = blob,
                             .at = tide_table_handles(ref.table, value, blob),
                             .spec = &self->specs[set] };
}

static tide_blob **handles_of(const tide_row_sets *self, const tide_table *table,
                              const uint8_t *value, uint32_t set)
{
    return tide_table_handles(table, value, self->first_blob + TIDE_VALUE_SET_BLOBS * set);
}

/* Two steps ahead of row i: the head of its set, and what else of the set will be wanted. All
 * tables of an operator have their handles at the same place of the value. */
static void prefetch(const tide_row_sets *self, uint32_t s, const tide_table *table,
                     const tide_op_rows *some, uint32_t i)
{
    uint32_t near = i + PREFETCH_ROWS, far = near + PREFETCH_ROWS;
    if (far < some->n) tide_value_set_fetch_head(handles_of(self, table, some->values[far], s));
    if (near < some->n)
        tide_value_set_fetch_place(handles_of(self, table, some->values[near], s),
                                   self->hash[near]);
}

/* Puts the encoded arguments into their sets; the rows whose value was new are gathered. */
static tide_status put_all(tide_row_sets *self, uint32_t s, const tide_row_ref *refs,
                           const tide_op_rows *some, uint32_t *n_fresh_out)
{
    const uint16_t *place = self->aggs->some_at;
    uint32_t key_bytes = self->specs[s].key_bytes, n_fresh = 0;
    for (uint32_t i = 0; i < some->n; i++) {
        bool fresh;
        tide_row_ref ref = refs[place[i]];
        prefetch(self, s, ref.table, some, i);
        tide_value_set set = set_of(self, ref, some->values[i], s);
        TIDE_TRY(
            tide_value_set_put(&set, self->keys + (size_t)i * key_bytes, self->hash[i], &fresh));
        self->values[n_fresh] = some->values[i];
        self->rows[n_fresh] = some->rows[i];
        n_fresh += fresh;
    }
    *n_fresh_out = n_fresh;
    return TIDE_OK;
}

tide_status tide_row_sets_update(tide_row_sets *self, const tide_row_ref *refs,
                                 const tide_op_rows *at)
{
    for (uint32_t s = 0; s < self->n; s++) {
        uint32_t agg = self->aggs->set_agg[s], n_fresh = 0;
        tide_op_rows some = tide_op_aggs_narrow(self->aggs, agg, at, true);
        const tide_col *arg = at->in->cols[self->aggs->calls[agg].arg];
        TIDE_TRY(
            tide_key_encode_cols(&self->specs[s], &arg, some.rows, some.n, self->keys, self->hash));
        TIDE_TRY(put_all(self, s, refs, &some, &n_fresh));
        tide_op_rows news = {
            .in = at->in, .values = self->values, .rows = self->rows, .n = n_fresh
        };
        TIDE_TRY(tide_op_aggs_update_set(self->aggs, s, &news, false));
    }
    return TIDE_OK;
}

/* Feeds the set's aggregates of one row with n encoded values. */
static tide_status feed_values(tide_row_sets *self, tide_pool *pool, uint32_t set,
                               tide_row_ref into, const uint8_t *keys, uint32_t n)
{
    tide_op_aggs *aggs = self->aggs;
    const uint8_t *ptrs[CARRY_MAX];
    for (uint32_t i = 0; i < n; i++) ptrs[i] = keys + (size_t)i * self->specs[set].key_bytes;
    for (uint32_t a = 0; a < aggs->n; a++)
        if (aggs->distinct[a] && aggs->set_of[a] == set)
            TIDE_TRY(tide_op_aggs_feed_keys(aggs, pool, a, &self->specs[set], 0, ptrs, n,
                                            tide_table_value(into.table, into.row)));
    return TIDE_OK;
}

static tide_status merge_set(tide_row_sets *self, tide_pool *pool, uint32_t set, tide_row_ref into,
                             tide_row_ref from)
{
    tide_value_set a = set_of(self, into, tide_table_value(into.table, into.row), set);
    tide_value_set b = set_of(self, from, tide_table_value(from.table, from.row), set);
    uint8_t *keys = self->keys;
    uint32_t at = 0, n = 0, key_bytes = self->specs[set].key_bytes;
    uint64_t hash;
    bool more = true;
    while (more) {
        bool fresh = false;
        more = tide_value_set_next(&b, &at, keys + (size_t)n * key_bytes, &hash);
        if (more) TIDE_TRY(tide_value_set_put(&a, keys + (size_t)n * key_bytes, hash, &fresh));
        n += fresh;
        if (n < CARRY_MAX && more) continue;
        if (n > 0) TIDE_TRY(feed_values(self, pool, set, into, keys, n));
        n = 0;
    }
    return TIDE_OK;
}

tide_status tide_row_sets_merge(tide_row_sets *self, tide_pool *pool, tide_row_ref into,
                                tide_row_ref from)
{
    for (uint32_t s = 0; s < self->n; s++) TIDE_TRY(merge_set(self, pool, s, into, from));
    return TIDE_OK;
}
