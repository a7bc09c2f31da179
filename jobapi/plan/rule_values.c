/* rule_values.c - a projection of literal rows is computed here and now, so
 * that SELECT 1 and INSERT ... VALUES are literal rows from the start. What
 * cannot be computed (1/0) is left to fail when run. */
#include "jobapi/plan/rule.h"

#define ROWS_MAX 10000u

static const tide_value *compute_row(tide_arena *arena, const tide_node *project,
                                     const tide_value *row);
static const tide_node *join_values(tide_arena *arena, const tide_node *all,
                                    const uint32_t *input_uses);

tide_status tide_rule_values(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                             const tide_node **out)
{
    *out = node;
    if (node->kind == TIDE_NODE_UNION) *out = join_values(arena, node, input_uses);
    if (node->kind != TIDE_NODE_PROJECT || node->inputs[0]->kind != TIDE_NODE_VALUES)
        return TIDE_OK;
    const tide_node *values = node->inputs[0];
    if (values->values.n_rows > ROWS_MAX) return TIDE_OK;
    const tide_value **rows = TIDE_NEW_N(arena, const tide_value *, values->values.n_rows);
    for (uint32_t r = 0; r < values->values.n_rows; r++) {
        rows[r] = compute_row(arena, node, values->values.rows[r]);
        if (!rows[r]) return TIDE_OK;
    }
    tide_node *made = tide_node_values(arena, &node->schema, rows, values->values.n_rows);
    made->pos = node->pos;
    *out = made;
    return TIDE_OK;
}

/* NULL when some column is not a constant. */
static const tide_value *compute_row(tide_arena *arena, const tide_node *project,
                                     const tide_value *row)
{
    const tide_schema *in = &project->inputs[0]->schema;
    const tide_expr **cells = TIDE_NEW_N(arena, const tide_expr *, in->n);
    for (uint32_t i = 0; i < in->n; i++)
        cells[i] = tide_expr_literal(arena, &row[i], TIDE_POS_UNKNOWN);
    tide_value *made = TIDE_NEW_N(arena, tide_value, project->schema.n);
    for (uint32_t i = 0; i < project->schema.n; i++) {
        const tide_expr *expr = tide_expr_substitute(arena, project->project.exprs[i], cells);
        expr = tide_expr_fold(arena, expr);
        if (expr->kind != TIDE_EXPR_LITERAL) return NULL;
        made[i] = expr->literal;
        made[i].type = project->schema.fields[i].type;
    }
    return made;
}

/* The literal rows of a union, as of VALUES (1), (2), are one table. */
static const tide_node *join_values(tide_arena *arena, const tide_node *all,
                                    const uint32_t *input_uses)
{
    uint32_t n = 0, n_rows = 0;
    for (uint32_t i = 0; i < all->n_inputs; i++) {
        if (all->inputs[i]->kind != TIDE_NODE_VALUES || input_uses[i] != 1) continue;
        n++;
        n_rows += all->inputs[i]->values.n_rows;
    }
    if (n < 2) return all;
    const tide_value **rows = TIDE_NEW_N(arena, const tide_value *, n_rows);
    const tide_node **inputs = TIDE_NEW_N(arena, const tide_node *, all->n_inputs);
    uint32_t n_inputs = 1;
    n_rows = 0;
    for (uint32_t i = 0; i < all->n_inputs; i++) {
        const tide_node *input = all->inputs[i];
        if (input->kind != TIDE_NODE_VALUES || input_uses[i] != 1) {
            inputs[n_inputs++] = input;
            continue;
        }
        for (uint32_t r = 0; r < input->values.n_rows; r++) rows[n_rows++] = input->values.rows[r];
    }
    tide_node *values = tide_node_values(arena, &all->schema, rows, n_rows);
    values->pos = all->pos;
    inputs[0] = values;
    tide_node *made = tide_node_union(arena, inputs, n_inputs);
    made->pos = all->pos;
    return made;
}
