/* session.c - GROUP BY over sessions: a key's rows with no break longer than the gap.
 *
 * A batch's keys are looked up at once. Then one pass decides, row by row: nearly always a row
 * extends the newest session of its key, and only its end is written. The aggregates are fed
 * afterwards by vector kernels, or before a session moves or fuses. Ends are in a calendar that
 * looks at a session about once per gap. */
#include "base/core/mem.h"
#include "worker/op/op_priv.h"
#include "worker/op/session_priv.h"

static tide_status take_batch(session *self, bool partial);
static void settle_batch(session *self);

static tide_op_result session_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                       tide_outbox *out)
{
    session *self = self_v;
    if (self->times.route_late && !tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    self->in = *in_p;
    if (take_batch(self, port == 1) != TIDE_OK) return TIDE_OP_FAILED;
    tide_event_time_push_late(&self->times, *in_p, out);
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

/* ---- rows into sessions ---- */

static TIDE_NOINLINE tide_status take_odd_row(session *self, uint32_t k, uint16_t row, int64_t ts)
{
    tide_row_ref ref;
    session_fate fate;
    TIDE_TRY(session_place(self, k, ts, &ref, &fate));
    if (fate == SESSION_LATE)
        tide_event_time_add_late(&self->times, row);
    else
        session_add_pending(self, ref, row);
    return TIDE_OK;
}

/* Extends the sessions that the rows from k on fall into, up to the first that does not: returns
 * which. Rows that come one after another for one key are taken together: a hot key's session is
 * then read and written once, not once per row. */
static uint32_t join(const session *self, const tide_op_times *times, uint32_t k)
{
    const uint32_t *rows = self->rows;
    const uint16_t *at = times->rows;
    const int64_t *ts = times->ts, gap = self->gap;
    uint32_t n = times->n;
    bool only_count = self->groups.aggs.only_count_star;
    while (k < n) {
        session_value *s = (session_value *)(void *)self->values[k];
        int64_t start = s->start, due = s->due, last = due;
        uint32_t row = rows[k], first = k;
        if (TIDE_UNLIKELY(start == due)) break; /* Not open. */
        do {
            int64_t t = ts[at[k]];
            if (TIDE_UNLIKELY(t < start || t > last)) break;
            last = t + gap > last ? t + gap : last;
        } while (++k < n && rows[k] == row);
        s->due = last;
        if (only_count) *(int64_t *)(void *)(s + 1) += k - first;
        if (TIDE_UNLIKELY(k < n && rows[k] == row)) break;
    }
    return k;
}

/* Rows first..end-1 have been joined. */
static void add_joined(session *self, const tide_op_times *times, uint32_t first, uint32_t end)
{
    session_pending *p = &self->pending;
    if (self->groups.aggs.only_count_star) return;
    for (uint32_t k = first; k < end; k++) {
        p->at[p->n] = (tide_row_ref){ self->newest.table, self->rows[k] };
        p->values[p->n] = self->values[k];
        p->rows[p->n++] = times->rows[k];
    }
}

/* Feeds rows to their sessions. */
static tide_status feed(session *self, const tide_op_rows *at, const tide_row_places *places)
{
    if (at->n == 0) return TIDE_OK;
    TIDE_TRY(tide_op_aggs_update(&self->groups.aggs, at, false));
    return self->groups.sets.n ? tide_row_sets_update(&self->groups.sets, places, at) : TIDE_OK;
}

static tide_status take_rows(session *self, const tide_op_times *times)
{
    uint32_t first = 0, k = 0, n = times->n;
    while ((k = join(self, times, k)) < n) {
        add_joined(self, times, first, k);
        TIDE_TRY(take_odd_row(self, k, times->rows[k], times->ts[times->rows[k]]));
        first = ++k;
    }
    if (first > 0) {
        add_joined(self, times, first, n);
        return session_flush(self);
    }
    tide_op_rows all = { .in = self->in, .values = self->values, .rows = times->rows, .n = n };
    tide_row_places places = { .table = self->newest.table, .rows = self->rows };
    return self->groups.aggs.only_count_star ? TIDE_OK : feed(self, &all, &places);
}

static tide_status take_slice(session *self, const tide_op_times *times)
{
    tide_op_keys *keys = &self->groups.keys;
    bool partial = self->in_states != NULL;
    TIDE_TRY(partial ? tide_op_keys_encode_partial(keys, self->in, times->rows, times->n)
                     : tide_op_keys_encode(keys, self->in, times->rows, times->n));
    TIDE_TRY(tide_table_update(self->newest.table, keys->keys, keys->hash, times->n, self->rows,
                               self->values, NULL, NULL));
    if (!partial) return take_rows(self, times);
    TIDE_TRY(session_take_ranges(self, times));
    return session_flush(self);
}

static tide_status take_batch(session *self, bool partial)
{
    tide_op_times times;
    self->in_states = partial ? self->in->cols + self->partial.states : NULL;
    if (partial)
        tide_event_time_read_partial(&self->times, self->in, &self->partial, &times);
    else
        TIDE_TRY(tide_event_time_read(&self->times, self->in, &times));
    for (uint32_t done = 0; done < times.n; done += SESSION_SLICE_ROWS) {
        tide_op_times slice = times;
        slice.rows += done;
        slice.n = times.n - done;
        if (slice.n > SESSION_SLICE_ROWS) slice.n = SESSION_SLICE_ROWS;
        TIDE_TRY(take_slice(self, &slice));
    }
    settle_batch(self);
    return TIDE_OK;
}

tide_status session_flush(session *self)
{
    session_pending *p = &self->pending;
    tide_op_rows at = {
        .in = self->in, .values = p->values, .rows = p->rows, .n = p->n, .partial = self->in_states
    };
    tide_row_places places = { .refs = p->at };
    TIDE_TRY(feed(self, &at, &places));
    p->n = 0;
    return TIDE_OK;
}

/* Files the sessions that the batch opened and forgets the keys of which it had only late rows. */
static void settle_batch(session *self)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n_empty; i++) {
        const session_value *s = session_of((tide_row_ref){ self->newest.table, self->empty[i] });
        if (s->start == s->due) self->empty[n++] = self->empty[i];
    }
    tide_table_delete(self->newest.table, self->empty, n);
    tide_calendar_file(self->newest.calendar, self->file, self->n_file);
    self->n_empty = self->n_file = 0;
}

