/* block.c - a header, a line per column, and the columns' parts behind each other. */
#include "base/column/block.h"

#include "base/column/batch_priv.h"
#include "base/column/block_priv.h"
#include "base/column/views.h"
#include "base/core/assert.h"

/* ---- writing ---- */
size_t tide_block_bytes(const tide_batch *batch, const tide_schema *schema)
{
    tide_assert(batch->n_cols == schema->n);
    size_t bytes = block_heads_bytes(schema->n, batch->change != NULL);
    if (batch->change) bytes += block_fixed_bytes(batch->n_rows, 1, false);
    for (uint32_t c = 0; c < schema->n; c++) {
        const tide_col *col = batch->cols[c];
        bytes +=
            block_fixed_bytes(batch->n_rows, tide_type_width(col->type), col->validity != NULL);
        if (!tide_type_is_string(col->type)) continue;
        bytes += block_padded(tide_views_long_bytes(col, batch->sel, batch->n_rows));
    }
    return bytes;
}

/* Zeros up to the next multiple of the alignment. */
static uint8_t *pad(uint8_t *at, size_t bytes)
{
    memset(at + bytes, 0, block_padded(bytes) - bytes);
    return at + block_padded(bytes);
}

static uint8_t *write_validity(const tide_col *col, const tide_batch *batch, uint8_t *to)
{
    size_t bytes = ((size_t)batch->n_rows + 63) / 64 * 8;
    if (batch->sel) {
        memset(to, 0xff, bytes);
        tide_bits_gather((uint64_t *)to, col->validity, batch->sel, batch->n_rows);
    } else {
        memcpy(to, col->validity, bytes);
    }
    return pad(to, bytes);
}

static uint8_t *write_values(const tide_col *col, const tide_batch *batch, uint8_t *to)
{
    uint32_t width = tide_type_width(col->type), n = batch->n_rows;
    if (batch->sel)
        tide_values_gather(to, col->values, width, batch->sel, n);
    else if (n)
        memcpy(to, col->values, (size_t)n * width);
    return pad(to, (size_t)n * width);
}

/* The views at `to`, the bytes of long strings behind them; `block` is where the block begins, its
 * room ends at `end`. */
static uint8_t *write_strings(const tide_col *col, const tide_batch *batch, uint8_t *to,
                              const uint8_t *block, const uint8_t *end, uint64_t *heap_bytes_out)
{
    if (col->n_data == 0 && col->validity == NULL) return write_values(col, batch, to);
    uint8_t *begin = pad(to, (size_t)batch->n_rows * sizeof(tide_view));
    tide_views_heap heap = { .at = begin, .end = end, .offset = (uint32_t)(begin - block) };
    tide_views_gather(col, batch->sel, batch->n_rows, (tide_view *)to, &heap);
    *heap_bytes_out = (uint64_t)(heap.at - begin);
    return pad(begin, *heap_bytes_out);
}

size_t tide_block_write(const tide_batch *batch, const tide_schema *schema, uint8_t *to,
                        size_t room)
{
    tide_assert((uintptr_t)to % TIDE_BLOCK_ALIGN == 0 && batch->n_cols == schema->n);
    bool has_changes = batch->change != NULL;
    block_head *head = (block_head *)to;
    block_col *cols = (block_col *)(head + 1);
    uint8_t *at = to + block_heads_bytes(schema->n, has_changes);
    memset(to, 0, (size_t)(at - to));
    for (uint32_t c = 0; c < schema->n; c++) {
        const tide_col *col = batch->cols[c];
        tide_assert(col->type.id == schema->fields[c].type.id);
        cols[c].type = schema->fields[c].type;
        cols[c].flags = col->validity ? BLOCK_HAS_NULLS : 0;
        if (col->validity) at = write_validity(col, batch, at);
        at = tide_type_is_string(col->type)
                 ? write_strings(col, batch, at, to, to + room, &cols[c].heap_bytes)
                 : write_values(col, batch, at);
    }
    if (has_changes) {
        cols[schema->n].type = tide_type_of(TIDE_TYPE_TINYINT);
        at = write_values(batch->change, batch, at);
    }
    *head = (block_head){ .magic = BLOCK_MAGIC,
                          .n_rows = batch->n_rows,
                          .n_cols = schema->n,
                          .flags = has_changes ? BLOCK_HAS_CHANGES : 0,
                          .bytes = (uint64_t)(at - to),
                          .rows_room = batch->n_rows };
    return (size_t)(at - to);
}

