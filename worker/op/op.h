/* op.h - what an operator is.
 *
 * An operator is a static vtable over a private struct. The task that runs it feeds batches and
 * watermarks and lets it emit into an outbox. Callbacks run on the slot's thread, one at a time,
 * never block, do a bounded amount of work, use no clock but env->now_ns, and never touch another
 * operator.
 *
 * Order of calls: open; then any number of on_batch / on_watermark / on_timer; on_end once, after
 * the final watermark (TIDE_WATERMARK_MAX) when all inputs ended; close exactly once after a
 * successful open, at any moment. A callback that finds no room in the outbox returns
 * TIDE_OP_AGAIN, having kept its place; it is called again with the same arguments and must
 * continue, not start over. Between two calls of a callback that returned AGAIN only
 * tide_op_vt.close may be called. Forwarding: after on_watermark returned DONE the task passes the
 * watermark on (an operator that makes its own sets .emits_watermarks). After on_end returned DONE
 * the task passes END on. */
#ifndef TIDE_WORKER_OP_OP_H
#define TIDE_WORKER_OP_OP_H
#include "base/column/batch.h"
#include "base/core/arena.h"
#include "jobapi/plan/plan.h"

#define TIDE_WATERMARK_NONE INT64_MIN
#define TIDE_WATERMARK_MAX INT64_MAX

typedef enum tide_op_result {
    TIDE_OP_DONE,  /* The input was consumed. */
    TIDE_OP_AGAIN, /* No room in the outbox: same call later. */
    TIDE_OP_FAILED /* The error chain says why; the task fails. */
} tide_op_result;

/* Where an operator's output goes. Output 0 is the main one; side outputs (late rows) follow. */
typedef struct tide_outbox tide_outbox;
struct tide_outbox {
    /* Room for at least one more batch on every output. Checked before each push. */
    bool (*has_room)(tide_outbox *self);
    /* Takes the batch and nulls *batch_p. An empty batch is dropped. */
    void (*push)(tide_outbox *self, uint32_t output, tide_batch **batch_p);
    /* Only for operators with .emits_watermarks; must increase. */
    void (*watermark)(tide_outbox *self, int64_t watermark_us);
};
TIDE_INLINE bool tide_outbox_has_room(tide_outbox *o)
{
    return o->has_room(o);
}
TIDE_INLINE void tide_outbox_push(tide_outbox *o, tide_batch **b)
{
    o->push(o, 0, b);
}
TIDE_INLINE void tide_outbox_push_to(tide_outbox *o, uint32_t output, tide_batch **b)
{
    o->push(o, output, b);
}

/* Counters that an operator advances; the runtime reads them from other threads (relaxed). */
typedef struct tide_op_counters {
    _Atomic uint64_t rows_in, rows_out, batches_in, late_rows, bad_rows;
    /* A source's: rows that are there for it and not read yet. */
    _Atomic int64_t pending_rows; /* TIDE_PENDING_UNKNOWN: it cannot tell. */
} tide_op_counters;
#define TIDE_PENDING_UNKNOWN (-1)

typedef enum tide_on_error { TIDE_ON_ERROR_FAIL, TIDE_ON_ERROR_SKIP } tide_on_error;

struct tide_state_set; /* checkpoint/state: the operator's keyed tables are opened through it. */

/* What a subtask's operator gets from its task. All pointers outlive the operator. */
typedef struct tide_op_env {
    tide_pool *pool;        /* The slot's. */
    const int64_t *now_ns;  /* Monotonic, injected; set before each call. */
    const int64_t *wall_us; /* UTC, injected; set before each call. */
    uint32_t subtask, parallelism;
    uint32_t vertex;     /* Of the job's graph: for diagnosis and statistics. */
    uint32_t key_groups; /* G of the job; this subtask owns [key_group_first, key_group_end). */
    uint32_t key_group_first, key_group_end;
    bool batch_mode; /* Bounded input, only final results wanted. */
    tide_on_error on_error;
    tide_op_counters *counters;
    struct tide_state_set *state;
    uint64_t random_seed;
    const char *source_text, *source_name; /* For error positions; may be NULL. */
    size_t state_budget_bytes;             /* 0: unlimited. */
    struct tide_waker *waker;   /* Sinks: I/O threads wake the slot through it. NULL in tests. */
    struct tide_output *output; /* Sinks: where a bare SELECT prints; connector/print. */
    /* Instead of a table's own, for tests; NULL: its own. */
    const struct tide_connector *hook_connector;
    void *hook;
    /* Set when the operator comes back with saved state: the last watermark that its on_watermark
     * had finished by then. What has fired must not fire again. */
    bool is_restored;
    int64_t restored_watermark_us;
} tide_op_env;

typedef struct tide_op_vt {
    const char *name;
    size_t size; /* Of the private struct; zeroed before open. */
    bool emits_watermarks;
    tide_status (*open)(void *self, const tide_node *node, tide_op_env *env);
    /* Consumes *in_p (unreferences it or passes it on, then nulls it) exactly when it returns
     * DONE. */
    tide_op_result (*on_batch)(void *self, uint32_t port, tide_batch **in_p, tide_outbox *out);
    tide_op_result (*on_watermark)(void *self, int64_t watermark_us, tide_outbox *out);
    /* Processing time reached what next_timer asked for. */
    tide_op_result (*on_timer)(void *self, int64_t wall_us, tide_outbox *out);
    int64_t (*next_timer)(void *self); /* wall_us of the earliest timer; INT64_MAX none. */
    tide_op_result (*on_end)(void *self, tide_outbox *out);
    /* Rows that are held back go on now: before an idleness or the end is passed on, and when the
     * slot has nothing else to do. AGAIN leaves everything as it was; any callback may follow. */
    tide_op_result (*on_flush)(void *self, tide_outbox *out);
    /* The slot has nothing else to do: hand over what is buffered (sinks). Not while a callback is
     * suspended. */
    tide_op_result (*on_idle)(void *self);
    /* State of the operator outside its tables (calendars, caches) is rebuilt after a restore. */
    tide_status (*after_restore)(void *self);
    void (*close)(void *self);
} tide_op_vt;

/* The operator that runs a plan node; NULL for kinds that are not operators (scan, values,
 * union). */
const tide_op_vt *tide_op_for_node(const tide_node *node);

#endif
