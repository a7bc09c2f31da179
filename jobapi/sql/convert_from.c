/* convert_from.c - what stands in FROM: tables, subqueries, functions, windows, joins. */
#include <pg_query/pg_query.pb-c.h>
#include <string.h>
#include <strings.h>

#include "jobapi/sql/convert_priv.h"

static tide_sql_from *convert_item(tide_sql_convert *self, const PgQuery__Node *node);
static void convert_table(tide_sql_convert *self, const PgQuery__RangeVar *r, tide_sql_from *out);
static void convert_function(tide_sql_convert *self, const PgQuery__RangeFunction *r,
                             tide_sql_from *out);
static void convert_join(tide_sql_convert *self, const PgQuery__JoinExpr *j, tide_sql_from *out);
static void convert_sample(tide_sql_convert *self, const PgQuery__RangeTableSample *s,
                           tide_sql_from *out);
static void convert_window(tide_sql_convert *self, const PgQuery__FuncCall *call,
                           tide_sql_window_kind kind, tide_sql_from *out);

static const char *const window_names[] = { "TUMBLE", "HOP", "CUMULATE", "SESSION" };

tide_sql_from *tide_sql_convert_from(tide_sql_convert *self, const PgQuery__Node *node)
{
    if (!tide_sql_enter(self, tide_sql_location_of(node))) return NULL;
    tide_sql_from *from = convert_item(self, node);
    self->depth--;
    return from;
}

static tide_sql_alias convert_alias(tide_sql_convert *self, const PgQuery__Alias *alias)
{
    tide_sql_alias out = { 0 };
    if (!alias || strcmp(alias->aliasname, TIDE_SQL_MARK_SUBQUERY) == 0) return out;
    out.name = tide_sql_convert_name(self, alias->aliasname, self->anchor);
    out.columns = tide_sql_convert_names(self, alias->n_colnames, alias->colnames, self->anchor);
    return out;
}

static tide_sql_from *convert_item(tide_sql_convert *self, const PgQuery__Node *node)
{
    tide_sql_from *out = TIDE_NEW(self->arena, tide_sql_from);
    out->pos = self->t->v[self->anchor].pos;
    switch ((int)node->node_case) {
    case PG_QUERY__NODE__NODE_RANGE_VAR: convert_table(self, node->range_var, out); break;
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        out->kind = TIDE_SQL_FROM_SUBQUERY;
        out->lateral = node->range_subselect->lateral;
        out->alias = convert_alias(self, node->range_subselect->alias);
        out->subquery = tide_sql_convert_query(self, node->range_subselect->subquery);
        if (out->subquery) out->pos = out->subquery->pos;
        break;
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
        convert_function(self, node->range_function, out);
        break;
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
        convert_sample(self, node->range_table_sample, out);
        break;
    case PG_QUERY__NODE__NODE_JOIN_EXPR: convert_join(self, node->join_expr, out); break;
    case PG_QUERY__NODE__NODE_RANGE_TABLE_FUNC:
        tide_sql_refuse(self, node->range_table_func->location, "XMLTABLE");
        break;
    default: tide_sql_refuse(self, -1, tide_sql_node_name(node)); break;
    }
    return out;
}

/* ---- Tables ---- */

tide_sql_path tide_sql_convert_range_path(tide_sql_convert *self, const PgQuery__RangeVar *r)
{
    const char *const names[3] = { r->catalogname, r->schemaname, r->relname };
    uint32_t token = tide_sql_token_of(self, r->location), n = 0;
    tide_sql_name *parts = TIDE_NEW_N(self->arena, tide_sql_name, 3);
    for (int i = 0; i < 3; i++)
        if (names[i][0]) parts[n++] = tide_sql_convert_name(self, names[i], token);
    return (tide_sql_path){ n, parts, self->t->v[token].pos };
}

uint32_t tide_sql_path_end(const tide_sql_convert *self, uint32_t token, uint32_t n)
{
    (void)self;
    return token + 2 * (n - 1); /* Names and the dots between them. */
}

