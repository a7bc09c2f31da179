/* bind_query.c - whole queries: WITH, VALUES, UNION; a SELECT is
 * bind_select.c's. */
#include <string.h>

#include "jobapi/sql/bind_priv.h"

static tide_status bind_values(tide_binder *self, const tide_sql_query *ast, const tide_node **out);
static tide_status bind_row(tide_binder *self, const tide_sql_exprs *row, uint32_t width,
                            const tide_expr ***out);
static tide_status unify(tide_binder *self, const tide_sql_query *ast, tide_type *types,
                         const tide_expr **row);
static tide_status bind_union(tide_binder *self, const tide_sql_query *ast, tide_cte *ctes,
                              const tide_node **out);
static tide_status check_emit(tide_binder *self, const tide_sql_query *ast, const tide_node *node);

tide_status tide_bind_query(tide_binder *self, const tide_sql_query *ast, tide_cte *ctes,
                            const tide_node **out)
{
    if (ast->recursive) return tide_bind_refuse(self, ast->pos, "WITH RECURSIVE is", NULL);
    for (uint32_t i = 0; i < ast->n_ctes; i++) {
        tide_cte *cte = TIDE_NEW(self->arena, tide_cte);
        *cte = (tide_cte){ .ast = &ast->ctes[i], .outer = ctes };
        ctes = cte;
    }
    switch (ast->kind) {
    case TIDE_SQL_SELECT: TIDE_TRY(tide_bind_select(self, ast, ctes, out)); break;
    case TIDE_SQL_VALUES: TIDE_TRY(bind_values(self, ast, out)); break;
    case TIDE_SQL_UNION: TIDE_TRY(bind_union(self, ast, ctes, out)); break;
    case TIDE_SQL_INTERSECT: return tide_bind_refuse(self, ast->pos, "INTERSECT is", NULL);
    case TIDE_SQL_EXCEPT: return tide_bind_refuse(self, ast->pos, "EXCEPT is", NULL);
    }
    return check_emit(self, ast, *out);
}

tide_status tide_bind_coerce_columns(tide_binder *self, const tide_node *node,
                                     const tide_type *types, uint32_t pos, const tide_node **out)
{
    uint32_t n = node->schema.n;
    const tide_expr **exprs = TIDE_NEW_N(self->arena, const tide_expr *, n + 1);
    bool changed = false;
    for (uint32_t i = 0; i < n; i++) {
        const tide_expr *column = tide_node_column(self->arena, node, i, pos);
        tide_value null = { .type = types[i], .is_null = true };
        if (column->type.id == TIDE_TYPE_NULL) { /* SELECT NULL: of whatever type is wanted. */
            exprs[i] = tide_expr_literal(self->arena, &null, pos);
            changed = true;
            continue;
        }
        tide_status rv = tide_expr_coerce(self->arena, column, types[i], pos, &exprs[i]);
        if (rv)
            return tide_bind_at(
                self, tide_because(rv, "column %u (%s)", i + 1, node->schema.fields[i].name), pos);
        changed |= exprs[i] != column;
    }
    *out = node;
    if (!changed) return TIDE_OK;
    tide_node *made = tide_node_project(self->arena, node, exprs,
                                        tide_schema_names(self->arena, &node->schema), n);
    made->pos = pos;
    *out = made;
    return TIDE_OK;
}

tide_status tide_bind_settle(tide_binder *self, const tide_node **node_p)
{
    const tide_schema *schema = &(*node_p)->schema;
    tide_type *types = TIDE_NEW_N(self->arena, tide_type, schema->n + 1);
    for (uint32_t i = 0; i < schema->n; i++) {
        types[i] = schema->fields[i].type;
        if (types[i].id == TIDE_TYPE_NULL) types[i] = tide_type_of(TIDE_TYPE_STRING);
    }
    return tide_bind_coerce_columns(self, *node_p, types, (*node_p)->pos, node_p);
}