/* ---- firing ---- */

static tide_op_result session_on_watermark(void *self_v, int64_t watermark_us, tide_outbox *out)
{
    session *self = self_v;
    watermark_us = tide_window_clamp(watermark_us);
    if (watermark_us > self->watermark) self->watermark = watermark_us;
    if (!tide_ending_fire(&self->groups, &self->older, self->watermark, out) ||
        !tide_ending_fire(&self->groups, &self->newest, self->watermark, out) ||
        !tide_op_emit_flush(&self->groups.emit, out))
        return TIDE_OP_AGAIN;
    return TIDE_OP_DONE;
}

/* ---- life ---- */

static tide_status session_after_restore(void *self_v)
{
    session *self = self_v;
    tide_calendar_rebuild(self->newest.calendar);
    tide_calendar_rebuild(self->older.calendar);
    return TIDE_OK;
}

/* (key, id): the id does not count for the key group. */
static tide_status make_older_spec(session *self)
{
    tide_key_col cols[TIDE_KEY_COLS_MAX];
    uint32_t n = self->groups.keys.spec.n;
    if (n == TIDE_KEY_COLS_MAX) return tide_fail(TIDE_E_LIMIT, "too many columns to group by");
    memcpy(cols, self->groups.keys.spec.cols, n * sizeof *cols);
    cols[n] = (tide_key_col){ .type = tide_type_of(TIDE_TYPE_BIGINT), .not_null = true };
    return tide_key_spec_init(&self->older_spec, cols, n + 1, n);
}

static tide_status open_parts(session *self, const tide_node *node, tide_op_env *env)
{
    const tide_window *window = &node->aggregate.window;
    tide_ending_layout layout = { .head_bytes = sizeof(session_value),
                                  .due_at = (uint32_t)offsetof(session_value, due),
                                  .filed_at = (uint32_t)offsetof(session_value, filed),
                                  .n_blobs = SESSION_BLOB_SETS,
                                  .span_us = window->size_us };
    self->partial = tide_partial_columns_of(node);
    self->gap = window->size_us;
    self->watermark = tide_op_first_watermark(env);
    if (self->gap <= 0 || self->gap > TIDE_WINDOW_SIZE_MAX)
        return tide_fail(TIDE_E_INVALID, "a session's gap must be positive");
    TIDE_TRY(tide_ending_open(&self->groups, env, node, &layout));
    TIDE_TRY(make_older_spec(self));
    TIDE_TRY(
        tide_ending_open_table(&self->groups, "sessions", &self->groups.keys.spec, &self->newest));
    TIDE_TRY(
        tide_ending_open_table(&self->groups, "older sessions", &self->older_spec, &self->older));
    tide_event_time_open(&self->times, env, window->time_column, node->aggregate.late != NULL);
    return TIDE_OK;
}

static void session_close(void *self_v)
{
    session *self = self_v;
    tide_ending_close_table(&self->newest);
    tide_ending_close_table(&self->older);
    tide_ending_close(&self->groups);
}

static tide_status session_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    tide_status rv = open_parts(self_v, node, env);
    if (rv != TIDE_OK) session_close(self_v);
    return rv;
}

const tide_op_vt tide_op_session = { .name = "session aggregate",
                                     .size = sizeof(session),
                                     .open = session_open,
                                     .on_batch = session_on_batch,
                                     .on_watermark = session_on_watermark,
                                     .after_restore = session_after_restore,
                                     .close = session_close };
