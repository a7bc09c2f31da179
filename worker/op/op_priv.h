/* op_priv.h - what the operators share with each other and with nobody else. */
#ifndef TIDE_WORKER_OP_OP_PRIV_H
#define TIDE_WORKER_OP_OP_PRIV_H
#include "base/expr/prog.h"
#include "worker/op/op.h"

/* The operators; registry.c says which node each one runs. */
extern const tide_op_vt tide_op_filter, tide_op_project, tide_op_window, tide_op_group,
    tide_op_window_agg, tide_op_attached, tide_op_session, tide_op_sort, tide_op_watermark,
    tide_op_partial;

/* What a program may know of the outside, as of now. */
tide_prog_env tide_op_prog_env(const tide_op_env *env);

/* ---- rows that could not be computed ---- */

/* Carries out env->on_error for the rows in `errs` of batch `in`. SKIP: counts them and returns
 * TIDE_OK; the caller drops them. FAIL: a failure that names source position and row. */
TIDE_MUST_CHECK tide_status tide_op_bad_rows(const tide_op_env *env, const tide_batch *in,
                                             const tide_row_errors *errs);
/* The same for one row (physical) that an operator refuses itself; TIDE_OK means drop it. */
TIDE_MUST_CHECK tide_status tide_op_bad_row(const tide_op_env *env, const tide_batch *in,
                                            uint32_t phys, tide_status code, uint32_t pos,
                                            const char *text);
/* The selected rows of 0..n that are not in `errs`, to keep[0..return value). */
uint32_t tide_op_good_rows(const tide_row_errors *errs, uint32_t n, uint16_t *keep);

/* ---- dense columns ---- */

/* The batch over dense `cols` (n_rows each, one per selected row of `in`; references taken) with
 * the changes and birth of `in`. */
tide_batch *tide_op_batch_like(tide_pool *pool, tide_batch *in, tide_col **cols, uint32_t n_cols);

#endif