static void convert_table(tide_sql_convert *self, const PgQuery__RangeVar *r, tide_sql_from *out)
{
    uint32_t token = tide_sql_token_of(self, r->location);
    if (!r->inh) tide_sql_refuse(self, r->location, "ONLY");
    out->kind = TIDE_SQL_FROM_TABLE;
    out->table.name = tide_sql_convert_range_path(self, r);
    out->table.hints =
        tide_sql_take_hint(self->front, tide_sql_path_end(self, token, out->table.name.n), true);
    out->alias = convert_alias(self, r->alias);
}

static void convert_sample(tide_sql_convert *self, const PgQuery__RangeTableSample *s,
                           tide_sql_from *out)
{
    if (!tide_sql_is_marker(s->n_method, s->method, TIDE_SQL_MARK_SYSTEM_TIME)) {
        tide_sql_refuse(self, s->location, "TABLESAMPLE");
        return;
    }
    convert_table(self, s->relation->range_var, out);
    out->table.system_time = tide_sql_convert_expr(self, s->args[0]);
}

static void convert_join(tide_sql_convert *self, const PgQuery__JoinExpr *j, tide_sql_from *out)
{
    static const char *const word[] = { "JOIN", NULL };
    out->kind = TIDE_SQL_FROM_JOIN;
    out->alias = convert_alias(self, j->alias);
    switch ((int)j->jointype) {
    case PG_QUERY__JOIN_TYPE__JOIN_LEFT: out->join.kind = TIDE_SQL_JOIN_LEFT; break;
    case PG_QUERY__JOIN_TYPE__JOIN_RIGHT: out->join.kind = TIDE_SQL_JOIN_RIGHT; break;
    case PG_QUERY__JOIN_TYPE__JOIN_FULL: out->join.kind = TIDE_SQL_JOIN_FULL; break;
    default: {
        bool is_cross = !j->quals && !j->n_using_clause && !j->is_natural;
        out->join.kind = is_cross ? TIDE_SQL_JOIN_CROSS : TIDE_SQL_JOIN_INNER;
    }
    }
    if (j->join_using_alias) tide_sql_refuse(self, -1, "an alias for USING");
    out->join.natural = j->is_natural;
    uint32_t right = tide_sql_token_of(self, tide_sql_location_of(j->rarg));
    uint32_t join = tide_sql_word_before(self, right, word);
    out->pos = self->t->v[join].pos;
    out->join.left = tide_sql_convert_from(self, j->larg);
    out->join.right = tide_sql_convert_from(self, j->rarg);
    out->join.using_ = tide_sql_convert_names(self, j->n_using_clause, j->using_clause, join);
    out->join.on = tide_sql_convert_expr(self, j->quals);
}

/* ---- Functions ---- */

/* The windowing function that a call is, or -1. */
static int window_of(const tide_sql_expr *call)
{
    if (call->call.name.n != 1) return -1;
    for (int k = 0; k < 4; k++)
        if (strcasecmp(call->call.name.parts[0].text, window_names[k]) == 0) return k;
    return -1;
}

/* Is this call a windowing function? Looked at before its arguments, which are no expressions. */
static int window_kind_of(tide_sql_convert *self, const PgQuery__FuncCall *c)
{
    tide_sql_expr name = { .kind = TIDE_SQL_CALL };
    if (c->n_funcname != 1) return -1;
    name.call.name =
        tide_sql_convert_path(self, 1, c->funcname, tide_sql_token_of(self, c->location));
    return window_of(&name);
}

static void convert_function(tide_sql_convert *self, const PgQuery__RangeFunction *r,
                             tide_sql_from *out)
{
    const PgQuery__Node *node = r->functions[0]->list->items[0];
    if (r->is_rowsfrom) tide_sql_refuse(self, tide_sql_location_of(node), "ROWS FROM");
    const PgQuery__List *function = r->functions[0]->list;
    bool has_columns =
        function->n_items > 1 && function->items[1]->node_case != PG_QUERY__NODE__NODE__NOT_SET;
    if (r->n_coldeflist || has_columns)
        tide_sql_refuse(self, tide_sql_location_of(node), "a column definition list");
    out->alias = convert_alias(self, r->alias);
    int window = node->node_case == PG_QUERY__NODE__NODE_FUNC_CALL
                     ? window_kind_of(self, node->func_call)
                     : -1;
    if (window >= 0) {
        if (r->lateral || r->ordinality)
            tide_sql_refuse(self, node->func_call->location, "LATERAL or ORDINALITY of a window");
        convert_window(self, node->func_call, (tide_sql_window_kind)window, out);
        return;
    }
    out->kind = TIDE_SQL_FROM_FUNCTION;
    out->lateral = r->lateral;
    out->function.with_ordinality = r->ordinality;
    out->function.call = tide_sql_convert_expr(self, node);
    if (out->function.call && out->function.call->kind != TIDE_SQL_CALL)
        tide_sql_refuse(self, tide_sql_location_of(node), "this as a table function");
}

