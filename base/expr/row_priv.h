/* row_priv.h - what a function of one row's values may use (see tide_fn.row in fn.h).
 *
 * Owner: the thread that runs the program. */
#ifndef TIDE_BASE_EXPR_ROW_PRIV_H
#define TIDE_BASE_EXPR_ROW_PRIV_H
#include "base/core/bytes.h"
#include "base/expr/fn.h"

typedef struct tide_rowcall {
    uint32_t n_args;
    const void *imm; /* What the row's `prepare` made, or NULL. */
    int64_t now_us;
    uint64_t *random;   /* State of random(). */
    tide_bytes out;     /* For string results; emptied before each row. */
    tide_bytes scratch; /* For anything else. */
    tide_status code;   /* Of the failure, after TIDE_ROW_FAILED. */
    char text[160];
} tide_rowcall;

void tide_rowcall_fini(tide_rowcall *self);
/* Notes why the row failed and returns TIDE_ROW_FAILED. */
tide_row_result tide_row_fail(tide_rowcall *self, tide_status code, const char *fmt, ...)
    TIDE_PRINTF(3, 4);

/* The call's `out` bytes as the result. */
TIDE_INLINE tide_row_result tide_row_out(tide_rowcall *self, tide_value *out)
{
    out->str.ptr = self->out.p ? self->out.p : "";
    out->str.len = (uint32_t)self->out.n;
    return TIDE_ROW_VALUE;
}
TIDE_INLINE tide_row_result tide_row_str(tide_value *out, const char *ptr, size_t len)
{
    out->str.ptr = ptr;
    out->str.len = (uint32_t)len;
    return TIDE_ROW_VALUE;
}

/* The value of a hexadecimal digit, or -1. */
TIDE_INLINE int tide_hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9') return ch - '0';
    char small = (char)(ch | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/* CAST of args[0] to out->type. */
tide_row_result tide_row_cast(tide_rowcall *c, const tide_value *args, tide_value *out);
/* The same where SQL casts by itself: a text too long for VARCHAR(n) fails, unless only blanks go.
 */
tide_row_result tide_row_assign(tide_rowcall *c, const tide_value *args, tide_value *out);

#endif
