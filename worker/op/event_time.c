/* event_time.c - see event_time.h. */
#include "worker/op/event_time.h"

#include "base/core/assert.h"
#include "worker/op/op_priv.h"
#include "worker/op/window_time.h"

static void find_range(tide_op_times *t);
static tide_status drop_bad(tide_event_time *self, const tide_batch *in, const tide_col *col,
                            tide_op_times *out);

void tide_event_time_open(tide_event_time *self, tide_op_env *env, uint32_t column, bool route_late)
{
    self->env = env;
    self->column = column;
    self->route_late = route_late;
    for (uint32_t i = 0; i < TIDE_BATCH_ROWS_MAX; i++) self->identity[i] = (uint16_t)i;
}

static tide_op_times all_rows(const tide_event_time *self, const tide_batch *in, uint32_t column)
{
    return (tide_op_times){ .ts = in->cols[column]->values,
                            .rows = in->sel ? in->sel : self->identity,
                            .n = in->n_rows,
                            .dense = in->sel == NULL };
}

static bool in_range(const tide_op_times *t)
{
    return t->n == 0 || (t->min > -TIDE_WINDOW_TIME_MAX && t->max < TIDE_WINDOW_TIME_MAX);
}

tide_status tide_event_time_read(tide_event_time *self, const tide_batch *in, tide_op_times *out)
{
    const tide_col *col = in->cols[self->column];
    *out = all_rows(self, in, self->column);
    self->n_late = 0;
    self->row_counts = NULL;
    if (col->validity) TIDE_TRY(drop_bad(self, in, col, out));
    find_range(out);
    if (TIDE_LIKELY(in_range(out))) return TIDE_OK;
    TIDE_TRY(drop_bad(self, in, col, out));
    find_range(out);
    return TIDE_OK;
}

void tide_event_time_read_partial(tide_event_time *self, const tide_batch *in,
                                  const tide_partial_columns *columns, tide_op_times *out)
{
    *out = all_rows(self, in, columns->first);
    self->n_late = 0;
    self->row_counts = in->cols[columns->rows]->values;
    find_range(out);
}

bool tide_event_time_read_whole(const tide_event_time *self, const tide_batch *in,
                                tide_op_times *out)
{
    const tide_col *col = in->cols[self->column];
    *out = all_rows(self, in, self->column);
    for (uint32_t k = 0; col->validity && k < out->n; k++)
        if (!tide_col_valid(col, out->rows[k])) return false;
    find_range(out);
    return in_range(out);
}

/* Rows whose time is NULL or beyond all calendars cannot be placed. */
static tide_status drop_bad(tide_event_time *self, const tide_batch *in, const tide_col *col,
                            tide_op_times *out)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < out->n; k++) {
        uint32_t row = out->rows[k];
        const char *why = NULL;
        if (!tide_col_valid(col, row))
            why = "the event time is NULL";
        else if (out->ts[row] <= -TIDE_WINDOW_TIME_MAX || out->ts[row] >= TIDE_WINDOW_TIME_MAX)
            why = "the event time is out of range";
        if (why)
            TIDE_TRY(tide_op_bad_row(self->env, in, row, TIDE_E_DATA, TIDE_POS_UNKNOWN, why));
        else
            self->rows[n++] = (uint16_t)row;
    }
    if (n < out->n) out->dense = false;
    out->rows = self->rows;
    out->n = n;
    return TIDE_OK;
}

TIDE_HOT static void dense_range(const int64_t *ts, uint32_t n, int64_t *min_out, int64_t *max_out)
{
    int64_t min = ts[0], max = ts[0];
    for (uint32_t i = 1; i < n; i++) {
        min = ts[i] < min ? ts[i] : min;
        max = ts[i] > max ? ts[i] : max;
    }
    *min_out = min;
    *max_out = max;
}

static void find_range(tide_op_times *t)
{
    if (t->n == 0) return;
    if (t->dense) {
        dense_range(t->ts, t->n, &t->min, &t->max);
        return;
    }
    t->min = t->max = t->ts[t->rows[0]];
    for (uint32_t k = 1; k < t->n; k++) {
        int64_t ts = t->ts[t->rows[k]];
        if (ts < t->min) t->min = ts;
        if (ts > t->max) t->max = ts;
    }
}

void tide_event_time_split_late(tide_event_time *self, tide_op_times *times, int64_t late_before)
{
    if (times->n == 0 || TIDE_LIKELY(times->min >= late_before)) return;
    uint32_t n = 0;
    for (uint32_t k = 0; k < times->n; k++) {
        uint16_t row = times->rows[k];
        if (times->ts[row] < late_before)
            self->late[self->n_late++] = row;
        else
            self->rows[n++] = row;
    }
    times->rows = self->rows;
    times->n = n;
    times->dense = false;
    find_range(times);
}

void tide_event_time_push_late(tide_event_time *self, tide_batch *in, tide_outbox *out)
{
    if (self->n_late == 0) return;
    uint64_t n = self->n_late;
    for (uint32_t i = 0; self->row_counts && i < self->n_late; i++)
        n += (uint64_t)self->row_counts[self->late[i]] - 1;
    atomic_fetch_add_explicit(&self->env->counters->late_rows, n, memory_order_relaxed);
    if (self->route_late) {
        tide_assert(!self->row_counts); /* Such aggregates have one phase. */
        tide_assert(tide_outbox_has_room(out));
        tide_batch *late = tide_batch_select(self->env->pool, in, self->late, self->n_late);
        tide_outbox_push_to(out, TIDE_OP_OUTPUT_LATE, &late);
    }
    self->n_late = 0;
}
