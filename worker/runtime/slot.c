/* slot.c - the duty cycle. */
#include "worker/runtime/slot.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "base/thread/bind.h"
#include "worker/runtime/altstack.h"

#define LOOKS_BEFORE_SLEEP 20u
#define STEPS_PER_ROUND 8u /* Between two looks at what others ask for. */
#define WALL_CLOCK_EVERY_NS 1000000
#define TURN_NS TIDE_OUTLET_LINGER_NS /* What others hold back waits no longer than it should. */

typedef enum request { REQUEST_NONE, REQUEST_GO, REQUEST_STOP, REQUEST_ABANDON } request;

/* Whose turn it is, and how much of it has passed. */
typedef struct turn {
    uint32_t task, steps;
    int64_t since_ns; /* Of its first step. */
} turn;

struct tide_slot {
    tide_slot_config config;
    pthread_t thread;
    tide_pool *pool;
    tide_waker *waker;
    tide_task **tasks;
    uint32_t n_tasks, cap_tasks;
    turn turn;
    int64_t now_ns, wall_us;
    int64_t wall_offset_us, wall_due_ns;
    bool has_thread;
    bool keeps_time;                      /* The slot's own thread runs it. */
    bool stopped;                         /* The tasks were told. */
    _Atomic int request TIDE_ALIGNED(64); /* Other threads raise it, never lower it. */
    tide_slot_times times;
    tide_mark *mark; /* &own_mark when nobody gave one. */
    tide_mark own_mark;
};

/* The wall clock is read now and then; in between it moves with the other one. */
static void read_clock(tide_slot *self)
{
    tide_times_before_boundary(&self->times);
    self->now_ns = tide_clock_now_ns(self->config.clock);
    tide_times_boundary(&self->times, self->now_ns);
    if (self->now_ns >= self->wall_due_ns) {
        self->wall_offset_us = tide_clock_wall_us(self->config.clock) - self->now_ns / 1000;
        self->wall_due_ns = self->now_ns + WALL_CLOCK_EVERY_NS;
    }
    self->wall_us = self->now_ns / 1000 + self->wall_offset_us;
}

static void raise_request(tide_slot *self, request r)
{
    int now = atomic_load(&self->request);
    while (now < (int)r && !atomic_compare_exchange_weak(&self->request, &now, (int)r)) {}
    tide_waker_wake(self->waker);
}

/* A task ran, if it did, until now. Where the caller keeps the time, until it comes back. */
static void settle(tide_slot *self)
{
    if (self->keeps_time && tide_times_runs(&self->times)) read_clock(self);
}

static uint32_t step(tide_slot *self, tide_task *task)
{
    int64_t since_ns = self->now_ns;
    uint32_t work = tide_task_step(task, self->now_ns, self->wall_us);
    settle(self);
    tide_task_step_took(task, self->now_ns - since_ns);
    return work;
}

/* The source's end first: what one task sends, the next takes while it is warm. */
static void pass_turn(tide_slot *self)
{
    self->turn.task = self->turn.task == 0 ? self->n_tasks - 1 : self->turn.task - 1;
    self->turn.steps = 0;
}

/* As many steps as its gate has channels: a task then keeps pace with all that send to it, and its
 * slot's sources with those of other slots. */
static bool turn_is_over(const tide_slot *self)
{
    const turn *t = &self->turn;
    return t->steps >= tide_task_inputs(self->tasks[t->task]) ||
           (t->steps && self->now_ns - t->since_ns >= TURN_NS);
}

/* One look at the tasks: steps them in turns until one did something. */
static uint32_t step_in_turns(tide_slot *self)
{
    for (uint32_t looked = 0; looked < self->n_tasks; looked++) {
        if (turn_is_over(self)) pass_turn(self);
        if (self->turn.steps++ == 0) self->turn.since_ns = self->now_ns;
        uint32_t work = step(self, self->tasks[self->turn.task]);
        if (work) return work;
        pass_turn(self);
    }
    return 0;
}

static uint32_t step_in_order(tide_slot *self)
{
    for (uint32_t i = 0; i < self->n_tasks; i++) {
        uint32_t work = step(self, self->tasks[i]);
        if (work) return work;
        if (tide_task_awaits_input(self->tasks[i])) break;
    }
    return 0;
}

