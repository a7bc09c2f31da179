/* window.c - a windowing function without aggregation: each row once per window that it lies in,
 * with the window's start, end and time behind its columns. Stateless; no row is late here. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/op/event_time.h"
#include "worker/op/op_priv.h"
#include "worker/op/window_time.h"

#define WINDOW_COLUMNS 3u
#define WINDOW_TIME_BEFORE_END_US 1000 /* window_time is the window's last millisecond. */

typedef struct window {
    tide_op_env *env;
    tide_window of;
    tide_type time_type;
    tide_col **cols; /* Of the batch under construction. */
    /* The batch at hand: where it stands. */
    bool begun;
    tide_op_times times;
    uint32_t k;    /* Row times.rows[k], ... */
    int64_t after; /* ... its windows that end after this. */
    uint16_t rows[TIDE_BATCH_ROWS_MAX];
    tide_span spans[TIDE_BATCH_ROWS_MAX];
    tide_event_time event_time;
} window;

/* The next pairs of row and window, row by row. */
static uint32_t next_pairs(window *self)
{
    const tide_op_times *t = &self->times;
    uint32_t n = 0;
    for (; self->k < t->n; self->k++, self->after = INT64_MIN) {
        uint16_t row = t->rows[self->k];
        int64_t ts = t->ts[row];
        tide_span slice = tide_window_slice(&self->of, ts), span;
        if (!tide_window_covers(&self->of, slice)) continue;
        while (tide_window_next(&self->of, slice, self->after, &span)) {
            if (n == TIDE_BATCH_ROWS_MAX) return n;
            self->rows[n] = row;
            self->spans[n++] = span;
            self->after = span.end;
        }
    }
    return n;
}

static void add_window_columns(window *self, tide_col **cols, uint32_t n)
{
    void *start, *end, *time;
    cols[0] = tide_col_new(self->env->pool, self->time_type, n, &start, false, NULL);
    cols[1] = tide_col_new(self->env->pool, self->time_type, n, &end, false, NULL);
    cols[2] = tide_col_new(self->env->pool, self->time_type, n, &time, false, NULL);
    for (uint32_t i = 0; i < n; i++) {
        ((int64_t *)start)[i] = self->spans[i].start;
        ((int64_t *)end)[i] = self->spans[i].end;
        ((int64_t *)time)[i] = self->spans[i].end - WINDOW_TIME_BEFORE_END_US;
    }
}

static void push_pairs(window *self, tide_batch *in, uint32_t n, tide_outbox *out)
{
    tide_pool *pool = self->env->pool;
    for (uint32_t c = 0; c < in->n_cols; c++)
        self->cols[c] = tide_col_gather(pool, in->cols[c], self->rows, n);
    add_window_columns(self, self->cols + in->n_cols, n);
    tide_batch *made = tide_batch_new(pool, self->cols, in->n_cols + WINDOW_COLUMNS, n);
    made->born_ns = in->born_ns;
    if (in->change) {
        tide_col *change = tide_col_gather(pool, in->change, self->rows, n);
        tide_batch_set_change(made, &change);
    }
    tide_outbox_push(out, &made);
}

static tide_op_result window_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                      tide_outbox *out)
{
    window *self = self_v;
    tide_assert(port == 0);
    if (!self->begun) {
        if (tide_event_time_read(&self->event_time, *in_p, &self->times) != TIDE_OK)
            return TIDE_OP_FAILED;
        self->begun = true;
        self->k = 0;
        self->after = INT64_MIN;
    }
    while (self->k < self->times.n) {
        if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
        uint32_t n = next_pairs(self);
        if (n > 0) push_pairs(self, *in_p, n, out);
    }
    self->begun = false;
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

static tide_status window_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    window *self = self_v;
    self->env = env;
    self->of = node->window.window;
    if (self->of.kind != TIDE_WINDOW_TUMBLE && self->of.kind != TIDE_WINDOW_HOP &&
        self->of.kind != TIDE_WINDOW_CUMULATE)
        return tide_fail(TIDE_E_UNSUPPORTED, "SESSION without GROUP BY");
    TIDE_TRY(tide_window_check(&self->of));
    self->time_type = node->inputs[0]->schema.fields[self->of.time_column].type;
    self->cols = tide_calloc(node->schema.n + 1u, sizeof(tide_col *));
    tide_event_time_open(&self->event_time, env, self->of.time_column, false);
    return TIDE_OK;
}

static void window_close(void *self_v)
{
    window *self = self_v;
    tide_free(self->cols);
}

const tide_op_vt tide_op_window = { .name = "window",
                                    .size = sizeof(window),
                                    .open = window_open,
                                    .on_batch = window_on_batch,
                                    .close = window_close };
