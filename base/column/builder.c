/* builder.c - columns under construction: rows written one by one, appended from batches, finished.
 */
#include "base/column/batch.h"
#include "base/core/assert.h"
#include "base/core/mem.h"

#define HEAP_BYTES_MIN 4096u
#define HEAP_BYTES_MAX                                                                             \
    (1024u * 1024u) /* Of one heap buffer; a longer string gets one of its own. */

static void start_column(tide_colb *c)
{
    c->values_buf = tide_pool_take(c->pool, (size_t)c->rows_cap * c->width);
    c->values = c->values_buf->data;
    c->validity = NULL;
    c->validity_buf = NULL;
    c->n_data = 0;
    c->heap = NULL;
    c->heap_used = c->heap_cap = 0;
}

void tide_builder_init(tide_builder *self, tide_pool *pool, const tide_type *types, uint32_t n_cols,
                       uint32_t cap)
{
    tide_assert(cap > 0 && cap <= TIDE_BATCH_ROWS_MAX);
    *self = (tide_builder){ .pool = pool, .n_cols = n_cols, .cap = cap };
    self->cols = tide_calloc(n_cols, sizeof *self->cols);
    for (uint32_t i = 0; i < n_cols; i++) {
        tide_colb *c = &self->cols[i];
        c->type = types[i];
        c->width = tide_type_width(types[i]);
        c->rows_cap = cap;
        c->pool = pool;
        start_column(c);
    }
}

static void release_column(tide_colb *c)
{
    tide_buf_unref(&c->values_buf);
    tide_buf_unref(&c->validity_buf);
    for (uint32_t i = 0; i < c->n_data; i++) tide_buf_unref(&c->data[i]);
    c->n_data = 0;
}

void tide_builder_fini(tide_builder *self)
{
    for (uint32_t i = 0; i < self->n_cols; i++) {
        release_column(&self->cols[i]);
        tide_free(self->cols[i].data);
    }
    tide_buf_unref(&self->change_buf);
    tide_free(self->cols);
    *self = (tide_builder){ 0 };
}

static void want_validity(tide_colb *self)
{
    if (self->validity) return;
    size_t bytes = ((size_t)self->rows_cap + 63) / 64 * 8;
    self->validity_buf = tide_pool_take(self->pool, bytes);
    self->validity = (uint64_t *)self->validity_buf->data;
    memset(self->validity, 0xff, bytes);
}

void tide_colb_set_null(tide_colb *self, uint32_t row)
{
    want_validity(self);
    self->validity[row >> 6] &= ~(1ull << (row & 63));
    memset((uint8_t *)self->values + (size_t)row * self->width, 0, self->width);
}

static uint32_t add_data(tide_colb *self, tide_buf *buf)
{
    TIDE_GROW(self->data, self->n_data, self->cap_data);
    self->data[self->n_data] = buf;
    return self->n_data++;
}

static TIDE_NOINLINE void open_heap(tide_colb *self, uint32_t len)
{
    uint32_t bytes = self->heap_cap ? self->heap_cap * 2 : HEAP_BYTES_MIN;
    if (bytes > HEAP_BYTES_MAX) bytes = HEAP_BYTES_MAX;
    if (bytes < len) bytes = len;
    tide_buf *buf = tide_pool_take(self->pool, bytes);
    add_data(self, buf);
    self->heap = buf->data;
    self->heap_used = 0;
    self->heap_cap = bytes;
}

char *tide_colb_reserve(tide_colb *self, uint32_t len)
{
    if (self->heap == NULL || self->heap_cap - self->heap_used < len) open_heap(self, len);
    return (char *)self->heap + self->heap_used;
}

void tide_colb_commit(tide_colb *self, uint32_t row, const char *at, uint32_t len)
{
    tide_view *v = (tide_view *)self->values + row;
    v->len = len;
    if (len <= TIDE_VIEW_INLINE_MAX) {
        memset(v->inline_, 0, sizeof v->inline_);
        memcpy(v->inline_, at, len);
        return;
    }
    memcpy(v->prefix, at, 4);
    v->buf = self->n_data - 1;
    v->offset = self->heap_used;
    self->heap_used += len;
}

void tide_colb_put_str(tide_colb *self, uint32_t row, const char *ptr, uint32_t len)
{
    if (len <= TIDE_VIEW_INLINE_MAX) {
        tide_colb_commit(self, row, ptr, len);
        return;
    }
    char *at = tide_colb_reserve(self, len);
    memcpy(at, ptr, len);
    tide_colb_commit(self, row, at, len);
}

uint32_t tide_colb_share(tide_colb *self, tide_buf *buf)
{
    self->heap = NULL; /* It is the open heap that must be last. */
    self->heap_used = self->heap_cap = 0;
    return add_data(self, tide_buf_ref(buf));
}

