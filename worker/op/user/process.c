/* process.c - a C job's keyed process function: rows and timers of one key at a time, with its
 * state. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/op/user/process_priv.h"

typedef struct process {
    tide_context ctx; /* First: context handles are operators. */
    const tide_user_op *op;
    const tide_process_def *def;
    void *opened;
    bool open;
    tide_op_env *env;
    tide_collector out;
    bool encoded; /* keys, hash and rows are of the batch that on_batch is in. */
    uint32_t next_row;
    uint8_t *keys, *timer_key;
    uint64_t *hash;
    uint32_t *rows;
} process;

/* ---- process.h ---- */
const tide_row *tide_context_key(tide_context *ctx)
{
    ctx->key_row = (struct tide_row){ .spec = &ctx->spec, .key = ctx->key };
    return &ctx->key_row;
}

int64_t tide_context_watermark_us(tide_context *ctx)
{
    return ctx->watermark_us;
}

int64_t tide_context_processing_time_us(tide_context *ctx)
{
    return *ctx->wall_us;
}

static void set_timer(tide_timers *timers, tide_context *ctx, int64_t time_us)
{
    if (tide_timers_set(timers, ctx->key, time_us) != TIDE_OK)
        tide_user_misuse("%s", tide_error_text());
}

void tide_timer_event(tide_context *ctx, int64_t time_us)
{
    set_timer(&ctx->event, ctx, time_us);
}

void tide_timer_processing(tide_context *ctx, int64_t time_us)
{
    set_timer(&ctx->processing, ctx, time_us);
}

void tide_timer_event_delete(tide_context *ctx, int64_t time_us)
{
    tide_timers_delete(&ctx->event, ctx->key, time_us);
}

void tide_timer_processing_delete(tide_context *ctx, int64_t time_us)
{
    tide_timers_delete(&ctx->processing, ctx->key, time_us);
}

/* ---- the operator ---- */
static tide_status open_key(process *self, const tide_node *node)
{
    tide_key_col cols[TIDE_KEY_COLS_MAX];
    const tide_schema *in = &node->inputs[0]->schema;
    if (node->user.n_keys > TIDE_KEY_COLS_MAX)
        return tide_fail(TIDE_E_LIMIT, "too many key columns");
    for (uint32_t i = 0; i < node->user.n_keys; i++) {
        const tide_field *f = &in->fields[node->user.keys[i]];
        cols[i] =
            (tide_key_col){ .type = f->type, .idx = node->user.keys[i], .not_null = f->not_null };
    }
    return tide_key_spec_init(&self->ctx.spec, cols, node->user.n_keys, 0);
}

static void process_close(void *self_v);

static tide_status process_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    process *self = self_v;
    self->op = node->user.op;
    self->def = &self->op->process;
    self->env = env;
    self->ctx.watermark_us = TIDE_WATERMARK_NONE;
    self->ctx.wall_us = env->wall_us;
    TIDE_TRY(open_key(self, node));
    tide_key_spec *spec = &self->ctx.spec;
    tide_collector_open(&self->out, env->pool, &node->schema, self->op);
    self->keys = tide_malloc_aligned(64, (size_t)spec->key_bytes * TIDE_BATCH_ROWS_MAX);
    self->timer_key = tide_malloc_aligned(16, spec->key_bytes + 16);
    self->hash = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->hash);
    self->rows = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->rows);
    tide_status rv = tide_keyed_state_open(&self->ctx.state, self->def, spec, env->state);
    if (rv == TIDE_OK)
        rv = tide_timers_open(&self->ctx.event, "timers.event", spec, env->state, false);
    if (rv == TIDE_OK)
        rv = tide_timers_open(&self->ctx.processing, "timers.processing", spec, env->state, true);
    if (rv == TIDE_OK)
        rv = tide_user_open(self->op, self->def->open, self->def->arg, self->env, &self->opened);
    if (rv != TIDE_OK)
        process_close(self);
    else
        self->open = true;
    return rv;
}

/* Makes `key` the current one; without state a row number is not needed. */
static void select_key(process *self, const uint8_t *key, uint64_t hash, uint32_t row)
{
    self->ctx.key = key;
    tide_keyed_state_select(&self->ctx.state, key, hash, row, *self->env->wall_us);
}

static tide_status encode_batch(process *self, const tide_batch *in)
{
    TIDE_TRY(tide_key_encode(&self->ctx.spec, in, self->keys, self->hash));
    if (self->ctx.state.table)
        TIDE_TRY(tide_table_find_or_insert(self->ctx.state.table, self->keys, self->hash,
                                           in->n_rows, self->rows, NULL, NULL));
    self->encoded = true;
    return TIDE_OK;
}

