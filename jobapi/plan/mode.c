/* mode.c - streaming or batch: which un-windowed aggregates give only their
 * final results. */
#include "jobapi/plan/node.h"
#include "jobapi/plan/walk.h"

static bool may_be_final(const tide_node *node);

tide_status tide_plan_set_mode(tide_plan *self, tide_run_mode mode)
{
    tide_walk walk;
    tide_walk_init(&walk, self->sinks, self->n_sinks);
    tide_status rv = TIDE_OK;
    self->bounded = true;
    for (uint32_t i = 0; i < walk.n; i++) {
        const tide_node *node = walk.nodes[i];
        if (node->bounded || node->n_inputs > 0) continue;
        self->bounded = false;
        if (mode == TIDE_RUN_BATCH) {
            rv = tide_fail(TIDE_E_INVALID,
                           "batch execution needs sources that end, and table %s does not",
                           node->kind == TIDE_NODE_SCAN ? node->scan.table->name : "?");
            goto done;
        }
    }
    self->batch = self->bounded && mode != TIDE_RUN_STREAMING;

    /* Consumers first: what a sort reads need not be told twice. */
    bool *final = TIDE_NEW_N(walk.arena, bool, walk.n);
    for (uint32_t i = walk.n; i-- > 0;) {
        final[i] |= self->batch || walk.nodes[i]->kind == TIDE_NODE_SORT;
        for (uint32_t j = 0; j < walk.nodes[i]->n_inputs; j++)
            final[tide_walk_index(&walk, walk.nodes[i]->inputs[j])] |= final[i];
    }
    const tide_node **made = TIDE_NEW_N(walk.arena, const tide_node *, walk.n);
    for (uint32_t i = 0; i < walk.n; i++) {
        const tide_node *node = walk.nodes[i];
        const tide_node **inputs = TIDE_NEW_N(self->arena, const tide_node *, node->n_inputs);
        bool changed = false;
        for (uint32_t j = 0; j < node->n_inputs; j++) {
            inputs[j] = made[tide_walk_index(&walk, node->inputs[j])];
            changed |= inputs[j] != node->inputs[j];
        }
        tide_node copy = *node;
        if (final[i] && may_be_final(node)) {
            copy.aggregate.final = true;
            changed = true;
        }
        made[i] = changed ? tide_node_with_inputs(self->arena, &copy, inputs) : node;
    }
    for (uint32_t s = 0; s < self->n_sinks; s++)
        self->sinks[s] = made[tide_walk_index(&walk, self->sinks[s])];
done:
    tide_walk_fini(&walk);
    return rv;
}

static bool may_be_final(const tide_node *node)
{
    return node->kind == TIDE_NODE_AGGREGATE && node->bounded &&
           node->aggregate.window.kind == TIDE_WINDOW_NONE && node->aggregate.n_aggs > 0;
}