void tide_colb_put_value(tide_colb *self, uint32_t row, const tide_value *value)
{
    if (value->is_null) {
        tide_colb_set_null(self, row);
        return;
    }
    uint8_t *at = (uint8_t *)self->values + (size_t)row * self->width;
    switch ((tide_type_id)self->type.id) {
    case TIDE_TYPE_BOOLEAN: *at = value->boolean; break;
    case TIDE_TYPE_TINYINT: *(int8_t *)at = (int8_t)value->i64; break;
    case TIDE_TYPE_SMALLINT: *(int16_t *)at = (int16_t)value->i64; break;
    case TIDE_TYPE_INT:
    case TIDE_TYPE_DATE: *(int32_t *)at = (int32_t)value->i64; break;
    case TIDE_TYPE_BIGINT:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: *(int64_t *)at = value->i64; break;
    case TIDE_TYPE_FLOAT: *(float *)at = (float)value->f64; break;
    case TIDE_TYPE_DOUBLE: *(double *)at = value->f64; break;
    case TIDE_TYPE_DECIMAL: memcpy(at, &value->i128, 16); break;
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES: tide_colb_put_str(self, row, value->str.ptr, value->str.len); break;
    case TIDE_TYPE_INTERVAL: memcpy(at, &value->interval, 16); break;
    case TIDE_TYPE_NULL: *at = 0; break;
    case TIDE_TYPE_COUNT: tide_assert(false);
    }
}

void tide_builder_set_change(tide_builder *self, uint32_t row, tide_change change)
{
    if (self->change == NULL) {
        if (change == TIDE_CHANGE_INSERT) return;
        self->change_buf = tide_pool_take(self->pool, self->cap);
        self->change = (int8_t *)self->change_buf->data;
        memset(self->change, TIDE_CHANGE_INSERT, self->cap);
    }
    self->change[row] = (int8_t)change;
}

/* Views of rows[0..n) re-pointed at this column: shared heap buffers when the rows use a fair part
 * of them, else copied bytes. */
static void append_strings(tide_colb *self, uint32_t at, const tide_col *from, const uint16_t *rows,
                           uint32_t n)
{
    const tide_view *views = from->values;
    tide_view *out = (tide_view *)self->values + at;
    if (from->n_data == 0) {
        for (uint32_t i = 0; i < n; i++) out[i] = views[rows[i]];
        return;
    }
    if (n >= from->n / 4) {
        uint32_t base = self->n_data;
        for (uint32_t d = 0; d < from->n_data; d++) tide_colb_share(self, from->data[d]);
        for (uint32_t i = 0; i < n; i++) {
            tide_view v = views[rows[i]];
            if (v.len > TIDE_VIEW_INLINE_MAX) v.buf += base;
            out[i] = v;
        }
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        tide_view v = views[rows[i]];
        if (v.len <= TIDE_VIEW_INLINE_MAX || !tide_col_valid(from, rows[i]))
            out[i] = v;
        else
            tide_colb_put_str(self, at + i, tide_view_ptr(&views[rows[i]], from->data), v.len);
    }
}

static void append_nulls(tide_colb *self, uint32_t at, const tide_col *from, const uint16_t *rows,
                         uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!tide_col_valid(from, rows[i])) tide_colb_set_null(self, at + i);
}

#define APPEND(type)                                                                               \
    do {                                                                                           \
        type *out_ = (type *)self->values + at;                                                    \
        const type *in_ = from->values;                                                            \
        for (uint32_t i = 0; i < n; i++) out_[i] = in_[rows[i]];                                   \
    } while (0)

typedef struct value16 {
    uint64_t a, b;
} value16;

static void append_values(tide_colb *self, uint32_t at, const tide_col *from, const uint16_t *rows,
                          uint32_t n)
{
    if (tide_type_is_string(self->type))
        append_strings(self, at, from, rows, n);
    else
        switch (self->width) {
        case 1: APPEND(uint8_t); break;
        case 2: APPEND(uint16_t); break;
        case 4: APPEND(uint32_t); break;
        case 8: APPEND(uint64_t); break;
        default: APPEND(value16); break;
        }
    if (from->validity) append_nulls(self, at, from, rows, n);
}

void tide_builder_append(tide_builder *self, const tide_batch *src, const uint16_t *rows,
                         uint32_t n)
{
    tide_assert(src->n_cols == self->n_cols && n <= self->cap - self->n);
    for (uint32_t c = 0; c < self->n_cols; c++) {
        tide_assert_slow(src->cols[c]->type.id == self->cols[c].type.id);
        append_values(&self->cols[c], self->n, src->cols[c], rows, n);
    }
    if (src->change || self->change)
        for (uint32_t i = 0; i < n; i++)
            tide_builder_set_change(self, self->n + i, tide_batch_change(src, rows[i]));
    if (self->n == 0 || (src->born_ns && src->born_ns < self->born_ns))
        self->born_ns = src->born_ns;
    self->n += n;
}

/* ---- rows of many batches ---- */

