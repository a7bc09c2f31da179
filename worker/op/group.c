/* group.c - GROUP BY without windows: a result that is updated with every batch.
 *
 * Streaming, a chunk of rows gives for every group that it touched the old result as -U and the new
 * one as +U (+I when it is the first, -D when the last row has been taken away); equal ones are
 * left out. In batch mode only the final rows come, at the end. Input with changes is taken away as
 * it says. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "jobapi/plan/partial.h"
#include "worker/op/group_priv.h"
#include "worker/op/op_priv.h"

static tide_status take_chunk(group *self, const tide_batch *in, uint32_t n);

static tide_op_result group_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                     tide_outbox *out)
{
    group *self = self_v;
    tide_batch *in = *in_p;
    self->in_partial = port == 1;
    while (self->at < in->n_rows) {
        if (!self->env->batch_mode && !tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
        uint32_t n = in->n_rows - self->at;
        if (n > GROUP_CHUNK_ROWS) n = GROUP_CHUNK_ROWS;
        if (take_chunk(self, in, n) != TIDE_OK) return TIDE_OP_FAILED;
        self->at += n;
        if (self->env->batch_mode) continue;
        tide_batch *changes = group_take_changes(self);
        if (changes == NULL) continue;
        changes->born_ns = in->born_ns;
        tide_outbox_push(out, &changes);
    }
    self->at = 0;
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

/* ---- rows into groups ---- */

static void note_touched(group *self, uint32_t n)
{
    group_touched *t = &self->touched;
    t->n = 0;
    for (uint32_t i = 0; i < n; i++) {
        group_value *v = (group_value *)(void *)self->values[i];
        if (v->place) continue;
        t->rows[t->n] = self->rows[i];
        v->place = ++t->n;
    }
}

/* The rows of the chunk that are (not) retractions, fed or taken away. */
static tide_status apply(group *self, const tide_batch *in, uint32_t n, bool retract)
{
    tide_op_rows at = { .in = in, .values = self->values, .rows = self->sel, .n = n };
    if (in->change) {
        uint32_t n_part = 0;
        for (uint32_t i = 0; i < n; i++) {
            self->part[n_part] = self->sel[i];
            self->part_values[n_part] = self->values[i];
            n_part +=
                tide_change_is_retraction((int8_t)tide_batch_change(in, self->sel[i])) == retract;
        }
        at = (tide_op_rows){
            .in = in, .values = self->part_values, .rows = self->part, .n = n_part
        };
    }
    if (self->in_partial) at.partial = in->cols + self->partial_states;
    if (at.n == 0) return TIDE_OK; /* Changes that only add: what cannot retract is not asked to. */
    int64_t step = retract ? -1 : 1;
    for (uint32_t i = 0; i < at.n; i++) ((group_value *)(void *)at.values[i])->rows += step;
    TIDE_TRY(tide_op_aggs_update(&self->aggs, &at, retract));
    return tide_op_distinct_update(&self->distinct, self->sets, &at, retract);
}

static void prolong(group *self, uint32_t n)
{
    int64_t due = *self->env->wall_us + self->ttl_us;
    for (uint32_t i = 0; i < n; i++)
        ((group_life *)(void *)(self->values[i] + sizeof(group_value)))->due_us = due;
    tide_calendar_file(self->calendar, self->rows, n);
    if (self->sweep_us == INT64_MAX) self->sweep_us = due;
}

static tide_status take_chunk(group *self, const tide_batch *in, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) self->sel[i] = (uint16_t)tide_batch_phys(in, self->at + i);
    TIDE_TRY(self->in_partial ? tide_op_keys_encode_partial(&self->keys, in, self->sel, n)
                              : tide_op_keys_encode(&self->keys, in, self->sel, n));
    TIDE_TRY(tide_table_update(self->table, self->keys.keys, self->keys.hash, n, self->rows,
                               self->values, NULL, NULL));
    if (!self->env->batch_mode) {
        note_touched(self, n);
        group_note_before(self);
    }
    TIDE_TRY(apply(self, in, n, false));
    if (in->change) TIDE_TRY(apply(self, in, n, true));
    if (self->calendar) prolong(self, n);
    return TIDE_OK;
}

/* ---- time to live ---- */

static int64_t group_next_timer(void *self_v)
{
    return ((group *)self_v)->sweep_us;
}

/* Forgets groups that no row has touched for that long. Silently: what is out stays as it is. */
static tide_op_result group_on_timer(void *self_v, int64_t wall_us, tide_outbox *out)
{
    group *self = self_v;
    (void)out;
    uint32_t n;
    while ((n = tide_calendar_pop(self->calendar, wall_us + 1, self->rows, TIDE_BATCH_ROWS_MAX)) >
           0)
        tide_table_delete(self->table, self->rows, n);
    self->sweep_us = tide_table_count(self->table) ? wall_us + self->ttl_us / 4 + 1 : INT64_MAX;
    return TIDE_OP_DONE;
}

/* ---- the end ---- */

/* A result over no rows at all: SQL wants one row of an aggregate without GROUP BY. Only the
 * subtask that owns the constant key has it. */
