/* user_agg.h - aggregate functions of C jobs as kernels that the windows run like any other. */
#ifndef TIDE_WORKER_OP_USER_USER_AGG_H
#define TIDE_WORKER_OP_USER_USER_AGG_H
#include "base/expr/agg.h"
#include "jobapi/plan/user_op.h"

/* Fills self's kernels but update, which needs more than one column: _update below. */
TIDE_MUST_CHECK tide_status tide_user_agg_init(tide_agg *self, const tide_user_agg *user,
                                               tide_type result);
/* Adds row rows[i] of the batch to the state at values[i] + offset, for i in 0..n. TIDE_E_USER_CODE
 * when the callback failed. */
TIDE_MUST_CHECK tide_status tide_user_agg_update(const tide_agg *self, const tide_batch *in,
                                                 uint8_t *const *values, uint32_t offset,
                                                 const uint16_t *rows, uint32_t n);
/* A callback without a way to report did something wrong on this thread since the last call: its
 * text becomes this thread's chain, and the failure is forgotten. */
TIDE_MUST_CHECK tide_status tide_user_check(void);

#endif
