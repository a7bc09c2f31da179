/* rule_push_filter.c - filters move towards the sources, through projections,
 * unions, windows and the grouping of aggregates, and into scans: what is
 * dropped early is not computed, sent or kept.
 *
 * A conjunct moves only if it cannot fail or every conjunct before it moves
 * too: in `x <> 0 AND 1/x > 2` the second must not see rows that the first
 * would have dropped. */
#include "base/expr/fn.h"
#include "jobapi/plan/rule.h"

static tide_status through_project(tide_arena *arena, const tide_node *filter,
                                   const tide_node **out);
static bool is_cheap(const tide_expr *expr);
static tide_status through_union(tide_arena *arena, const tide_node *filter, const tide_node **out);
static tide_status into_scan(tide_arena *arena, const tide_node *filter, const tide_node **out);
static tide_status part_through(tide_arena *arena, const tide_node *filter,
                                const tide_expr *const *below, const tide_node **out);
static tide_status through_window(tide_arena *arena, const tide_node *filter,
                                  const tide_node **out);
static tide_status through_aggregate(tide_arena *arena, const tide_node *filter,
                                     const tide_node **out);

tide_status tide_rule_push_filter(tide_arena *arena, const tide_node *node,
                                  const uint32_t *input_uses, const tide_node **out)
{
    *out = node;
    if (node->kind != TIDE_NODE_FILTER) return TIDE_OK;
    const tide_node *input = node->inputs[0];
    if (input->uid) return TIDE_OK;
    if (input_uses[0] != 1 && input->kind != TIDE_NODE_WINDOW) return TIDE_OK;
    if (input->kind == TIDE_NODE_PROJECT) return through_project(arena, node, out);
    if (input->kind == TIDE_NODE_UNION) return through_union(arena, node, out);
    if (input->kind == TIDE_NODE_SCAN) return into_scan(arena, node, out);
    if (input->kind == TIDE_NODE_WINDOW) return through_window(arena, node, out);
    if (input->kind == TIDE_NODE_AGGREGATE) return through_aggregate(arena, node, out);
    return TIDE_OK;
}

/* Only when nothing costly would then be computed twice. */
static tide_status through_project(tide_arena *arena, const tide_node *filter,
                                   const tide_node **out)
{
    const tide_node *project = filter->inputs[0];
    uint32_t n = project->schema.n;
    bool *used = TIDE_NEW_N(arena, bool, n);
    tide_expr_mark_columns(filter->filter.predicate, used, n);
    for (uint32_t i = 0; i < n; i++)
        if (used[i] && !is_cheap(project->project.exprs[i])) return TIDE_OK;
    const tide_expr *predicate =
        tide_expr_substitute(arena, filter->filter.predicate, project->project.exprs);
    const tide_node **below = TIDE_NEW(arena, const tide_node *);
    below[0] = tide_node_filter(arena, project->inputs[0], predicate);
    *out = tide_node_with_inputs(arena, project, below);
    return TIDE_OK;
}

/* At most one quick function of plain arguments: a cast, a sum. */
static bool is_cheap(const tide_expr *expr)
{
    if (tide_expr_is_plain(expr)) return true;
    if (!tide_expr_is_deterministic(expr) || (expr->call.fn->flags & TIDE_FN_SLOW)) return false;
    for (uint32_t i = 0; i < expr->call.n_args; i++)
        if (!tide_expr_is_plain(expr->call.args[i])) return false;
    return true;
}

static tide_status through_union(tide_arena *arena, const tide_node *filter, const tide_node **out)
{
    const tide_node *all = filter->inputs[0];
    const tide_node **inputs = TIDE_NEW_N(arena, const tide_node *, all->n_inputs);
    for (uint32_t i = 0; i < all->n_inputs; i++)
        inputs[i] = tide_node_filter(arena, all->inputs[i], filter->filter.predicate);
    *out = tide_node_with_inputs(arena, all, inputs);
    return TIDE_OK;
}

