/* batch.c - columns and batches: reference counts, sharing, selection, gathering, copying. */
#include "base/column/batch.h"

#include "base/column/batch_priv.h"
#include "base/core/assert.h"

#define WORDS(n) (((size_t)(n) + 63) / 64)

/* ---- columns ---- */
tide_col *tide_col_empty(tide_pool *pool, tide_type type, uint32_t n)
{
    tide_buf *buf = tide_pool_take(pool, sizeof(tide_col));
    tide_col *self = (tide_col *)buf->data;
    *self = (tide_col){ .type = type, .n = n, .self_buf = buf };
    atomic_store_explicit(&self->refs, 1, memory_order_relaxed);
    return self;
}

tide_col *tide_col_ref(tide_col *self)
{
    atomic_fetch_add_explicit(&self->refs, 1, memory_order_relaxed);
    return self;
}

static bool last_reference(_Atomic uint32_t *refs)
{
    return atomic_load_explicit(refs, memory_order_acquire) == 1 ||
           atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

void tide_col_unref(tide_col **self_p)
{
    tide_col *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    if (!last_reference(&self->refs)) return;
    for (uint32_t i = 0; i < self->n_data; i++) tide_buf_unref(&self->data[i]);
    tide_buf_unref(&self->data_buf);
    tide_buf_unref(&self->values_buf);
    tide_buf_unref(&self->validity_buf);
    tide_buf *buf = self->self_buf;
    tide_buf_unref(&buf);
}

tide_col *tide_col_new(tide_pool *pool, tide_type type, uint32_t n, void **values_out,
                       bool want_validity, uint64_t **validity_out)
{
    tide_col *self = tide_col_empty(pool, type, n);
    self->values_buf = tide_pool_take(pool, (size_t)n * tide_type_width(type));
    self->values = *values_out = self->values_buf->data;
    if (!want_validity) return self;
    self->validity_buf = tide_pool_take(pool, WORDS(n) * 8);
    memset(self->validity_buf->data, 0xff, WORDS(n) * 8);
    self->validity = *validity_out = (uint64_t *)self->validity_buf->data;
    return self;
}

static void col_reserve_data(tide_col *self, tide_pool *pool, uint32_t n)
{
    if (self->data_buf && self->data_buf->capacity >= n * sizeof(tide_buf *)) return;
    tide_buf *wider = tide_pool_take(pool, n * 2 * sizeof(tide_buf *));
    if (self->n_data) memcpy(wider->data, self->data, self->n_data * sizeof(tide_buf *));
    tide_buf_unref(&self->data_buf);
    self->data_buf = wider;
    self->data = (tide_buf **)wider->data;
}

uint32_t tide_col_add_data(tide_col *self, tide_pool *pool, tide_buf **buf_p)
{
    col_reserve_data(self, pool, self->n_data + 1);
    self->data[self->n_data] = *buf_p;
    *buf_p = NULL;
    return self->n_data++;
}

static void share_data(tide_col *into, tide_pool *pool, const tide_col *from)
{
    if (from->n_data == 0) return;
    col_reserve_data(into, pool, from->n_data);
    for (uint32_t i = 0; i < from->n_data; i++) into->data[i] = tide_buf_ref(from->data[i]);
    into->n_data = from->n_data;
}

static void fill_constant(void *values, uint32_t width, const void *value, uint32_t n)
{
    uint8_t *at = values;
    for (uint32_t i = 0; i < n; i++) memcpy(at + (size_t)i * width, value, width);
}

tide_col *tide_col_constant(tide_pool *pool, const tide_value *value, uint32_t n)
{
    tide_type type = value->type;
    tide_builder b;
    /* One value, written by the code that writes any value, then repeated. */
    tide_builder_init(&b, pool, &type, 1, 1);
    tide_colb_put_value(&b.cols[0], 0, value);
    b.n = 1;
    tide_batch *one = tide_builder_finish(&b);
    tide_builder_fini(&b);
    void *values;
    uint64_t *validity;
    tide_col *self = tide_col_new(pool, type, n, &values, value->is_null, &validity);
    if (value->is_null) {
        memset(validity, 0, WORDS(n) * 8);
        memset(values, 0, (size_t)n * tide_type_width(type));
    } else {
        fill_constant(values, tide_type_width(type), one->cols[0]->values, n);
        share_data(self, pool, one->cols[0]);
    }
    tide_batch_unref(&one);
    return self;
}

tide_col *tide_col_retyped(tide_pool *pool, tide_col *from, tide_type type)
{
    tide_assert(tide_type_width(from->type) == tide_type_width(type));
    tide_col *self = tide_col_empty(pool, type, from->n);
    self->values = from->values;
    self->validity = from->validity;
    if (from->values_buf) self->values_buf = tide_buf_ref(from->values_buf);
    if (from->validity_buf) self->validity_buf = tide_buf_ref(from->validity_buf);
    share_data(self, pool, from);
    return self;
}

#define GATHER(type)                                                                               \
    do {                                                                                           \
        const type *in_ = in;                                                                      \
        type *out_ = out;                                                                          \
        for (uint32_t i = 0; i < n; i++) out_[i] = in_[rows[i]];                                   \
    } while (0)

typedef struct value16 {
    uint64_t a, b;
} value16;

void tide_values_gather(void *out, const void *in, uint32_t width, const uint16_t *rows, uint32_t n)
{
    switch (width) {
    case 1: GATHER(uint8_t); break;
    case 2: GATHER(uint16_t); break;
    case 4: GATHER(uint32_t); break;
    case 8: GATHER(uint64_t); break;
    default: GATHER(value16); break;
    }
}

void tide_bits_gather(uint64_t *to, const uint64_t *from, const uint16_t *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t missing = ~(from[rows[i] >> 6] >> (rows[i] & 63)) & 1;
        to[i >> 6] &= ~(missing << (i & 63));
    }
}

