/* ending.h - groups that end one by one, each at a time of its own: sessions, attached windows.
 *
 * What the two operators share: the key, the aggregates, the value sets inside rows, the way out,
 * and tables whose calendar knows which groups the watermark has reached. A group is a row; its
 * value begins with its window's start and end. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_ENDING_H
#define TIDE_WORKER_OP_ENDING_H
#include "checkpoint/state/calendar.h"
#include "worker/op/emit.h"
#include "worker/op/row_sets.h"

typedef struct tide_ending_value { /* What a value begins with. */
    int64_t start, end;
} tide_ending_value;

typedef struct tide_ending_layout {
    uint32_t head_bytes;   /* Of the value before the aggregates' states. */
    uint32_t due_at;       /* Of the field that the calendar goes by, an int64. */
    uint32_t filed_at;     /* Of the calendar's own field. */
    uint32_t n_blobs;      /* The operator's own; those of the sets come behind them. */
    int64_t span_us;       /* How far ahead of the watermark groups are usually due. */
    const uint32_t *extra; /* Columns of the input that make the key finer; n_extra of them. */
    uint32_t n_extra;
} tide_ending_layout;

typedef struct tide_ending {
    tide_op_env *env;
    tide_op_keys keys;
    tide_op_aggs aggs;
    tide_row_sets sets;
    tide_op_emit emit;
    tide_ending_layout layout;
} tide_ending;

typedef struct tide_ending_table {
    tide_table *table;
    tide_calendar *calendar;
} tide_ending_table;

/* The node is an aggregate over a window. Zeroed storage; call _close even after a failure. Returns
 * TIDE_E_UNSUPPORTED for an updating input. */
TIDE_MUST_CHECK tide_status tide_ending_open(tide_ending *self, tide_op_env *env,
                                             const tide_node *node,
                                             const tide_ending_layout *layout);
void tide_ending_close(tide_ending *self);

/* Opens a table of groups with that key, which begins with the node's key columns. */
TIDE_MUST_CHECK tide_status tide_ending_open_table(const tide_ending *self, const char *name,
                                                   const tide_key_spec *key,
                                                   tide_ending_table *out);
void tide_ending_close_table(tide_ending_table *self); /* The table stays with the state set. */

/* Emits and deletes the groups of a table that are due before the watermark. False when there is no
 * room for all: call again. Afterwards flush self->emit. */
TIDE_MUST_CHECK bool tide_ending_fire(tide_ending *self, tide_ending_table *from,
                                      int64_t watermark_us, tide_outbox *out);

#endif
