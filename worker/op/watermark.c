/* watermark.c - event time that begins in the middle of a plan: the maximum of an expression over
 * all rows so far is the watermark. Those that come from above say nothing here, but for the final
 * one. */
#include "base/core/assert.h"
#include "worker/op/op_priv.h"

typedef struct watermark {
    tide_op_env *env;
    tide_prog *prog;
    tide_row_errors errs;
    int64_t last_us; /* Given out. */
    uint16_t keep[TIDE_BATCH_ROWS_MAX];
} watermark;

/* The largest value of a dense column; TIDE_WATERMARK_NONE when all are NULL. */
static int64_t largest(const tide_col *col)
{
    const int64_t *values = col->values;
    int64_t max = TIDE_WATERMARK_NONE;
    for (uint32_t i = 0; i < col->n; i++)
        if (tide_col_valid(col, i) && values[i] > max) max = values[i];
    return max;
}

/* The batch without the rows whose expression failed; *in_p is replaced. NULL when none is left. */
static tide_status drop_failed(watermark *self, tide_batch **in_p)
{
    tide_batch *in = *in_p;
    TIDE_TRY(tide_op_bad_rows(self->env, in, &self->errs));
    uint32_t n = tide_op_good_rows(&self->errs, in->n_rows, self->keep);
    for (uint32_t i = 0; i < n; i++) self->keep[i] = (uint16_t)tide_batch_phys(in, self->keep[i]);
    tide_batch *kept = n ? tide_batch_select(self->env->pool, in, self->keep, n) : NULL;
    tide_batch_unref(in_p);
    *in_p = kept;
    return TIDE_OK;
}

static tide_op_result watermark_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                         tide_outbox *out)
{
    watermark *self = self_v;
    tide_col *col;
    tide_assert(port == 0);
    if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    tide_prog_env env = tide_op_prog_env(self->env);
    tide_prog_eval(self->prog, &env, *in_p, &col, &self->errs);
    int64_t max = largest(col);
    tide_col_unref(&col);
    if (self->errs.n && drop_failed(self, in_p) != TIDE_OK) return TIDE_OP_FAILED;
    if (*in_p) tide_outbox_push(out, in_p);
    if (max > self->last_us) {
        self->last_us = max;
        out->watermark(out, max);
    }
    return TIDE_OP_DONE;
}

static tide_op_result watermark_on_watermark(void *self_v, int64_t watermark_us, tide_outbox *out)
{
    watermark *self = self_v;
    if (watermark_us == TIDE_WATERMARK_MAX && self->last_us != TIDE_WATERMARK_MAX) {
        self->last_us = watermark_us;
        out->watermark(out, watermark_us);
    }
    return TIDE_OP_DONE;
}

static tide_status watermark_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    watermark *self = self_v;
    self->env = env;
    self->last_us = env->is_restored ? env->restored_watermark_us : TIDE_WATERMARK_NONE;
    return tide_prog_compile(&node->watermark.watermark, 1, &self->prog);
}

static void watermark_close(void *self_v)
{
    watermark *self = self_v;
    tide_prog_free(&self->prog);
    tide_row_errors_fini(&self->errs);
}

const tide_op_vt tide_op_watermark = { .name = "watermark",
                                       .size = sizeof(watermark),
                                       .emits_watermarks = true,
                                       .open = watermark_open,
                                       .on_batch = watermark_on_batch,
                                       .on_watermark = watermark_on_watermark,
                                       .close = watermark_close };
