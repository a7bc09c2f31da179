/* panes.h - one keyed table per span of event time, with its distinct sets, ordered by end, then
 * start.
 *
 * A span is a window, or a slice that several windows share. Tables are named by their span, so
 * that what a snapshot brought back is found again. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_PANES_H
#define TIDE_WORKER_OP_PANES_H
#include "worker/op/distinct.h"
#include "worker/op/window_time.h"

typedef struct tide_pane {
    tide_span span;
    tide_table *table;
    tide_table **sets; /* distinct->n of them. */
} tide_pane;

typedef struct tide_panes {
    uint32_t n, cap;
    tide_pane *items;
    tide_state_set *state;
    const tide_op_keys *keys;
    const tide_op_aggs *aggs;
    const tide_op_distinct *distinct;
} tide_panes;

/* Zeroed storage; the pointers outlive it. Opens the panes that the state came with. */
TIDE_MUST_CHECK tide_status tide_panes_open(tide_panes *self, tide_state_set *state,
                                            const tide_op_keys *keys, const tide_op_aggs *aggs,
                                            const tide_op_distinct *distinct);
void tide_panes_close(tide_panes *self); /* The tables stay in the state set. */

/* Index of the pane of that span, made when there is none. */
TIDE_MUST_CHECK tide_status tide_panes_get(tide_panes *self, tide_span span, uint32_t *out);
void tide_panes_drop(tide_panes *self, uint32_t i);

#endif
