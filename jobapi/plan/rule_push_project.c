/* rule_push_project.c - projections move through unions into their branches, where they merge with
 * the branches' own; what is above the union then takes its rows straight from the branches. */
#include "jobapi/plan/rule.h"

tide_status tide_rule_push_project(tide_arena *arena, const tide_node *node,
                                   const uint32_t *input_uses, const tide_node **out)
{
    *out = node;
    if (node->kind != TIDE_NODE_PROJECT || node->inputs[0]->kind != TIDE_NODE_UNION) return TIDE_OK;
    const tide_node *all = node->inputs[0];
    if (input_uses[0] != 1 || node->uid || all->n_inputs < 2) return TIDE_OK;
    const char *const *names = tide_schema_names(arena, &node->schema);
    const tide_node **inputs = TIDE_NEW_N(arena, const tide_node *, all->n_inputs);
    for (uint32_t i = 0; i < all->n_inputs; i++) {
        tide_node *branch =
            tide_node_project(arena, all->inputs[i], node->project.exprs, names, node->schema.n);
        branch->pos = node->pos;
        inputs[i] = branch;
    }
    tide_node *made = tide_node_union(arena, inputs, all->n_inputs);
    made->pos = all->pos;
    *out = made;
    return TIDE_OK;
}