static tide_op_result process_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                       tide_outbox *out)
{
    (void)port;
    process *self = self_v;
    tide_batch *in = *in_p;
    if (!self->encoded && encode_batch(self, in) != TIDE_OK) return TIDE_OP_FAILED;
    self->out.builder.born_ns = in->born_ns;
    tide_user_clear_failure();
    for (; self->next_row < in->n_rows; self->next_row++) {
        if (!tide_collector_flush(&self->out, out, false)) return TIDE_OP_AGAIN;
        uint32_t k = self->next_row;
        struct tide_row row = { .batch = in, .phys = tide_batch_phys(in, k) };
        select_key(self, self->keys + (size_t)k * self->ctx.spec.key_bytes, self->hash[k],
                   self->rows[k]);
        if (self->def->on_row(self->opened, &row, &self->ctx, &self->out) != 0 ||
            tide_user_has_failed())
            return tide_user_fail(self->op);
    }
    if (!tide_collector_flush(&self->out, out, true)) return TIDE_OP_AGAIN;
    tide_keyed_state_sweep(&self->ctx.state, self->rows, in->n_rows);
    self->next_row = 0;
    self->encoded = false;
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

typedef int (*timer_fn)(void *opened, int64_t time_us, tide_context *ctx, tide_collector *out);

static tide_op_result fire(process *self, timer_fn fn, int64_t time_us)
{
    const tide_key_spec *spec = &self->ctx.spec;
    uint64_t hash;
    uint32_t row = 0;
    tide_key_hash_keys(spec, self->timer_key, spec->key_bytes, 1, &hash);
    if (self->ctx.state.table && tide_table_find_or_insert(self->ctx.state.table, self->timer_key,
                                                           &hash, 1, &row, NULL, NULL) != TIDE_OK)
        return TIDE_OP_FAILED;
    select_key(self, self->timer_key, hash, row);
    tide_user_clear_failure();
    if (fn && (fn(self->opened, time_us, &self->ctx, &self->out) != 0 || tide_user_has_failed()))
        return tide_user_fail(self->op);
    if (row) tide_keyed_state_sweep(&self->ctx.state, &row, 1);
    return TIDE_OP_DONE;
}

static tide_op_result fire_all(process *self, tide_timers *timers, timer_fn fn, int64_t now_us,
                               tide_outbox *out)
{
    int64_t time_us;
    for (;;) {
        if (!tide_collector_flush(&self->out, out, false)) return TIDE_OP_AGAIN;
        if (!tide_timers_pop(timers, now_us, &time_us, self->timer_key)) break;
        tide_op_result r = fire(self, fn, time_us);
        if (r != TIDE_OP_DONE) return r;
        tide_timers_fired(timers);
    }
    return tide_collector_flush(&self->out, out, true) ? TIDE_OP_DONE : TIDE_OP_AGAIN;
}

static tide_op_result process_on_watermark(void *self_v, int64_t watermark_us, tide_outbox *out)
{
    process *self = self_v;
    self->ctx.watermark_us = watermark_us;
    return fire_all(self, &self->ctx.event, self->def->on_event_timer, watermark_us, out);
}

static tide_op_result process_on_timer(void *self_v, int64_t wall_us, tide_outbox *out)
{
    process *self = self_v;
    tide_keyed_state_expire(&self->ctx.state, wall_us);
    return fire_all(self, &self->ctx.processing, self->def->on_processing_timer, wall_us, out);
}

static int64_t process_next_timer(void *self_v)
{
    process *self = self_v;
    int64_t timer = tide_timers_next(&self->ctx.processing);
    int64_t expiry = tide_keyed_state_next_expiry(&self->ctx.state);
    return timer < expiry ? timer : expiry;
}

static tide_status process_after_restore(void *self_v)
{
    process *self = self_v;
    tide_keyed_state_restored(&self->ctx.state);
    tide_timers_restored(&self->ctx.event);
    tide_timers_restored(&self->ctx.processing);
    return TIDE_OK;
}

static void process_close(void *self_v)
{
    process *self = self_v;
    if (self->open && self->def->close) self->def->close(self->opened);
    tide_keyed_state_close(&self->ctx.state);
    tide_timers_close(&self->ctx.event);
    tide_timers_close(&self->ctx.processing);
    tide_collector_close(&self->out);
    tide_free(self->keys);
    tide_free(self->timer_key);
    tide_free(self->hash);
    tide_free(self->rows);
}

const tide_op_vt tide_op_user_process = { .name = "process",
                                          .size = sizeof(process),
                                          .open = process_open,
                                          .on_batch = process_on_batch,
                                          .on_watermark = process_on_watermark,
                                          .on_timer = process_on_timer,
                                          .next_timer = process_next_timer,
                                          .after_restore = process_after_restore,
                                          .close = process_close };
