/* batch.h - what moves: up to TIDE_BATCH_ROWS_MAX rows as columns.
 *
 * A column is immutable once published and refcounted, so that projections, filters and in-process
 * shuffles share it. A batch is a set of columns, a count, and optionally
 *   - a selection: the physical rows that belong to the batch, ascending. A filter only makes a new
 *     selection. Without one the batch is all rows 0 .. n_phys-1;
 *   - a change column (int8_t tide_change values): absent means that every row is an insert.
 * Loops go over `k < n_rows` with physical row `sel ? sel[k] : k`.
 * Building: fill a tide_builder, then tide_builder_finish. All memory comes from a pool; the
 * functions that take a pool must run on its owner thread, the others on any. */
#ifndef TIDE_BASE_COLUMN_BATCH_H
#define TIDE_BASE_COLUMN_BATCH_H
#include <string.h>

#include "base/column/type.h"
#include "base/core/pool.h"

#define TIDE_BATCH_ROWS_MAX 4096u

typedef enum tide_change {
    TIDE_CHANGE_INSERT = 0,        /* +I */
    TIDE_CHANGE_UPDATE_BEFORE = 1, /* -U */
    TIDE_CHANGE_UPDATE_AFTER = 2,  /* +U */
    TIDE_CHANGE_DELETE = 3         /* -D */
} tide_change;
TIDE_INLINE bool tide_change_is_retraction(int8_t c)
{
    return c == TIDE_CHANGE_UPDATE_BEFORE || c == TIDE_CHANGE_DELETE;
}

typedef struct tide_col {
    _Atomic uint32_t refs;
    tide_type type;
    uint32_t n;         /* Physical rows. */
    uint32_t n_data;    /* Strings: data buffers. */
    const void *values; /* n values of the type's width; undefined where NULL (but readable). */
    const uint64_t
        *validity; /* Bit i of the words: row i is not NULL. NULL pointer: no row is NULL. */
    tide_buf *values_buf, *validity_buf; /* What keeps the two alive; either may be NULL. */
    tide_buf **data;                     /* Strings' long bytes; views index it. */
    tide_buf *self_buf, *data_buf;       /* Hold this struct and the array `data`. */
} tide_col;

typedef struct tide_batch {
    _Atomic uint32_t refs;
    uint32_t n_rows, n_phys, n_cols;
    const uint16_t *sel; /* n_rows ascending physical rows, or NULL. */
    tide_buf *sel_buf;
    tide_col *change; /* TINYINT of tide_change, or NULL. */
    int64_t born_ns;  /* When its oldest row came in, by the injected clock; 0 unknown. */
    tide_buf *self_buf;
    /* Where all of it lies as one block of block_bytes, TIDE_BLOCK_LEAD behind the buffer's
     * beginning (block.h); NULL for most. */
    tide_buf *block;
    uint32_t block_bytes;
    tide_col *cols[];
} tide_batch;

TIDE_INLINE bool tide_col_valid(const tide_col *self, uint32_t row)
{
    return self->validity == NULL || ((self->validity[row >> 6] >> (row & 63)) & 1);
}
TIDE_INLINE const char *tide_view_ptr(const tide_view *v, tide_buf *const *data)
{
    return v->len <= TIDE_VIEW_INLINE_MAX ? v->inline_
                                          : (const char *)data[v->buf]->data + v->offset;
}
/* The bytes of string row `row`; *len_out gets their number. Borrows from the column. */
TIDE_INLINE const char *tide_col_str(const tide_col *self, uint32_t row, uint32_t *len_out)
{
    const tide_view *v = (const tide_view *)self->values + row;
    *len_out = v->len;
    return tide_view_ptr(v, self->data);
}
TIDE_INLINE uint32_t tide_batch_phys(const tide_batch *self, uint32_t k)
{
    return self->sel ? self->sel[k] : k;
}
TIDE_INLINE tide_change tide_batch_change(const tide_batch *self, uint32_t phys)
{
    return self->change ? (tide_change)((const int8_t *)self->change->values)[phys]
                        : TIDE_CHANGE_INSERT;
}

/* ---- columns ---- */
tide_col *tide_col_ref(tide_col *self);
void tide_col_unref(tide_col **self_p);

/* A column of `n` uninitialised values. *values_out and, when want_validity, *validity_out (all
 * ones) are writable until the column is published. Strings start without data buffers. */
tide_col *tide_col_new(tide_pool *pool, tide_type type, uint32_t n, void **values_out,
                       bool want_validity, uint64_t **validity_out);
/* Appends a data buffer to a string column under construction; takes the reference and nulls
 * *buf_p. Returns its index for views. */
uint32_t tide_col_add_data(tide_col *self, tide_pool *pool, tide_buf **buf_p);
/* n times the same value. */
tide_col *tide_col_constant(tide_pool *pool, const tide_value *value, uint32_t n);
/* The same values seen as another type of equal width and representation (TIMESTAMP(3) as (6)). */
tide_col *tide_col_retyped(tide_pool *pool, tide_col *self, tide_type type);
/* Rows rows[0..n) of self, in that order, as a new dense column; strings share the data buffers. */
tide_col *tide_col_gather(tide_pool *pool, tide_col *self, const uint16_t *rows, uint32_t n);
/* Copies row `row` out; strings borrow from the column. */
tide_value tide_col_value(const tide_col *self, uint32_t row);

