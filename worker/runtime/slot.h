/* slot.h - one thread, pinned to one core when there are enough, that runs its tasks cooperatively.
 *
 * The duty cycle gives the tasks turns of a few steps, from the source's end to the sink's, with
 * the clock read after any step that did something, so that none waits for what others are fed from
 * elsewhere; when none has work it lets them send what they hold back, then sleeps until woken or
 * until the earliest deadline. A task is opened and run on the slot's thread (and closed when that
 * has ended); others reach it only through channels, the waker and the requests below. */
#ifndef TIDE_WORKER_RUNTIME_SLOT_H
#define TIDE_WORKER_RUNTIME_SLOT_H
#include "base/core/clock.h"
#include "base/thread/waker.h"
#include "worker/core/task.h"

typedef struct tide_slot tide_slot;

typedef struct tide_slot_config {
    uint32_t index;
    int cpu;    /* Core to run on; -1: anywhere. */
    int node;   /* NUMA node whose memory it uses; -1: any. */
    bool spins; /* Look again a few times before sleeping: only with a core to itself. */
    /* Instead of turns: nearest the sink first, from there again after each step that did
     * something, and no task while one before it waits for its source: what is read does not depend
     * on how fast files are. For tests in virtual time, over bounded inputs. */
    bool in_order;
    size_t pool_bytes; /* Budget of the slot's pool; 0 unlimited. */
    tide_clock *clock;
    tide_mark *mark; /* NULL: nobody looks. */
    /* On the slot's thread, once: adds the slot's tasks. */
    tide_status (*build)(void *ctx, tide_slot *slot);
    /* On the slot's thread: its tasks were built or failed to be (state RUNNING or FAILED with
     * *error), and later all of them finished, one failed, or they were abandoned. Must not block.
     */
    void (*on_state)(void *ctx, uint32_t index, tide_task_state state, const tide_error *error);
    void *ctx;
} tide_slot_config;

/* A slot without a thread yet. */
tide_slot *tide_slot_new(const tide_slot_config *config);
/* Starts the thread, which builds the tasks and then waits for tide_slot_go. */
TIDE_MUST_CHECK tide_status tide_slot_start(tide_slot *self);
void tide_slot_go(tide_slot *self);      /* Every slot is built: run. */
void tide_slot_stop(tide_slot *self);    /* Ends the sources cleanly; tasks finish by themselves. */
void tide_slot_abandon(tide_slot *self); /* Ends the thread without finishing anything. */
void tide_slot_join(tide_slot *self);    /* Waits for the thread to end; fine without one. */
/* Closes the tasks and frees everything. Every slot of the job was joined: they wake each other. */
void tide_slot_free(tide_slot **self_p);

/* Instead of a thread: the caller builds the tasks and steps them, on one thread and with times of
 * its own making. Returns whether anything moved. Obeys tide_slot_stop. */
bool tide_slot_step(tide_slot *self, int64_t now_ns, int64_t wall_us);
/* After a step that moved nothing: when to step again even if nobody wakes the slot; INT64_MAX: not
 * needed. */
int64_t tide_slot_deadline_ns(const tide_slot *self);
/* The first task that failed, or NULL. The slot must not be running on another thread. */
const tide_task *tide_slot_failed_task(const tide_slot *self);

/* In build only: takes the task. The first added is the one nearest the sink. */
void tide_slot_add_task(tide_slot *self, tide_task **task_p);
uint32_t tide_slot_index(const tide_slot *self);
tide_pool *tide_slot_pool(tide_slot *self);
tide_waker *tide_slot_waker(tide_slot *self);
tide_mark *tide_slot_mark(tide_slot *self);
tide_slot_times *tide_slot_times_of(tide_slot *self);
/* Any thread, between go and free. */
uint32_t tide_slot_n_tasks(const tide_slot *self);
const tide_task *tide_slot_task(const tide_slot *self, uint32_t i);

#endif