/* ---- reading ---- */
static tide_status corrupt(const char *what)
{
    return tide_fail(TIDE_E_CORRUPT, "block of rows: %s", what);
}

/* Every long view lies in [first, end) of the block, and a copy of all their bytes could still be
 * addressed. Sets *any_long. Views that count from elsewhere are made to count from the block. */
TIDE_INLINE bool views_hold(tide_view *views, uint32_t n, uint32_t from, uint64_t first,
                            uint64_t end, bool *any_long)
{
    uint32_t bad = 0;
    uint64_t long_bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        tide_view *v = &views[i];
        uint32_t is_long = v->len > TIDE_VIEW_INLINE_MAX;
        uint32_t offset = v->offset - (is_long ? from : 0);
        uint32_t outside = v->buf != 0 || offset < first || (uint64_t)offset + v->len > end;
        bad |= is_long & outside;
        long_bytes += is_long ? v->len : 0;
        if (from) v->offset = offset;
    }
    *any_long = long_bytes;
    return !bad && long_bytes <= UINT32_MAX;
}

static bool changes_hold(const uint8_t *changes, uint32_t n)
{
    uint8_t all = 0;
    for (uint32_t i = 0; i < n; i++) all |= changes[i];
    return all <= TIDE_CHANGE_DELETE;
}

/* What is read of a block. */
typedef struct reading {
    tide_buf *buf;
    tide_pool *pool;
    const block_head *head;
    size_t at;   /* Where the next column's parts begin. */
    size_t heap; /* Of a block with room: where it begins. */
} reading;

/* A column's strings, whose own heap begins behind its values. */
static bool strings_hold(reading *r, const block_col *line, tide_view *views, bool *any_long)
{
    bool has_room = r->head->flags & BLOCK_HAS_ROOM;
    size_t first = has_room ? r->heap : r->at;
    size_t end = has_room ? r->head->bytes : first + line->heap_bytes;
    uint32_t n = r->head->n_rows, from = r->head->views_from;
    return from ? views_hold(views, n, from, first, end, any_long)
                : views_hold(views, n, 0, first, end, any_long);
}

/* The next column; NULL: it does not hold. */
static tide_col *read_col(reading *r, const block_col *line, tide_type type)
{
    uint32_t n = r->head->n_rows, room = r->head->rows_room;
    bool has_nulls = line->flags & BLOCK_HAS_NULLS, is_string = tide_type_is_string(type);
    bool has_room = r->head->flags & BLOCK_HAS_ROOM, has_validity = has_nulls || has_room;
    size_t left = r->head->bytes - r->at;
    size_t fixed = block_fixed_bytes(room, tide_type_width(type), has_validity);
    if (!tide_type_equal(line->type, type) || line->flags & ~BLOCK_HAS_NULLS || fixed > left)
        return NULL;
    if (line->heap_bytes > (is_string && !has_room ? left - fixed : 0)) return NULL;
    uint8_t *validity = r->buf->data + r->at;
    uint8_t *values = validity + (has_validity ? block_validity_bytes(room) : 0);
    r->at += fixed;
    bool any_long = false;
    if (is_string && !strings_hold(r, line, (tide_view *)values, &any_long)) return NULL;
    r->at += block_padded(line->heap_bytes);
    if (type.id == TIDE_TYPE_BOOLEAN)
        for (uint32_t i = 0; i < n; i++) values[i] &= 1; /* Kernels rely on it. */
    tide_col *col = tide_col_empty(r->pool, type, n);
    col->values = values;
    col->values_buf = tide_buf_ref(r->buf);
    if (has_nulls) col->validity = (uint64_t *)validity;
    if (any_long) {
        tide_buf *data = tide_buf_ref(r->buf);
        tide_col_add_data(col, r->pool, &data);
    }
    return col;
}