tide_col *tide_col_gather(tide_pool *pool, tide_col *from, const uint16_t *rows, uint32_t n)
{
    void *values;
    uint64_t *validity;
    tide_col *self = tide_col_new(pool, from->type, n, &values, from->validity != NULL, &validity);
    tide_values_gather(values, from->values, tide_type_width(from->type), rows, n);
    if (from->validity) tide_bits_gather(validity, from->validity, rows, n);
    share_data(self, pool, from);
    return self;
}

tide_value tide_col_value(const tide_col *self, uint32_t row)
{
    tide_value v = { .type = self->type, .is_null = !tide_col_valid(self, row) };
    if (v.is_null) return v;
    const void *p = (const uint8_t *)self->values + (size_t)row * tide_type_width(self->type);
    switch ((tide_type_id)self->type.id) {
    case TIDE_TYPE_BOOLEAN: v.boolean = *(const uint8_t *)p != 0; break;
    case TIDE_TYPE_TINYINT: v.i64 = *(const int8_t *)p; break;
    case TIDE_TYPE_SMALLINT: v.i64 = *(const int16_t *)p; break;
    case TIDE_TYPE_INT:
    case TIDE_TYPE_DATE: v.i64 = *(const int32_t *)p; break;
    case TIDE_TYPE_BIGINT:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: v.i64 = *(const int64_t *)p; break;
    case TIDE_TYPE_FLOAT: v.f64 = (double)*(const float *)p; break;
    case TIDE_TYPE_DOUBLE: v.f64 = *(const double *)p; break;
    case TIDE_TYPE_DECIMAL: memcpy(&v.i128, p, 16); break;
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES: v.str.ptr = tide_col_str(self, row, &v.str.len); break;
    case TIDE_TYPE_INTERVAL: memcpy(&v.interval, p, 16); break;
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_COUNT: v.is_null = true; break;
    }
    return v;
}

/* ---- batches ---- */
static tide_batch *batch_alloc(tide_pool *pool, uint32_t n_cols)
{
    tide_buf *buf = tide_pool_take(pool, sizeof(tide_batch) + n_cols * sizeof(tide_col *));
    tide_batch *self = (tide_batch *)buf->data;
    *self = (tide_batch){ .n_cols = n_cols, .self_buf = buf };
    atomic_store_explicit(&self->refs, 1, memory_order_relaxed);
    return self;
}

tide_batch *tide_batch_ref(tide_batch *self)
{
    atomic_fetch_add_explicit(&self->refs, 1, memory_order_relaxed);
    return self;
}

void tide_batch_unref(tide_batch **self_p)
{
    tide_batch *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    if (!last_reference(&self->refs)) return;
    for (uint32_t i = 0; i < self->n_cols; i++) tide_col_unref(&self->cols[i]);
    tide_col_unref(&self->change);
    tide_buf_unref(&self->sel_buf);
    tide_buf_unref(&self->block);
    tide_buf *buf = self->self_buf;
    tide_buf_unref(&buf);
}

tide_batch *tide_batch_new(tide_pool *pool, tide_col **cols, uint32_t n_cols, uint32_t n_phys)
{
    tide_batch *self = batch_alloc(pool, n_cols);
    self->n_rows = self->n_phys = n_phys;
    for (uint32_t i = 0; i < n_cols; i++) {
        tide_assert(cols[i]->n == n_phys);
        self->cols[i] = cols[i];
        cols[i] = NULL;
    }
    return self;
}

/* A batch with the rows, selection, changes and birth of `from`, and its columns still unset. */
static tide_batch *batch_like(tide_pool *pool, const tide_batch *from, uint32_t n_cols)
{
    tide_batch *self = batch_alloc(pool, n_cols);
    self->n_rows = from->n_rows;
    self->n_phys = from->n_phys;
    self->born_ns = from->born_ns;
    self->sel = from->sel;
    if (from->sel_buf) self->sel_buf = tide_buf_ref(from->sel_buf);
    if (from->change) self->change = tide_col_ref(from->change);
    return self;
}

