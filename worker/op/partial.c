/* partial.c - the first phase of an aggregate: rows of one group are added up before the exchange.
 *
 * Rows are held in groups until a watermark passes on, until all groups are in use, or until
 * on_flush; then they go out on output 1, one row a group. Where that takes away too few rows, they
 * are passed on as they are on output 0 for a while, and then it is tried again. Rows that have no
 * event time, or an impossible one, are passed on: the aggregate says what becomes of them. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/op/aggs.h"
#include "worker/op/op_priv.h"
#include "worker/op/partial_groups.h"

/* Rows are passed on when fewer than this many make a group: a group costs what three rows do, once
 * here and again behind the exchange. */
#define ROWS_PER_GROUP_MIN 2u
#define CHUNK_ROWS 512u
#define TRIAL_ROWS 8192u           /* As many tell whether it is worth it. */
#define PASSED_ROWS_MIN (1u << 17) /* Rows passed on before the next trial: twice as many */
#define PASSED_ROWS_MAX (1u << 23) /* each time, up to this. */
#define HELD_US 5000               /* Without windows, whose watermark would send them. */

typedef enum batch_fate { NO_BATCH, PASSED_ON, GROUPED } batch_fate;

typedef struct partial {
    tide_op_env *env;
    tide_window window;
    tide_partial_columns columns;
    bool waits_for_end; /* Only final results are wanted: no row is sent because it is old. */
    tide_op_keys keys;
    tide_op_aggs aggs;
    tide_builder builder;
    int64_t watermark;
    int64_t due_us;            /* When held rows must go; INT64_MAX: with the next watermark. */
    batch_fate at_hand;        /* Of the batch at hand; */
    tide_op_times batch_times; /* its rows, */
    uint32_t at;               /* and how many of them are in groups. */
    /* The trial, or how long rows are passed on. */
    uint64_t trial_rows, trial_groups, left_to_pass, to_pass;
    const uint8_t *group_keys[PARTIAL_GROUPS_MAX];
    const uint8_t *states[PARTIAL_GROUPS_MAX];
    uint8_t *values[CHUNK_ROWS];
    tide_event_time times;
    partial_groups groups;
} partial;

static void begin_batch(partial *self, const tide_batch *in);
static tide_op_result pass_on(partial *self, tide_batch **in_p, tide_outbox *out);
static void hold(partial *self, const tide_batch *in);
static tide_status take_chunk(partial *self, const tide_batch *in);
static void flush(partial *self, tide_outbox *out);
static void judge(partial *self);

