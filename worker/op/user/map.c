/* map.c - a C job's map and filter steps. */
#include "base/core/assert.h"
#include "worker/op/user/user_priv.h"

typedef struct map {
    const tide_user_op *op;
    void *opened;
    bool open;
    tide_collector out;
    uint32_t next_row; /* Of the batch that a suspended on_batch is in. */
    tide_rows rows;    /* Its dense form, for on_rows. */
    tide_pool *pool;
} map;

static tide_status map_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    map *self = self_v;
    self->op = node->user.op;
    self->pool = env->pool;
    const tide_map_def *def = &self->op->map;
    TIDE_TRY(tide_user_open(self->op, def->open, def->arg, env, &self->opened));
    self->open = true;
    tide_collector_open(&self->out, env->pool, &node->schema, self->op);
    return TIDE_OK;
}

/* Calls back for rows from next_row on; stops early when finished batches find no room. */
static tide_op_result map_rows(map *self, tide_batch *in, tide_outbox *out)
{
    const tide_map_def *def = &self->op->map;
    for (; self->next_row < in->n_rows; self->next_row++) {
        if (!tide_collector_flush(&self->out, out, false)) return TIDE_OP_AGAIN;
        struct tide_row row = { .batch = in, .phys = tide_batch_phys(in, self->next_row) };
        if (def->on_row(self->opened, &row, &self->out) != 0 || tide_user_has_failed())
            return tide_user_fail(self->op);
    }
    return TIDE_OP_DONE;
}

static tide_op_result map_whole(map *self, tide_batch *in)
{
    if (self->next_row) return TIDE_OP_DONE;
    self->rows.batch = tide_batch_compact(self->pool, in);
    int rv = self->op->map.on_rows(self->opened, &self->rows, &self->out);
    tide_batch_unref(&self->rows.batch);
    self->next_row = in->n_rows;
    return rv != 0 || tide_user_has_failed() ? tide_user_fail(self->op) : TIDE_OP_DONE;
}

static tide_op_result map_on_batch(void *self_v, uint32_t port, tide_batch **in_p, tide_outbox *out)
{
    (void)port;
    map *self = self_v;
    tide_user_clear_failure();
    self->out.builder.born_ns = (*in_p)->born_ns;
    tide_op_result r = self->op->map.on_rows ? map_whole(self, *in_p) : map_rows(self, *in_p, out);
    if (r != TIDE_OP_DONE) return r;
    if (!tide_collector_flush(&self->out, out, true)) return TIDE_OP_AGAIN;
    self->next_row = 0;
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

static void map_close(void *self_v)
{
    map *self = self_v;
    if (self->open && self->op->map.close) self->op->map.close(self->opened);
    tide_collector_close(&self->out);
}

const tide_op_vt tide_op_user_map = { .name = "map",
                                      .size = sizeof(map),
                                      .open = map_open,
                                      .on_batch = map_on_batch,
                                      .close = map_close };

/* ---- filter ---- */
typedef struct filter {
    const tide_user_op *op;
    void *opened;
    tide_pool *pool;
    uint8_t keep[TIDE_BATCH_ROWS_MAX];
    uint16_t rows[TIDE_BATCH_ROWS_MAX];
} filter;

static tide_status filter_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    filter *self = self_v;
    self->op = node->user.op;
    self->pool = env->pool;
    const tide_filter_def *def = &self->op->filter;
    return tide_user_open(self->op, def->open, def->arg, env, &self->opened);
}

static void ask(filter *self, tide_batch *in)
{
    const tide_filter_def *def = &self->op->filter;
    if (def->keep_rows) {
        tide_rows rows = { .batch = tide_batch_compact(self->pool, in) };
        memset(self->keep, 0, in->n_rows);
        def->keep_rows(self->opened, &rows, self->keep);
        tide_batch_unref(&rows.batch);
        return;
    }
    for (uint32_t k = 0; k < in->n_rows; k++) {
        struct tide_row row = { .batch = in, .phys = tide_batch_phys(in, k) };
        self->keep[k] = def->keep_row(self->opened, &row);
    }
}

static tide_op_result filter_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                      tide_outbox *out)
{
    (void)port;
    filter *self = self_v;
    tide_batch *in = *in_p;
    if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    tide_user_clear_failure();
    ask(self, in);
    if (tide_user_has_failed()) return tide_user_fail(self->op);
    uint32_t n = 0;
    for (uint32_t k = 0; k < in->n_rows; k++)
        if (self->keep[k]) self->rows[n++] = (uint16_t)tide_batch_phys(in, k);
    if (n == in->n_rows) {
        tide_outbox_push(out, in_p);
        return TIDE_OP_DONE;
    }
    tide_batch *kept = n ? tide_batch_select(self->pool, in, self->rows, n) : NULL;
    tide_batch_unref(in_p);
    if (kept) tide_outbox_push(out, &kept);
    return TIDE_OP_DONE;
}

static void filter_close(void *self_v)
{
    filter *self = self_v;
    if (self->op->filter.close) self->op->filter.close(self->opened);
}

const tide_op_vt tide_op_user_filter = { .name = "filter",
                                         .size = sizeof(filter),
                                         .open = filter_open,
                                         .on_batch = filter_on_batch,
                                         .close = filter_close };
