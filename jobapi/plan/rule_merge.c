/* rule_merge.c - two filters or two projections in a row become one. */
#include "jobapi/plan/rule.h"

static tide_status merge_filters(tide_arena *arena, const tide_node *node, const tide_node **out);
static bool can_inline(tide_arena *arena, const tide_node *outer, uint32_t inner_uses);
static const tide_node *merge_projects(tide_arena *arena, const tide_node *outer);

tide_status tide_rule_merge(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                            const tide_node **out)
{
    *out = node;
    if (node->n_inputs != 1 || node->kind != node->inputs[0]->kind) return TIDE_OK;
    if (node->kind == TIDE_NODE_FILTER && input_uses[0] == 1)
        return merge_filters(arena, node, out);
    if (node->kind == TIDE_NODE_PROJECT && can_inline(arena, node, input_uses[0]))
        *out = merge_projects(arena, node);
    return TIDE_OK;
}

static tide_status merge_filters(tide_arena *arena, const tide_node *node, const tide_node **out)
{
    tide_conjuncts all = { 0 };
    tide_conjuncts_split(arena, node->inputs[0]->filter.predicate, &all);
    tide_conjuncts_split(arena, node->filter.predicate, &all);
    const tide_expr *predicate;
    TIDE_TRY(tide_conjuncts_join(arena, &all, &predicate));
    *out = tide_node_filter(arena, node->inputs[0]->inputs[0], predicate);
    return TIDE_OK;
}

/* Nothing that costs or that differs from call to call may be computed more
 * often than before. An inner projection with several consumers is merged into
 * each only if it computes nothing. */
static bool can_inline(tide_arena *arena, const tide_node *outer, uint32_t inner_uses)
{
    const tide_node *inner = outer->inputs[0];
    uint32_t n = inner->schema.n;
    uint32_t *counts = TIDE_NEW_N(arena, uint32_t, n);
    for (uint32_t i = 0; i < outer->schema.n; i++)
        tide_expr_count_columns(outer->project.exprs[i], counts);
    for (uint32_t i = 0; i < n; i++)
        if (!tide_expr_is_plain(inner->project.exprs[i]) && (counts[i] > 1 || inner_uses > 1))
            return false;
    return true;
}

static const tide_node *merge_projects(tide_arena *arena, const tide_node *outer)
{
    const tide_node *inner = outer->inputs[0];
    const tide_expr **exprs = TIDE_NEW_N(arena, const tide_expr *, outer->schema.n);
    for (uint32_t i = 0; i < outer->schema.n; i++)
        exprs[i] = tide_expr_substitute(arena, outer->project.exprs[i], inner->project.exprs);
    return tide_node_project(arena, inner->inputs[0], exprs,
                             tide_schema_names(arena, &outer->schema), outer->schema.n);
}
