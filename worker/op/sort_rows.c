/* sort_rows.c - see sort_rows.h. */
#include "worker/op/sort_rows.h"

#include <math.h>
#include <stdlib.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

#define NULL_BYTES 1u

static uint32_t part_bytes(tide_type type);
static void write_keys(tide_sort_rows *self, const tide_batch *batch, uint32_t n, uint32_t first);
static void seal(tide_sort_rows *self);

void tide_sort_rows_open(tide_sort_rows *self, tide_pool *pool, const tide_schema *schema,
                         const tide_sort_key *keys, uint32_t n_keys, bool whole_row)
{
    tide_type *types = tide_calloc(schema->n + 1u, sizeof *types);
    uint32_t n = n_keys + (whole_row ? schema->n : 0);
    self->pool = pool;
    self->schema = schema;
    self->columns = tide_calloc(n + 1u, sizeof *self->columns);
    for (uint32_t i = 0; i < schema->n; i++) types[i] = schema->fields[i].type;
    for (uint32_t i = 0; i < n; i++) {
        tide_sort_column *c = &self->columns[self->n_columns++];
        *c = (tide_sort_column){ .column = i < n_keys ? keys[i].column : i - n_keys,
                                 .descending = i < n_keys && keys[i].descending,
                                 .nulls_first = i < n_keys && keys[i].nulls_first,
                                 .at = self->key_bytes };
        c->in_full = tide_type_is_string(types[c->column]);
        self->key_bytes += part_bytes(types[c->column]);
    }
    self->key_bytes = (self->key_bytes + 15u) & ~7u; /* A head of 8 bytes can always be read. */
    tide_builder_init(&self->builder, pool, types, schema->n, TIDE_BATCH_ROWS_MAX);
    tide_free(types);
}

void tide_sort_rows_close(tide_sort_rows *self)
{
    tide_builder_fini(&self->builder);
    for (uint32_t i = 0; i < self->n_batches; i++) tide_batch_unref(&self->batches[i]);
    tide_free(self->batches);
    tide_free(self->columns);
    tide_free(self->keys);
    tide_free(self->order);
    *self = (tide_sort_rows){ 0 };
}

static void reserve(tide_sort_rows *self, uint32_t n)
{
    if (n <= self->cap) return;
    uint32_t cap = self->cap ? self->cap : 1024;
    while (cap < n) cap = cap > UINT32_MAX / 2 ? UINT32_MAX : cap * 2;
    self->cap = cap;
    self->keys = tide_realloc(self->keys, (size_t)cap * self->key_bytes);
    self->order = tide_realloc(self->order, (size_t)cap * sizeof *self->order);
}

tide_status tide_sort_rows_add(tide_sort_rows *self, const tide_batch *in)
{
    uint16_t rows[TIDE_BATCH_ROWS_MAX];
    if (self->n > UINT32_MAX - in->n_rows) return tide_fail(TIDE_E_LIMIT, "too many rows to sort");
    reserve(self, self->n + in->n_rows);
    for (uint32_t k = 0; k < in->n_rows; k++) rows[k] = (uint16_t)tide_batch_phys(in, k);
    for (uint32_t done = 0; done < in->n_rows;) {
        uint32_t space = self->builder.cap - self->builder.n, n = in->n_rows - done;
        if (n > space) n = space;
        tide_builder_append(&self->builder, in, rows + done, n);
        done += n;
        self->n += n;
        if (tide_builder_full(&self->builder)) seal(self);
    }
    return TIDE_OK;
}

/* The rows under construction become a batch with keys. Only the last batch may be short. */
static void seal(tide_sort_rows *self)
{
    uint32_t n = self->builder.n, first = self->n_batches * TIDE_BATCH_ROWS_MAX;
    tide_batch *made = tide_builder_finish(&self->builder);
    if (made == NULL) return;
    if (tide_batch_pinned_bytes(made) / 2 > tide_batch_used_bytes(made)) {
        tide_batch *shared = made;
        made = tide_batch_copy(self->pool, shared);
        tide_batch_unref(&shared);
    }
    TIDE_GROW(self->batches, self->n_batches, self->cap_batches);
    self->batches[self->n_batches++] = made;
    self->batch_bytes += tide_batch_pinned_bytes(made);
    write_keys(self, made, n, first);
}