tide_status tide_bind_distinct(tide_binder *self, const tide_node *node, uint32_t pos,
                               const tide_node **out)
{
    uint32_t n = node->schema.n, n_keys = 0;
    uint32_t *keys = TIDE_NEW_N(self->arena, uint32_t, n + 1);
    uint32_t *back =
        TIDE_NEW_N(self->arena, uint32_t, n + 1); /* Where the columns are afterwards. */
    bool windowed = node->window_start >= 0 && node->window_end >= 0 && !node->updating;
    tide_node like = { 0 };
    for (uint32_t c = 0; c < n; c++) {
        int32_t column = (int32_t)c;
        bool is_window = windowed && (column == node->window_start || column == node->window_end ||
                                      column == node->window_time);
        if (is_window) continue;
        back[c] = n_keys;
        keys[n_keys++] = c;
    }
    if (windowed) { /* Each window's rows are told apart by themselves, and
                       forgotten with it. */
        like.aggregate.window = (tide_window){ .kind = TIDE_WINDOW_ATTACHED,
                                               .start_column = (uint32_t)node->window_start,
                                               .end_column = (uint32_t)node->window_end };
        back[node->window_start] = n_keys;
        back[node->window_end] = n_keys + 1;
        if (node->window_time >= 0) back[node->window_time] = n_keys + 2;
    } else {
        like.aggregate.ttl_us = self->settings.state_ttl_us;
    }
    like.aggregate.n_keys = n_keys;
    like.aggregate.keys = keys;
    tide_node *made = tide_node_aggregate(self->arena, node, &like);
    made->pos = pos;
    *out = windowed ? tide_node_pick(self->arena, made, back, n) : made;
    return TIDE_OK;
}

static tide_status bind_values(tide_binder *self, const tide_sql_query *ast, const tide_node **out)
{
    uint32_t width = ast->values.rows[0].n, n = ast->values.n_rows;
    tide_type *types = TIDE_NEW_N(self->arena, tide_type, width + 1);
    const tide_expr ***rows = TIDE_NEW_N(self->arena, const tide_expr **, n);
    for (uint32_t r = 0; r < n; r++) {
        TIDE_TRY(bind_row(self, &ast->values.rows[r], width, &rows[r]));
        TIDE_TRY(unify(self, ast, types, rows[r]));
    }
    const char **names = TIDE_NEW_N(self->arena, const char *, width + 1);
    for (uint32_t c = 0; c < width; c++) {
        names[c] = tide_arena_printf(self->arena, "column%u", c + 1);
        if (types[c].id == TIDE_TYPE_NULL) types[c] = tide_type_of(TIDE_TYPE_STRING);
    }
    /* Each row is a projection of one row; the rewrite rules make literal rows of
     * those that are. */
    const tide_node **inputs = TIDE_NEW_N(self->arena, const tide_node *, n);
    for (uint32_t r = 0; r < n; r++) {
        for (uint32_t c = 0; c < width; c++) {
            tide_status rv =
                tide_expr_coerce(self->arena, rows[r][c], types[c], rows[r][c]->pos, &rows[r][c]);
            if (rv) return tide_bind_at(self, rv, rows[r][c]->pos);
        }
        tide_node *row =
            tide_node_project(self->arena, tide_bind_one_row(self), rows[r], names, width);
        row->pos = ast->pos;
        inputs[r] = row;
    }
    const tide_node *node = n == 1 ? inputs[0] : tide_node_union(self->arena, inputs, n);
    return tide_bind_order(self, ast, node, out);
}

static tide_status bind_row(tide_binder *self, const tide_sql_exprs *row, uint32_t width,
                            const tide_expr ***out)
{
    tide_relation none = { .node = tide_bind_one_row(self), .is_one_row = true };
    tide_place place = { .relation = &none, .clause = "VALUES" };
    if (row->n != width)
        return tide_bind_fail(self, TIDE_E_TYPE, row->n ? row->items[0]->pos : 0, NULL,
                              "the rows of VALUES differ: %u columns here, %u in the first", row->n,
                              width);
    return tide_bind_exprs(self, &place, row, out);
}

