/* user_priv.h - what lies behind the handles of tidemill/process.h. */
#ifndef TIDE_WORKER_OP_USER_USER_PRIV_H
#define TIDE_WORKER_OP_USER_USER_PRIV_H
#include "base/column/key.h"
#include "jobapi/plan/user_op.h"
#include "worker/op/op.h"

/* ---- failures inside callbacks: one text per thread ---- */
void tide_user_clear_failure(void);
bool tide_user_has_failed(void);
/* Makes the failure of a callback of `op` (TIDE_E_USER_CODE) this thread's chain, and forgets it.
 */
tide_op_result tide_user_fail(const tide_user_op *op);
/* What a subtask's callbacks are called with: what `open` returns, or `arg` where it is NULL. */
TIDE_MUST_CHECK tide_status tide_user_open(const tide_user_op *op,
                                           void *(*open)(void *arg, uint32_t subtask,
                                                         uint32_t parallelism),
                                           void *arg, const tide_op_env *env, void **opened);
/* As tide_fail_text, for wrong uses of the interface; the first one counts. */
void tide_user_misuse(const char *format, ...) TIDE_PRINTF(1, 2);

/* ---- rows ---- */
struct tide_row {
    const tide_batch *batch; /* Either row `phys` of a batch, */
    uint32_t phys;
    const tide_key_spec *spec; /* or an encoded key. */
    const uint8_t *key;
};

struct tide_rows {
    tide_batch *batch;   /* Dense. */
    struct tide_row row; /* What tide_rows_row returned last. */
};

/* ---- output ---- */
struct tide_collector {
    uint32_t output, n_cols;
    tide_pool *pool;
    tide_builder builder;
    bool *set;       /* Columns of the row being made. */
    tide_col **cols; /* Columns of a batch made whole. */
    uint64_t **valid;
    uint32_t n_whole;   /* Its rows. */
    tide_batch **ready; /* Finished batches that wait for room; first_ready of them are gone. */
    uint32_t n_ready, cap_ready, first_ready;
    struct tide_collector *sides;
    uint32_t n_sides;
};

void tide_collector_open(tide_collector *self, tide_pool *pool, const tide_schema *schema,
                         const tide_user_op *op);
void tide_collector_close(tide_collector *self);
/* Pushes what is finished, and with `all` what is begun. False: no room for the rest. */
bool tide_collector_flush(tide_collector *self, tide_outbox *out, bool all);

extern const tide_op_vt tide_op_user_map, tide_op_user_filter, tide_op_user_process;

#endif