#define GATHER_AHEAD 8u /* Rows from the wish for a string's bytes to their use. */

/* Where rows of one column lie. */
typedef struct scattered {
    tide_batch *const *batches;
    const uint32_t *rows;
    uint32_t column, n;
} scattered;

TIDE_INLINE const tide_col *col_of(const scattered *from, uint32_t i)
{
    return from->batches[from->rows[i] / TIDE_BATCH_ROWS_MAX]->cols[from->column];
}

#define GATHER(type)                                                                               \
    do {                                                                                           \
        type *out_ = (type *)self->values + at;                                                    \
        for (uint32_t i = 0; i < from->n; i++) {                                                   \
            const type *in_ = col_of(from, i)->values;                                             \
            out_[i] = in_[from->rows[i] % TIDE_BATCH_ROWS_MAX];                                    \
        }                                                                                          \
    } while (0)

static void gather_values(tide_colb *self, uint32_t at, const scattered *from)
{
    switch (self->width) {
    case 1: GATHER(uint8_t); break;
    case 2: GATHER(uint16_t); break;
    case 4: GATHER(uint32_t); break;
    case 8: GATHER(uint64_t); break;
    default: GATHER(value16); break;
    }
    for (uint32_t i = 0; i < from->n; i++)
        if (!tide_col_valid(col_of(from, i), from->rows[i] % TIDE_BATCH_ROWS_MAX))
            tide_colb_set_null(self, at + i);
}

/* The views of long strings are those of their batches: their bytes come here. */
static void gather_bytes(tide_colb *self, uint32_t at, const scattered *from)
{
    const tide_view *views = (const tide_view *)self->values + at;
    for (uint32_t i = 0; i < from->n; i++) {
        uint32_t ahead = i + GATHER_AHEAD;
        if (ahead < from->n && views[ahead].len > TIDE_VIEW_INLINE_MAX)
            __builtin_prefetch(tide_view_ptr(&views[ahead], col_of(from, ahead)->data));
        if (views[i].len <= TIDE_VIEW_INLINE_MAX) continue;
        const char *bytes = tide_view_ptr(&views[i], col_of(from, i)->data);
        tide_colb_put_str(self, at + i, bytes, views[i].len);
    }
}

void tide_builder_gather(tide_builder *self, tide_batch *const *batches, const uint32_t *rows,
                         uint32_t n)
{
    tide_assert(n <= self->cap - self->n);
    for (uint32_t c = 0; c < self->n_cols; c++) {
        const scattered from = { .batches = batches, .rows = rows, .column = c, .n = n };
        gather_values(&self->cols[c], self->n, &from);
        if (tide_type_is_string(self->cols[c].type)) gather_bytes(&self->cols[c], self->n, &from);
    }
    for (uint32_t i = 0; i < n; i++) {
        const tide_batch *src = batches[rows[i] / TIDE_BATCH_ROWS_MAX];
        if (src->change || self->change)
            tide_builder_set_change(self, self->n + i,
                                    tide_batch_change(src, rows[i] % TIDE_BATCH_ROWS_MAX));
        if (self->n + i == 0 || (src->born_ns && src->born_ns < self->born_ns))
            self->born_ns = src->born_ns;
    }
    self->n += n;
}

static tide_col *finish_column(tide_colb *c, uint32_t n)
{
    tide_buf *buf = tide_pool_take(c->pool, sizeof(tide_col));
    tide_col *col = (tide_col *)buf->data;
    *col = (tide_col){ .type = c->type, .n = n, .self_buf = buf };
    atomic_store_explicit(&col->refs, 1, memory_order_relaxed);
    col->values = c->values;
    col->values_buf = c->values_buf;
    col->validity = c->validity;
    col->validity_buf = c->validity_buf;
    for (uint32_t i = 0; i < c->n_data; i++) tide_col_add_data(col, c->pool, &c->data[i]);
    start_column(c);
    return col;
}

tide_batch *tide_builder_finish(tide_builder *self)
{
    if (self->n == 0) return NULL;
    tide_buf *cols_buf = tide_pool_take(self->pool, self->n_cols * sizeof(tide_col *));
    tide_col **cols = (tide_col **)cols_buf->data;
    for (uint32_t i = 0; i < self->n_cols; i++) cols[i] = finish_column(&self->cols[i], self->n);
    tide_batch *batch = tide_batch_new(self->pool, cols, self->n_cols, self->n);
    tide_buf_unref(&cols_buf);
    if (self->change) {
        void *values;
        tide_col *change = tide_col_new(self->pool, tide_type_of(TIDE_TYPE_TINYINT), self->n,
                                        &values, false, NULL);
        memcpy(values, self->change, self->n);
        tide_batch_set_change(batch, &change);
        tide_buf_unref(&self->change_buf);
        self->change = NULL;
    }
    batch->born_ns = self->born_ns;
    self->n = 0;
    self->born_ns = 0;
    return batch;
}
