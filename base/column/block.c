/* block.c - a header, a line per column, and the columns' parts behind each other. */
#include "base/column/block.h"

#include "base/column/batch_priv.h"
#include "base/core/assert.h"

#define WORDS(n) (((size_t)(n) + 63) / 64)
#define MAGIC 0x31424d54u /* "TMB1" */
#define HAS_CHANGES 1u
#define HAS_NULLS 1u
#define SHORT_COPY_MAX 256u /* Longer strings are worth a call of memcpy. */

typedef struct block_head {
    uint32_t magic, n_rows, n_cols, flags;
    uint64_t bytes, zero;
} block_head;

typedef struct col_head { /* One per column, behind the header; the change column's is last. */
    tide_type type;
    uint32_t flags;
    uint64_t heap_bytes;
} col_head;
_Static_assert(sizeof(block_head) == 32 && sizeof(col_head) == 16, "sent layouts");

TIDE_INLINE size_t padded(size_t bytes)
{
    return (bytes + TIDE_BLOCK_ALIGN - 1) & ~(size_t)(TIDE_BLOCK_ALIGN - 1);
}

static size_t heads_bytes(uint32_t n_cols, bool has_changes)
{
    return padded(sizeof(block_head) + (n_cols + has_changes) * sizeof(col_head));
}

static size_t fixed_bytes(uint32_t n_rows, uint32_t width, bool has_nulls)
{
    return (has_nulls ? padded(WORDS(n_rows) * 8) : 0) + padded((size_t)n_rows * width);
}

/* ---- writing ---- */
static TIDE_HOT uint64_t add_long_bytes(const tide_view *views, uint32_t n)
{
    uint64_t bytes = 0;
    for (uint32_t row = 0; row < n; row++)
        bytes += views[row].len > TIDE_VIEW_INLINE_MAX ? views[row].len : 0;
    return bytes;
}

/* Of the long strings of a column's rows. */
static uint64_t heap_bytes(const tide_col *col, const tide_batch *batch)
{
    const tide_view *views = col->values;
    if (col->n_data == 0) return 0;
    if (batch->sel == NULL && col->validity == NULL) return add_long_bytes(views, batch->n_rows);
    uint64_t bytes = 0;
    for (uint32_t k = 0; k < batch->n_rows; k++) {
        uint32_t row = tide_batch_phys(batch, k);
        bool counts = views[row].len > TIDE_VIEW_INLINE_MAX && tide_col_valid(col, row);
        bytes += counts ? views[row].len : 0;
    }
    return bytes;
}

size_t tide_block_bytes(const tide_batch *batch, const tide_schema *schema)
{
    tide_assert(batch->n_cols == schema->n);
    size_t bytes = heads_bytes(schema->n, batch->change != NULL);
    if (batch->change) bytes += fixed_bytes(batch->n_rows, 1, false);
    for (uint32_t c = 0; c < schema->n; c++) {
        const tide_col *col = batch->cols[c];
        bytes += fixed_bytes(batch->n_rows, tide_type_width(col->type), col->validity != NULL);
        if (!tide_type_is_string(col->type)) continue;
        bytes += padded(heap_bytes(col, batch));
    }
    return bytes;
}

/* Zeros up to the next multiple of the alignment. */
static uint8_t *pad(uint8_t *at, size_t bytes)
{
    memset(at + bytes, 0, padded(bytes) - bytes);
    return at + padded(bytes);
}

static uint8_t *write_validity(const tide_col *col, const tide_batch *batch, uint8_t *to)
{
    size_t bytes = WORDS(batch->n_rows) * 8;
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

/* Strings that lie behind each other are copied together. */
typedef struct run {
    const uint8_t *from;
    uint32_t buf, begin, end; /* Of the column's buffer `buf`. */
} run;

/* Copies the run to `to`; in pieces of 16 bytes, if it is short, of which up to 15 are too many:
 * every buffer is readable behind its end, and `end` is where the room at `to` ends. */
TIDE_INLINE uint8_t *copy_run(const run *r, uint8_t *to, const uint8_t *end)
{
    uint32_t len = r->end - r->begin;
    if (len > SHORT_COPY_MAX || to + len + 16 > end)
        memcpy(to, r->from + r->begin, len);
    else
        for (uint32_t i = 0; i < len; i += 16) memcpy(to + i, r->from + r->begin + i, 16);
    return to + len;
}

/* A view as two words, in registers: length and prefix; buffer and offset. Fields that are written
 * one by one and then copied as a whole cost more than all the rest. */
typedef struct halves {
    uint64_t low, high;
} halves;
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && offsetof(tide_view, buf) == 8, "");

/* Views to `to`, and the bytes of long strings behind each other to `heap`, which is `offset` bytes
 * behind the block's beginning and ends at `end`. */
static void write_views(const tide_col *col, const tide_batch *batch, tide_view *to, uint8_t *heap,
                        const uint8_t *end, uint32_t offset)
{
    const halves *views = col->values;
    halves *out = (halves *)to;
    const uint8_t *began = heap;
    run r = { .from = heap, .buf = UINT32_MAX };
    for (uint32_t k = 0; k < batch->n_rows; k++) {
        uint32_t row = tide_batch_phys(batch, k);
        halves v = views[row];
        if (!tide_col_valid(col, row)) v = (halves){ 0 };
        if ((uint32_t)v.low > TIDE_VIEW_INLINE_MAX) {
            uint32_t buf = (uint32_t)v.high, at = (uint32_t)(v.high >> 32);
            if (buf != r.buf || at != r.end) {
                heap = copy_run(&r, heap, end);
                r = (run){ col->data[buf]->data, buf, at, at };
            }
            v.high = (uint64_t)(offset + (uint32_t)(heap - began) + (r.end - r.begin)) << 32;
            r.end += (uint32_t)v.low;
        }
        out[k] = v;
    }
    copy_run(&r, heap, end);
}