static uint32_t step_tasks(tide_slot *self)
{
    return self->config.in_order ? step_in_order(self) : step_in_turns(self);
}

const tide_task *tide_slot_failed_task(const tide_slot *self)
{
    for (uint32_t i = 0; i < self->n_tasks; i++)
        if (tide_task_state_of(self->tasks[i]) == TIDE_TASK_FAILED) return self->tasks[i];
    return NULL;
}

static bool all_finished(const tide_slot *self)
{
    for (uint32_t i = 0; i < self->n_tasks; i++)
        if (tide_task_state_of(self->tasks[i]) != TIDE_TASK_FINISHED) return false;
    return true;
}

static bool send_held_back(tide_slot *self)
{
    bool moved = false;
    for (uint32_t i = 0; i < self->n_tasks; i++) {
        if (tide_task_on_idle(self->tasks[i], self->now_ns)) moved = true;
        settle(self);
    }
    return moved;
}

static int64_t earliest_deadline(const tide_slot *self)
{
    int64_t at = INT64_MAX;
    for (uint32_t i = 0; i < self->n_tasks; i++) {
        int64_t t = tide_task_deadline_ns(self->tasks[i], self->now_ns, self->wall_us);
        if (t < at) at = t;
    }
    return at;
}

/* Seen from outside, a slot that sleeps is not stuck. */
static void sleep_until_woken(tide_slot *self, int64_t timeout_ns)
{
    tide_mark_busy(self->mark, false);
    tide_times_sleep(&self->times);
    tide_waker_wait(self->waker, timeout_ns);
    read_clock(self);
    tide_mark_busy(self->mark, true);
}

/* Nothing to do: look again a few times, then sleep. Returns when there may be work. */
static void wait_for_work(tide_slot *self)
{
    for (uint32_t i = 0; self->config.spins && i < LOOKS_BEFORE_SLEEP; i++) {
        tide_pause();
        if (step_tasks(self)) return;
    }
    if (send_held_back(self)) return;
    tide_waker_arm(self->waker);
    read_clock(self);
    if (step_tasks(self) || tide_slot_failed_task(self) || all_finished(self)) {
        tide_waker_disarm(self->waker);
        return;
    }
    int64_t deadline = earliest_deadline(self);
    if (deadline == INT64_MAX) {
        sleep_until_woken(self, -1);
    } else if (deadline > self->now_ns) {
        sleep_until_woken(self, deadline - self->now_ns);
    } else {
        tide_waker_disarm(self->waker);
    }
}

static void tell_tasks_to_stop(tide_slot *self)
{
    if (self->stopped) return;
    self->stopped = true;
    for (uint32_t i = 0; i < self->n_tasks; i++) tide_task_stop(self->tasks[i]);
}

static bool work_a_while(tide_slot *self)
{
    bool any = false;
    for (uint32_t i = 0; i < STEPS_PER_ROUND && step_tasks(self); i++) any = true;
    return any;
}

static void run(tide_slot *self)
{
    read_clock(self);
    for (;;) {
        tide_mark_progress(self->mark);
        int r = atomic_load_explicit(&self->request, memory_order_acquire);
        if (r == REQUEST_ABANDON) return;
        if (r == REQUEST_STOP) tell_tasks_to_stop(self);
        bool worked = work_a_while(self);
        if (tide_slot_failed_task(self) || all_finished(self)) return;
        if (!worked) wait_for_work(self);
    }
}

static void wait_for_go(tide_slot *self)
{
    while (atomic_load(&self->request) == REQUEST_NONE) {
        tide_waker_arm(self->waker);
        if (atomic_load(&self->request) == REQUEST_NONE) tide_waker_wait(self->waker, -1);
    }
}

static void tell(tide_slot *self, tide_task_state state, const tide_error *error)
{
    self->config.on_state(self->config.ctx, self->config.index, state, error);
}

