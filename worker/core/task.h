/* task.h - one subtask of a chain of operators, as a step function.
 *
 * A task is a tree of stages below a head: the head takes elements from the gate (or makes them: a
 * source), every stage hands its output to the stages and outlets behind it. A step works on what
 * is nearest the sink first and takes new input only when nothing is left to do behind it; it does
 * a bounded amount and returns how much. Stages are joined by short queues, so an operator that
 * emits more than fits is suspended and continued.
 *
 * Pure: no clock (times come in), no thread, no I/O of its own. Owner: the slot. */
#ifndef TIDE_WORKER_CORE_TASK_H
#define TIDE_WORKER_CORE_TASK_H
#include "worker/core/mark.h"
#include "worker/core/times.h"
#include "worker/exchange/gate.h"
#include "worker/exchange/outlet.h"
#include "worker/op/op.h"

typedef struct tide_task tide_task;

/* What stands at the head of a task instead of a gate. */
typedef enum tide_feed_result {
    TIDE_FEED_ELEM,    /* *out is set; caller owns its batch. */
    TIDE_FEED_NOTHING, /* Nothing now; woken, or again at *next_ns if that is not 0. */
    TIDE_FEED_END,     /* Over: END was delivered. */
    TIDE_FEED_FAILED
} tide_feed_result;

typedef struct tide_feed tide_feed;
struct tide_feed {
    tide_feed_result (*next)(tide_feed *self, tide_elem *out, int64_t *next_ns);
    /* Stop making rows: deliver END, not drained, soon. */
    void (*stop)(tide_feed *self);
    void (*free)(tide_feed **self_p);
};

typedef struct tide_task_config {
    const char *name; /* For messages; borrowed. */
    tide_pool *pool;  /* The slot's. */
    uint32_t subtask;
    tide_mark *mark;        /* The slot's; NULL: nobody looks. */
    tide_slot_times *times; /* The slot's; NULL: the same. */
} tide_task_config;

tide_task *tide_task_new(const tide_task_config *config);
/* Closes the operators. Nobody else uses the task's channels' sender ends any more. */
void tide_task_free(tide_task **self_p);

/* ---- building; stages first to last, a stage's parent before it ---- */
/* Adds a stage below `parent`'s output (parent -1: the head, which is stage 0). vt NULL: passes
 * elements through (a source's own stage). *env is copied; its now_ns, wall_us and counters are set
 * by the task, and its state set is the task's from here (also on failure). Opens the operator. The
 * index is returned through *index. */
TIDE_MUST_CHECK tide_status tide_task_add_stage(tide_task *self, int32_t parent, uint32_t output,
                                                uint8_t port, const tide_op_vt *vt,
                                                const tide_node *node, const tide_op_env *env,
                                                uint32_t *index);
/* A stage's environment with the task's clocks and the stage's counters: what a feed is built with.
 */
const tide_op_env *tide_task_env(const tide_task *self, uint32_t stage);
/* Sends output `output` of a stage to an outlet; takes the outlet. */
void tide_task_add_outlet(tide_task *self, uint32_t stage, uint32_t output, tide_outlet **outlet_p);
/* Exactly one of the two: the task owns it from here. */
void tide_task_set_gate(tide_task *self, tide_gate **gate_p);
void tide_task_set_feed(tide_task *self, tide_feed **feed_p);

/* ---- running ---- */
/* How many channels its gate has; 1 for a source. */
uint32_t tide_task_inputs(const tide_task *self);
/* Its source had nothing the last time it was asked, and has not ended. */
bool tide_task_awaits_input(const tide_task *self);

typedef enum tide_task_state {
    TIDE_TASK_RUNNING,
    TIDE_TASK_FINISHED,
    TIDE_TASK_FAILED
} tide_task_state;

/* Does a bounded amount of work at these times; returns how many elements moved. */
uint32_t tide_task_step(tide_task *self, int64_t now_ns, int64_t wall_us);
/* How long the last step took, where somebody knows: the next ones do less when it was long, down
 * to one callback of an operator. */
void tide_task_step_took(tide_task *self, int64_t ns);
/* The slot has nothing else to do: send what is held back. Returns whether anything moved. */
bool tide_task_on_idle(tide_task *self, int64_t now_ns);
/* When to step again even if nothing comes (monotonic); INT64_MAX: not needed. */
int64_t tide_task_deadline_ns(const tide_task *self, int64_t now_ns, int64_t wall_us);
/* Ends the input early and cleanly: windows do not fire, sinks complete what they have. Head tasks
 * only; the others follow. */
void tide_task_stop(tide_task *self);

tide_task_state tide_task_state_of(const tide_task *self); /* Any thread. */
const tide_error *tide_task_error(const tide_task *self);  /* When FAILED. */

/* ---- looking at it: any thread, relaxed ---- */
uint32_t tide_task_subtask(const tide_task *self);
uint32_t tide_task_n_stages(const tide_task *self);
const tide_op_counters *tide_task_counters(const tide_task *self, uint32_t stage);
const tide_node *tide_task_node(const tide_task *self, uint32_t stage);
int64_t tide_task_watermark(const tide_task *self);
/* By the slot's clock, read before. Of all its stages: they share one thread. */
tide_times tide_task_times_of(const tide_task *self, int64_t now_ns);
/* What went through the channels of its gate (0 at a source) and of a stage's outlets. */
uint64_t tide_task_bytes_in(const tide_task *self);
uint64_t tide_task_bytes_out(const tide_task *self, uint32_t stage);

#endif