static tide_op_result partial_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                       tide_outbox *out)
{
    partial *self = self_v;
    tide_assert(port == 0);
    if (self->at_hand == NO_BATCH) begin_batch(self, *in_p);
    if (self->at_hand == PASSED_ON) return pass_on(self, in_p, out);
    while (self->at < self->batch_times.n) {
        if (self->groups.n == PARTIAL_GROUPS_MAX) {
            if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
            flush(self, out);
        }
        if (self->groups.n == 0) hold(self, *in_p);
        if (take_chunk(self, *in_p) != TIDE_OK) return TIDE_OP_FAILED;
    }
    self->at_hand = NO_BATCH;
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

/* What came before stays before. */
static tide_op_result pass_on(partial *self, tide_batch **in_p, tide_outbox *out)
{
    if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    if (self->groups.n > 0) {
        flush(self, out);
        if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    }
    tide_outbox_push(out, in_p);
    self->trial_rows = self->trial_groups = 0; /* The next trial is about rows to come. */
    self->at_hand = NO_BATCH;
    return TIDE_OP_DONE;
}

static void begin_batch(partial *self, const tide_batch *in)
{
    self->at_hand = PASSED_ON;
    if (self->left_to_pass > 0) {
        self->left_to_pass -= in->n_rows < self->left_to_pass ? in->n_rows : self->left_to_pass;
        return;
    }
    if (self->window.kind == TIDE_WINDOW_NONE)
        self->batch_times =
            (tide_op_times){ .rows = in->sel ? in->sel : self->times.identity, .n = in->n_rows };
    else if (!tide_event_time_read_whole(&self->times, in, &self->batch_times))
        return;
    self->at_hand = GROUPED;
    self->at = 0;
}

/* The first row is put in. */
static void hold(partial *self, const tide_batch *in)
{
    self->builder.born_ns = in->born_ns;
    if (!self->waits_for_end) self->due_us = *self->env->wall_us + HELD_US;
}

/* Some of the rest of the batch, as far as there are groups: few enough rows to stay in the
 * innermost cache with their keys. */
static tide_status take_chunk(partial *self, const tide_batch *in)
{
    const tide_op_times *times = &self->batch_times;
    uint32_t n = times->n - self->at;
    if (n > CHUNK_ROWS) n = CHUNK_ROWS;
    const uint16_t *rows = times->rows + self->at;
    TIDE_TRY(tide_op_keys_encode(&self->keys, in, rows, n));
    const partial_rows taken = {
        .ts = times->ts,
        .rows = rows,
        .n = n,
        .may_be_late = times->ts && times->min + self->window.size_us < self->watermark,
        .watermark_us = self->watermark,
        .values = self->values,
    };
    n = partial_groups_take(&self->groups, &taken);
    self->at += n;
    self->trial_rows += n;
    const tide_op_rows at = { .in = in, .values = self->values, .rows = rows, .n = n };
    if (n == 0 || self->aggs.only_count_star) return TIDE_OK; /* The groups count rows. */
    return tide_op_aggs_update(&self->aggs, &at, false);
}

/* ---- groups on their way out ---- */

static void write_columns(partial *self)
{
    tide_builder *b = &self->builder;
    uint32_t n = self->groups.n;
    for (uint32_t i = 0; i < n; i++) {
        partial_group *group = partial_groups_at(&self->groups, i);
        self->group_keys[i] = partial_group_key(group);
        self->states[i] = (const uint8_t *)group + self->groups.states_at;
        if (self->aggs.only_count_star)
            *(int64_t *)(void *)((uint8_t *)group + self->groups.states_at) = group->rows;
    }
    for (uint32_t c = 0; c < self->keys.n; c++)
        tide_key_decode(&self->keys.spec, c, self->group_keys, n, &b->cols[c], 0);
    if (self->window.kind != TIDE_WINDOW_NONE) {
        int64_t *first = b->cols[self->columns.first].values;
        int64_t *last = b->cols[self->columns.last].values;
        int64_t *rows = b->cols[self->columns.rows].values;
        for (uint32_t i = 0; i < n; i++) {
            const partial_group *group = partial_groups_at(&self->groups, i);
            first[i] = group->first;
            last[i] = group->last;
            rows[i] = group->rows;
        }
    }
    tide_op_aggs_partials(&self->aggs, self->states, n, b->cols + self->columns.states, 0);
    b->n = n;
}

/* Room was checked. */
static void flush(partial *self, tide_outbox *out)
{
    self->due_us = INT64_MAX;
    if (self->groups.n == 0) return;
    int64_t born_ns = self->builder.born_ns;
    write_columns(self);
    for (uint32_t i = 0; self->aggs.n_owned && i < self->groups.n; i++)
        tide_op_aggs_drop(&self->aggs,
                          (uint8_t *)partial_groups_at(&self->groups, i) + self->groups.states_at);
    self->trial_groups += self->groups.n;
    partial_groups_clear(&self->groups);
    tide_batch *made = tide_builder_finish(&self->builder);
    made->born_ns = born_ns;
    tide_outbox_push_to(out, 1, &made);
    judge(self);
}

/* Were there enough rows to a group? */
static void judge(partial *self)
{
    if (self->trial_rows < TRIAL_ROWS) return;
    if (self->trial_rows < ROWS_PER_GROUP_MIN * self->trial_groups) {
        self->left_to_pass = self->to_pass;
        if (self->to_pass < PASSED_ROWS_MAX) self->to_pass *= 2;
    } else {
        self->to_pass = PASSED_ROWS_MIN;
    }
    self->trial_rows = self->trial_groups = 0;
}

static tide_op_result partial_on_flush(void *self_v, tide_outbox *out)
{
    partial *self = self_v;
    if (self->groups.n > 0 && !tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    flush(self, out);
    return TIDE_OP_DONE;
}

static tide_op_result partial_on_watermark(void *self_v, int64_t watermark_us, tide_outbox *out)
{
    partial *self = self_v;
    tide_op_result result = partial_on_flush(self, out);
    if (result == TIDE_OP_DONE) self->watermark = tide_window_clamp(watermark_us);
    return result;
}

static tide_op_result partial_on_timer(void *self_v, int64_t wall_us, tide_outbox *out)
{
    (void)wall_us;
    return partial_on_flush(self_v, out);
}

static int64_t partial_next_timer(void *self_v)
{
    return ((const partial *)self_v)->due_us;
}

/* ---- life ---- */

static tide_status open_parts(partial *self, const tide_node *node, tide_op_env *env)
{
    const tide_node *of = node->partial.of;
    const tide_schema *rows = &node->partial.rows;
    self->env = env;
    self->window = of->aggregate.window;
    self->columns = tide_partial_columns_of(of);
    self->waits_for_end = self->window.kind != TIDE_WINDOW_NONE || of->aggregate.final;
    self->watermark = tide_op_first_watermark(env);
    self->due_us = INT64_MAX;
    self->to_pass = PASSED_ROWS_MIN;
    TIDE_TRY(tide_op_keys_open(&self->keys, env->pool, &node->inputs[0]->schema, of->aggregate.keys,
                               of->aggregate.n_keys, NULL, 0));
    TIDE_TRY(tide_op_aggs_open(&self->aggs, of, 0, false));
    partial_groups_open(&self->groups, &self->window, &self->keys, self->aggs.value_bytes);
    tide_type *types = tide_calloc(rows->n, sizeof *types);
    for (uint32_t c = 0; c < rows->n; c++) types[c] = rows->fields[c].type;
    tide_builder_init(&self->builder, env->pool, types, rows->n, TIDE_BATCH_ROWS_MAX);
    tide_free(types);
    tide_event_time_open(&self->times, env, self->window.time_column, false);
    return TIDE_OK;
}

static void partial_close(void *self_v)
{
    partial *self = self_v;
    for (uint32_t i = 0; i < self->groups.n; i++)
        tide_op_aggs_drop(&self->aggs,
                          (uint8_t *)partial_groups_at(&self->groups, i) + self->groups.states_at);
    tide_builder_fini(&self->builder);
    partial_groups_close(&self->groups);
    tide_op_aggs_close(&self->aggs);
    tide_op_keys_close(&self->keys);
}

static tide_status partial_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    tide_status rv = open_parts(self_v, node, env);
    if (rv != TIDE_OK) partial_close(self_v);
    return rv;
}

const tide_op_vt tide_op_partial = { .name = "partial aggregate",
                                     .size = sizeof(partial),
                                     .open = partial_open,
                                     .on_batch = partial_on_batch,
                                     .on_watermark = partial_on_watermark,
                                     .on_timer = partial_on_timer,
                                     .next_timer = partial_next_timer,
                                     .on_flush = partial_on_flush,
                                     .close = partial_close };
