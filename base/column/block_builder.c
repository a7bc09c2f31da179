/* block_builder.c - a block laid out for `cap` rows, its heap behind all columns. */
#include "base/column/block_builder.h"

#include "base/column/batch_priv.h"
#include "base/column/block_priv.h"
#include "base/column/views.h"
#include "base/core/assert.h"
#include "base/core/mem.h"

/* A block is sent with its room if no more than an eighth of the rows' places are empty. */
#define IS_WORTH_SENDING(n, cap) ((n) >= (cap) - (cap) / 8)
#define SPILL_BYTES_MIN (64u << 10)
#define HEAP_WANTED_MAX (4u << 20)

struct tide_block_builder_col {
    uint8_t *values;
    uint64_t *validity; /* All ones until the first NULL. */
    uint32_t width;
    bool has_nulls, has_long;
};

void tide_block_builder_init(tide_block_builder *self, tide_pool *pool, const tide_schema *schema,
                             uint32_t cap)
{
    tide_assert(cap > 0 && cap <= TIDE_BATCH_ROWS_MAX);
    *self = (tide_block_builder){ .pool = pool, .schema = schema, .cap = cap };
    self->cols = tide_calloc(schema->n, sizeof *self->cols);
    for (uint32_t c = 0; c < schema->n; c++)
        self->cols[c].width = tide_type_width(schema->fields[c].type);
}

static void drop_rows(tide_block_builder *self)
{
    tide_buf_unref(&self->buf);
    tide_buf_unref(&self->change_buf);
    self->change = NULL;
    while (self->n_spilled) tide_buf_unref(&self->spilled[--self->n_spilled]);
    self->n = 0;
    self->born_ns = 0;
}

void tide_block_builder_fini(tide_block_builder *self)
{
    drop_rows(self);
    tide_free(self->spilled);
    tide_free(self->cols);
    *self = (tide_block_builder){ 0 };
}

/* ---- rows in ---- */
static void start_block(tide_block_builder *self)
{
    size_t at = TIDE_BLOCK_LEAD + block_heads_bytes(self->schema->n, false), heads_end = at;
    for (uint32_t c = 0; c < self->schema->n; c++)
        at += block_fixed_bytes(self->cap, self->cols[c].width, true);
    self->buf = tide_pool_take(self->pool, at + self->heap_wanted + TIDE_BLOCK_TAIL);
    self->heap_at = at;
    self->heap_bytes = 0;
    uint8_t *part = self->buf->data + heads_end;
    for (uint32_t c = 0; c < self->schema->n; c++) {
        struct tide_block_builder_col *col = &self->cols[c];
        col->validity = (uint64_t *)part;
        col->values = part + block_validity_bytes(self->cap);
        col->has_nulls = col->has_long = false;
        part += block_fixed_bytes(self->cap, col->width, true);
    }
}

/* Bytes that the open block's heap can still take. */
static size_t heap_room(const tide_block_builder *self)
{
    size_t end = self->buf->capacity - TIDE_BLOCK_TAIL;
    return (end & ~(size_t)(TIDE_BLOCK_ALIGN - 1)) - self->heap_at - self->heap_bytes;
}

/* Room for that many bytes outside the block. */
static tide_buf *open_spill(tide_block_builder *self, size_t bytes)
{
    tide_buf *last = self->n_spilled ? self->spilled[self->n_spilled - 1] : NULL;
    if (last && last->capacity - self->spill_used >= bytes) return last;
    TIDE_GROW(self->spilled, self->n_spilled, self->cap_spilled);
    self->spill_used = 0;
    self->spilled[self->n_spilled] =
        tide_pool_take(self->pool, bytes > SPILL_BYTES_MIN ? bytes : SPILL_BYTES_MIN);
    return self->spilled[self->n_spilled++];
}

static void append_strings(tide_block_builder *self, struct tide_block_builder_col *col,
                           const tide_col *from, const uint16_t *rows, uint32_t n)
{
    tide_view *out = (tide_view *)col->values + self->n;
    size_t bytes = tide_views_long_bytes(from, rows, n);
    col->has_long = col->has_long || bytes;
    bool fits = bytes <= heap_room(self);
    tide_buf *buf = fits ? self->buf : open_spill(self, bytes);
    size_t *used = fits ? &self->heap_bytes : &self->spill_used;
    size_t begin = (fits ? self->heap_at : 0) + *used;
    tide_views_heap heap = { .at = buf->data + begin,
                             .end = buf->data + buf->capacity,
                             .buf = fits ? 0 : self->n_spilled,
                             .offset = (uint32_t)begin };
    tide_views_gather(from, rows, n, out, &heap);
    *used += bytes;
}

static void append_nulls(tide_block_builder *self, struct tide_block_builder_col *col,
                         const tide_col *from, const uint16_t *rows, uint32_t n)
{
    if (!col->has_nulls) memset(col->validity, 0xff, block_validity_bytes(self->cap));
    col->has_nulls = true;
    for (uint32_t i = 0, at = self->n; i < n; i++, at++)
        if (!tide_col_valid(from, rows[i])) col->validity[at >> 6] &= ~(1ull << (at & 63));
}