static tide_status into_scan(tide_arena *arena, const tide_node *filter, const tide_node **out)
{
    const tide_node *scan = filter->inputs[0];
    tide_conjuncts all = { 0 };
    if (scan->scan.filter) tide_conjuncts_split(arena, scan->scan.filter, &all);
    tide_conjuncts_split(arena, filter->filter.predicate, &all);
    const tide_expr *predicate;
    TIDE_TRY(tide_conjuncts_join(arena, &all, &predicate));
    tide_node *made = tide_node_scan(arena, scan->scan.table, scan->scan.columns,
                                     scan->scan.n_columns, predicate, scan->bounded);
    made->pos = scan->pos;
    *out = made;
    return TIDE_OK;
}

/* A session's bounds depend on all rows of its key: only all of a key's rows
 * can go. */
static tide_status through_window(tide_arena *arena, const tide_node *filter, const tide_node **out)
{
    const tide_node *window = filter->inputs[0], *input = window->inputs[0];
    const tide_expr **below = TIDE_NEW_N(arena, const tide_expr *, window->schema.n);
    bool is_session = window->window.window.kind == TIDE_WINDOW_SESSION;
    for (uint32_t i = 0; i < input->schema.n && !is_session; i++)
        below[i] = tide_node_column(arena, input, i, TIDE_POS_UNKNOWN);
    for (uint32_t k = 0; k < window->window.n_keys && is_session; k++)
        below[window->window.keys[k]] =
            tide_node_column(arena, input, window->window.keys[k], TIDE_POS_UNKNOWN);
    return part_through(arena, filter, below, out);
}

/* Conjuncts over group keys drop whole groups, so their rows need not be
 * grouped at all. */
static tide_status through_aggregate(tide_arena *arena, const tide_node *filter,
                                     const tide_node **out)
{
    const tide_node *agg = filter->inputs[0];
    const tide_expr **below = TIDE_NEW_N(arena, const tide_expr *, agg->schema.n);
    for (uint32_t i = 0; i < agg->aggregate.n_keys; i++)
        below[i] =
            tide_node_column(arena, agg->inputs[0], agg->aggregate.keys[i], TIDE_POS_UNKNOWN);
    return part_through(arena, filter, below, out);
}

/* Moves the conjuncts whose columns all have a counterpart in below[] under the
 * filter's input. */
static tide_status part_through(tide_arena *arena, const tide_node *filter,
                                const tide_expr *const *below, const tide_node **out)
{
    const tide_node *over = filter->inputs[0];
    uint32_t n = over->schema.n;
    bool *used = TIDE_NEW_N(arena, bool, n);
    tide_conjuncts all = { 0 }, moved = { 0 }, kept = { 0 };
    tide_conjuncts_split(arena, filter->filter.predicate, &all);
    for (uint32_t c = 0; c < all.n; c++) {
        const tide_expr *item = all.items[c];
        bool can = tide_expr_is_deterministic(item) && (kept.n == 0 || !tide_expr_may_fail(item));
        bool is_constant = true;
        memset(used, 0, n * sizeof *used);
        tide_expr_mark_columns(item, used, n);
        for (uint32_t i = 0; i < n; i++) {
            can &= !used[i] || below[i] != NULL;
            is_constant &= !used[i];
        }
        if (can && !is_constant)
            TIDE_PUSH(arena, moved.items, moved.n, moved.cap,
                      tide_expr_substitute(arena, item, below));
        else
            TIDE_PUSH(arena, kept.items, kept.n, kept.cap, item);
    }
    if (moved.n == 0) return TIDE_OK;
    const tide_expr *predicate;
    TIDE_TRY(tide_conjuncts_join(arena, &moved, &predicate));
    const tide_node **inputs = TIDE_NEW(arena, const tide_node *);
    inputs[0] = tide_node_filter(arena, over->inputs[0], predicate);
    *out = tide_node_with_inputs(arena, over, inputs);
    if (kept.n == 0) return TIDE_OK;
    TIDE_TRY(tide_conjuncts_join(arena, &kept, &predicate));
    *out = tide_node_filter(arena, *out, predicate);
    return TIDE_OK;
}
