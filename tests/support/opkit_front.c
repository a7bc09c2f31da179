/* opkit_front.c - the first phase of an aggregate in front of it: what it sends waits in a queue.
 */
#include "base/core/mem.h"
#include "checkpoint/state/set.h"
#include "jobapi/plan/partial.h"
#include "tests/support/opkit_priv.h"

typedef struct sent {
    uint32_t port;
    tide_batch *batch;
} sent;

struct opkit_front {
    tide_outbox outbox; /* First: the operator hands it back to us. */
    const tide_node *node;
    tide_op_env env;
    void *op;
    uint32_t room;
    sent *queue;
    uint32_t first, n, cap;
};

static bool has_room(tide_outbox *self)
{
    return ((opkit_front *)self)->room > 0;
}

static void push(tide_outbox *self_v, uint32_t output, tide_batch **batch_p)
{
    opkit_front *self = (opkit_front *)self_v;
    tide_batch *batch = *batch_p;
    const tide_schema *rows = output ? &self->node->partial.rows : &self->node->schema;
    if (self->room == 0) opkit_die("the first phase pushed without room");
    self->room--;
    if (batch->n_cols != rows->n)
        opkit_die("first phase: %u columns, not %u", batch->n_cols, rows->n);
    for (uint32_t c = 0; c < rows->n; c++)
        if (batch->cols[c]->type.id != rows->fields[c].type.id ||
            (output && rows->fields[c].not_null && batch->cols[c]->validity))
            opkit_die("first phase: column %s is not of its schema", rows->fields[c].name);
    TIDE_GROW(self->queue, self->n, self->cap);
    self->queue[self->n++] = (sent){ .port = output, .batch = batch };
    *batch_p = NULL;
}

opkit_front *opkit_front_new(tide_arena *arena, const tide_node *aggregate, const tide_op_env *env)
{
    if (aggregate->kind != TIDE_NODE_AGGREGATE || !tide_partial_fits(aggregate)) return NULL;
    opkit_front *self = tide_calloc(1, sizeof *self);
    self->outbox = (tide_outbox){ .has_room = has_room, .push = push };
    self->node = tide_node_partial(arena, aggregate);
    self->env = *env;
    opkit_front_restart(self, env);
    return self;
}

static void close_op(opkit_front *self)
{
    if (self->op) tide_op_for_node(self->node)->close(self->op);
    tide_free(self->op);
    self->op = NULL;
}

void opkit_front_restart(opkit_front *self, const tide_op_env *env)
{
    const tide_op_vt *vt = tide_op_for_node(self->node);
    close_op(self);
    self->env.is_restored = env->is_restored;
    self->env.restored_watermark_us = env->restored_watermark_us;
    self->op = tide_calloc(1, vt->size);
    if (vt->open(self->op, self->node, &self->env) != TIDE_OK)
        opkit_die("open the first phase: %s", tide_error_text());
}

void opkit_front_free(opkit_front **self_p)
{
    opkit_front *self = *self_p;
    if (self == NULL) return;
    close_op(self);
    for (uint32_t i = self->first; i < self->n; i++) tide_batch_unref(&self->queue[i].batch);
    tide_free(self->queue);
    tide_free(self);
    *self_p = NULL;
}

tide_op_result opkit_front_call(opkit_front *self, opkit_event_kind kind, tide_batch **batch_p,
                                int64_t at_us, uint32_t room)
{
    const tide_op_vt *vt = tide_op_for_node(self->node);
    self->room = room;
    switch (kind) {
    case OPKIT_ROW: return vt->on_batch(self->op, 0, batch_p, &self->outbox);
    case OPKIT_WATERMARK: return vt->on_watermark(self->op, at_us, &self->outbox);
    case OPKIT_TIME:
        return vt->next_timer(self->op) > at_us ? TIDE_OP_DONE
                                                : vt->on_timer(self->op, at_us, &self->outbox);
    case OPKIT_END: return vt->on_flush(self->op, &self->outbox);
    }
    return TIDE_OP_FAILED;
}

bool opkit_front_take(opkit_front *self, uint32_t *port, tide_batch **out)
{
    if (self->first == self->n) {
        self->first = self->n = 0;
        return false;
    }
    *port = self->queue[self->first].port;
    *out = self->queue[self->first++].batch;
    return true;
}
