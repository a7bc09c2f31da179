/* filter.c - keep the rows for which a predicate is true. Stateless. */
#include "base/core/assert.h"
#include "worker/op/op_priv.h"

typedef struct filter {
    tide_op_env *env;
    tide_prog *pred;
    tide_row_errors errs;
    uint16_t sel[TIDE_BATCH_ROWS_MAX];
} filter;

static tide_op_result filter_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                      tide_outbox *out)
{
    filter *self = self_v;
    tide_assert(port == 0);
    if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN; /* *in_p stays: same batch next call. */

    tide_batch *in = *in_p;
    tide_prog_env env = tide_op_prog_env(self->env);
    uint32_t n = tide_prog_select(self->pred, &env, in, self->sel, &self->errs);
    if (self->errs.n && tide_op_bad_rows(self->env, in, &self->errs) != TIDE_OK)
        return TIDE_OP_FAILED;

    if (n == in->n_rows) {
        tide_outbox_push(out, in_p);
    } else {
        if (n > 0) {
            tide_batch *kept = tide_batch_select(self->env->pool, in, self->sel, n);
            tide_outbox_push(out, &kept);
        }
        tide_batch_unref(in_p);
    }
    return TIDE_OP_DONE;
}

static tide_status filter_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    filter *self = self_v;
    self->env = env;
    return tide_prog_compile(&node->filter.predicate, 1, &self->pred);
}

static void filter_close(void *self_v)
{
    filter *self = self_v;
    tide_prog_free(&self->pred);
    tide_row_errors_fini(&self->errs);
}

const tide_op_vt tide_op_filter = { .name = "filter",
                                    .size = sizeof(filter),
                                    .open = filter_open,
                                    .on_batch = filter_on_batch,
                                    .close = filter_close };