/* ---- sort keys ---- */

static uint32_t part_bytes(tide_type type)
{
    return NULL_BYTES + (tide_type_width(type) == 16 ? 16 : 8);
}

static void put_u64(uint8_t *at, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(at, &v, sizeof v);
}

static void put_u128(uint8_t *at, __int128 v)
{
    unsigned __int128 u = (unsigned __int128)v ^ ((unsigned __int128)1 << 127);
    put_u64(at, (uint64_t)(u >> 64));
    put_u64(at + 8, (uint64_t)u);
}

/* IEEE order as unsigned integers; NaN above all, and both zeros alike. */
static uint64_t order_of_double(double v)
{
    uint64_t bits;
    if (isnan(v)) return UINT64_MAX;
    if (v == 0) v = 0;
    memcpy(&bits, &v, sizeof bits);
    return bits >> 63 ? ~bits : bits | ((uint64_t)1 << 63);
}

static void put_value(uint8_t *at, const tide_value *v)
{
    switch ((tide_type_id)v->type.id) {
    case TIDE_TYPE_FLOAT:
    case TIDE_TYPE_DOUBLE: put_u64(at, order_of_double(v->f64)); return;
    case TIDE_TYPE_DECIMAL: put_u128(at, v->i128); return;
    case TIDE_TYPE_INTERVAL:
        put_u128(at, ((__int128)v->interval.months * 30 + v->interval.days) * 86400000000LL +
                         v->interval.micros);
        return;
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES: memcpy(at, v->str.ptr, v->str.len < 16 ? v->str.len : 16); return;
    case TIDE_TYPE_BOOLEAN: put_u64(at, v->boolean); return;
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_TINYINT:
    case TIDE_TYPE_SMALLINT:
    case TIDE_TYPE_INT:
    case TIDE_TYPE_BIGINT:
    case TIDE_TYPE_DATE:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ:
    case TIDE_TYPE_COUNT: break;
    }
    put_u64(at, (uint64_t)v->i64 ^ ((uint64_t)1 << 63));
}

static void write_keys(tide_sort_rows *self, const tide_batch *batch, uint32_t n, uint32_t first)
{
    memset(self->keys + (size_t)first * self->key_bytes, 0, (size_t)n * self->key_bytes);
    for (uint32_t i = 0; i < self->n_columns; i++) {
        const tide_sort_column *c = &self->columns[i];
        const tide_col *col = batch->cols[c->column];
        uint32_t bytes = part_bytes(col->type) - NULL_BYTES;
        for (uint32_t r = 0; r < n; r++) {
            uint8_t *at = self->keys + (size_t)(first + r) * self->key_bytes + c->at;
            tide_value v = tide_col_value(col, r);
            at[0] = !v.is_null ? 1 : c->nulls_first ? 0 : 2;
            if (v.is_null) continue;
            put_value(at + NULL_BYTES, &v);
            for (uint32_t b = 0; c->descending && b < bytes; b++)
                at[NULL_BYTES + b] = (uint8_t)~at[NULL_BYTES + b];
        }
    }
}

/* ---- order ---- */

static const uint8_t *key_of(const tide_sort_rows *self, uint32_t row)
{
    return self->keys + (size_t)row * self->key_bytes;
}

static int compare_strings(const tide_sort_rows *self, const tide_sort_column *c, uint32_t a,
                           uint32_t b)
{
    const tide_col *col_a = self->batches[a / TIDE_BATCH_ROWS_MAX]->cols[c->column];
    const tide_col *col_b = self->batches[b / TIDE_BATCH_ROWS_MAX]->cols[c->column];
    uint32_t n_a, n_b, row_a = a % TIDE_BATCH_ROWS_MAX, row_b = b % TIDE_BATCH_ROWS_MAX;
    if (!tide_col_valid(col_a, row_a)) return 0; /* Both are NULL: their keys are equal. */
    const char *at_a = tide_col_str(col_a, row_a, &n_a), *at_b = tide_col_str(col_b, row_b, &n_b);
    int order = memcmp(at_a, at_b, n_a < n_b ? n_a : n_b);
    if (order == 0) order = n_a < n_b ? -1 : n_a > n_b;
    return c->descending ? -order : order;
}