/* ---- batches ---- */
tide_batch *tide_batch_ref(tide_batch *self);
void tide_batch_unref(tide_batch **self_p); /* NULL inside is fine. */

/* A dense batch over cols[0..n_cols), each of n_phys rows; takes the references and nulls them. */
tide_batch *tide_batch_new(tide_pool *pool, tide_col **cols, uint32_t n_cols, uint32_t n_phys);
/* The same columns, only rows sel[0..n) (physical, ascending, copied). */
tide_batch *tide_batch_select(tide_pool *pool, tide_batch *self, const uint16_t *sel, uint32_t n);
/* Columns idx[0..n), shared; same rows, selection and changes. */
tide_batch *tide_batch_project(tide_pool *pool, tide_batch *self, const uint32_t *idx, uint32_t n);
/* Other columns over the same physical rows, selection, changes and birth; takes the references. */
tide_batch *tide_batch_with_cols(tide_pool *pool, tide_batch *self, tide_col **cols,
                                 uint32_t n_cols);
/* Dense form: itself (referenced) when it has no selection, else gathered. */
tide_batch *tide_batch_compact(tide_pool *pool, tide_batch *self);
/* Sets the change column of a batch not yet published; takes the reference. */
void tide_batch_set_change(tide_batch *self, tide_col **change_p);
/* Bytes that the batch's buffers pin, and bytes that its selected rows need. */
size_t tide_batch_pinned_bytes(const tide_batch *self);
size_t tide_batch_used_bytes(const tide_batch *self);
/* A deep copy with its own, just large enough buffers: what an outbox does to a small batch that
 * pins much (the design's lifetime rule). */
tide_batch *tide_batch_copy(tide_pool *pool, const tide_batch *self);

/* ---- building ---- */
/* One column under construction. Writers may use `values` directly for fixed-width types. */
typedef struct tide_colb {
    tide_type type;
    uint32_t width;
    void *values;
    uint64_t *validity; /* NULL until the first NULL is written. */
    tide_buf *values_buf, *validity_buf;
    tide_buf **data; /* Finished and open heap buffers of this column. */
    uint32_t n_data, cap_data;
    uint8_t *heap; /* The open (last) one, or NULL. */
    uint32_t heap_used, heap_cap;
    uint32_t rows_cap;
    tide_pool *pool;
} tide_colb;

typedef struct tide_builder {
    tide_pool *pool;
    uint32_t n_cols, n,
        cap; /* n: rows so far; the caller advances it. cap <= TIDE_BATCH_ROWS_MAX. */
    tide_colb *cols;
    int8_t *change; /* NULL until tide_builder_set_change. */
    tide_buf *change_buf;
    int64_t born_ns;
} tide_builder;

void tide_builder_init(tide_builder *self, tide_pool *pool, const tide_type *types, uint32_t n_cols,
                       uint32_t cap);
void tide_builder_fini(tide_builder *self);
TIDE_INLINE bool tide_builder_full(const tide_builder *self)
{
    return self->n == self->cap;
}

/* Row `row` of a column under construction. Every row up to n must be set exactly once per column.
 */
void tide_colb_set_null(tide_colb *self, uint32_t row);
void tide_colb_put_str(tide_colb *self, uint32_t row, const char *ptr, uint32_t len);
/* Room for len bytes of a string to be written in place; then _commit with its true length (<=
 * len). */
char *tide_colb_reserve(tide_colb *self, uint32_t len);
void tide_colb_commit(tide_colb *self, uint32_t row, const char *at, uint32_t len);
void tide_colb_put_value(tide_colb *self, uint32_t row, const tide_value *value);
/* Adds an existing buffer as heap (zero copy; references it); views with the index returned may
 * point into it. A later put_str opens another heap buffer. */
uint32_t tide_colb_share(tide_colb *self, tide_buf *buf);

/* Sets row's change; rows never set are inserts. */
void tide_builder_set_change(tide_builder *self, uint32_t row, tide_change change);
/* Appends the physical rows rows[0..n) of src (same types), changes included; strings share src's
 * data buffers when that is cheap, else their bytes are copied. n <= cap - self->n. */
void tide_builder_append(tide_builder *self, const tide_batch *src, const uint16_t *rows,
                         uint32_t n);
/* Appends rows of many batches (same types), changes included, in any order: rows[i] is row rows[i]
 * % TIDE_BATCH_ROWS_MAX of batches[rows[i] / TIDE_BATCH_ROWS_MAX]. Strings are copied. n <= cap -
 * self->n. */
void tide_builder_gather(tide_builder *self, tide_batch *const *batches, const uint32_t *rows,
                         uint32_t n);
/* The rows so far as a batch; the builder starts anew. NULL when there are none. */
tide_batch *tide_builder_finish(tide_builder *self);

#endif
