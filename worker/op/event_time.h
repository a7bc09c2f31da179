/* event_time.h - a batch's rows by event time: which are late, which have none.
 *
 * Every windowed operator begins with this: rows without a time are bad rows, late rows are counted
 * and go out on side output 1 when the node routes them. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_EVENT_TIME_H
#define TIDE_WORKER_OP_EVENT_TIME_H
#include "jobapi/plan/partial.h"
#include "worker/op/op.h"

/* The output that late rows go to. */
#define TIDE_OP_OUTPUT_LATE 1u

typedef struct tide_op_times {
    const int64_t *ts;    /* By physical row. */
    const uint16_t *rows; /* Physical rows that have a time, ascending; never NULL. */
    uint32_t n;
    int64_t min, max; /* Over these; undefined when n is 0. */
    bool dense;       /* rows[k] is k. */
} tide_op_times;

typedef struct tide_event_time {
    tide_op_env *env;
    uint32_t column;
    bool route_late;
    const int64_t *row_counts;              /* Of a batch of partial results, else NULL. */
    uint16_t identity[TIDE_BATCH_ROWS_MAX]; /* 0, 1, 2, ... */
    uint16_t rows[TIDE_BATCH_ROWS_MAX], late[TIDE_BATCH_ROWS_MAX];
    uint32_t n_late;
} tide_event_time;

void tide_event_time_open(tide_event_time *self, tide_op_env *env, uint32_t column,
                          bool route_late);

/* The rows of the batch that have a time; fails (or counts) as env->on_error says for those that do
 * not. Forgets the late rows of the batch before. */
TIDE_MUST_CHECK tide_status tide_event_time_read(tide_event_time *self, const tide_batch *in,
                                                 tide_op_times *out);
/* The same for a batch of partial results, placed by the times of their first rows. */
void tide_event_time_read_partial(tide_event_time *self, const tide_batch *in,
                                  const tide_partial_columns *columns, tide_op_times *out);
/* The rows of a batch all of which have a time; false when there are others. */
TIDE_MUST_CHECK bool tide_event_time_read_whole(const tide_event_time *self, const tide_batch *in,
                                                tide_op_times *out);
/* Narrows *times to the rows at or after `late_before`; the others are late. */
void tide_event_time_split_late(tide_event_time *self, tide_op_times *times, int64_t late_before);
/* Adds one late row; physical, ascending over the calls for a batch. */
TIDE_INLINE void tide_event_time_add_late(tide_event_time *self, uint32_t row)
{
    self->late[self->n_late++] = (uint16_t)row;
}
/* Counts the late rows and routes them, if they are. Needs room when there are any and route_late
 * is set. */
void tide_event_time_push_late(tide_event_time *self, tide_batch *in, tide_outbox *out);

#endif
