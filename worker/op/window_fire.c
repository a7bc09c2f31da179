/* window_fire.c - aligned windows whose end the watermark has passed: merge their slices, emit,
 * forget.
 *
 * Firing goes on from call to call: a window of many millions of keys is emitted a batch at a time,
 * and merging does a bounded number of rows per call. */
#include "base/core/assert.h"
#include "worker/op/window_agg_priv.h"

/* Rows merged in one call of the operator. */
#define MERGE_ROWS_MAX 65536u

static tide_op_result fire_own_panes(window_agg *self, int64_t w, tide_outbox *out);
static tide_op_result fire_shared(window_agg *self, int64_t w, tide_outbox *out);

tide_op_result window_fire(window_agg *self, int64_t w, tide_outbox *out)
{
    w = tide_window_clamp(w);
    tide_op_result result =
        self->sharing == WINDOW_OWN_PANE ? fire_own_panes(self, w, out) : fire_shared(self, w, out);
    if (result != TIDE_OP_DONE) return result;
    if (!tide_op_emit_flush(&self->emit, out)) return TIDE_OP_AGAIN;
    if (w > self->fired_to) self->fired_to = w;
    return TIDE_OP_DONE;
}

/* Emits the rest of a table as the groups of `window`. False when there is no room for all. */
static bool emit_table(window_agg *self, const tide_table *table, tide_span window,
                       tide_outbox *out)
{
    for (;;) {
        uint32_t space = tide_op_emit_space(&self->emit);
        if (space == 0) {
            if (!tide_op_emit_flush(&self->emit, out)) return false;
            space = tide_op_emit_space(&self->emit);
        }
        uint32_t n = tide_table_scan_next(table, &self->firing.scan, self->rows, space);
        if (n == 0) return true;
        tide_op_emit_groups(&self->emit, table, self->rows, n);
        tide_op_emit_window(&self->emit, window.start, window.end, n);
        self->emit.builder.n += n;
    }
}

static tide_op_result fire_own_panes(window_agg *self, int64_t w, tide_outbox *out)
{
    while (self->panes.n > 0 && self->panes.items[0].span.end <= w) {
        tide_pane *pane = &self->panes.items[0];
        if (!emit_table(self, pane->table, pane->span, out)) return TIDE_OP_AGAIN;
        tide_panes_drop(&self->panes, 0);
        self->firing.scan = (tide_table_scan){ 0 };
    }
    return TIDE_OP_DONE;
}

/* ---- windows of several slices ---- */

/* Up to `most` further rows of a slice into, or out of, the running table. *n_out 0: the slice is
 * done. */
static tide_status combine(window_agg *self, const tide_table *slice, uint32_t most, bool add,
                           uint32_t *n_out)
{
    tide_table *table = self->running.table;
    const tide_key_spec *spec = &self->keys.spec;
    uint32_t rows[TIDE_BATCH_ROWS_MAX / 4], n, n_gone = 0;
    uint32_t max = sizeof rows / sizeof *rows;
    *n_out = n = tide_table_scan_next(slice, &self->firing.scan, rows, most < max ? most : max);
    for (uint32_t i = 0; i < n; i++)
        memcpy(self->keys.keys + (size_t)i * spec->key_bytes, tide_table_key(slice, rows[i]),
               spec->key_bytes);
    tide_key_hash_keys(spec, self->keys.keys, spec->key_bytes, n, self->keys.hash);
    TIDE_TRY(tide_table_update(table, self->keys.keys, self->keys.hash, n, self->rows, self->values,
                               NULL, NULL));
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *from = tide_table_value(slice, rows[i]);
        uint8_t *into = self->values[i];
        TIDE_TRY(add ? tide_op_aggs_merge(&self->aggs, into, from)
                     : tide_op_aggs_unmerge(&self->aggs, into, from));
        if (self->sharing != WINDOW_SLIDING) continue;
        int64_t *count = (int64_t *)(void *)(into + WINDOW_ROWS_AT);
        int64_t change = *(const int64_t *)(const void *)(from + WINDOW_ROWS_AT);
        *count += add ? change : -change;
        if (*count == 0) rows[n_gone++] = self->rows[i]; /* n_gone <= i: read already. */
    }
    tide_table_delete(table, rows, n_gone);
    return TIDE_OK;
}

static bool in_running(const window_agg *self, tide_span slice)
{
    return slice.start >= self->running.lo && slice.start < self->running.hi;
}

