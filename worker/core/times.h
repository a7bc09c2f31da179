/* times.h - where a slot's time goes, task by task.
 *
 * At every moment a task is busy (its slot runs it), held up (it has something to do, and waits for
 * room behind it or for its slot), or idle (it waits for input). A slot reads its clock after each
 * step that called operators: that reading is the boundary between two tasks. A task that does not
 * run stays as its last step left it, and its waiting is added up when that changes: nothing is
 * done for tasks that nothing happens to. So busy + held + idle is the time since the first
 * boundary.
 *
 * Who looks from outside gets the time that runs now as well, so that a callback of a minute, or a
 * slot asleep for an hour, shows while it lasts. What was told is never taken back: time is told
 * only of a slot that is asleep or in a callback, when what comes of it is known.
 *
 * Pure: times come in. Written by the slot's thread, read by any (a sequence lock). */
#ifndef TIDE_WORKER_CORE_TIMES_H
#define TIDE_WORKER_CORE_TIMES_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/attr.h"

typedef enum tide_doing {
    TIDE_DOING_NOTHING, /* Not begun, or over: not counted. */
    TIDE_DOING_IDLE,
    TIDE_DOING_HELD,
    TIDE_DOING_BUSY,
    TIDE_DOING_COUNT
} tide_doing;

typedef struct tide_task_times tide_task_times;

typedef struct tide_slot_times { /* Zeroed: no boundary yet. */
    _Atomic uint32_t version;    /* Odd while anything here or of a task is written. */
    _Atomic bool lasts;          /* What the tasks do, they have been doing since the boundary. */
    _Atomic int64_t boundary_ns;
    tide_task_times *runs; /* NULL: none. Owner's. */
} tide_slot_times;

struct tide_task_times { /* Zeroed, but for the slot. */
    tide_slot_times *slot;
    _Atomic int doing; /* tide_doing. */
    _Atomic int64_t since_ns;
    _Atomic uint64_t ns[TIDE_DOING_COUNT]; /* Up to since_ns. */
    tide_doing after;                      /* What it does when it does not run. Owner's. */
};

typedef struct tide_times {
    uint64_t busy_ns, held_ns, idle_ns;
} tide_times;

/* ---- the slot's thread ---- */
/* The clock was read: who ran has run until now. _before it is read: who looks in between waits, or
 * might be told of more than the boundary will allow. */
void tide_times_before_boundary(tide_slot_times *self);
void tide_times_boundary(tide_slot_times *self, int64_t now_ns);
/* Nothing runs until the next boundary. */
void tide_times_sleep(tide_slot_times *self);
TIDE_INLINE bool tide_times_runs(const tide_slot_times *self)
{
    return self->runs != NULL;
}
/* A callback of the task begins: it runs, since the last boundary. */
void tide_times_switch(tide_task_times *self);
TIDE_INLINE void tide_times_run(tide_task_times *self)
{
    if (self->slot->runs != self) tide_times_switch(self);
}
/* What the task does from here on while it does not run. */
void tide_times_wait(tide_task_times *self, tide_doing doing);

/* ---- any thread ---- */
/* now_ns: by the slot's clock, read before the call. */
tide_times tide_times_read(const tide_task_times *self, int64_t now_ns);

#endif
