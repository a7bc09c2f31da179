/* convert_query.c - queries: SELECT, VALUES, set operations, WITH. */
#include <pg_query/pg_query.pb-c.h>
#include <string.h>

#include "jobapi/sql/convert_priv.h"

static void convert_body(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q);
static void convert_targets(tide_sql_convert *self, const PgQuery__SelectStmt *s,
                            tide_sql_query *q);
static void convert_distinct(tide_sql_convert *self, const PgQuery__SelectStmt *s,
                             tide_sql_query *q);
static void convert_group_by(tide_sql_convert *self, const PgQuery__SelectStmt *s,
                             tide_sql_query *q);
static void convert_windows(tide_sql_convert *self, const PgQuery__SelectStmt *s,
                            tide_sql_query *q);
static void convert_values(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q);
static void convert_set(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q);
static void convert_tail(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q);
static void convert_locking(tide_sql_convert *self, const PgQuery__SelectStmt *s,
                            tide_sql_query *q);

tide_sql_query *tide_sql_convert_query(tide_sql_convert *self, const PgQuery__Node *node)
{
    if (node->node_case != PG_QUERY__NODE__NODE_SELECT_STMT) {
        tide_sql_refuse(self, tide_sql_location_of(node), "a statement that changes data, here,");
        return NULL;
    }
    return tide_sql_convert_select(self, node->select_stmt);
}

tide_sql_query *tide_sql_convert_select(tide_sql_convert *self, const PgQuery__SelectStmt *s)
{
    PgQuery__Node node = { .node_case = PG_QUERY__NODE__NODE_SELECT_STMT,
                           .select_stmt = (PgQuery__SelectStmt *)s };
    int32_t location = tide_sql_location_of(&node);
    if (!tide_sql_enter(self, location)) return NULL;
    static const char *const words[] = { "SELECT", "VALUES", "WITH", NULL };
    uint32_t token = tide_sql_word_before(self, tide_sql_token_of(self, location), words);
    tide_sql_query *q = TIDE_NEW(self->arena, tide_sql_query);
    q->pos = self->t->v[token].pos;
    self->anchor = token;
    if (s->with_clause) tide_sql_convert_with(self, s->with_clause, q);
    if (s->op != PG_QUERY__SET_OPERATION__SETOP_NONE)
        convert_set(self, s, q);
    else if (s->n_values_lists)
        convert_values(self, s, q);
    else
        convert_body(self, s, q);
    convert_tail(self, s, q);
    self->depth--;
    return q;
}

void tide_sql_convert_with(tide_sql_convert *self, const PgQuery__WithClause *with,
                           tide_sql_query *query)
{
    tide_sql_cte *ctes = TIDE_NEW_N(self->arena, tide_sql_cte, with->n_ctes);
    for (size_t i = 0; i < with->n_ctes; i++) {
        const PgQuery__CommonTableExpr *c = with->ctes[i]->common_table_expr;
        uint32_t token = tide_sql_token_of(self, c->location);
        self->anchor = token;
        if (c->search_clause) tide_sql_refuse(self, c->location, "SEARCH in WITH");
        if (c->cycle_clause) tide_sql_refuse(self, c->location, "CYCLE in WITH");
        if (c->ctematerialized != PG_QUERY__CTEMATERIALIZE__CTEMaterializeDefault)
            tide_sql_refuse(self, c->location, "MATERIALIZED in WITH");
        ctes[i].name = tide_sql_convert_name(self, c->ctename, token);
        ctes[i].columns = tide_sql_convert_names(self, c->n_aliascolnames, c->aliascolnames, token);
        ctes[i].query = tide_sql_convert_query(self, c->ctequery);
    }
    query->recursive = with->recursive;
    query->n_ctes = (uint32_t)with->n_ctes;
    query->ctes = ctes;
}

/* ---- SELECT ---- */

static void convert_body(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q)
{
    static const char *const word[] = { "SELECT", NULL };
    q->kind = TIDE_SQL_SELECT;
    if (s->into_clause) tide_sql_refuse(self, -1, "SELECT INTO");
    if (s->n_target_list == 0) {
        tide_sql_report_at(self->front, self->anchor, TIDE_E_SYNTAX, NULL,
                           "SELECT needs at least one column");
        return;
    }
    uint32_t first = tide_sql_token_of(self, s->target_list[0]->res_target->location);
    q->select.hints =
        tide_sql_take_hint(self->front, tide_sql_word_before(self, first, word), false);
    convert_distinct(self, s, q);
    convert_targets(self, s, q);
    tide_sql_from **from = TIDE_NEW_N(self->arena, tide_sql_from *, s->n_from_clause + 1);
    for (size_t i = 0; i < s->n_from_clause; i++)
        from[i] = tide_sql_convert_from(self, s->from_clause[i]);
    q->select.n_from = (uint32_t)s->n_from_clause;
    q->select.from = from;
    q->select.where = tide_sql_convert_expr(self, s->where_clause);
    convert_group_by(self, s, q);
    q->select.having = tide_sql_convert_expr(self, s->having_clause);
    convert_windows(self, s, q);
}

