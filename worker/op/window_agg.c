/* window_agg.c - GROUP BY over tumbling, hopping and cumulating windows: rows into panes.
 *
 * A pane is one keyed table per span of time, emitted whole when the watermark reaches the end of
 * its window: no timer per key. Hopping and cumulating windows share slices (window_time.h) unless
 * an aggregate other than count is DISTINCT; then a row goes into every window's own pane. Most
 * batches fall into one slice, which is found out from the range of their times; the others are
 * split, slice by slice. */
#include "base/core/assert.h"
#include "worker/op/op_priv.h"
#include "worker/op/window_agg_priv.h"

static tide_status take_rows(window_agg *self, const tide_batch *in, const tide_op_times *times);

static tide_op_result window_agg_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                          tide_outbox *out)
{
    window_agg *self = self_v;
    tide_op_times times;
    if (self->times.route_late && !tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    self->in_partial = port == 1;
    if (self->in_partial)
        tide_event_time_read_partial(&self->times, *in_p, &self->partial, &times);
    else if (tide_event_time_read(&self->times, *in_p, &times) != TIDE_OK)
        return TIDE_OP_FAILED;
    tide_event_time_split_late(&self->times, &times, self->late_before);
    tide_event_time_push_late(&self->times, *in_p, out);
    if (take_rows(self, *in_p, &times) != TIDE_OK) return TIDE_OP_FAILED;
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

static tide_op_result window_agg_on_watermark(void *self_v, int64_t watermark_us, tide_outbox *out)
{
    window_agg *self = self_v;
    tide_op_result result = window_fire(self, watermark_us, out);
    if (result == TIDE_OP_DONE)
        self->late_before = tide_window_late_before(&self->window, watermark_us);
    return result;
}

/* ---- rows into panes ---- */

/* count(*) alone: neighbouring rows of one group are counted together. */
static void count_rows(window_agg *self, uint32_t n)
{
    uint32_t offset = self->aggs.offsets[0];
    for (uint32_t i = 0, end; i < n; i = end) {
        uint8_t *value = self->values[i];
        for (end = i + 1; end < n && self->values[end] == value;) end++;
        *(int64_t *)(void *)(value + offset) += end - i;
    }
}

static tide_status add_to_table(window_agg *self, tide_table *table, const tide_batch *in,
                                const uint16_t *rows, uint32_t n, tide_op_rows *at)
{
    TIDE_TRY(tide_table_update(table, self->keys.keys, self->keys.hash, n, self->rows, self->values,
                               NULL, NULL));
    if (self->aggs.only_count_star && self->sharing != WINDOW_SLIDING && !self->in_partial) {
        count_rows(self, n);
        return TIDE_OK;
    }
    *at = (tide_op_rows){ .in = in, .values = self->values, .rows = rows, .n = n };
    if (self->in_partial) at->partial = in->cols + self->partial.states;
    if (self->sharing == WINDOW_SLIDING)
        for (uint32_t i = 0; i < n; i++) ++*(int64_t *)(void *)(self->values[i] + WINDOW_ROWS_AT);
    return tide_op_aggs_update(&self->aggs, at, false);
}

/* Into the pane of one span. A slice that is part of the running sum already is added there too:
 * the row is not late for the windows to come. With sets, which rows are new to the slice would
 * have to be known: the sum is made anew. */
static tide_status add_to_pane(window_agg *self, tide_span span, const tide_batch *in,
                               const uint16_t *rows, uint32_t n)
{
    uint32_t i;
    tide_op_rows at = { .in = in };
    TIDE_TRY(tide_panes_get(&self->panes, span, &i));
    tide_pane *pane = &self->panes.items[i];
    TIDE_TRY(add_to_table(self, pane->table, in, rows, n, &at));
    TIDE_TRY(tide_op_distinct_update(&self->distinct, pane->sets, &at, false));
    bool in_sum =
        self->running.table && span.start >= self->running.lo && span.start < self->running.hi;
    if (in_sum && self->distinct.n == 0)
        return add_to_table(self, self->running.table, in, rows, n, &at);
    if (in_sum) window_running_forget(self);
    return TIDE_OK;
}

/* Rows of one slice, which is not late. */
static tide_status add_slice(window_agg *self, tide_span slice, const tide_batch *in,
                             const uint16_t *rows, uint32_t n)
{
    if (!tide_window_covers(&self->window, slice)) return TIDE_OK;
    TIDE_TRY(self->in_partial ? tide_op_keys_encode_partial(&self->keys, in, rows, n)
                              : tide_op_keys_encode(&self->keys, in, rows, n));
    if (self->sharing != WINDOW_OWN_PANE) return add_to_pane(self, slice, in, rows, n);
    tide_span window;
    int64_t after = self->fired_to;
    while (tide_window_next(&self->window, slice, after, &window)) {
        TIDE_TRY(add_to_pane(self, window, in, rows, n));
        after = window.end;
    }
    return TIDE_OK;
}

static tide_status take_rows(window_agg *self, const tide_batch *in, const tide_op_times *times)
{
    if (times->n == 0) return TIDE_OK;
    tide_span slice = tide_window_slice(&self->window, times->min);
    if (TIDE_LIKELY(times->max < slice.end))
        return add_slice(self, slice, in, times->rows, times->n);

    const uint16_t *left = times->rows;
    uint32_t n_left = times->n;
    while (n_left > 0) {
        uint32_t n_part = 0, n_rest = 0;
        slice = tide_window_slice(&self->window, times->ts[left[0]]);
        for (uint32_t k = 0; k < n_left; k++) {
            uint16_t row = left[k];
            bool inside = times->ts[row] >= slice.start && times->ts[row] < slice.end;
            self->part[n_part] = row;
            self->rest[n_rest] = row; /* In place from the second round on: n_rest <= k. */
            n_part += inside;
            n_rest += !inside;
        }
        TIDE_TRY(add_slice(self, slice, in, self->part, n_part));
        left = self->rest;
        n_left = n_rest;
    }
    return TIDE_OK;
}

/* ---- life ---- */

static window_sharing choose_sharing(const tide_window *window, const tide_op_aggs *aggs)
{
    bool shares = window->kind != TIDE_WINDOW_TUMBLE;
    for (uint32_t s = 0; s < aggs->n_sets; s++) shares &= aggs->counts_set[s];
    if (!shares) return WINDOW_OWN_PANE;
    if (window->kind == TIDE_WINDOW_CUMULATE) return WINDOW_GROWING;
    return aggs->invertible ? WINDOW_SLIDING : WINDOW_REBUILT;
}

static tide_status open_parts(window_agg *self, const tide_node *node, tide_op_env *env)
{
    const tide_schema *in = &node->inputs[0]->schema;
    self->env = env;
    self->window = node->aggregate.window;
    self->partial = tide_partial_columns_of(node);
    if (node->inputs[0]->updating)
        return tide_fail(TIDE_E_UNSUPPORTED, "a window over an updating input");
    TIDE_TRY(tide_window_check(&self->window));
    TIDE_TRY(tide_op_keys_open(&self->keys, env->pool, in, node->aggregate.keys,
                               node->aggregate.n_keys, NULL, 0));
    TIDE_TRY(tide_op_aggs_open(&self->aggs, node, 0, false));
    self->sharing = choose_sharing(&self->window, &self->aggs);
    if (self->sharing == WINDOW_SLIDING) {
        tide_op_aggs_close(&self->aggs);
        TIDE_TRY(tide_op_aggs_open(&self->aggs, node, sizeof(int64_t), false));
    }
    TIDE_TRY(tide_op_distinct_open(&self->distinct, env, node, &self->aggs, false));
    TIDE_TRY(tide_panes_open(&self->panes, env->state, &self->keys, &self->aggs, &self->distinct));
    TIDE_TRY(window_running_open(self));
    tide_op_emit_open(&self->emit, env->pool, node, &self->aggs);
    tide_event_time_open(&self->times, env, self->window.time_column, node->aggregate.late != NULL);
    self->fired_to = tide_op_first_watermark(env);
    self->late_before = tide_window_late_before(&self->window, self->fired_to);
    return TIDE_OK;
}

static void window_agg_close(void *self_v)
{
    window_agg *self = self_v;
    tide_op_emit_close(&self->emit);
    window_running_close(self);
    tide_panes_close(&self->panes);
    tide_op_distinct_close(&self->distinct);
    tide_op_aggs_close(&self->aggs);
    tide_op_keys_close(&self->keys);
}

static tide_status window_agg_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    tide_status rv = open_parts(self_v, node, env);
    if (rv != TIDE_OK) window_agg_close(self_v);
    return rv;
}

const tide_op_vt tide_op_window_agg = { .name = "window aggregate",
                                        .size = sizeof(window_agg),
                                        .open = window_agg_open,
                                        .on_batch = window_agg_on_batch,
                                        .on_watermark = window_agg_on_watermark,
                                        .close = window_agg_close };