/* Decides what to do next. False when no further window ends at or before `w`. */
static bool begin_next(window_agg *self, int64_t w)
{
    window_running *run = &self->running;
    tide_span window;
    self->firing.scan = (tide_table_scan){ 0 };
    self->firing.pane = self->firing.part = 0;
    if (self->panes.n == 0) return false;
    tide_span first = self->panes.items[0].span;
    if (!tide_window_next(&self->window, first, self->fired_to, &window)) {
        self->firing.phase = WINDOW_REMOVE; /* All its windows have fired. */
        return true;
    }
    if (window.end > w) return false;
    bool goes_on = self->sharing == WINDOW_SLIDING
                       ? run->hi > window.start
                       : self->sharing == WINDOW_GROWING && run->lo == window.start;
    if (!goes_on) {
        tide_table_clear(run->table);
        window_sets_clear(self);
        run->hi = window.start;
    }
    run->lo = window.start;
    self->firing.window = window;
    self->firing.phase = WINDOW_MERGE;
    return true;
}

/* The rest of a slice into, or out of, the running sum. *budget: rows left for this call. */
static tide_status combine_slice(window_agg *self, const tide_pane *pane, bool add,
                                 uint32_t *budget, bool *done)
{
    window_firing *f = &self->firing;
    *done = false;
    for (; f->part <= self->distinct.n; f->part++, f->scan = (tide_table_scan){ 0 })
        for (uint32_t n = 1; n > 0; *budget -= n) {
            if (*budget == 0) return TIDE_OK;
            TIDE_TRY(f->part < self->distinct.n
                         ? window_sets_combine(self, pane->sets[f->part], f->part, *budget, add, &n)
                         : combine(self, pane->table, *budget, add, &n));
        }
    f->part = 0;
    *done = true;
    return TIDE_OK;
}

/* Merges what the window has beyond the running sum. */
static tide_status merge_slices(window_agg *self, uint32_t *budget, bool *done)
{
    window_firing *f = &self->firing;
    for (; f->pane < self->panes.n; f->pane++) {
        const tide_pane *pane = &self->panes.items[f->pane];
        if (pane->span.start < self->running.hi) continue;
        if (pane->span.end > f->window.end) break;
        TIDE_TRY(combine_slice(self, pane, true, budget, done));
        if (!*done) return TIDE_OK;
    }
    self->running.hi = f->window.end;
    *done = true;
    return TIDE_OK;
}

/* Drops the first slice; takes it out of the running sum before, if that slides. */
static tide_status remove_slice(window_agg *self, uint32_t *budget, bool *done)
{
    const tide_pane *pane = &self->panes.items[0];
    *done = true;
    if (self->sharing == WINDOW_SLIDING && in_running(self, pane->span))
        TIDE_TRY(combine_slice(self, pane, false, budget, done));
    if (*done) tide_panes_drop(&self->panes, 0);
    return TIDE_OK;
}

static tide_op_result fire_shared(window_agg *self, int64_t w, tide_outbox *out)
{
    uint32_t budget = MERGE_ROWS_MAX;
    bool done = true;
    for (;;) {
        switch (self->firing.phase) {
        case WINDOW_NEXT:
            if (!begin_next(self, w)) return TIDE_OP_DONE;
            continue;
        case WINDOW_MERGE:
            if (merge_slices(self, &budget, &done) != TIDE_OK) return TIDE_OP_FAILED;
            if (!done) return TIDE_OP_AGAIN;
            self->firing.phase = WINDOW_EMIT;
            continue;
        case WINDOW_EMIT:
            if (!emit_table(self, self->running.table, self->firing.window, out))
                return TIDE_OP_AGAIN;
            self->fired_to = self->firing.window.end;
            self->firing.phase = WINDOW_NEXT;
            continue;
        case WINDOW_REMOVE:
            if (remove_slice(self, &budget, &done) != TIDE_OK) return TIDE_OP_FAILED;
            if (!done) return TIDE_OP_AGAIN;
            self->firing.phase = WINDOW_NEXT;
            continue;
        }
    }
}

/* ---- the running table ---- */

tide_status window_running_open(window_agg *self)
{
    window_running *run = &self->running;
    const tide_op_env *env = self->env;
    window_running_forget(self);
    if (self->sharing == WINDOW_OWN_PANE) return TIDE_OK;
    run->memory = tide_state_memory_new(env->state_budget_bytes);
    tide_table_spec spec = { .name = "running windows",
                             .key = &self->keys.spec,
                             .value_bytes = self->aggs.value_bytes,
                             .owned = self->aggs.owned,
                             .n_owned = self->aggs.n_owned };
    tide_table_groups groups = { .total = env->key_groups,
                                 .first = env->key_group_first,
                                 .end = env->key_group_end };
    TIDE_TRY(tide_table_open(&run->table, &spec, groups, run->memory));
    return window_sets_open(self, &groups);
}

void window_running_forget(window_agg *self)
{
    self->running.lo = self->running.hi = -TIDE_WINDOW_TIME_MAX;
}

void window_running_close(window_agg *self)
{
    window_sets_close(self);
    tide_table_free(&self->running.table);
    tide_state_memory_free(&self->running.memory);
}
