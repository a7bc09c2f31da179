/* slot_kit.c - endless sources and patient sinks for slots. */
#include "tests/unit/worker/slot_kit.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "tests/unit/worker/numbered.h"

/* ---- a source ---- */
/* Rows for ever, `n` at most; nothing when they are out. */
typedef struct endless {
    tide_feed feed;
    int64_t n;
} endless;

static tide_feed_result endless_next(tide_feed *feed, tide_elem *out, int64_t *next_ns)
{
    (void)next_ns;
    endless *self = (endless *)feed;
    if (self->n == 0) return TIDE_FEED_NOTHING;
    *out = (tide_elem){ .kind = TIDE_ELEM_BATCH, .batch = numbered(self->n--) };
    return TIDE_FEED_ELEM;
}

static void endless_stop(tide_feed *feed)
{
    ((endless *)feed)->n = 0;
}

static void endless_free(tide_feed **feed_p)
{
    tide_free(*feed_p);
    *feed_p = NULL;
}

static tide_feed *endless_new(int64_t n)
{
    endless *self = tide_calloc(1, sizeof *self);
    *self = (endless){ { endless_next, endless_stop, endless_free }, n };
    return &self->feed;
}

/* ---- a sink ---- */
static slot_kit_drain *drain_of_next;

static tide_status drain_open(void *self, const tide_node *node, tide_op_env *env)
{
    (void)node;
    (void)env;
    *(slot_kit_drain **)self = drain_of_next;
    return TIDE_OK;
}

static tide_op_result drain_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                     tide_outbox *out)
{
    (void)out;
    slot_kit_drain *self = *(slot_kit_drain **)self_v;
    self->batches++;
    self->by_port[port]++;
    atomic_store(&self->entered, true);
    while (!atomic_load(&self->may_go)) sched_yield();
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

static const tide_op_vt drain_vt = { .name = "drain",
                                     .size = sizeof(slot_kit_drain *),
                                     .open = drain_open,
                                     .on_batch = drain_on_batch };
static const tide_node scan_node = { .kind = TIDE_NODE_SCAN };
static const tide_node sink_node = { .kind = TIDE_NODE_SINK };

tide_slot *slot_kit_new(void)
{
    return tide_slot_new(&(tide_slot_config){ .cpu = -1, .node = -1 });
}

static tide_task *new_task(tide_slot *slot)
{
    return tide_task_new(
        &(tide_task_config){ .name = "task", .pool = pool, .times = tide_slot_times_of(slot) });
}

static void add_stage(tide_task *t, int32_t parent, const tide_op_vt *vt, const tide_node *node)
{
    uint32_t index;
    const tide_op_env env = { .pool = pool };
    assert_int_equal(tide_task_add_stage(t, parent, 0, 0, vt, node, &env, &index), TIDE_OK);
}

void slot_kit_source(tide_slot *slot, int64_t n, tide_channel *to)
{
    tide_task *t = new_task(slot);
    tide_feed *feed = endless_new(n);
    tide_task_set_feed(t, &feed);
    add_stage(t, -1, NULL, &scan_node);
    tide_outlet *outlet;
    const tide_outlet_config config = {
        .partitioner = TIDE_PARTITION_FORWARD, .n_targets = 1, .targets = &to, .pool = pool
    };
    assert_int_equal(tide_outlet_new(&config, &outlet), TIDE_OK);
    tide_task_add_outlet(t, 0, 0, &outlet);
    tide_slot_add_task(slot, &t);
}

void slot_kit_sink(tide_slot *slot, uint32_t n, tide_channel *const *from, slot_kit_drain *d)
{
    tide_task *t = new_task(slot);
    tide_gate *gate = tide_gate_new();
    for (uint32_t i = 0; i < n; i++) tide_gate_add(gate, from[i], (uint8_t)i);
    tide_task_set_gate(t, &gate);
    drain_of_next = d;
    add_stage(t, -1, &drain_vt, &sink_node);
    tide_slot_add_task(slot, &t);
}
