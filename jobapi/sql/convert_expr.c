/* convert_expr.c - expressions, other than calls. */
#include <pg_query/pg_query.pb-c.h>
#include <string.h>
#include <strings.h>

#include "jobapi/sql/convert_priv.h"

static tide_sql_expr *convert_node(tide_sql_convert *self, const PgQuery__Node *node);
static tide_sql_expr *convert_const(tide_sql_convert *self, const PgQuery__AConst *c);
static tide_sql_expr *convert_a_expr(tide_sql_convert *self, const PgQuery__AExpr *e);
static tide_sql_expr *convert_operator(tide_sql_convert *self, const PgQuery__AExpr *e);
static tide_sql_expr *convert_in(tide_sql_convert *self, const PgQuery__AExpr *e);
static tide_sql_expr *convert_between(tide_sql_convert *self, const PgQuery__AExpr *e);
static tide_sql_expr *convert_like(tide_sql_convert *self, const PgQuery__AExpr *e);
static tide_sql_expr *convert_bool(tide_sql_convert *self, const PgQuery__BoolExpr *e);
static tide_sql_expr *convert_case(tide_sql_convert *self, const PgQuery__CaseExpr *e);
static tide_sql_expr *convert_sublink(tide_sql_convert *self, const PgQuery__SubLink *e);
static tide_sql_expr *convert_indirection(tide_sql_convert *self, const PgQuery__AIndirection *e);
static tide_sql_expr *convert_test(tide_sql_convert *self, const PgQuery__Node *node);
static tide_sql_expr *convert_value_function(tide_sql_convert *self,
                                             const PgQuery__SQLValueFunction *e);
static tide_sql_expr *simple_call(tide_sql_convert *self, const char *name, int32_t location,
                                  size_t n, PgQuery__Node *const *args);

tide_sql_expr *tide_sql_convert_expr(tide_sql_convert *self, const PgQuery__Node *node)
{
    if (!node || !tide_sql_enter(self, tide_sql_location_of(node))) return NULL;
    tide_sql_expr *e = convert_node(self, node);
    self->depth--;
    return e;
}

tide_sql_exprs tide_sql_convert_exprs(tide_sql_convert *self, size_t n, PgQuery__Node *const *nodes)
{
    tide_sql_expr **items = TIDE_NEW_N(self->arena, tide_sql_expr *, n ? n : 1);
    for (size_t i = 0; i < n; i++) items[i] = tide_sql_convert_expr(self, nodes[i]);
    return (tide_sql_exprs){ (uint32_t)n, items };
}

tide_sql_expr *tide_sql_new_expr(tide_sql_convert *self, tide_sql_expr_kind kind, int32_t location)
{
    tide_sql_expr *e = TIDE_NEW(self->arena, tide_sql_expr);
    e->kind = kind;
    e->pos = tide_sql_pos_of(self, location);
    return e;
}

tide_sql_expr *tide_sql_new_op(tide_sql_convert *self, const char *name, int32_t location,
                               uint32_t n, tide_sql_expr *const *args)
{
    tide_sql_expr *e = tide_sql_new_expr(self, TIDE_SQL_OP, location);
    tide_sql_expr **items = TIDE_NEW_N(self->arena, tide_sql_expr *, n);
    memcpy(items, args, n * sizeof *items);
    e->op.name = name;
    e->op.args = (tide_sql_exprs){ n, items };
    return e;
}

