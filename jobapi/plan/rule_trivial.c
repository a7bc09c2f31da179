/* rule_trivial.c - projections that change nothing, filters that are always
 * true, unions of one and unions of unions disappear. */
#include <string.h>

#include "jobapi/plan/rule.h"

static bool is_identity(const tide_node *project);
static const tide_node *flatten_union(tide_arena *arena, const tide_node *node,
                                      const uint32_t *input_uses);

tide_status tide_rule_trivial(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                              const tide_node **out)
{
    *out = node;
    if (node->kind == TIDE_NODE_PROJECT && is_identity(node)) *out = node->inputs[0];
    if (node->kind == TIDE_NODE_FILTER && tide_expr_is_true(node->filter.predicate))
        *out = node->inputs[0];
    if (node->kind == TIDE_NODE_UNION)
        *out = node->n_inputs == 1 ? node->inputs[0] : flatten_union(arena, node, input_uses);
    return TIDE_OK;
}

static bool is_identity(const tide_node *project)
{
    const tide_node *input = project->inputs[0];
    if (project->schema.n != input->schema.n || project->uid) return false;
    for (uint32_t i = 0; i < input->schema.n; i++) {
        const tide_expr *expr = project->project.exprs[i];
        if (expr->kind != TIDE_EXPR_COLUMN || expr->column != i) return false;
        if (strcmp(project->schema.fields[i].name, input->schema.fields[i].name) != 0) return false;
    }
    return true;
}

static const tide_node *flatten_union(tide_arena *arena, const tide_node *node,
                                      const uint32_t *input_uses)
{
    const tide_node **inputs = NULL;
    uint32_t n = 0, cap = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const tide_node *input = node->inputs[i];
        if (input->kind != TIDE_NODE_UNION || input_uses[i] != 1) {
            TIDE_PUSH(arena, inputs, n, cap, input);
            continue;
        }
        for (uint32_t j = 0; j < input->n_inputs; j++)
            TIDE_PUSH(arena, inputs, n, cap, input->inputs[j]);
    }
    if (n == node->n_inputs) return node;
    tide_node *flat = tide_node_union(arena, inputs, n);
    flat->schema = node->schema;
    flat->pos = node->pos;
    return flat;
}