tide_batch *tide_batch_select(tide_pool *pool, tide_batch *from, const uint16_t *sel, uint32_t n)
{
    tide_assert(n <= from->n_rows);
    tide_batch *self = batch_alloc(pool, from->n_cols);
    self->n_rows = n;
    self->n_phys = from->n_phys;
    self->born_ns = from->born_ns;
    self->sel_buf = tide_pool_take(pool, n * sizeof *sel);
    memcpy(self->sel_buf->data, sel, n * sizeof *sel);
    self->sel = (const uint16_t *)self->sel_buf->data;
    if (from->change) self->change = tide_col_ref(from->change);
    for (uint32_t i = 0; i < from->n_cols; i++) self->cols[i] = tide_col_ref(from->cols[i]);
    return self;
}

tide_batch *tide_batch_project(tide_pool *pool, tide_batch *from, const uint32_t *idx, uint32_t n)
{
    tide_batch *self = batch_like(pool, from, n);
    for (uint32_t i = 0; i < n; i++) {
        tide_assert(idx[i] < from->n_cols);
        self->cols[i] = tide_col_ref(from->cols[idx[i]]);
    }
    return self;
}

tide_batch *tide_batch_with_cols(tide_pool *pool, tide_batch *from, tide_col **cols,
                                 uint32_t n_cols)
{
    tide_batch *self = batch_like(pool, from, n_cols);
    for (uint32_t i = 0; i < n_cols; i++) {
        tide_assert(cols[i]->n == from->n_phys);
        self->cols[i] = cols[i];
        cols[i] = NULL;
    }
    return self;
}

tide_batch *tide_batch_compact(tide_pool *pool, tide_batch *from)
{
    if (from->sel == NULL) return tide_batch_ref(from);
    tide_batch *self = batch_alloc(pool, from->n_cols);
    self->n_rows = self->n_phys = from->n_rows;
    self->born_ns = from->born_ns;
    for (uint32_t i = 0; i < from->n_cols; i++)
        self->cols[i] = tide_col_gather(pool, from->cols[i], from->sel, from->n_rows);
    if (from->change) self->change = tide_col_gather(pool, from->change, from->sel, from->n_rows);
    return self;
}

void tide_batch_set_change(tide_batch *self, tide_col **change_p)
{
    tide_assert(self->change == NULL && (*change_p)->n == self->n_phys);
    self->change = *change_p;
    *change_p = NULL;
}

size_t tide_batch_pinned_bytes(const tide_batch *self)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < self->n_cols; i++) {
        const tide_col *c = self->cols[i];
        if (c->values_buf) bytes += c->values_buf->capacity;
        for (uint32_t d = 0; d < c->n_data; d++) bytes += c->data[d]->capacity;
    }
    return bytes;
}

static size_t used_string_bytes(const tide_batch *self, const tide_col *c)
{
    size_t bytes = 0;
    const tide_view *views = c->values;
    for (uint32_t k = 0; k < self->n_rows; k++) {
        uint32_t row = tide_batch_phys(self, k);
        if (tide_col_valid(c, row) && views[row].len > TIDE_VIEW_INLINE_MAX)
            bytes += views[row].len;
    }
    return bytes;
}

size_t tide_batch_used_bytes(const tide_batch *self)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < self->n_cols; i++) {
        const tide_col *c = self->cols[i];
        bytes += (size_t)self->n_rows * tide_type_width(c->type);
        if (c->n_data) bytes += used_string_bytes(self, c);
    }
    return bytes;
}

/* A dense copy of `from`'s selected rows with strings in one heap of just their size. */
static tide_col *copy_col(tide_pool *pool, const tide_batch *batch, tide_col *from)
{
    tide_col *self;
    if (batch->sel) {
        self = tide_col_gather(pool, from, batch->sel, batch->n_rows);
    } else {
        void *values;
        uint64_t *validity;
        self = tide_col_new(pool, from->type, from->n, &values, from->validity != NULL, &validity);
        memcpy(values, from->values, (size_t)from->n * tide_type_width(from->type));
        if (from->validity) memcpy(validity, from->validity, WORDS(from->n) * 8);
    }
    if (!tide_type_is_string(from->type)) return self;
    for (uint32_t i = 0; i < self->n_data; i++) tide_buf_unref(&self->data[i]);
    self->n_data = 0;
    size_t bytes = from->n_data ? used_string_bytes(batch, from) : 0;
    if (bytes == 0) return self;
    tide_buf *heap = tide_pool_take(pool, bytes);
    uint32_t at = 0;
    tide_view *views = (tide_view *)(uintptr_t)self->values;
    for (uint32_t i = 0; i < self->n; i++) {
        if (!tide_col_valid(self, i) || views[i].len <= TIDE_VIEW_INLINE_MAX) continue;
        memcpy(heap->data + at, tide_view_ptr(&views[i], from->data), views[i].len);
        views[i].buf = 0;
        views[i].offset = at;
        at += views[i].len;
    }
    tide_col_add_data(self, pool, &heap);
    return self;
}

tide_batch *tide_batch_copy(tide_pool *pool, const tide_batch *from)
{
    tide_batch *self = batch_alloc(pool, from->n_cols);
    self->n_rows = self->n_phys = from->n_rows;
    self->born_ns = from->born_ns;
    for (uint32_t i = 0; i < from->n_cols; i++) self->cols[i] = copy_col(pool, from, from->cols[i]);
    if (from->change) self->change = copy_col(pool, from, from->change);
    return self;
}