static tide_status check_head(const tide_buf *buf, size_t bytes, const tide_schema *schema)
{
    const block_head *head = (const block_head *)buf->data;
    if (bytes > buf->capacity || bytes < sizeof *head || bytes > TIDE_BLOCK_BYTES_MAX)
        return corrupt("its size");
    if (head->magic != BLOCK_MAGIC) return corrupt("no block begins here");
    if (head->bytes != bytes || bytes % TIDE_BLOCK_ALIGN) return corrupt("truncated");
    if (head->n_rows > TIDE_BATCH_ROWS_MAX) return corrupt("too many rows");
    uint32_t known = BLOCK_HAS_CHANGES | BLOCK_HAS_ROOM;
    if (head->n_cols != schema->n || head->flags & ~known || head->flags == known)
        return corrupt("other columns");
    bool has_room = head->flags & BLOCK_HAS_ROOM;
    if (has_room ? head->rows_room < head->n_rows || head->rows_room > TIDE_BATCH_ROWS_MAX
                 : head->rows_room != head->n_rows || head->views_from != 0)
        return corrupt("its room");
    if (block_heads_bytes(schema->n, head->flags & BLOCK_HAS_CHANGES) > bytes)
        return corrupt("no columns");
    return TIDE_OK;
}

static tide_status read_changes(reading *r, const block_col *head, tide_batch *batch)
{
    tide_col *change = read_col(r, head, tide_type_of(TIDE_TYPE_TINYINT));
    if (change == NULL) return corrupt("its change column");
    bool holds = changes_hold(change->values, change->n) && change->validity == NULL;
    if (holds)
        tide_batch_set_change(batch, &change);
    else
        tide_col_unref(&change);
    return holds ? TIDE_OK : corrupt("an unknown change");
}

tide_status tide_block_read(tide_buf *buf, size_t bytes, const tide_schema *schema, tide_pool *pool,
                            tide_batch **out)
{
    *out = NULL;
    TIDE_TRY(check_head(buf, bytes, schema));
    const block_head *head = (const block_head *)buf->data;
    const block_col *heads = (const block_col *)(head + 1);
    bool has_changes = head->flags & BLOCK_HAS_CHANGES;
    bool has_room = head->flags & BLOCK_HAS_ROOM;
    size_t begin = block_heads_bytes(schema->n, has_changes);
    reading r = { .buf = buf, .pool = pool, .head = head, .at = begin, .heap = begin };
    for (uint32_t c = 0; has_room && c < schema->n; c++)
        r.heap += block_fixed_bytes(head->rows_room, tide_type_width(schema->fields[c].type), true);
    tide_buf *cols_buf = tide_pool_take(pool, schema->n * sizeof(tide_col *));
    tide_col **cols = (tide_col **)cols_buf->data;
    tide_status rv = TIDE_OK;
    uint32_t n = 0;
    for (; n < schema->n; n++) {
        cols[n] = read_col(&r, &heads[n], schema->fields[n].type);
        if (cols[n] == NULL) break;
    }
    if (n < schema->n) {
        rv = corrupt(schema->fields[n].name);
        while (n-- > 0) tide_col_unref(&cols[n]);
    } else {
        *out = tide_batch_new(pool, cols, schema->n, head->n_rows);
        if (has_changes) rv = read_changes(&r, &heads[n], *out);
        if (rv == TIDE_OK && r.at != bytes && !has_room) rv = corrupt("bytes behind its columns");
        if (rv != TIDE_OK) tide_batch_unref(out);
    }
    tide_buf_unref(&cols_buf);
    return rv;
}