static void *slot_main(void *arg)
{
    tide_slot *self = arg;
    char name[16];
    snprintf(name, sizeof name, "slot-%u", self->config.index);
    pthread_setname_np(pthread_self(), name);
    /* Refused in a container with other cores: the slot then runs where it may. */
    (void)tide_bind_thread(self->config.cpu);
    (void)tide_bind_memory(self->config.node);
    tide_pool_adopt(self->pool);
    self->keeps_time = true;
    atomic_store(&self->mark->thread, (int32_t)gettid());
    tide_error error;
    tide_altstack stack;
    tide_altstack_begin(&stack);
    tide_status rv = self->config.build(self->config.ctx, self);
    if (rv != TIDE_OK) {
        tide_error_take(rv, &error);
        tell(self, TIDE_TASK_FAILED, &error);
    } else {
        tell(self, TIDE_TASK_RUNNING, NULL);
        wait_for_go(self);
        tide_mark_busy(self->mark, true);
        run(self);
        tide_mark_busy(self->mark, false);
        const tide_task *failed = tide_slot_failed_task(self);
        if (failed)
            tell(self, TIDE_TASK_FAILED, tide_task_error(failed));
        else
            tell(self, TIDE_TASK_FINISHED, NULL);
    }
    tide_altstack_end(&stack);
    return NULL;
}

tide_slot *tide_slot_new(const tide_slot_config *config)
{
    tide_slot *self = tide_malloc_aligned(64, sizeof *self);
    memset(self, 0, sizeof *self);
    self->config = *config;
    self->pool = tide_pool_new(config->pool_bytes);
    self->waker = tide_waker_new();
    self->mark = config->mark ? config->mark : &self->own_mark;
    return self;
}

tide_status tide_slot_start(tide_slot *self)
{
    int err = pthread_create(&self->thread, NULL, slot_main, self);
    self->has_thread = err == 0;
    if (err == 0) return TIDE_OK;
    return tide_fail(TIDE_E_IO, "start slot thread %u: %s", self->config.index, strerror(err));
}

bool tide_slot_step(tide_slot *self, int64_t now_ns, int64_t wall_us)
{
    self->now_ns = now_ns;
    self->wall_us = wall_us;
    tide_times_boundary(&self->times, now_ns);
    if (atomic_load(&self->request) == REQUEST_STOP) tell_tasks_to_stop(self);
    if (step_tasks(self) > 0 || send_held_back(self)) return true;
    tide_times_boundary(&self->times, now_ns);
    tide_times_sleep(&self->times);
    return false;
}

int64_t tide_slot_deadline_ns(const tide_slot *self)
{
    return earliest_deadline(self);
}

void tide_slot_go(tide_slot *self)
{
    raise_request(self, REQUEST_GO);
}

void tide_slot_stop(tide_slot *self)
{
    raise_request(self, REQUEST_STOP);
}

void tide_slot_abandon(tide_slot *self)
{
    raise_request(self, REQUEST_ABANDON);
}

void tide_slot_join(tide_slot *self)
{
    if (self->has_thread) pthread_join(self->thread, NULL);
    tide_pool_adopt(self->pool);
}

void tide_slot_free(tide_slot **self_p)
{
    tide_slot *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n_tasks; i++) tide_task_free(&self->tasks[i]);
    tide_free(self->tasks);
    tide_pool_free(&self->pool);
    tide_waker_free(&self->waker);
    tide_free(self);
}

void tide_slot_add_task(tide_slot *self, tide_task **task_p)
{
    TIDE_GROW(self->tasks, self->n_tasks, self->cap_tasks);
    self->tasks[self->n_tasks++] = *task_p;
    self->turn.task = self->n_tasks - 1; /* The source's end, and the script's first query. */
    *task_p = NULL;
}

uint32_t tide_slot_index(const tide_slot *self)
{
    return self->config.index;
}

tide_pool *tide_slot_pool(tide_slot *self)
{
    return self->pool;
}

tide_waker *tide_slot_waker(tide_slot *self)
{
    return self->waker;
}

tide_mark *tide_slot_mark(tide_slot *self)
{
    return self->mark;
}

tide_slot_times *tide_slot_times_of(tide_slot *self)
{
    return &self->times;
}

uint32_t tide_slot_n_tasks(const tide_slot *self)
{
    return self->n_tasks;
}

const tide_task *tide_slot_task(const tide_slot *self, uint32_t i)
{
    return self->tasks[i];
}