static void convert_distinct(tide_sql_convert *self, const PgQuery__SelectStmt *s,
                             tide_sql_query *q)
{
    if (s->n_distinct_clause == 0) return;
    q->select.distinct = true;
    if (s->distinct_clause[0]->node_case == PG_QUERY__NODE__NODE__NOT_SET)
        return; /* Plain DISTINCT. */
    q->select.distinct_on = tide_sql_convert_exprs(self, s->n_distinct_clause, s->distinct_clause);
}

/* The star that a target is, or NULL. */
static const PgQuery__ColumnRef *star_of(const PgQuery__Node *value)
{
    if (!value || value->node_case != PG_QUERY__NODE__NODE_COLUMN_REF) return NULL;
    const PgQuery__ColumnRef *c = value->column_ref;
    return c->fields[c->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR ? c : NULL;
}

static tide_sql_expr *convert_star(tide_sql_convert *self, const PgQuery__ColumnRef *star)
{
    tide_sql_expr *e = tide_sql_new_expr(self, TIDE_SQL_STAR, star->location);
    e->star.table = tide_sql_convert_path(self, star->n_fields - 1, star->fields,
                                          tide_sql_token_of(self, star->location));
    return e;
}

/* * EXCEPT (a, b): the rewriter made it a call behind the star. */
static bool convert_except(tide_sql_convert *self, const PgQuery__Node *value, tide_sql_expr *star)
{
    if (!value || value->node_case != PG_QUERY__NODE__NODE_FUNC_CALL) return false;
    const PgQuery__FuncCall *c = value->func_call;
    if (!tide_sql_is_marker(c->n_funcname, c->funcname, TIDE_SQL_MARK_EXCEPT)) return false;
    tide_sql_name *names = TIDE_NEW_N(self->arena, tide_sql_name, c->n_args);
    for (size_t i = 0; i < c->n_args; i++)
        names[i] = tide_sql_convert_name(self, c->args[i]->column_ref->fields[0]->string->sval,
                                         tide_sql_token_of(self, c->location));
    star->star.except = (tide_sql_names){ (uint32_t)c->n_args, names };
    return true;
}

static void convert_targets(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q)
{
    tide_sql_target *targets = TIDE_NEW_N(self->arena, tide_sql_target, s->n_target_list);
    uint32_t n = 0;
    for (size_t i = 0; i < s->n_target_list; i++) {
        const PgQuery__ResTarget *r = s->target_list[i]->res_target;
        const PgQuery__ColumnRef *star = star_of(r->val);
        bool behind_star =
            n > 0 && targets[n - 1].expr && targets[n - 1].expr->kind == TIDE_SQL_STAR;
        if (behind_star && convert_except(self, r->val, targets[n - 1].expr)) continue;
        uint32_t token = tide_sql_token_of(self, r->location);
        tide_sql_target *target = &targets[n++];
        target->pos = self->t->v[token].pos;
        target->expr = star ? convert_star(self, star) : tide_sql_convert_expr(self, r->val);
        if (r->name[0]) target->alias = tide_sql_convert_name(self, r->name, token);
        if (star && r->name[0]) tide_sql_refuse(self, star->location, "an alias for \"*\"");
        if (r->n_indirection) tide_sql_refuse(self, r->location, "a target with a subscript");
    }
    q->select.n_targets = n;
    q->select.targets = targets;
}

/* ---- GROUP BY ---- */

static tide_sql_group expr_group(tide_sql_convert *self, const PgQuery__Node *node)
{
    tide_sql_group g = { .kind = TIDE_SQL_GROUP_EXPR, .expr = tide_sql_convert_expr(self, node) };
    g.pos = g.expr ? g.expr->pos : 0;
    return g;
}

/* (a, b) without the word ROW. */
static const PgQuery__RowExpr *list_of(const PgQuery__Node *node)
{
    bool is_list = node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR &&
                   node->row_expr->row_format == PG_QUERY__COERCION_FORM__COERCE_IMPLICIT_CAST;
    return is_list ? node->row_expr : NULL;
}

static tide_sql_group convert_group(tide_sql_convert *self, const PgQuery__Node *node)
{
    const PgQuery__RowExpr *list = list_of(node);
    bool is_set = node->node_case == PG_QUERY__NODE__NODE_GROUPING_SET;
    if (!list && !is_set) return expr_group(self, node);
    tide_sql_group g = { .kind = TIDE_SQL_GROUP_LIST };
    int32_t location = tide_sql_location_of(node);
    size_t n = list ? list->n_args : node->grouping_set->n_content;
    PgQuery__Node *const *items = list ? list->args : node->grouping_set->content;
    if (is_set) {
        switch ((int)node->grouping_set->kind) {
        case PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_EMPTY: g.kind = TIDE_SQL_GROUP_EMPTY; break;
        case PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_ROLLUP:
            g.kind = TIDE_SQL_GROUP_ROLLUP;
            break;
        case PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_CUBE: g.kind = TIDE_SQL_GROUP_CUBE; break;
        default: g.kind = TIDE_SQL_GROUP_SETS; break;
        }
    }
    g.pos = tide_sql_pos_of(self, location);
    if (!tide_sql_enter(self, location)) return g;
    tide_sql_group *groups = TIDE_NEW_N(self->arena, tide_sql_group, n ? n : 1);
    for (size_t i = 0; i < n; i++)
        groups[i] = is_set ? convert_group(self, items[i]) : expr_group(self, items[i]);
    self->depth--;
    g.n = (uint32_t)n;
    g.items = groups;
    return g;
}

static void convert_group_by(tide_sql_convert *self, const PgQuery__SelectStmt *s,
                             tide_sql_query *q)
{
    tide_sql_group *groups = NULL;
    uint32_t n = 0, cap = 0;
    for (size_t i = 0; i < s->n_group_clause; i++) {
        tide_sql_group g = convert_group(self, s->group_clause[i]);
        if (g.kind != TIDE_SQL_GROUP_LIST)
            TIDE_PUSH(self->arena, groups, n, cap, g);
        else
            for (uint32_t k = 0; k < g.n; k++) TIDE_PUSH(self->arena, groups, n, cap, g.items[k]);
    }
    q->select.group_distinct = s->group_distinct;
    q->select.n_group_by = n;
    q->select.group_by = groups;
}

static void convert_windows(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q)
{
    tide_sql_over *windows = TIDE_NEW_N(self->arena, tide_sql_over, s->n_window_clause + 1);
    uint32_t n = 0;
    for (size_t i = 0; i < s->n_window_clause; i++) {
        const PgQuery__WindowDef *def = s->window_clause[i]->window_def;
        if (strcmp(def->name, TIDE_SQL_MARK_QUALIFY) == 0)
            q->select.qualify = tide_sql_convert_expr(self, def->order_clause[0]->sort_by->node);
        else
            windows[n++] = tide_sql_convert_over(self, def);
    }
    q->select.n_windows = n;
    q->select.windows = windows;
}

/* ---- The other kinds, and what may follow any of them ---- */

static void convert_values(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q)
{
    tide_sql_exprs *rows = TIDE_NEW_N(self->arena, tide_sql_exprs, s->n_values_lists);
    q->kind = TIDE_SQL_VALUES;
    for (size_t i = 0; i < s->n_values_lists; i++) {
        const PgQuery__List *row = s->values_lists[i]->list;
        rows[i] = tide_sql_convert_exprs(self, row->n_items, row->items);
    }
    q->values.n_rows = (uint32_t)s->n_values_lists;
    q->values.rows = rows;
}

static void convert_set(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q)
{
    switch ((int)s->op) {
    case PG_QUERY__SET_OPERATION__SETOP_UNION: q->kind = TIDE_SQL_UNION; break;
    case PG_QUERY__SET_OPERATION__SETOP_INTERSECT: q->kind = TIDE_SQL_INTERSECT; break;
    default: q->kind = TIDE_SQL_EXCEPT; break;
    }
    q->set.all = s->all;
    q->set.left = tide_sql_convert_select(self, s->larg);
    q->set.right = tide_sql_convert_select(self, s->rarg);
}

static void convert_tail(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q)
{
    q->order_by = tide_sql_convert_orders(self, s->n_sort_clause, s->sort_clause);
    bool is_all = s->limit_count && s->limit_count->node_case == PG_QUERY__NODE__NODE_A_CONST &&
                  s->limit_count->a_const->isnull; /* LIMIT ALL */
    if (!is_all) q->limit = tide_sql_convert_expr(self, s->limit_count);
    q->offset = tide_sql_convert_expr(self, s->limit_offset);
    q->with_ties = s->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES;
    convert_locking(self, s, q);
}

static void convert_locking(tide_sql_convert *self, const PgQuery__SelectStmt *s, tide_sql_query *q)
{
    for (size_t i = 0; i < s->n_locking_clause; i++) {
        const PgQuery__LockingClause *c = s->locking_clause[i]->locking_clause;
        const PgQuery__RangeVar *r = c->n_locked_rels ? c->locked_rels[0]->range_var : NULL;
        if (r && strcmp(r->relname, TIDE_SQL_MARK_EMIT_CLOSE) == 0)
            q->emit = TIDE_SQL_EMIT_ON_WINDOW_CLOSE;
        else if (r && strcmp(r->relname, TIDE_SQL_MARK_EMIT_CHANGES) == 0)
            q->emit = TIDE_SQL_EMIT_CHANGES;
        else
            tide_sql_refuse(self, r ? r->location : -1, "FOR UPDATE or FOR SHARE");
        if (r) q->emit_pos = tide_sql_pos_of(self, r->location);
    }
}