/* ---- Windows ---- */

enum { DATA, TIMECOL, SLIDE, STEP, SIZE, GAP, OFFSET, N_ROLES };
static const char *const role_names[N_ROLES] = { "DATA", "TIMECOL", "SLIDE", "STEP",
                                                 "SIZE", "GAP",     "OFFSET" };

/* The roles of positional arguments, and how many of them must be there. */
static const struct {
    int n, n_required, roles[5];
    const char *usage;
} signatures[] = {
    { 4, 3, { DATA, TIMECOL, SIZE, OFFSET }, "TUMBLE(TABLE t, DESCRIPTOR(ts), size [, offset])" },
    { 5,
      4,
      { DATA, TIMECOL, SLIDE, SIZE, OFFSET },
      "HOP(TABLE t, DESCRIPTOR(ts), slide, size [, offset])" },
    { 5,
      4,
      { DATA, TIMECOL, STEP, SIZE, OFFSET },
      "CUMULATE(TABLE t, DESCRIPTOR(ts), step, size [, offset])" },
    { 3,
      3,
      { DATA, TIMECOL, GAP },
      "SESSION(TABLE t [PARTITION BY k | (k, ...)], DESCRIPTOR(ts), gap)" },
};

static bool role_fits(tide_sql_window_kind kind, int role)
{
    for (int i = 0; i < signatures[kind].n; i++)
        if (signatures[kind].roles[i] == role) return true;
    return false;
}

/* The role of argument i, or -1. */
static int role_of(tide_sql_convert *self, tide_sql_window_kind kind, const PgQuery__Node *arg,
                   size_t i)
{
    if (arg->node_case != PG_QUERY__NODE__NODE_NAMED_ARG_EXPR)
        return i < (size_t)signatures[kind].n ? signatures[kind].roles[i] : -1;
    const PgQuery__NamedArgExpr *named = arg->named_arg_expr;
    tide_sql_name name =
        tide_sql_convert_name(self, named->name, tide_sql_token_of(self, named->location));
    for (int role = 0; role < N_ROLES; role++)
        if (strcasecmp(name.text, role_names[role]) == 0 && role_fits(kind, role)) return role;
    return -1;
}

static bool sort_arguments(tide_sql_convert *self, const PgQuery__FuncCall *c,
                           tide_sql_window_kind kind, const PgQuery__Node **args)
{
    uint32_t token = tide_sql_token_of(self, c->location);
    bool is_plain = !c->n_agg_order && !c->agg_filter && !c->over && !c->agg_star &&
                    !c->agg_distinct && !c->func_variadic;
    bool ok = is_plain;
    for (size_t i = 0; i < c->n_args && ok; i++) {
        int role = role_of(self, kind, c->args[i], i);
        if (role < 0 || args[role]) {
            ok = false;
            int32_t location = c->args[i]->node_case == PG_QUERY__NODE__NODE_NAMED_ARG_EXPR
                                   ? c->args[i]->named_arg_expr->location
                                   : tide_sql_location_of(c->args[i]);
            if (location >= 0) token = tide_sql_token_of(self, location);
            break;
        }
        bool named = c->args[i]->node_case == PG_QUERY__NODE__NODE_NAMED_ARG_EXPR;
        args[role] = named ? c->args[i]->named_arg_expr->arg : c->args[i];
    }
    for (int i = 0; i < signatures[kind].n_required && ok; i++)
        ok = args[signatures[kind].roles[i]];
    if (!ok)
        tide_sql_report_at(self->front, token, TIDE_E_SYNTAX,
                           tide_arena_printf(self->front->scratch, "write %s",
                                             signatures[kind].usage),
                           "wrong arguments for %s", window_names[kind]);
    return ok;
}

