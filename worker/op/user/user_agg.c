/* user_agg.c - add, merge and result of a C aggregate, called row by row. */
#include "worker/op/user/user_agg.h"

#include "worker/op/user/user_priv.h"

#define STATE_BYTES_MAX 4096u

static bool user_merge(const tide_agg *self, uint8_t *into, const uint8_t *from)
{
    const tide_aggregate_fn *fn = &self->user->fn;
    fn->merge(fn->arg, into, from);
    return true;
}

/* The callback writes through a collector of one column: the one that is asked for. */
static void user_result_of(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                           uint32_t n, tide_colb *out, uint32_t first)
{
    const tide_aggregate_fn *fn = &self->user->fn;
    bool set;
    tide_collector one = { .n_cols = 1, .builder = { .n_cols = 1, .cols = out }, .set = &set };
    for (uint32_t i = 0; i < n; i++) {
        set = false;
        one.builder.n = first + i;
        fn->result(fn->arg, states[i] + offset, &one, 0);
        if (!set) tide_colb_set_null(out, first + i);
    }
}

tide_status tide_user_agg_init(tide_agg *self, const tide_user_agg *user, tide_type result)
{
    if (user->fn.state_bytes > STATE_BYTES_MAX)
        return tide_fail(TIDE_E_LIMIT, "the state of an aggregate has %u bytes; the most is %u",
                         user->fn.state_bytes, STATE_BYTES_MAX);
    *self = (tide_agg){ .kind = TIDE_AGG_USER,
                        .result = result,
                        .state_bytes = (user->fn.state_bytes + 7u) & ~7u,
                        .user = user,
                        .merge = user_merge,
                        .result_of = user_result_of };
    return TIDE_OK;
}

tide_status tide_user_agg_update(const tide_agg *self, const tide_batch *in, uint8_t *const *values,
                                 uint32_t offset, const uint16_t *rows, uint32_t n)
{
    const tide_aggregate_fn *fn = &self->user->fn;
    for (uint32_t i = 0; i < n; i++) {
        struct tide_row row = { .batch = in, .phys = rows[i] };
        fn->add(fn->arg, values[i] + offset, &row);
    }
    return tide_user_check();
}

tide_status tide_user_check(void)
{
    if (!tide_user_has_failed()) return TIDE_OK;
    static const tide_user_op aggregate = { .name = "an aggregate" };
    (void)tide_user_fail(&aggregate);
    return tide_error_code();
}
