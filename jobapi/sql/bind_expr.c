/* bind_expr.c - scalar expressions: names to columns, operators to catalogue
 * functions. */
#include <string.h>

#include "jobapi/sql/bind_priv.h"

static tide_status bind_column(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                               const tide_expr **out);
static tide_status bind_table_column(tide_binder *self, const tide_place *place, uint32_t column,
                                     uint32_t pos, const tide_expr **out);
static tide_status bind_op(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                           const tide_expr **out);
static tide_status bind_cast(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                             const tide_expr **out);
static tide_status bind_case(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                             const tide_expr **out);

tide_status tide_bind_expr(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                           const tide_expr **out)
{
    switch (ast->kind) {
    case TIDE_SQL_NULL:
    case TIDE_SQL_BOOLEAN:
    case TIDE_SQL_INTEGER:
    case TIDE_SQL_DECIMAL:
    case TIDE_SQL_STRING:
    case TIDE_SQL_TYPED:
    case TIDE_SQL_INTERVAL: return tide_bind_literal(self, ast, out);
    case TIDE_SQL_COLUMN: return bind_column(self, place, ast, out);
    case TIDE_SQL_OP: return bind_op(self, place, ast, out);
    case TIDE_SQL_CALL: return tide_bind_call(self, place, ast, out);
    case TIDE_SQL_CAST: return bind_cast(self, place, ast, out);
    case TIDE_SQL_CASE: return bind_case(self, place, ast, out);
    case TIDE_SQL_STAR:
        return tide_bind_fail(self, TIDE_E_SYNTAX, ast->pos, NULL,
                              "* is only possible in a select list and in count(*)");
    case TIDE_SQL_SUBQUERY:
        return tide_bind_refuse(self, ast->pos, "a subquery in an expression is",
                                "subqueries may stand in FROM and WITH");
    case TIDE_SQL_ROW: return tide_bind_refuse(self, ast->pos, "a ROW value is", NULL);
    case TIDE_SQL_ARRAY: return tide_bind_refuse(self, ast->pos, "an ARRAY value is", NULL);
    case TIDE_SQL_MAP: return tide_bind_refuse(self, ast->pos, "a MAP value is", NULL);
    case TIDE_SQL_SUBSCRIPT: return tide_bind_refuse(self, ast->pos, "a subscript is", NULL);
    case TIDE_SQL_FIELD: return tide_bind_refuse(self, ast->pos, "a field of a row is", NULL);
    case TIDE_SQL_EXPR_KIND_COUNT: break;
    }
    return tide_bind_fail(self, TIDE_E_INTERNAL, ast->pos, NULL, "expression of unknown kind");
}

tide_status tide_bind_exprs(tide_binder *self, const tide_place *place, const tide_sql_exprs *asts,
                            const tide_expr ***out)
{
    *out = TIDE_NEW_N(self->arena, const tide_expr *, asts->n + 1);
    for (uint32_t i = 0; i < asts->n; i++)
        TIDE_TRY(tide_bind_expr(self, place, asts->items[i], &(*out)[i]));
    return TIDE_OK;
}

tide_status tide_bind_condition(tide_binder *self, const tide_place *place,
                                const tide_sql_expr *ast, const tide_expr **out)
{
    TIDE_TRY(tide_bind_expr(self, place, ast, out));
    tide_type boolean = tide_type_of(TIDE_TYPE_BOOLEAN);
    if ((*out)->type.id == TIDE_TYPE_BOOLEAN) return TIDE_OK;
    if ((*out)->type.id != TIDE_TYPE_NULL) {
        char type[TIDE_TYPE_TEXT_MAX];
        return tide_bind_fail(self, TIDE_E_TYPE, ast->pos, NULL,
                              "%s needs a condition (BOOLEAN), and this is %s", place->clause,
                              tide_type_print((*out)->type, type, sizeof type));
    }
    tide_status rv = tide_expr_cast(self->arena, *out, boolean, false, ast->pos, out);
    return rv ? tide_bind_at(self, rv, ast->pos) : TIDE_OK;
}

tide_status tide_bind_function(tide_binder *self, const char *name, const tide_expr *const *args,
                               uint32_t n, uint32_t pos, const tide_expr **out)
{
    tide_status rv = tide_expr_call(self->arena, name, args, n, pos, out);
    return rv ? tide_bind_at(self, rv, pos) : TIDE_OK;
}

static tide_status bind_column(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                               const tide_expr **out)
{
    uint32_t column;
    TIDE_TRY(tide_bind_column(self, place->relation, &ast->column, &column));
    if (place->table) return bind_table_column(self, place, column, ast->pos, out);
    *out = tide_node_column(self->arena, place->relation->node, column, ast->pos);
    return TIDE_OK;
}

/* In a table's own declaration a computed column stands for its expression. */
static tide_status bind_table_column(tide_binder *self, const tide_place *place, uint32_t column,
                                     uint32_t pos, const tide_expr **out)
{
    const tide_table_column *c = &place->table->columns[column];
    if (c->kind == TIDE_COLUMN_COMPUTED && column >= place->n_ready)
        return tide_bind_fail(self, TIDE_E_BIND, pos, "declare it further up",
                              "column %s is computed further down", c->name);
    bool inlined = c->kind == TIDE_COLUMN_COMPUTED && place->n_ready < place->table->n_columns;
    *out = inlined ? c->expr : tide_expr_column(self->arena, column, c->type, c->not_null, pos);
    return TIDE_OK;
}

static tide_status bind_op(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                           const tide_expr **out)
{
    const tide_expr **args;
    TIDE_TRY(tide_bind_exprs(self, place, &ast->op.args, &args));
    return tide_bind_function(self, ast->op.name, args, ast->op.args.n, ast->pos, out);
}

static tide_status bind_cast(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                             const tide_expr **out)
{
    const tide_expr *arg;
    tide_type type;
    TIDE_TRY(tide_bind_expr(self, place, ast->cast.arg, &arg));
    TIDE_TRY(tide_bind_type(self, &ast->cast.type, &type));
    tide_status rv = tide_expr_cast(self->arena, arg, type, ast->cast.is_try, ast->pos, out);
    return rv ? tide_bind_at(self, rv, ast->pos) : TIDE_OK;
}

static tide_status bind_case(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                             const tide_expr **out)
{
    uint32_t n = 0;
    const tide_expr **args =
        TIDE_NEW_N(self->arena, const tide_expr *, 2 * (size_t)ast->case_.n_whens + 1);
    const tide_expr *operand = NULL;
    if (ast->case_.operand) TIDE_TRY(tide_bind_expr(self, place, ast->case_.operand, &operand));
    tide_place when = *place;
    when.clause = "WHEN";
    for (uint32_t i = 0; i < ast->case_.n_whens; i++) {
        const tide_sql_when *branch = &ast->case_.whens[i];
        if (operand) {
            const tide_expr *both[2] = { operand };
            TIDE_TRY(tide_bind_expr(self, place, branch->when, &both[1]));
            TIDE_TRY(tide_bind_function(self, "=", both, 2, branch->when->pos, &args[n++]));
        } else {
            TIDE_TRY(tide_bind_condition(self, &when, branch->when, &args[n++]));
        }
        TIDE_TRY(tide_bind_expr(self, place, branch->then, &args[n++]));
    }
    if (ast->case_.else_) TIDE_TRY(tide_bind_expr(self, place, ast->case_.else_, &args[n++]));
    return tide_bind_function(self, "case", args, n, ast->pos, out);
}