/* DESCRIPTOR(ts), or ts alone. */
static tide_sql_path convert_time(tide_sql_convert *self, const PgQuery__Node *node)
{
    tide_sql_expr *e = tide_sql_convert_expr(self, node);
    if (!e) return (tide_sql_path){ 0 };
    bool is_descriptor = e->kind == TIDE_SQL_CALL && e->call.name.n == 1 && e->call.args.n == 1 &&
                         strcasecmp(e->call.name.parts[0].text, "DESCRIPTOR") == 0;
    const tide_sql_expr *column = is_descriptor ? e->call.args.items[0] : e;
    if (column && column->kind == TIDE_SQL_COLUMN) return column->column;
    tide_sql_report(&self->front->diag, TIDE_E_SYNTAX, e->pos, "write DESCRIPTOR(time_column)",
                    "the window's second argument must name one column");
    return (tide_sql_path){ 0 };
}

/* t, (SELECT ...), or t PARTITION BY k as the rewriter marked it. */
static tide_sql_from *convert_data(tide_sql_convert *self, const PgQuery__Node *node,
                                   tide_sql_exprs *partition_by)
{
    tide_sql_from *from = TIDE_NEW(self->arena, tide_sql_from);
    if (node->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
        tide_sql_is_marker(node->func_call->n_funcname, node->func_call->funcname,
                           TIDE_SQL_MARK_PTABLE)) {
        const PgQuery__RowExpr *keys = node->func_call->args[1]->row_expr;
        *partition_by = tide_sql_convert_exprs(self, keys->n_args, keys->args);
        node = node->func_call->args[0];
    }
    int32_t location = tide_sql_location_of(node);
    uint32_t token = tide_sql_token_of(self, location);
    from->pos = self->t->v[token].pos;
    tide_sql_expr *e = tide_sql_convert_expr(self, node);
    if (!e) return NULL;
    if (e->kind == TIDE_SQL_COLUMN) {
        from->kind = TIDE_SQL_FROM_TABLE;
        from->table.name = e->column;
        from->table.hints =
            tide_sql_take_hint(self->front, tide_sql_path_end(self, token, e->column.n), true);
    } else if (e->kind == TIDE_SQL_SUBQUERY && e->subquery.kind == TIDE_SQL_SUBQUERY_SCALAR) {
        from->kind = TIDE_SQL_FROM_SUBQUERY;
        from->subquery = e->subquery.query;
    } else {
        tide_sql_report_at(self->front, token, TIDE_E_SYNTAX, "write TABLE t or (SELECT ...)",
                           "the window's first argument must be a table or a query");
    }
    return from;
}

static void convert_window(tide_sql_convert *self, const PgQuery__FuncCall *c,
                           tide_sql_window_kind kind, tide_sql_from *out)
{
    const PgQuery__Node *args[N_ROLES] = { 0 };
    out->kind = TIDE_SQL_FROM_WINDOW;
    out->pos = tide_sql_pos_of(self, c->location);
    out->window.kind = kind;
    if (!sort_arguments(self, c, kind, args)) return;
    out->window.data = convert_data(self, args[DATA], &out->window.partition_by);
    if (out->window.partition_by.n && kind != TIDE_SQL_SESSION)
        tide_sql_report_at(self->front, tide_sql_token_of(self, c->location), TIDE_E_SYNTAX,
                           "group by the key instead", "only SESSION can have PARTITION BY");
    out->window.time = convert_time(self, args[TIMECOL]);
    out->window.size =
        tide_sql_convert_expr(self, kind == TIDE_SQL_SESSION ? args[GAP] : args[SIZE]);
    out->window.slide = tide_sql_convert_expr(self, args[SLIDE] ? args[SLIDE] : args[STEP]);
    out->window.offset = tide_sql_convert_expr(self, args[OFFSET]);
}