static tide_status unify(tide_binder *self, const tide_sql_query *ast, tide_type *types,
                         const tide_expr **row)
{
    for (uint32_t c = 0; c < ast->values.rows[0].n; c++) {
        bool is_text = row[c]->kind == TIDE_EXPR_LITERAL && row[c]->type.id == TIDE_TYPE_STRING;
        if (types[c].id == TIDE_TYPE_NULL || row[c]->type.id == TIDE_TYPE_NULL) {
            if (types[c].id == TIDE_TYPE_NULL) types[c] = row[c]->type;
            continue;
        }
        if (is_text && types[c].id != TIDE_TYPE_STRING)
            continue; /* A literal becomes the others' type. */
        tide_status rv = tide_type_common(types[c], row[c]->type, &types[c]);
        if (rv) return tide_bind_at(self, rv, row[c]->pos);
    }
    return TIDE_OK;
}

static tide_status bind_union(tide_binder *self, const tide_sql_query *ast, tide_cte *ctes,
                              const tide_node **out)
{
    const tide_node *sides[2];
    TIDE_TRY(tide_bind_query(self, ast->set.left, ctes, &sides[0]));
    TIDE_TRY(tide_bind_query(self, ast->set.right, ctes, &sides[1]));
    uint32_t n = sides[0]->schema.n;
    if (sides[1]->schema.n != n)
        return tide_bind_fail(self, TIDE_E_TYPE, ast->set.right->pos, NULL,
                              "UNION: %u columns on the left, %u on the right", n,
                              sides[1]->schema.n);
    tide_type *types = TIDE_NEW_N(self->arena, tide_type, n + 1);
    for (uint32_t c = 0; c < n; c++) {
        const tide_field *left = &sides[0]->schema.fields[c], *right = &sides[1]->schema.fields[c];
        types[c] = left->type.id == TIDE_TYPE_NULL ? right->type : left->type;
        if (left->type.id == TIDE_TYPE_NULL || right->type.id == TIDE_TYPE_NULL) continue;
        tide_status rv = tide_type_common(left->type, right->type, &types[c]);
        if (rv)
            return tide_bind_at(self, tide_because(rv, "UNION, column %u (%s)", c + 1, left->name),
                                ast->set.right->pos);
    }
    for (uint32_t s = 0; s < 2; s++)
        TIDE_TRY(tide_bind_coerce_columns(self, sides[s], types, ast->pos, &sides[s]));
    const tide_node **inputs = TIDE_NEW_N(self->arena, const tide_node *, 2);
    memcpy(inputs, sides, sizeof sides);
    tide_node *both = tide_node_union(self->arena, inputs, 2);
    both->pos = ast->pos;
    const tide_node *node = both;
    if (!ast->set.all) TIDE_TRY(tide_bind_settle(self, &node));
    if (!ast->set.all) TIDE_TRY(tide_bind_distinct(self, node, ast->pos, &node));
    return tide_bind_order(self, ast, node, out);
}

/* EMIT says what we do anyway, or what we do not do. */
static tide_status check_emit(tide_binder *self, const tide_sql_query *ast, const tide_node *node)
{
    if (ast->emit == TIDE_SQL_EMIT_ON_WINDOW_CLOSE && node->updating)
        return tide_bind_fail(self, TIDE_E_UNSUPPORTED, ast->emit_pos, "group by a window",
                              "EMIT ON WINDOW CLOSE needs a window that closes");
    bool windowed = node->window_end >= 0 && !node->updating;
    if (ast->emit == TIDE_SQL_EMIT_CHANGES && windowed)
        return tide_bind_refuse(self, ast->emit_pos, "EMIT CHANGES of a window is",
                                "a window's rows come when it closes");
    return TIDE_OK;
}
