/* timers.h - the timers of a process function: rows keyed (key, time), fired in order of time.
 *
 * Owner: the operator's thread. Event and processing time each have one. */
#ifndef TIDE_WORKER_OP_USER_TIMERS_H
#define TIDE_WORKER_OP_USER_TIMERS_H
#include "checkpoint/state/calendar.h"
#include "checkpoint/state/set.h"

typedef struct tide_timers {
    const tide_key_spec *key; /* Of the stream. */
    tide_key_spec spec;       /* The key and the time. */
    tide_table *table;
    tide_calendar *calendar;
    int64_t fired_until; /* Timers set for earlier fire when this grows. */
    int64_t *heap;       /* Times that were set, earliest first: for _next. */
    uint32_t n_heap, cap_heap;
    uint8_t *encoded; /* Scratch: one (key, time). */
    uint32_t due[64]; /* Rows popped and not fired yet. */
    uint32_t n_due, next_due;
    uint32_t firing; /* The row that _pop returned; 0 none, or it was set again. */
    bool wants_next; /* Keeps the heap. */
} tide_timers;

/* wants_next: _next will be asked (processing time). */
TIDE_MUST_CHECK tide_status tide_timers_open(tide_timers *self, const char *name,
                                             const tide_key_spec *key, tide_state_set *set,
                                             bool wants_next);
void tide_timers_close(tide_timers *self);
TIDE_MUST_CHECK tide_status tide_timers_set(tide_timers *self, const uint8_t *key, int64_t time_us);
void tide_timers_delete(tide_timers *self, const uint8_t *key, int64_t time_us);
/* The next timer that is due at now_us (<=): its time, and its key in *key, valid until _fired,
 * which must follow when its callback has run. False: none left. Timers set meanwhile for times up
 * to now_us come when now_us has grown. */
bool tide_timers_pop(tide_timers *self, int64_t now_us, int64_t *time_us, uint8_t *key);
void tide_timers_fired(tide_timers *self);
/* Not after the earliest timer; INT64_MAX: there is none. */
int64_t tide_timers_next(tide_timers *self);
void tide_timers_restored(tide_timers *self);

#endif