/* Column by column, since a string's key says less than the string. */
static int compare_keys(const tide_sort_rows *self, uint32_t a, uint32_t b)
{
    const uint8_t *key_a = key_of(self, a), *key_b = key_of(self, b);
    for (uint32_t i = 0; i < self->n_columns; i++) {
        const tide_sort_column *c = &self->columns[i];
        uint32_t bytes = part_bytes(self->schema->fields[c->column].type);
        int order = memcmp(key_a + c->at, key_b + c->at, bytes);
        if (order == 0 && c->in_full) order = compare_strings(self, c, a, b);
        if (order != 0) return order;
    }
    return 0;
}

static int compare_entries(const void *a_v, const void *b_v, void *self_v)
{
    const tide_sort_rows *self = self_v;
    const tide_sort_entry *a = a_v, *b = b_v;
    if (a->head != b->head && self->n_columns) return a->head < b->head ? -1 : 1;
    int order = compare_keys(self, a->row, b->row);
    return order != 0 ? order : a->row < b->row ? -1 : 1;
}

void tide_sort_rows_sort(tide_sort_rows *self)
{
    seal(self);
    for (uint32_t i = 0; i < self->n; i++) {
        uint64_t head;
        memcpy(&head, key_of(self, i), sizeof head);
        self->order[i] = (tide_sort_entry){ .head = __builtin_bswap64(head), .row = i };
    }
    if (self->n > 1) qsort_r(self->order, self->n, sizeof *self->order, compare_entries, self);
}

bool tide_sort_rows_equal(const tide_sort_rows *self, uint32_t a, uint32_t b)
{
    return self->order[a].head == self->order[b].head &&
           compare_keys(self, self->order[a].row, self->order[b].row) == 0;
}

/* ---- rows out ---- */

tide_change tide_sort_rows_change(const tide_sort_rows *self, uint32_t place)
{
    uint32_t row = self->order[place].row;
    return tide_batch_change(self->batches[row / TIDE_BATCH_ROWS_MAX], row % TIDE_BATCH_ROWS_MAX);
}

/* Appends rows order[places[0..n)] of `from`, as far as there is space; returns their number. Runs
 * of neighbours in one batch go together. */
static uint32_t append_rows(tide_builder *to, const tide_sort_rows *from, const uint32_t *places,
                            uint32_t n)
{
    uint16_t rows[TIDE_BATCH_ROWS_MAX];
    if (n > to->cap - to->n) n = to->cap - to->n;
    for (uint32_t i = 0; i < n;) {
        uint32_t batch = from->order[places[i]].row / TIDE_BATCH_ROWS_MAX, n_rows = 0;
        for (; i < n && from->order[places[i]].row / TIDE_BATCH_ROWS_MAX == batch; i++)
            rows[n_rows++] = (uint16_t)(from->order[places[i]].row % TIDE_BATCH_ROWS_MAX);
        tide_builder_append(to, from->batches[batch], rows, n_rows);
    }
    return n;
}

tide_batch *tide_sort_rows_batch(tide_sort_rows *self, uint32_t first, uint32_t n)
{
    uint32_t places[TIDE_BATCH_ROWS_MAX];
    tide_assert(self->builder.n == 0);
    for (uint32_t i = 0; i < n; i++) places[i] = first + i;
    append_rows(&self->builder, self, places, n);
    return tide_builder_finish(&self->builder);
}

void tide_sort_rows_keep(tide_sort_rows *self, const uint32_t *keep, uint32_t n)
{
    tide_sort_rows old = *self;
    tide_assert(self->builder.n == 0);
    self->batches = NULL;
    self->keys = NULL;
    self->order = NULL;
    self->n_batches = self->cap_batches = self->n = self->cap = 0;
    self->batch_bytes = 0;
    reserve(self, n);
    while (self->n < n) {
        self->n += append_rows(&self->builder, &old, keep + self->n, n - self->n);
        if (tide_builder_full(&self->builder)) seal(self);
    }
    for (uint32_t i = 0; i < old.n_batches; i++) tide_batch_unref(&old.batches[i]);
    tide_free(old.batches);
    tide_free(old.keys);
    tide_free(old.order);
}

size_t tide_sort_rows_bytes(const tide_sort_rows *self)
{
    return self->batch_bytes + (size_t)self->cap * (self->key_bytes + sizeof *self->order);
}
