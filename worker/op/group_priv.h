/* group_priv.h - the state of the un-windowed aggregate, shared by its two halves: rows into groups
 * and their ends (group.c), and the changes that come out (group_changes.c).
 *
 * Value:
 *   | offset | size | meaning                                                              |
 *   |      0 |    8 | rows in the group; 0: not there (but for the one group without keys) |
 *   |      8 |    4 | place in the list of groups that the chunk at hand touched, + 1      |
 *   |     12 |    4 | 1: a result is out                                                   |
 *   |     16 |   16 | with a time to live: due and filed of the calendar                   |
 *   |        |      | aggregates' states                                                   | */
#ifndef TIDE_WORKER_OP_GROUP_PRIV_H
#define TIDE_WORKER_OP_GROUP_PRIV_H
#include "checkpoint/state/calendar.h"
#include "worker/op/distinct.h"
#include "worker/op/emit.h"

/* Rows taken in at a time: every one may give an old and a new result, which is a batch. */
#define GROUP_CHUNK_ROWS (TIDE_BATCH_ROWS_MAX / 2)

typedef struct group_value {
    int64_t rows;
    uint32_t place, is_out;
} group_value;

typedef struct group_life { /* Behind it when groups have a time to live. */
    int64_t due_us;
    uint64_t filed;
} group_life;

/* The groups that a chunk touched, in the order in which it met them. */
typedef struct group_touched {
    uint32_t n, n_before, n_after;
    uint32_t rows[GROUP_CHUNK_ROWS];
    uint32_t before[GROUP_CHUNK_ROWS]; /* Those with an old result, and with a new one. */
    uint32_t after[GROUP_CHUNK_ROWS];
    uint16_t old_row[GROUP_CHUNK_ROWS]; /* By group: its row in the batch of results, + 1. */
    uint16_t new_row[GROUP_CHUNK_ROWS];
    uint16_t order[TIDE_BATCH_ROWS_MAX];
    int8_t changes[TIDE_BATCH_ROWS_MAX];
} group_touched;

typedef struct group {
    tide_op_env *env;
    bool global; /* No keys: the group is always there. */
    int64_t ttl_us;
    tide_op_keys keys;
    tide_op_aggs aggs;
    tide_op_distinct distinct;
    tide_op_emit emit;
    tide_table *table, **sets;
    tide_col **cols;         /* Of a batch of changes, while it is made. */
    tide_calendar *calendar; /* NULL without ttl. */
    int64_t sweep_us;        /* When to look for groups past their time. */
    uint32_t at;             /* Rows of the batch that are done. */
    uint32_t partial_states; /* Of partial results: their first column of states. */
    bool in_partial;         /* The batch at hand has partial results. */
    bool end_begun;
    tide_table_scan scan;
    uint32_t rows[TIDE_BATCH_ROWS_MAX];
    uint8_t *values[TIDE_BATCH_ROWS_MAX];
    uint16_t sel[TIDE_BATCH_ROWS_MAX], part[TIDE_BATCH_ROWS_MAX];
    uint8_t *part_values[TIDE_BATCH_ROWS_MAX];
    group_touched touched;
} group;

TIDE_INLINE group_value *group_of(const group *self, uint32_t row)
{
    return (group_value *)(void *)tide_table_value(self->table, row);
}

/* Writes down the results that the touched groups have now, as they stood before the chunk. */
void group_note_before(group *self);
/* The changes since then as a batch, or NULL when there are none. Groups without rows are
 * deleted. */
tide_batch *group_take_changes(group *self);

#endif