/* The views at `to`, the bytes of long strings behind them; `block` is where the block begins. */
static uint8_t *write_strings(const tide_col *col, const tide_batch *batch, uint8_t *to,
                              const uint8_t *block, uint64_t *heap_bytes_out)
{
    size_t views_bytes = (size_t)batch->n_rows * sizeof(tide_view);
    uint64_t bytes = heap_bytes(col, batch);
    if (bytes == 0 && col->validity == NULL) return write_values(col, batch, to);
    uint8_t *heap = pad(to, views_bytes);
    write_views(col, batch, (tide_view *)to, heap, heap + bytes, (uint32_t)(heap - block));
    *heap_bytes_out = bytes;
    return pad(heap, bytes);
}

size_t tide_block_write(const tide_batch *batch, const tide_schema *schema, uint8_t *to)
{
    tide_assert((uintptr_t)to % TIDE_BLOCK_ALIGN == 0 && batch->n_cols == schema->n);
    bool has_changes = batch->change != NULL;
    block_head *head = (block_head *)to;
    col_head *cols = (col_head *)(head + 1);
    uint8_t *at = to + heads_bytes(schema->n, has_changes);
    memset(to, 0, (size_t)(at - to));
    for (uint32_t c = 0; c < schema->n; c++) {
        const tide_col *col = batch->cols[c];
        tide_assert(col->type.id == schema->fields[c].type.id);
        cols[c].type = schema->fields[c].type;
        cols[c].flags = col->validity ? HAS_NULLS : 0;
        if (col->validity) at = write_validity(col, batch, at);
        at = tide_type_is_string(col->type) ? write_strings(col, batch, at, to, &cols[c].heap_bytes)
                                            : write_values(col, batch, at);
    }
    if (has_changes) {
        cols[schema->n].type = tide_type_of(TIDE_TYPE_TINYINT);
        at = write_values(batch->change, batch, at);
    }
    *head = (block_head){ .magic = MAGIC,
                          .n_rows = batch->n_rows,
                          .n_cols = schema->n,
                          .flags = has_changes ? HAS_CHANGES : 0,
                          .bytes = (uint64_t)(at - to) };
    return (size_t)(at - to);
}

/* ---- reading ---- */
static tide_status corrupt(const char *what)
{
    return tide_fail(TIDE_E_CORRUPT, "block of rows: %s", what);
}

/* Every long view lies in [first, end) of the block, and a copy of all their bytes could still be
 * addressed. Sets *any_long. */
static bool views_hold(const tide_view *views, uint32_t n, uint64_t first, uint64_t end,
                       bool *any_long)
{
    uint32_t bad = 0;
    uint64_t long_bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        const tide_view *v = &views[i];
        uint32_t is_long = v->len > TIDE_VIEW_INLINE_MAX;
        uint32_t outside = v->buf != 0 || v->offset < first || (uint64_t)v->offset + v->len > end;
        bad |= is_long & outside;
        long_bytes += is_long ? v->len : 0;
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
    size_t at; /* Where the next column's parts begin. */
} reading;

/* The next column; NULL: it does not hold. */
static tide_col *read_col(reading *r, const col_head *head, tide_type type)
{
    uint32_t n = r->head->n_rows;
    bool has_nulls = head->flags & HAS_NULLS, is_string = tide_type_is_string(type);
    bool any_long = false;
    size_t left = r->head->bytes - r->at;
    size_t fixed = fixed_bytes(n, tide_type_width(type), has_nulls);
    if (!tide_type_equal(head->type, type) || head->flags & ~HAS_NULLS || fixed > left) return NULL;
    if (head->heap_bytes > (is_string ? left - fixed : 0)) return NULL;
    uint8_t *block = r->buf->data, *validity = block + r->at;
    uint8_t *values = validity + (has_nulls ? padded(WORDS(n) * 8) : 0);
    size_t heap = r->at + fixed;
    r->at = heap + padded(head->heap_bytes);
    if (is_string && !views_hold((tide_view *)values, n, heap, heap + head->heap_bytes, &any_long))
        return NULL;
    if (type.id == TIDE_TYPE_BOOLEAN)
        for (uint32_t i = 0; i < n; i++) values[i] &= 1; /* Kernels rely on it. */
    tide_col *col = tide_col_empty(r->pool, type, n);
    col->values = values;
    col->values_buf = tide_buf_ref(r->buf);
    if (has_nulls) col->validity = (uint64_t *)validity;
    if (is_string && any_long) {
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
    if (head->magic != MAGIC) return corrupt("no block begins here");
    if (head->bytes != bytes || bytes % TIDE_BLOCK_ALIGN) return corrupt("truncated");
    if (head->n_rows > TIDE_BATCH_ROWS_MAX) return corrupt("too many rows");
    if (head->n_cols != schema->n || head->flags & ~HAS_CHANGES) return corrupt("other columns");
    if (heads_bytes(schema->n, head->flags & HAS_CHANGES) > bytes) return corrupt("no columns");
    return TIDE_OK;
}

static tide_status read_changes(reading *r, const col_head *head, tide_batch *batch)
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
    const col_head *heads = (const col_head *)(head + 1);
    bool has_changes = head->flags & HAS_CHANGES;
    reading r = {
        .buf = buf, .pool = pool, .head = head, .at = heads_bytes(schema->n, has_changes)
    };
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
        if (rv == TIDE_OK && r.at != bytes) rv = corrupt("bytes behind its columns");
        if (rv != TIDE_OK) tide_batch_unref(out);
    }
    tide_buf_unref(&cols_buf);
    return rv;
}
