/* rule_fold.c - computes constant subexpressions once, before the job runs. */
#include "jobapi/plan/rule.h"

static const tide_expr *fold(tide_arena *arena, const tide_expr *expr, bool *changed);
static tide_status fold_predicate(tide_arena *arena, const tide_expr *predicate, bool *changed,
                                  const tide_expr **out);
static const tide_node *fold_project(tide_arena *arena, const tide_node *node);

tide_status tide_rule_fold(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                           const tide_node **out)
{
    (void)input_uses;
    *out = node;
    bool changed = false;
    if (node->kind == TIDE_NODE_FILTER) {
        const tide_expr *predicate;
        TIDE_TRY(fold_predicate(arena, node->filter.predicate, &changed, &predicate));
        if (changed) *out = tide_node_filter(arena, node->inputs[0], predicate);
    } else if (node->kind == TIDE_NODE_PROJECT) {
        *out = fold_project(arena, node);
    } else if (node->kind == TIDE_NODE_SCAN && node->scan.filter) {
        const tide_expr *filter;
        TIDE_TRY(fold_predicate(arena, node->scan.filter, &changed, &filter));
        if (changed)
            *out = tide_node_scan(arena, node->scan.table, node->scan.columns, node->scan.n_columns,
                                  filter, node->bounded);
    }
    return TIDE_OK;
}

static const tide_expr *fold(tide_arena *arena, const tide_expr *expr, bool *changed)
{
    const tide_expr *folded = tide_expr_fold(arena, expr);
    if (folded == expr || tide_expr_equal(folded, expr)) return expr;
    *changed = true;
    return folded;
}

/* Without conjuncts that are always true; at least one is left. */
static tide_status fold_predicate(tide_arena *arena, const tide_expr *predicate, bool *changed,
                                  const tide_expr **out)
{
    *out = fold(arena, predicate, changed);
    tide_conjuncts all = { 0 }, kept = { 0 };
    tide_conjuncts_split(arena, *out, &all);
    for (uint32_t i = 0; i < all.n; i++)
        if (!tide_expr_is_true(all.items[i]) || (kept.n == 0 && i + 1 == all.n))
            TIDE_PUSH(arena, kept.items, kept.n, kept.cap, all.items[i]);
    if (kept.n == all.n) return TIDE_OK;
    *changed = true;
    return tide_conjuncts_join(arena, &kept, out);
}

static const tide_node *fold_project(tide_arena *arena, const tide_node *node)
{
    bool changed = false;
    const tide_expr **exprs = TIDE_NEW_N(arena, const tide_expr *, node->schema.n);
    for (uint32_t i = 0; i < node->schema.n; i++)
        exprs[i] = fold(arena, node->project.exprs[i], &changed);
    if (!changed) return node;
    return tide_node_project(arena, node->inputs[0], exprs, tide_schema_names(arena, &node->schema),
                             node->schema.n);
}
