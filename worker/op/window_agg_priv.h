/* window_agg_priv.h - the state of the aligned-window aggregate, shared by its two halves: taking
 * rows in (window_agg.c) and firing windows (window_fire.c). */
#ifndef TIDE_WORKER_OP_WINDOW_AGG_PRIV_H
#define TIDE_WORKER_OP_WINDOW_AGG_PRIV_H
#include "worker/op/emit.h"
#include "worker/op/event_time.h"
#include "worker/op/panes.h"

/* How a window's result comes from panes. */
typedef enum window_sharing {
    WINDOW_OWN_PANE, /* A pane per window: tumbling, or DISTINCT other than count(DISTINCT x). */
    WINDOW_REBUILT,  /* Slices are merged anew for every window. */
    WINDOW_GROWING,  /* The next slice is added to those of the window before: cumulating. */
    WINDOW_SLIDING /* And the slice that falls out is taken away: hopping, invertible aggregates. */
} window_sharing;

/* What the slices of the window fired last add up to. A cache: rebuilt after a restore. */
typedef struct window_running {
    tide_state_memory *memory;
    tide_table *table;
    tide_table **sets; /* Of each set of values: in how many slices a value is. */
    int64_t lo, hi;    /* Slices that begin in [lo, hi) are in it. */
} window_running;

typedef enum window_phase { WINDOW_NEXT, WINDOW_MERGE, WINDOW_EMIT, WINDOW_REMOVE } window_phase;

typedef struct window_firing { /* Where firing stands between two calls. */
    window_phase phase;
    tide_span window;
    uint32_t pane, part; /* part: of the pane: its sets, then its table. */
    tide_table_scan scan;
} window_firing;

typedef struct window_agg {
    tide_op_env *env;
    tide_window window;
    window_sharing sharing;
    tide_op_keys keys;
    tide_op_aggs aggs;
    tide_op_distinct distinct;
    tide_panes panes;
    tide_op_emit emit;
    window_running running;
    window_firing firing;
    int64_t fired_to;    /* Every window that ends at or before this has fired. */
    int64_t late_before; /* Rows before this are late. */
    tide_partial_columns partial;
    bool in_partial; /* The batch at hand has partial results. */
    uint8_t *values[TIDE_BATCH_ROWS_MAX];
    uint32_t rows[TIDE_BATCH_ROWS_MAX];
    uint16_t part[TIDE_BATCH_ROWS_MAX], rest[TIDE_BATCH_ROWS_MAX];
    tide_event_time times;
} window_agg;

/* With WINDOW_SLIDING a value begins with the number of its rows: at zero the group leaves the
 * window. */
#define WINDOW_ROWS_AT 0u

TIDE_MUST_CHECK tide_status window_running_open(window_agg *self);
void window_running_close(window_agg *self);
/* From now on there is none: the next window is built from all of its slices. */
void window_running_forget(window_agg *self);

/* The values of the running sum; see window_sets.c. Close after a failure, too. */
TIDE_MUST_CHECK tide_status window_sets_open(window_agg *self, const tide_table_groups *groups);
void window_sets_close(window_agg *self);
void window_sets_clear(window_agg *self);
/* Up to `most` further values of a slice's set into, or out of, the running sum and its counts.
 * *n_out 0: that was all. A slice's sets go before its table: a group is there while it has rows.
 */
TIDE_MUST_CHECK tide_status window_sets_combine(window_agg *self, const tide_table *slice,
                                                uint32_t set, uint32_t most, bool add,
                                                uint32_t *n_out);

/* Fires every window that ends at or before `w`, in their order. */
tide_op_result window_fire(window_agg *self, int64_t w, tide_outbox *out);

#endif
