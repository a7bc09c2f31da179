/* attached.c - GROUP BY over windows that the rows carry already (an aggregate over windowed rows).
 *
 * The windows may be anything, each key's own sessions even; so a group is a row keyed by (key,
 * start, end), and a calendar knows which ends the watermark has reached. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/op/ending.h"
#include "worker/op/event_time.h"
#include "worker/op/op_priv.h"
#include "worker/op/window_time.h"

typedef struct attached_value { /* What a value begins with. */
    tide_ending_value window;
    int64_t due; /* end - 1: a calendar hands out what lies before the watermark. */
    uint64_t filed;
} attached_value;

#define SPAN_US (60 * 1000000) /* Windows of minutes are what is usual. */

typedef struct attached {
    tide_ending groups;
    tide_ending_table windows;
    uint32_t start_column;
    int64_t watermark;
    uint32_t rows[TIDE_BATCH_ROWS_MAX];
    uint8_t *values[TIDE_BATCH_ROWS_MAX];
    uint16_t fresh[TIDE_BATCH_ROWS_MAX];      /* In no order: which rows are new, */
    uint32_t fresh_rows[TIDE_BATCH_ROWS_MAX]; /* and their numbers. */
    tide_event_time ends;                     /* A row's time is its window's end. */
} attached;

/* ---- rows into groups ---- */

static tide_status take_rows(attached *self, const tide_batch *in, const tide_op_times *times)
{
    const int64_t *start = in->cols[self->start_column]->values;
    tide_op_keys *keys = &self->groups.keys;
    tide_table *table = self->windows.table;
    uint32_t n = times->n, n_fresh = 0;
    TIDE_TRY(tide_op_keys_encode(keys, in, times->rows, n));
    TIDE_TRY(tide_table_update(table, keys->keys, keys->hash, n, self->rows, self->values,
                               self->fresh, &n_fresh));
    for (uint32_t i = 0; i < n_fresh; i++) {
        uint32_t k = self->fresh[i], row = times->rows[k];
        attached_value *v = (attached_value *)(void *)self->values[k];
        *v = (attached_value){ .window = { .start = start[row], .end = times->ts[row] },
                               .due = times->ts[row] - 1 };
    }
    tide_op_rows at = { .in = in, .values = self->values, .rows = times->rows, .n = n };
    TIDE_TRY(tide_op_aggs_update(&self->groups.aggs, &at, false));
    if (self->groups.sets.n) {
        tide_row_places places = { .table = table, .rows = self->rows };
        TIDE_TRY(tide_row_sets_update(&self->groups.sets, &places, &at));
    }
    for (uint32_t i = 0; i < n_fresh; i++) self->fresh_rows[i] = self->rows[self->fresh[i]];
    tide_calendar_file(self->windows.calendar, self->fresh_rows, n_fresh);
    return TIDE_OK;
}

static tide_op_result attached_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                        tide_outbox *out)
{
    attached *self = self_v;
    tide_op_times times;
    tide_assert(port == 0);
    if (self->ends.route_late && !tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    if (tide_event_time_read(&self->ends, *in_p, &times) != TIDE_OK) return TIDE_OP_FAILED;
    tide_event_time_split_late(&self->ends, &times,
                               self->watermark + 1); /* Late: end <= watermark. */
    tide_event_time_push_late(&self->ends, *in_p, out);
    if (times.n > 0 && take_rows(self, *in_p, &times) != TIDE_OK) return TIDE_OP_FAILED;
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

/* ---- firing ---- */

static tide_op_result attached_on_watermark(void *self_v, int64_t watermark_us, tide_outbox *out)
{
    attached *self = self_v;
    watermark_us = tide_window_clamp(watermark_us);
    if (!tide_ending_fire(&self->groups, &self->windows, watermark_us, out) ||
        !tide_op_emit_flush(&self->groups.emit, out))
        return TIDE_OP_AGAIN;
    if (watermark_us > self->watermark) self->watermark = watermark_us;
    return TIDE_OP_DONE;
}

/* ---- life ---- */

static tide_status attached_after_restore(void *self_v)
{
    attached *self = self_v;
    tide_calendar_rebuild(self->windows.calendar);
    return TIDE_OK;
}

static tide_status open_parts(attached *self, const tide_node *node, tide_op_env *env)
{
    const tide_window *window = &node->aggregate.window;
    const uint32_t bounds[] = { window->start_column, window->end_column };
    tide_ending_layout layout = { .head_bytes = sizeof(attached_value),
                                  .due_at = (uint32_t)offsetof(attached_value, due),
                                  .filed_at = (uint32_t)offsetof(attached_value, filed),
                                  .span_us = SPAN_US,
                                  .extra = bounds,
                                  .n_extra = 2 };
    self->start_column = window->start_column;
    self->watermark = tide_op_first_watermark(env);
    TIDE_TRY(tide_ending_open(&self->groups, env, node, &layout));
    TIDE_TRY(tide_ending_open_table(&self->groups, "attached windows", &self->groups.keys.spec,
                                    &self->windows));
    tide_event_time_open(&self->ends, env, window->end_column, node->aggregate.late != NULL);
    return TIDE_OK;
}

static void attached_close(void *self_v)
{
    attached *self = self_v;
    tide_ending_close_table(&self->windows);
    tide_ending_close(&self->groups);
}

static tide_status attached_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    tide_status rv = open_parts(self_v, node, env);
    if (rv != TIDE_OK) attached_close(self_v);
    return rv;
}

const tide_op_vt tide_op_attached = { .name = "attached window aggregate",
                                      .size = sizeof(attached),
                                      .open = attached_open,
                                      .on_batch = attached_on_batch,
                                      .on_watermark = attached_on_watermark,
                                      .after_restore = attached_after_restore,
                                      .close = attached_close };
