/* sink.c - the end of a chain: hands batches to a connector's sink. No output. */
#include "base/core/assert.h"
#include "worker/connector/connector.h"
#include "worker/op/op.h"

typedef struct sink {
    const tide_sink_vt *vt;
    void *instance;
    tide_sink_args args;
} sink;

static tide_op_result as_op_result(tide_sink_result r)
{
    switch (r) {
    case TIDE_SINK_DONE: return TIDE_OP_DONE;
    case TIDE_SINK_AGAIN: return TIDE_OP_AGAIN;
    case TIDE_SINK_FAILED: break;
    }
    return TIDE_OP_FAILED;
}

static tide_op_result sink_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                    tide_outbox *out)
{
    (void)port;
    (void)out;
    sink *self = self_v;
    return as_op_result(self->vt->write(self->instance, in_p));
}

static tide_op_result sink_on_idle(void *self_v)
{
    sink *self = self_v;
    return self->vt->flush ? as_op_result(self->vt->flush(self->instance)) : TIDE_OP_DONE;
}

static tide_op_result sink_on_end(void *self_v, tide_outbox *out)
{
    (void)out;
    sink *self = self_v;
    return self->vt->finish ? as_op_result(self->vt->finish(self->instance)) : TIDE_OP_DONE;
}

static tide_status find_connector(const tide_node *node, const tide_op_env *env,
                                  const tide_connector **out)
{
    *out = env->hook_connector;
    if (*out) return TIDE_OK;
    if (!node->sink.print) return tide_connector_of(node->sink.table, true, out);
    *out = tide_connector_find("print");
    tide_assert(*out != NULL);
    return TIDE_OK;
}

static tide_status sink_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    sink *self = self_v;
    const tide_connector *connector;
    TIDE_TRY(find_connector(node, env, &connector));
    self->vt = connector->sink;
    self->args = (tide_sink_args){
        .table = node->sink.table,
        .schema = &node->inputs[0]->schema,
        .updating = node->inputs[0]->updating,
        .subtask = env->subtask,
        .parallelism = env->parallelism,
        .pool = env->pool,
        .waker = env->waker,
        .counters = env->counters,
        .now_ns = env->now_ns,
        .wall_us = env->wall_us,
        .output = env->output,
        .hook = env->hook,
    };
    void *instance = tide_malloc_aligned(64, self->vt->size);
    memset(instance, 0, self->vt->size);
    tide_status rv = self->vt->open(instance, &self->args);
    if (rv != TIDE_OK) {
        tide_free(instance);
        return node->sink.print ? rv : tide_because(rv, "table %s", node->sink.table->name);
    }
    self->instance = instance;
    return TIDE_OK;
}

static void sink_close(void *self_v)
{
    sink *self = self_v;
    self->vt->close(self->instance);
    tide_free(self->instance);
}

const tide_op_vt tide_op_sink = {
    .name = "sink",
    .size = sizeof(sink),
    .open = sink_open,
    .on_batch = sink_on_batch,
    .on_idle = sink_on_idle,
    .on_end = sink_on_end,
    .close = sink_close,
};
