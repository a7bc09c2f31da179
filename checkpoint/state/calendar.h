/* calendar.h - which rows of a keyed table are due?
 *
 * For many rows whose due time moves often (open sessions). The value of each row has two fields:
 * `due` (int64, any unit), which the operator writes as it likes, and `filed` (uint64), which
 * belongs to the calendar and starts as 0. A row is filed in a bucket of due times once; when
 * that bucket comes up and its due time has moved on, it is filed again. So an event that
 * prolongs a session writes `due` and nothing else.
 *
 * Entries hold row numbers, which the table reuses: an entry that does not agree with the row's
 * `filed` is dropped, so a deleted row needs no word to the calendar. `filed` need not be touched
 * for a snapshot: after a restore call _rebuild.
 *
 * Rows come out by due time, then key group, then place in it: the same however they were filed.
 * Owner: the table's thread. */
#ifndef TIDE_CHECKPOINT_STATE_CALENDAR_H
#define TIDE_CHECKPOINT_STATE_CALENDAR_H
#include "checkpoint/state/table.h"

typedef struct tide_calendar tide_calendar;

typedef struct tide_calendar_config {
    tide_table *table;                 /* Outlives the calendar. */
    uint32_t due_offset, filed_offset; /* Of the two fields in the value; multiples of 8. */
    int64_t span;                      /* How far ahead of the watermark rows are usually due: a
                       session's gap. >= 1 */
} tide_calendar_config;

tide_calendar *tide_calendar_new(const tide_calendar_config *config);
void tide_calendar_free(tide_calendar **self_p);

/* After `due` of these rows was written: files those that are not filed yet or have become due
 * earlier. Costs little for rows that stay where they are. Not needed when due only moved to a
 * later time. */
void tide_calendar_file(tide_calendar *self, const uint32_t *rows, uint32_t n);

/* At most max rows with due < now, which are then filed no more: delete them, or write a new due
 * and file them again. Returns their number; 0 when none is left (then, and only then, may `now`
 * grow). */
uint32_t tide_calendar_pop(tide_calendar *self, int64_t now, uint32_t *rows, uint32_t max);

/* Forgets everything and files all rows of the table. */
void tide_calendar_rebuild(tide_calendar *self);
size_t tide_calendar_bytes(const tide_calendar *self);

#endif
