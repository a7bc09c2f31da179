/* row_sets.c - see row_sets.h. */
#include "worker/op/row_sets.h"

#include "base/core/mem.h"

/* Values carried from one set to another at a time. */
#define CARRY_MAX 256u
/* Rows from a hint of what a set needs to its use. */
#define PREFETCH_ROWS 12u
#define LATE_AHEAD 4u

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
    self->fresh = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->fresh);
    self->late = tide_calloc(TIDE_BATCH_ROWS_MAX + 1, sizeof *self->late);
    return TIDE_OK;
}

void tide_row_sets_close(tide_row_sets *self)
{
    tide_free(self->specs);
    tide_free(self->keys);
    tide_free(self->hash);
    tide_free(self->values);
    tide_free(self->rows);
    tide_free(self->fresh);
    tide_free(self->late);
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

/* What is put into the sets with one number: an encoded value for each row. */
typedef struct slice {
    const tide_op_rows *some; /* The rows whose value counts. */
    const uint8_t *keys;
    const uint64_t *hash;
    const tide_row_places *places;
    const uint16_t *place;          /* Of a row among those. */
    uint32_t key_bytes, handles_at; /* In a value, of whichever of the operator's tables. */
} slice;

TIDE_INLINE const tide_blob_handle *handles_of(const slice *in, uint32_t i)
{
    return (const tide_blob_handle *)(const void *)(in->some->values[i] + in->handles_at);
}

static tide_row_ref ref_of(const slice *in, uint32_t i)
{
    uint32_t at = in->place[i];
    const tide_row_places *p = in->places;
    return p->refs ? p->refs[at] : (tide_row_ref){ p->table, p->rows[at] };
}

/* Puts the values in, as far as that is easily done: fresh tells which were new, late has the
 * others. Returns the number of those. */
TIDE_INLINE uint32_t put_quickly(const slice *in, uint8_t *fresh, uint16_t *late, bool text)
{
    uint32_t n_late = 0, n = in->some->n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t ahead = i + PREFETCH_ROWS;
        if (ahead < n) tide_value_set_fetch(handles_of(in, ahead), in->hash[ahead]);
        const uint8_t *key = in->keys + (size_t)i * (text ? sizeof(tide_key_str) : 8);
        bool is_fresh = false;
        late[n_late] = (uint16_t)i;
        n_late += !tide_value_set_put_quickly(handles_of(in, i), key, in->hash[i], text, &is_fresh);
        fresh[i] = is_fresh;
    }
    return n_late;
}

TIDE_HOT static uint32_t put_texts(const slice *in, uint8_t *fresh, uint16_t *late)
{
    return put_quickly(in, fresh, late, true);
}

TIDE_HOT static uint32_t put_words(const slice *in, uint8_t *fresh, uint16_t *late)
{
    return put_quickly(in, fresh, late, false);
}

static tide_status put_late(tide_row_sets *self, uint32_t s, const slice *in, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = self->late[k], ahead = self->late[k + LATE_AHEAD < n ? k + LATE_AHEAD : n - 1];
        tide_value_set_fetch_rest(handles_of(in, ahead), in->hash[ahead]);
        bool fresh;
        tide_value_set set = set_of(self, ref_of(in, i), in->some->values[i], s);
        TIDE_TRY(
            tide_value_set_put(&set, in->keys + (size_t)i * in->key_bytes, in->hash[i], &fresh));
        self->fresh[i] = fresh;
    }
    return TIDE_OK;
}

static tide_status put_all(tide_row_sets *self, uint32_t s, const slice *in)
{
    const tide_key_spec *spec = &self->specs[s];
    uint32_t n_late = in->some->n;
    if (spec->n_strs)
        n_late = put_texts(in, self->fresh, self->late);
    else if (spec->key_bytes == 8)
        n_late = put_words(in, self->fresh, self->late);
    else
        for (uint32_t i = 0; i < n_late; i++) self->late[i] = (uint16_t)i;
    return put_late(self, s, in, n_late);
}

/* Feeds the set's aggregates with the rows whose value was new. */
static tide_status feed_fresh(tide_row_sets *self, uint32_t s, const tide_op_rows *some)
{
    tide_op_aggs *aggs = self->aggs;
    if (aggs->counts_set[s]) { /* Rows need not be gathered to be counted. */
        uint32_t offset = aggs->offsets[aggs->set_agg[s]];
        for (uint32_t i = 0; i < some->n; i++)
            *(int64_t *)(void *)(some->values[i] + offset) += self->fresh[i];
        return TIDE_OK;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < some->n; i++) {
        self->values[n] = some->values[i];
        self->rows[n] = some->rows[i];
        n += self->fresh[i];
    }
    tide_op_rows news = { .in = some->in, .values = self->values, .rows = self->rows, .n = n };
    return tide_op_aggs_update_set(aggs, s, &news, false);
}

tide_status tide_row_sets_update(tide_row_sets *self, const tide_row_places *places,
                                 const tide_op_rows *at)
{
    for (uint32_t s = 0; s < self->n; s++) {
        uint32_t agg = self->aggs->set_agg[s];
        tide_op_rows some = tide_op_aggs_narrow(self->aggs, agg, at, true);
        const tide_col *arg = at->in->cols[self->aggs->calls[agg].arg];
        if (some.n == 0) continue;
        TIDE_TRY(
            tide_key_encode_cols(&self->specs[s], &arg, some.rows, some.n, self->keys, self->hash));
        slice in = { .some = &some,
                     .keys = self->keys,
                     .hash = self->hash,
                     .places = places,
                     .place = self->aggs->some_at,
                     .key_bytes = self->specs[s].key_bytes };
        tide_value_set first = set_of(self, ref_of(&in, 0), some.values[0], s);
        in.handles_at = (uint32_t)((const uint8_t *)first.at - some.values[0]);
        TIDE_TRY(put_all(self, s, &in));
        TIDE_TRY(feed_fresh(self, s, &some));
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
