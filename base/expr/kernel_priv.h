/* kernel_priv.h - what a vector kernel gets, and what it may call.
 *
 * A kernel computes all k->n rows densely, also those that are NULL or not asked for (its inputs
 * there are readable, but any value), except that it must not follow a string view of such a
 * row. Before it runs, k->out->validity is set to the rows where no argument is NULL (NULL
 * pointer: all), unless the function takes NULLs itself. Errors count only for live rows
 * (tide_kcall_live). Constants are never NULL, except for functions that take NULLs. Owner: the
 * thread that runs the program. */
#ifndef TIDE_BASE_EXPR_KERNEL_PRIV_H
#define TIDE_BASE_EXPR_KERNEL_PRIV_H
#include "base/column/batch.h"
#include "base/expr/fn.h"
#include "base/expr/prog.h"
#include "base/expr/row_priv.h"

#define TIDE_MASK_WORDS (TIDE_BATCH_ROWS_MAX / 64)

/* An operand: an input column, a constant or a register. */
typedef struct tide_vec {
    tide_type type;
    bool constant;            /* values and validity hold one row, which stands for all. */
    void *values;             /* Read-only but for the step that computes it. */
    const uint64_t *validity; /* NULL: no row is NULL. */
    tide_buf *const *data;    /* Strings' data buffers. */
    uint32_t n_data;
} tide_vec;

typedef struct tide_reg {
    tide_vec vec;
    uint8_t *slot; /* Its own memory, which vec.values points to unless it is an output. */
    uint64_t *validity_store; /* TIDE_MASK_WORDS words that vec.validity may point to. */
    tide_buf **owned;         /* vec.data of a computed string register: references. */
    uint32_t n_owned, cap_owned, heap_used; /* heap_used: of the last buffer, if `writing`. */
    bool writing;
} tide_reg;

typedef struct tide_kcall {
    uint32_t n, n_args, pos;
    const tide_vec *const *args;
    tide_reg *out;
    const uint64_t *active; /* Rows asked for, bits; NULL: all. Bits from n on are zero. */
    const void *imm;
    tide_prog *prog;
} tide_kcall;

TIDE_INLINE uint32_t tide_mask_words(uint32_t n)
{
    return (n + 63) / 64;
}
TIDE_INLINE bool tide_bit(const uint64_t *bits, uint32_t row)
{
    return (bits[row >> 6] >> (row & 63)) & 1;
}
TIDE_INLINE bool tide_vec_valid(const tide_vec *v, uint32_t row)
{
    return v->validity == NULL || tide_bit(v->validity, v->constant ? 0 : row);
}
/* Is the row asked for, and not NULL so far? */
TIDE_INLINE bool tide_kcall_live(const tide_kcall *k, uint32_t row)
{
    return (k->active == NULL || tide_bit(k->active, row)) &&
           (k->out->vec.validity == NULL || tide_bit(k->out->vec.validity, row));
}
/* Live rows of word w. */
TIDE_INLINE uint64_t tide_kcall_live_word(const tide_kcall *k, uint32_t w)
{
    uint32_t left = k->n - w * 64;
    uint64_t word = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
    if (k->active) word &= k->active[w];
    if (k->out->vec.validity) word &= k->out->vec.validity[w];
    return word;
}
/* The bytes of row `row`; constants have one row. */
TIDE_INLINE const char *tide_vec_str(const tide_vec *v, uint32_t row, uint32_t *len_out)
{
    const tide_view *view = (const tide_view *)v->values + (v->constant ? 0 : row);
    *len_out = view->len;
    return tide_view_ptr(view, v->data);
}
/* One value out of a vector; the row must not be NULL. Strings borrow. */
void tide_vec_load(const tide_vec *v, uint32_t row, tide_value *out);

/* The result's validity, writable: made all ones if there was none. */
uint64_t *tide_kcall_validity(const tide_kcall *k);
void tide_kcall_set_null(const tide_kcall *k, uint32_t row);
/* The row fails and becomes NULL. The first failure of a row counts. */
void tide_kcall_error(const tide_kcall *k, uint32_t row, tide_status code, const char *fmt, ...)
    TIDE_PRINTF(4, 5);
tide_pool *tide_kcall_pool(const tide_kcall *k);
int64_t tide_kcall_now(const tide_kcall *k);

/* String results. _put copies the bytes; _share makes views into `from`'s buffers valid in the
 * result once `base`, which it returns, is added to their buffer index. */
void tide_kcall_put_str(const tide_kcall *k, uint32_t row, const char *ptr, uint32_t len);
/* Room for len bytes that become row `row` at once. */
char *tide_kcall_reserve_str(const tide_kcall *k, uint32_t row, uint32_t len);
uint32_t tide_kcall_share(const tide_kcall *k, const tide_vec *from);

/* bits[0..n) of bytes that are 0 or not; bits from n on are zero. */
void tide_bits_of_bytes(const uint8_t *bytes, uint32_t n, uint64_t *bits);

#endif