static void append_changes(tide_block_builder *self, const tide_batch *src, const uint16_t *rows,
                           uint32_t n)
{
    if (self->change == NULL) {
        self->change_buf = tide_pool_take(self->pool, self->cap);
        self->change = (int8_t *)self->change_buf->data;
        memset(self->change, TIDE_CHANGE_INSERT, self->cap);
    }
    for (uint32_t i = 0; i < n; i++)
        self->change[self->n + i] = (int8_t)tide_batch_change(src, rows[i]);
}

void tide_block_builder_append(tide_block_builder *self, const tide_batch *src,
                               const uint16_t *rows, uint32_t n)
{
    tide_assert(src->n_cols == self->schema->n && n <= self->cap - self->n);
    if (n == 0) return;
    if (self->buf == NULL) start_block(self);
    for (uint32_t c = 0; c < self->schema->n; c++) {
        struct tide_block_builder_col *col = &self->cols[c];
        const tide_col *from = src->cols[c];
        tide_assert_slow(from->type.id == self->schema->fields[c].type.id);
        if (tide_type_is_string(from->type))
            append_strings(self, col, from, rows, n);
        else
            tide_values_gather(col->values + (size_t)self->n * col->width, from->values, col->width,
                               rows, n);
        if (from->validity) append_nulls(self, col, from, rows, n);
    }
    if (src->change || self->change) append_changes(self, src, rows, n);
    if (self->n == 0 || (src->born_ns && src->born_ns < self->born_ns))
        self->born_ns = src->born_ns;
    self->n += n;
}

/* ---- a batch out ---- */
static tide_col *finish_column(tide_block_builder *self, uint32_t c)
{
    const struct tide_block_builder_col *from = &self->cols[c];
    tide_col *col = tide_col_empty(self->pool, self->schema->fields[c].type, self->n);
    col->values = from->values;
    col->values_buf = tide_buf_ref(self->buf);
    if (from->has_nulls) col->validity = from->validity;
    if (!from->has_long) return col;
    tide_buf *data = tide_buf_ref(self->buf);
    tide_col_add_data(col, self->pool, &data);
    for (uint32_t i = 0; i < self->n_spilled; i++) {
        data = tide_buf_ref(self->spilled[i]);
        tide_col_add_data(col, self->pool, &data);
    }
    return col;
}

/* Writes what makes the buffer a block, and zeros where nothing was written. */
static void seal(tide_block_builder *self, tide_batch *batch)
{
    uint8_t *block = self->buf->data + TIDE_BLOCK_LEAD, *heads = self->buf->data;
    size_t heap_end = self->heap_at + self->heap_bytes, end = block_padded(heap_end);
    memset(heads, 0, TIDE_BLOCK_LEAD + block_heads_bytes(self->schema->n, false));
    memset(self->buf->data + heap_end, 0, end - heap_end + TIDE_BLOCK_TAIL);
    *(block_head *)block = (block_head){ .magic = BLOCK_MAGIC,
                                         .n_rows = self->n,
                                         .n_cols = self->schema->n,
                                         .flags = BLOCK_HAS_ROOM,
                                         .bytes = end - TIDE_BLOCK_LEAD,
                                         .rows_room = self->cap,
                                         .views_from = TIDE_BLOCK_LEAD };
    block_col *line = (block_col *)((block_head *)block + 1);
    for (uint32_t c = 0; c < self->schema->n; c++) {
        struct tide_block_builder_col *col = &self->cols[c];
        size_t used = (size_t)self->n * col->width, room = (size_t)self->cap * col->width;
        memset(col->values + used, 0, block_padded(room) - used);
        if (!col->has_nulls) memset(col->validity, 0xff, block_validity_bytes(self->cap));
        line[c].type = self->schema->fields[c].type;
        line[c].flags = col->has_nulls ? BLOCK_HAS_NULLS : 0;
    }
    batch->block = tide_buf_ref(self->buf);
    batch->block_bytes = (uint32_t)(end - TIDE_BLOCK_LEAD);
}

/* What a full block of such rows would need, and a bit more. */
static void learn_heap(tide_block_builder *self)
{
    size_t bytes = self->heap_bytes + self->spill_used;
    for (uint32_t i = 0; i + 1 < self->n_spilled; i++) bytes += self->spilled[i]->capacity;
    bytes = bytes * self->cap / self->n;
    bytes += bytes / 8;
    self->heap_wanted = bytes < HEAP_WANTED_MAX ? bytes : HEAP_WANTED_MAX;
}

tide_batch *tide_block_builder_finish(tide_block_builder *self)
{
    if (self->n == 0) return NULL;
    tide_buf *cols_buf = tide_pool_take(self->pool, self->schema->n * sizeof(tide_col *));
    tide_col **cols = (tide_col **)cols_buf->data;
    for (uint32_t c = 0; c < self->schema->n; c++) cols[c] = finish_column(self, c);
    tide_batch *batch = tide_batch_new(self->pool, cols, self->schema->n, self->n);
    tide_buf_unref(&cols_buf);
    batch->born_ns = self->born_ns;
    if (self->change) {
        tide_col *change = tide_col_empty(self->pool, tide_type_of(TIDE_TYPE_TINYINT), self->n);
        change->values = self->change;
        change->values_buf = tide_buf_ref(self->change_buf);
        tide_batch_set_change(batch, &change);
    } else if (self->n_spilled == 0 && IS_WORTH_SENDING(self->n, self->cap)) {
        seal(self, batch);
    }
    learn_heap(self);
    drop_rows(self);
    return batch;
}
