/* attached.c - GROUP BY over windows that the rows carry already (an aggregate over windowed rows).
 *
 * The windows may be anything, each key's own sessions even; so a group is a row keyed by (key,
 * start, end), and a calendar knows which ends the watermark has reached. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "checkpoint/state/calendar.h"
#include "checkpoint/state/set.h"
#include "worker/op/emit.h"
#include "worker/op/event_time.h"
#include "worker/op/op_priv.h"
#include "worker/op/row_sets.h"
#include "worker/op/window_time.h"

typedef struct attached_value { /* What a value begins with. */
    int64_t start, end;
    int64_t due; /* end - 1: a calendar hands out what lies before the watermark. */
    uint64_t filed;
} attached_value;

typedef struct attached {
    tide_op_env *env;
    uint32_t start_column;
    tide_op_keys keys;
    tide_op_aggs aggs;
    tide_row_sets sets;
    tide_op_emit emit;
    tide_table *table;
    tide_calendar *calendar;
    int64_t watermark;
    uint32_t rows[TIDE_BATCH_ROWS_MAX];
    uint8_t *values[TIDE_BATCH_ROWS_MAX];
    tide_row_ref refs[TIDE_BATCH_ROWS_MAX];
    uint16_t fresh[TIDE_BATCH_ROWS_MAX];
    tide_event_time ends; /* A row's time is its window's end. */
} attached;

/* ---- rows into groups ---- */

static tide_status take_rows(attached *self, const tide_batch *in, const tide_op_times *times)
{
    const int64_t *start = in->cols[self->start_column]->values;
    uint32_t n = times->n, n_fresh = 0;
    TIDE_TRY(tide_op_keys_encode(&self->keys, in, times->rows, n));
    TIDE_TRY(tide_table_find_or_insert(self->table, self->keys.keys, self->keys.hash, n, self->rows,
                                       self->fresh, &n_fresh));
    tide_table_touch(self->table, self->rows, n);
    tide_table_values(self->table, self->rows, n, self->values);
    for (uint32_t i = 0; i < n_fresh; i++) {
        uint32_t k = self->fresh[i], row = times->rows[k];
        attached_value *v = (attached_value *)(void *)self->values[k];
        *v = (attached_value){ .start = start[row],
                               .end = times->ts[row],
                               .due = times->ts[row] - 1 };
    }
    tide_op_rows at = { .in = in, .values = self->values, .rows = times->rows, .n = n };
    TIDE_TRY(tide_op_aggs_update(&self->aggs, &at, false));
    if (self->sets.n) {
        for (uint32_t i = 0; i < n; i++)
            self->refs[i] = (tide_row_ref){ self->table, self->rows[i] };
        TIDE_TRY(tide_row_sets_update(&self->sets, self->refs, &at));
    }
    for (uint32_t i = 0; i < n_fresh; i++) self->rows[i] = self->rows[self->fresh[i]];
    tide_calendar_file(self->calendar, self->rows, n_fresh);
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
    int64_t start[TIDE_BATCH_ROWS_MAX / 4], end[TIDE_BATCH_ROWS_MAX / 4];
    uint32_t max = sizeof end / sizeof *end, n;
    watermark_us = tide_window_clamp(watermark_us);
    for (;;) {
        uint32_t space = tide_op_emit_space(&self->emit);
        if (space == 0) {
            if (!tide_op_emit_flush(&self->emit, out)) return TIDE_OP_AGAIN;
            space = tide_op_emit_space(&self->emit);
        }
        n = tide_calendar_pop(self->calendar, watermark_us, self->rows, space < max ? space : max);
        if (n == 0) break;
        tide_op_emit_groups(&self->emit, self->table, self->rows, n);
        for (uint32_t i = 0; i < n; i++) {
            const attached_value *v = (const void *)self->emit.values[i];
            start[i] = v->start;
            end[i] = v->end;
        }
        tide_op_emit_windows(&self->emit, start, end, n);
        self->emit.builder.n += n;
        tide_table_delete(self->table, self->rows, n);
    }
    if (!tide_op_emit_flush(&self->emit, out)) return TIDE_OP_AGAIN;
    if (watermark_us > self->watermark) self->watermark = watermark_us;
    return TIDE_OP_DONE;
}

/* ---- life ---- */

static tide_status attached_after_restore(void *self_v)
{
    attached *self = self_v;
    tide_calendar_rebuild(self->calendar);
    return TIDE_OK;
}

static tide_status open_table(attached *self)
{
    uint32_t n_blobs = TIDE_VALUE_SET_BLOBS * self->sets.n;
    tide_table_spec spec = { .name = "attached windows",
                             .key = &self->keys.spec,
                             .n_blobs = n_blobs,
                             .value_bytes = self->aggs.value_bytes + 8 * n_blobs,
                             .owned = self->aggs.owned,
                             .n_owned = self->aggs.n_owned };
    TIDE_TRY(tide_state_set_open(self->env->state, &spec, &self->table));
    tide_calendar_config config = { .table = self->table,
                                    .span = 60 * 1000000,
                                    .due_offset = (uint32_t)offsetof(attached_value, due),
                                    .filed_offset = (uint32_t)offsetof(attached_value, filed) };
    self->calendar = tide_calendar_new(&config);
    return attached_after_restore(self);
}

static tide_status open_parts(attached *self, const tide_node *node, tide_op_env *env)
{
    const tide_schema *in = &node->inputs[0]->schema;
    const tide_window *window = &node->aggregate.window;
    const uint32_t bounds[] = { window->start_column, window->end_column };
    self->env = env;
    self->start_column = window->start_column;
    self->watermark = tide_op_first_watermark(env);
    if (node->inputs[0]->updating)
        return tide_fail(TIDE_E_UNSUPPORTED, "a window over an updating input");
    TIDE_TRY(tide_op_keys_open(&self->keys, env->pool, in, node->aggregate.keys,
                               node->aggregate.n_keys, bounds, 2));
    TIDE_TRY(tide_op_aggs_open(&self->aggs, node, sizeof(attached_value), false));
    TIDE_TRY(tide_row_sets_open(&self->sets, in, &self->aggs, 0));
    TIDE_TRY(open_table(self));
    tide_op_emit_open(&self->emit, env->pool, node, &self->aggs);
    tide_event_time_open(&self->ends, env, window->end_column, node->aggregate.late != NULL);
    return TIDE_OK;
}

static void attached_close(void *self_v)
{
    attached *self = self_v;
    tide_op_emit_close(&self->emit);
    tide_calendar_free(&self->calendar);
    tide_row_sets_close(&self->sets);
    tide_op_aggs_close(&self->aggs);
    tide_op_keys_close(&self->keys);
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
