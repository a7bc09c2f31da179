/* shared.c - small things that several operators do alike. */
#include "worker/op/op_priv.h"

tide_prog_env tide_op_prog_env(const tide_op_env *env)
{
    return (tide_prog_env){ .pool = env->pool,
                            .now_us = *env->wall_us,
                            .random_seed = env->random_seed + env->subtask };
}

tide_batch *tide_op_batch_like(tide_pool *pool, tide_batch *in, tide_col **cols, uint32_t n_cols)
{
    tide_batch *made = tide_batch_new(pool, cols, n_cols, in->n_rows);
    made->born_ns = in->born_ns;
    if (in->change) {
        tide_col *change = in->sel ? tide_col_gather(pool, in->change, in->sel, in->n_rows)
                                   : tide_col_ref(in->change);
        tide_batch_set_change(made, &change);
    }
    return made;
}
