/* prog.h - how are expressions run over a batch?
 *
 * Compiled once to a flat program of vector kernels over registers, with all decisions made at
 * compile time. SQL's NULL logic; overflow and division by zero are row errors, never
 * wrap-around; CASE, AND, OR and COALESCE evaluate a branch only for the rows that reach it.
 * Owner: one thread (registers are part of the program). Output columns come from the pool. */
#ifndef TIDE_BASE_EXPR_PROG_H
#define TIDE_BASE_EXPR_PROG_H
#include "base/column/batch.h"
#include "base/expr/expr.h"

typedef struct tide_prog tide_prog;

/* What an evaluation may know of the outside. */
typedef struct tide_prog_env {
    tide_pool *pool;
    int64_t now_us;       /* now(), CURRENT_TIMESTAMP: UTC microseconds since the epoch. */
    uint64_t random_seed; /* random(): the sequence goes on from call to call. */
} tide_prog_env;

/* A row that could not be computed. `row` counts selected rows from 0 (not physical). */
typedef struct tide_row_error {
    uint32_t row, pos; /* pos: of the failing node in the SQL text, or TIDE_POS_UNKNOWN. */
    tide_status code;
    char text[160]; /* "division by zero", "value 300 is out of range for TINYINT". */
} tide_row_error;

/* Rows that failed in one evaluation, ascending, at most one entry per row. */
typedef struct tide_row_errors {
    uint32_t n, cap;
    tide_row_error *items;
} tide_row_errors;
void tide_row_errors_fini(tide_row_errors *self); /* Zero-initialise before first use. */

TIDE_MUST_CHECK tide_status tide_prog_compile(const tide_expr *const *exprs, uint32_t n,
                                              tide_prog **out);
void tide_prog_free(tide_prog **self_p);

/* Evaluates every expression over the selected rows of `in`: out[i] gets a new reference to a
 * dense column of in->n_rows rows. An expression that is just a column is shared, not copied,
 * when `in` has no selection. Failed rows are added to *errs (cleared first) and are NULL in the
 * output; the caller drops them by its policy. */
void tide_prog_eval(tide_prog *self, const tide_prog_env *env, const tide_batch *in, tide_col **out,
                    tide_row_errors *errs);

/* For a program of one BOOLEAN expression: the physical rows for which it is true, ascending, to
 * sel[0..return value). sel has room for in->n_rows. */
uint32_t tide_prog_select(tide_prog *self, const tide_prog_env *env, const tide_batch *in,
                          uint16_t *sel, tide_row_errors *errs);

#endif
