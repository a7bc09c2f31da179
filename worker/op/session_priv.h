/* session_priv.h - sessions as rows: shared by the operator (session.c), the rows off its fast
 * path (session_older.c), and partial results (session_ranges.c).
 *
 * A key's newest open session is its row in the table "sessions". Older ones, still open because
 * the watermark has not passed them, are rows of the same layout in "older sessions", keyed by
 * (key, id); the newest one's first blob lists them by start. An older session's id is the time of
 * one of its rows, which no other open session of the key can contain.
 *
 * Value:
 *   | offset | size | meaning                                                          |
 *   |      0 |    8 | start: time of its first row                                     |
 *   |      8 |    8 | due: last row + gap, the session's end; start = due: not open    |
 *   |     16 |    8 | filed: the calendar's                                            |
 *   |     24 |      | aggregates' states                                               |
 *   |        |    8 | blob 0: older sessions (of a newest session), as session_older[] |
 *   |        | 16 s | blobs 1 + 2 s, 2 + 2 s: distinct set s (row_sets.h)              |
 * A row joins when its time lies in [start - gap, due]; a session fires when the watermark is past
 * due. */
#ifndef TIDE_WORKER_OP_SESSION_PRIV_H
#define TIDE_WORKER_OP_SESSION_PRIV_H
#include "worker/op/ending.h"
#include "worker/op/event_time.h"
#include "worker/op/window_time.h"

typedef struct session_value {
    int64_t start, due;
    uint64_t filed;
} session_value;
_Static_assert(offsetof(session_value, due) == offsetof(tide_ending_value, end), "due is the end");

typedef struct session_older { /* One entry of the list, disjoint and ascending. */
    int64_t start, due, id;
} session_older;

#define SESSION_BLOB_OLDER 0u
#define SESSION_BLOB_SETS 1u /* Also: how many are not of a set. */

/* A batch is taken in slices: what one pass over a slice has brought in, rows of the table and sets
 * of values, is still in a core's own cache when the next pass comes. */
#define SESSION_SLICE_ROWS 256u

/* Rows of the slice whose session is known but whose aggregates have not been fed. */
typedef struct session_pending {
    uint32_t n;
    uint8_t *values[SESSION_SLICE_ROWS];
    tide_row_ref at[SESSION_SLICE_ROWS];
    uint16_t rows[SESSION_SLICE_ROWS];
} session_pending;

typedef struct session {
    tide_ending groups;
    tide_key_spec older_spec;
    tide_ending_table newest, older;
    int64_t gap;
    int64_t watermark;          /* Within +-TIDE_WINDOW_TIME_MAX. */
    const tide_batch *in;       /* The batch at hand. */
    tide_col *const *in_states; /* Of a batch of partial results; NULL for rows. */
    tide_partial_columns partial;
    session_pending pending;
    uint32_t n_file, n_empty;
    uint32_t rows[SESSION_SLICE_ROWS];   /* Of the slice's keys. */
    uint8_t *values[SESSION_SLICE_ROWS]; /* Of rows. */
    uint32_t file[TIDE_BATCH_ROWS_MAX];  /* Sessions opened by the batch. */
    uint32_t empty[TIDE_BATCH_ROWS_MAX]; /* Rows made for keys whose first row was late. */
    tide_event_time times;
} session;

/* Feeds the pending rows to their sessions. */
TIDE_MUST_CHECK tide_status session_flush(session *self);
TIDE_INLINE void session_add_pending(session *self, tide_row_ref ref, uint16_t row)
{
    session_pending *p = &self->pending;
    p->at[p->n] = ref;
    p->values[p->n] = tide_table_value(ref.table, ref.row);
    p->rows[p->n++] = row;
}

/* ---- session_ranges.c ---- */
/* Partial results of the slice into sessions; `times` has the times of their first rows. */
TIDE_MUST_CHECK tide_status session_take_ranges(session *self, const tide_op_times *times);

/* ---- session_older.c ---- */
typedef enum session_fate { SESSION_JOINED, SESSION_LATE } session_fate;

/* What becomes of row k of the batch (key k, time ts) that lies outside of the newest session's
 * fast path: *ref_out is the session that it joins, unless it is late. */
TIDE_MUST_CHECK tide_status session_place(session *self, uint32_t k, int64_t ts,
                                          tide_row_ref *ref_out, session_fate *fate_out);

TIDE_INLINE session_value *session_of(tide_row_ref ref)
{
    return (session_value *)(void *)tide_table_value(ref.table, ref.row);
}

#endif