static tide_sql_expr *convert_node(tide_sql_convert *self, const PgQuery__Node *node)
{
    tide_sql_expr *e;
    switch ((int)node->node_case) {
    case PG_QUERY__NODE__NODE_A_CONST: return convert_const(self, node->a_const);
    case PG_QUERY__NODE__NODE_A_EXPR: return convert_a_expr(self, node->a_expr);
    case PG_QUERY__NODE__NODE_BOOL_EXPR: return convert_bool(self, node->bool_expr);
    case PG_QUERY__NODE__NODE_FUNC_CALL: return tide_sql_convert_call(self, node->func_call);
    case PG_QUERY__NODE__NODE_TYPE_CAST: return tide_sql_convert_cast(self, node->type_cast, false);
    case PG_QUERY__NODE__NODE_CASE_EXPR: return convert_case(self, node->case_expr);
    case PG_QUERY__NODE__NODE_SUB_LINK: return convert_sublink(self, node->sub_link);
    case PG_QUERY__NODE__NODE_A_INDIRECTION: return convert_indirection(self, node->a_indirection);
    case PG_QUERY__NODE__NODE_NULL_TEST:
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
    case PG_QUERY__NODE__NODE_XML_EXPR: return convert_test(self, node);
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return convert_value_function(self, node->sqlvalue_function);
    case PG_QUERY__NODE__NODE_COLUMN_REF: {
        const PgQuery__ColumnRef *c = node->column_ref;
        if (c->fields[c->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR) {
            tide_sql_report_at(self->front, tide_sql_token_of(self, c->location), TIDE_E_SYNTAX,
                               NULL, "\"*\" can only stand alone in a SELECT list or in count(*)");
            return NULL;
        }
        e = tide_sql_new_expr(self, TIDE_SQL_COLUMN, c->location);
        e->column = tide_sql_convert_path(self, c->n_fields, c->fields,
                                          tide_sql_token_of(self, c->location));
        return e;
    }
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        e = tide_sql_new_expr(self, TIDE_SQL_ROW, node->row_expr->location);
        e->list = tide_sql_convert_exprs(self, node->row_expr->n_args, node->row_expr->args);
        return e;
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        e = tide_sql_new_expr(self, TIDE_SQL_ARRAY, node->a_array_expr->location);
        e->list = tide_sql_convert_exprs(self, node->a_array_expr->n_elements,
                                         node->a_array_expr->elements);
        return e;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return simple_call(self, "coalesce", node->coalesce_expr->location,
                           node->coalesce_expr->n_args, node->coalesce_expr->args);
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: {
        const PgQuery__MinMaxExpr *m = node->min_max_expr;
        return simple_call(self, m->op == PG_QUERY__MIN_MAX_OP__IS_LEAST ? "least" : "greatest",
                           m->location, m->n_args, m->args);
    }
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
        return simple_call(self, "grouping", node->grouping_func->location,
                           node->grouping_func->n_args, node->grouping_func->args);
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
        tide_sql_refuse(self, node->collate_clause->location, "COLLATE");
        return NULL;
    case PG_QUERY__NODE__NODE_PARAM_REF:
        tide_sql_refuse(self, node->param_ref->location, "a parameter ($1 or ?)");
        return NULL;
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
        tide_sql_refuse(self, node->set_to_default->location, "DEFAULT as a value");
        return NULL;
    case PG_QUERY__NODE__NODE_NAMED_ARG_EXPR:
        tide_sql_refuse(self, node->named_arg_expr->location, "a named argument here");
        return NULL;
    case PG_QUERY__NODE__NODE_XML_SERIALIZE:
        tide_sql_refuse(self, node->xml_serialize->location, "XML");
        return NULL;
    default: tide_sql_refuse(self, -1, tide_sql_node_name(node)); return NULL;
    }
}

static tide_sql_expr *convert_const(tide_sql_convert *self, const PgQuery__AConst *c)
{
    tide_sql_expr *e = tide_sql_new_expr(self, TIDE_SQL_NULL, c->location);
    if (c->isnull) return e;
    switch ((int)c->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        e->kind = TIDE_SQL_INTEGER;
        e->literal.text = tide_arena_printf(self->arena, "%d", c->ival->ival);
        return e;
    case PG_QUERY__A__CONST__VAL_FVAL:
        e->kind = strpbrk(c->fval->fval, ".eE") ? TIDE_SQL_DECIMAL : TIDE_SQL_INTEGER;
        e->literal.text = tide_arena_strdup(self->arena, c->fval->fval);
        return e;
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        e->kind = TIDE_SQL_BOOLEAN;
        e->boolean = c->boolval->boolval;
        return e;
    case PG_QUERY__A__CONST__VAL_SVAL:
        e->kind = TIDE_SQL_STRING;
        e->literal.text = tide_arena_strdup(self->arena, c->sval->sval);
        return e;
    case PG_QUERY__A__CONST__VAL_BSVAL:
        if (c->bsval->bsval[0] != 'x') break;
        e->kind = TIDE_SQL_TYPED;
        e->literal.text = tide_arena_printf(self->arena, "\\%s", c->bsval->bsval);
        e->literal.type = (tide_sql_type){ "BYTES", e->pos };
        return e;
    }
    tide_sql_refuse(self, c->location, "a bit string B'...'");
    return NULL;
}

/* ---- Operators ---- */

static tide_sql_expr *binary(tide_sql_convert *self, const char *name, const PgQuery__AExpr *e)
{
    tide_sql_expr *args[2] = { tide_sql_convert_expr(self, e->lexpr),
                               tide_sql_convert_expr(self, e->rexpr) };
    return tide_sql_new_op(self, name, e->location, 2, args);
}

static tide_sql_expr *convert_a_expr(tide_sql_convert *self, const PgQuery__AExpr *e)
{
    switch ((int)e->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP: return convert_operator(self, e);
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT: return binary(self, "is distinct from", e);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
        return binary(self, "is not distinct from", e);
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN: return convert_in(self, e);
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR: return convert_like(self, e);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM: return convert_between(self, e);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF: {
        PgQuery__Node *const args[2] = { e->lexpr, e->rexpr };
        return simple_call(self, "nullif", e->location, 2, args);
    }
    default: tide_sql_refuse(self, e->location, "ANY or ALL over an array"); return NULL;
    }
}

static tide_sql_expr *convert_operator(tide_sql_convert *self, const PgQuery__AExpr *e)
{
    const char *name = e->n_name == 1 ? tide_sql_string_of(e->name[0]) : NULL;
    if (!name) {
        tide_sql_refuse(self, e->location, "OPERATOR(...)");
        return NULL;
    }
    if (e->lexpr) return binary(self, tide_arena_strdup(self->arena, name), e);
    tide_sql_expr *arg = tide_sql_convert_expr(self, e->rexpr);
    if (strcmp(name, "+") == 0) return arg;
    name = strcmp(name, "-") == 0 ? "neg" : tide_arena_strdup(self->arena, name);
    return tide_sql_new_op(self, name, e->location, 1, &arg);
}

/* `e`, or NOT e. */
static tide_sql_expr *negated(tide_sql_convert *self, tide_sql_expr *e, bool is_negated,
                              int32_t location)
{
    return is_negated ? tide_sql_new_op(self, "not", location, 1, &e) : e;
}

static tide_sql_expr *convert_in(tide_sql_convert *self, const PgQuery__AExpr *e)
{
    const PgQuery__List *list = e->rexpr->list;
    tide_sql_expr **args = TIDE_NEW_N(self->front->scratch, tide_sql_expr *, list->n_items + 1);
    args[0] = tide_sql_convert_expr(self, e->lexpr);
    for (size_t i = 0; i < list->n_items; i++)
        args[i + 1] = tide_sql_convert_expr(self, list->items[i]);
    tide_sql_expr *in = tide_sql_new_op(self, "in", e->location, (uint32_t)list->n_items + 1, args);
    return negated(self, in, strcmp(tide_sql_string_of(e->name[0]), "<>") == 0, e->location);
}

static tide_sql_expr *convert_between(tide_sql_convert *self, const PgQuery__AExpr *e)
{
    const PgQuery__List *list = e->rexpr->list;
    bool symmetric = e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM ||
                     e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
    bool is_not = e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN ||
                  e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
    tide_sql_expr *args[3] = { tide_sql_convert_expr(self, e->lexpr),
                               tide_sql_convert_expr(self, list->items[0]),
                               tide_sql_convert_expr(self, list->items[1]) };
    tide_sql_expr *between =
        tide_sql_new_op(self, symmetric ? "between symmetric" : "between", e->location, 3, args);
    return negated(self, between, is_not, e->location);
}

/* Is this the call pg_catalog.<name> that the grammar itself wrote? */
static bool is_system_call(const PgQuery__Node *node, const char *name)
{
    if (node->node_case != PG_QUERY__NODE__NODE_FUNC_CALL || node->func_call->n_funcname != 2)
        return false;
    PgQuery__Node *const *names = node->func_call->funcname;
    return strcmp(tide_sql_string_of(names[0]), "pg_catalog") == 0 &&
           strcmp(tide_sql_string_of(names[1]), name) == 0;
}

/* The grammar wraps the pattern in a call when ESCAPE was written, and always for SIMILAR TO. */
static tide_sql_expr *convert_like(tide_sql_convert *self, const PgQuery__AExpr *e)
{
    static const char *const names[3][2] = { { "like", "not like" },
                                             { "ilike", "not ilike" },
                                             { "similar to", "not similar to" } };
    bool is_not = tide_sql_string_of(e->name[0])[0] == '!';
    tide_sql_expr *args[3] = { tide_sql_convert_expr(self, e->lexpr) };
    uint32_t n = 2;
    if (is_system_call(e->rexpr, "like_escape") || is_system_call(e->rexpr, "similar_to_escape")) {
        const PgQuery__FuncCall *escape = e->rexpr->func_call;
        n = 1 + (uint32_t)escape->n_args;
        for (uint32_t i = 1; i < n; i++) args[i] = tide_sql_convert_expr(self, escape->args[i - 1]);
    } else {
        args[1] = tide_sql_convert_expr(self, e->rexpr);
    }
    int row = e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_LIKE    ? 0
              : e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE ? 1
                                                                : 2;
    return tide_sql_new_op(self, names[row][is_not], e->location, n, args);
}

static tide_sql_expr *convert_bool(tide_sql_convert *self, const PgQuery__BoolExpr *e)
{
    bool is_test = e->args[0]->node_case == PG_QUERY__NODE__NODE_XML_EXPR &&
                   e->args[0]->xml_expr->location == e->location;
    if (is_test)
        return tide_sql_convert_expr(self, e->args[0]); /* IS NOT JSON: it looks for the NOT. */
    tide_sql_exprs args = tide_sql_convert_exprs(self, e->n_args, e->args);
    const char *name = e->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR  ? "and"
                       : e->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR ? "or"
                                                                        : "not";
    return tide_sql_new_op(self, name, e->location, args.n, args.items);
}

/* IS NULL and its like. */
static tide_sql_expr *convert_test(tide_sql_convert *self, const PgQuery__Node *node)
{
    static const char *const names[] = {
        "", "is true", "is not true", "is false", "is not false", "is unknown", "is not unknown"
    };
    tide_sql_expr *arg;
    if (node->node_case == PG_QUERY__NODE__NODE_NULL_TEST) {
        const PgQuery__NullTest *n = node->null_test;
        bool is_not = n->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL;
        arg = tide_sql_convert_expr(self, n->arg);
        return tide_sql_new_op(self, is_not ? "is not null" : "is null", n->location, 1, &arg);
    }
    if (node->node_case == PG_QUERY__NODE__NODE_BOOLEAN_TEST) {
        const PgQuery__BooleanTest *b = node->boolean_test;
        arg = tide_sql_convert_expr(self, b->arg);
        return tide_sql_new_op(self, names[b->booltesttype], b->location, 1, &arg);
    }
    const PgQuery__XmlExpr *x = node->xml_expr;
    uint32_t is = tide_sql_token_of(self, x->location);
    bool is_not = tide_sql_are(self->t, is, "IS NOT JSON");
    if (x->op != PG_QUERY__XML_EXPR_OP__IS_DOCUMENT ||
        !(is_not || tide_sql_are(self->t, is, "IS JSON"))) {
        tide_sql_refuse(self, x->location, "XML");
        return NULL;
    }
    arg = tide_sql_convert_expr(self, x->args[0]);
    return tide_sql_new_op(self, is_not ? "is not json" : "is json", x->location, 1, &arg);
}

/* ---- Composite forms ---- */

static tide_sql_expr *convert_case(tide_sql_convert *self, const PgQuery__CaseExpr *c)
{
    tide_sql_expr *e = tide_sql_new_expr(self, TIDE_SQL_CASE, c->location);
    tide_sql_when *whens = TIDE_NEW_N(self->arena, tide_sql_when, c->n_args);
    e->case_.operand = tide_sql_convert_expr(self, c->arg);
    for (size_t i = 0; i < c->n_args; i++) {
        whens[i].when = tide_sql_convert_expr(self, c->args[i]->case_when->expr);
        whens[i].then = tide_sql_convert_expr(self, c->args[i]->case_when->result);
    }
    e->case_.n_whens = (uint32_t)c->n_args;
    e->case_.whens = whens;
    e->case_.else_ = tide_sql_convert_expr(self, c->defresult);
    return e;
}

static tide_sql_expr *convert_sublink(tide_sql_convert *self, const PgQuery__SubLink *s)
{
    tide_sql_expr *e = tide_sql_new_expr(self, TIDE_SQL_SUBQUERY, s->location);
    switch ((int)s->sub_link_type) {
    case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
        e->subquery.kind = TIDE_SQL_SUBQUERY_EXISTS;
        break;
    case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK: e->subquery.kind = TIDE_SQL_SUBQUERY_SCALAR; break;
    case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK: e->subquery.kind = TIDE_SQL_SUBQUERY_ARRAY; break;
    case PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK: e->subquery.kind = TIDE_SQL_SUBQUERY_ALL; break;
    case PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK:
        e->subquery.kind = s->n_oper_name ? TIDE_SQL_SUBQUERY_ANY : TIDE_SQL_SUBQUERY_IN;
        break;
    default: tide_sql_refuse(self, s->location, "this form of a subquery"); return NULL;
    }
    if (s->n_oper_name > 1) {
        tide_sql_refuse(self, s->location, "OPERATOR(...)");
        return NULL;
    }
    if (s->n_oper_name)
        e->subquery.op = tide_arena_strdup(self->arena, tide_sql_string_of(s->oper_name[0]));
    e->subquery.left = tide_sql_convert_expr(self, s->testexpr);
    e->subquery.query = tide_sql_convert_query(self, s->subselect);
    return e;
}

static tide_sql_expr *convert_indirection(tide_sql_convert *self, const PgQuery__AIndirection *a)
{
    tide_sql_expr *arg = tide_sql_convert_expr(self, a->arg);
    for (size_t i = 0; i < a->n_indirection && arg; i++) {
        const PgQuery__Node *step = a->indirection[i];
        tide_sql_expr *e = TIDE_NEW(self->arena, tide_sql_expr);
        e->pos = arg->pos;
        if (step->node_case == PG_QUERY__NODE__NODE_A_INDICES) {
            const PgQuery__AIndices *x = step->a_indices;
            e->kind = TIDE_SQL_SUBSCRIPT;
            e->subscript.arg = arg;
            e->subscript.is_slice = x->is_slice;
            e->subscript.index = tide_sql_convert_expr(self, x->is_slice ? x->lidx : x->uidx);
            if (x->is_slice) e->subscript.upper = tide_sql_convert_expr(self, x->uidx);
        } else if (tide_sql_string_of(step)) {
            e->kind = TIDE_SQL_FIELD;
            e->field.arg = arg;
            e->field.name = tide_sql_convert_name(self, tide_sql_string_of(step), self->anchor);
        } else {
            tide_sql_refuse(self, tide_sql_location_of(a->arg), "expanding a row with .*");
        }
        if (self->depth + i >= TIDE_SQL_DEPTH_MAX && tide_sql_enter(self, -1)) self->depth--;
        arg = e;
    }
    return arg;
}

/* ---- Things that look like calls ---- */

static tide_sql_expr *simple_call(tide_sql_convert *self, const char *name, int32_t location,
                                  size_t n, PgQuery__Node *const *args)
{
    tide_sql_expr *e = tide_sql_new_expr(self, TIDE_SQL_CALL, location);
    tide_sql_name *part = TIDE_NEW(self->arena, tide_sql_name);
    *part = (tide_sql_name){ name, e->pos };
    e->call.name = (tide_sql_path){ 1, part, e->pos };
    e->call.args = tide_sql_convert_exprs(self, n, args);
    return e;
}

static tide_sql_expr *convert_value_function(tide_sql_convert *self,
                                             const PgQuery__SQLValueFunction *v)
{
    static const char *const names[] = { "",
                                         "current_date",
                                         "current_time",
                                         "current_time",
                                         "current_timestamp",
                                         "current_timestamp",
                                         "localtime",
                                         "localtime",
                                         "localtimestamp",
                                         "localtimestamp",
                                         "current_role",
                                         "current_user",
                                         "user",
                                         "session_user",
                                         "current_catalog",
                                         "current_schema" };
    tide_sql_expr *e = simple_call(self, names[v->op], v->location, 0, NULL);
    bool has_precision = v->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME_N ||
                         v->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N ||
                         v->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME_N ||
                         v->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N;
    e->call.bare = !has_precision;
    if (has_precision) {
        tide_sql_expr **args = TIDE_NEW_N(self->arena, tide_sql_expr *, 1);
        args[0] = tide_sql_new_expr(self, TIDE_SQL_INTEGER, v->location);
        args[0]->literal.text = tide_arena_printf(self->arena, "%d", v->typmod);
        e->call.args = (tide_sql_exprs){ 1, args };
    }
    return e;
}