static tide_status make_empty_group(group *self)
{
    uint32_t row;
    TIDE_TRY(tide_op_keys_encode(&self->keys, NULL, NULL, 1));
    uint32_t owner = tide_key_group(self->keys.hash[0], self->env->key_groups);
    if (owner < self->env->key_group_first || owner >= self->env->key_group_end) return TIDE_OK;
    return tide_table_find_or_insert(self->table, self->keys.keys, self->keys.hash, 1, &row, NULL,
                                     NULL);
}

/* Rows of the final result. Streaming, that is only what has not come out as a change. */
static tide_op_result group_on_end(void *self_v, tide_outbox *out)
{
    group *self = self_v;
    if (!self->end_begun && self->global && tide_table_count(self->table) == 0 &&
        make_empty_group(self) != TIDE_OK)
        return TIDE_OP_FAILED;
    self->end_begun = true;
    for (;;) {
        uint32_t space = tide_op_emit_space(&self->emit), n = 0;
        if (space == 0) {
            if (!tide_op_emit_flush(&self->emit, out)) return TIDE_OP_AGAIN;
            space = tide_op_emit_space(&self->emit);
        }
        uint32_t seen = tide_table_scan_next(self->table, &self->scan, self->rows, space);
        if (seen == 0) break;
        for (uint32_t i = 0; i < seen; i++) {
            const group_value *v = group_of(self, self->rows[i]);
            self->rows[n] = self->rows[i];
            n += !v->is_out && (v->rows > 0 || self->global);
        }
        tide_op_emit_groups(&self->emit, self->table, self->rows, n);
        self->emit.builder.n += n;
    }
    return tide_op_emit_flush(&self->emit, out) ? TIDE_OP_DONE : TIDE_OP_AGAIN;
}

/* ---- life ---- */

static tide_status group_after_restore(void *self_v)
{
    group *self = self_v;
    if (self->calendar == NULL) return TIDE_OK;
    tide_calendar_rebuild(self->calendar);
    self->sweep_us =
        tide_table_count(self->table) ? *self->env->wall_us : INT64_MAX; /* Look at once. */
    return TIDE_OK;
}

static tide_status open_tables(group *self)
{
    tide_table_spec spec = { .name = "groups",
                             .key = &self->keys.spec,
                             .value_bytes = self->aggs.value_bytes,
                             .owned = self->aggs.owned,
                             .n_owned = self->aggs.n_owned };
    TIDE_TRY(tide_state_set_open(self->env->state, &spec, &self->table));
    self->sets = tide_calloc(self->distinct.n + 1, sizeof *self->sets);
    TIDE_TRY(tide_op_distinct_tables(&self->distinct, self->env->state, "groups", self->sets));
    if (self->ttl_us <= 0) return TIDE_OK;
    uint32_t life_at = sizeof(group_value);
    tide_calendar_config config = { .table = self->table,
                                    .span = self->ttl_us,
                                    .due_offset = life_at + (uint32_t)offsetof(group_life, due_us),
                                    .filed_offset =
                                        life_at + (uint32_t)offsetof(group_life, filed) };
    self->calendar = tide_calendar_new(&config);
    return group_after_restore(self);
}

static tide_status open_parts(group *self, const tide_node *node, tide_op_env *env)
{
    bool updating = node->inputs[0]->updating;
    self->env = env;
    self->global = node->aggregate.n_keys == 0;
    self->ttl_us = self->global || env->batch_mode ? 0 : node->aggregate.ttl_us;
    self->sweep_us = INT64_MAX;
    self->partial_states = tide_partial_columns_of(node).states;
    TIDE_TRY(tide_op_keys_open(&self->keys, env->pool, &node->inputs[0]->schema,
                               node->aggregate.keys, node->aggregate.n_keys, NULL, 0));
    uint32_t head_bytes = sizeof(group_value) + (self->ttl_us > 0 ? sizeof(group_life) : 0);
    TIDE_TRY(tide_op_aggs_open(&self->aggs, node, head_bytes, updating));
    if (self->ttl_us > 0 && self->aggs.n_sets > 0)
        return tide_fail(TIDE_E_UNSUPPORTED, "DISTINCT in groups that have a time to live");
    TIDE_TRY(tide_op_distinct_open(&self->distinct, env, node, &self->aggs, updating));
    TIDE_TRY(open_tables(self));
    tide_op_emit_open(&self->emit, env->pool, node, &self->aggs);
    self->cols = tide_calloc(node->schema.n + 1u, sizeof(tide_col *));
    return TIDE_OK;
}

static void group_close(void *self_v)
{
    group *self = self_v;
    tide_op_emit_close(&self->emit);
    tide_calendar_free(&self->calendar);
    tide_free(self->sets);
    tide_free(self->cols);
    tide_op_distinct_close(&self->distinct);
    tide_op_aggs_close(&self->aggs);
    tide_op_keys_close(&self->keys);
}

static tide_status group_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    tide_status rv = open_parts(self_v, node, env);
    if (rv != TIDE_OK) group_close(self_v);
    return rv;
}

const tide_op_vt tide_op_group = { .name = "aggregate",
                                   .size = sizeof(group),
                                   .open = group_open,
                                   .on_batch = group_on_batch,
                                   .on_timer = group_on_timer,
                                   .next_timer = group_next_timer,
                                   .on_end = group_on_end,
                                   .after_restore = group_after_restore,
                                   .close = group_close };
