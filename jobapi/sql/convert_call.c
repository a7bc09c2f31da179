/* convert_call.c - calls, windows, orders, casts and types. */
#include <ctype.h>
#include <pg_query/pg_query.pb-c.h>
#include <string.h>
#include <strings.h>

#include "jobapi/sql/convert_priv.h"

static tide_sql_expr *convert_system_call(tide_sql_convert *self, const PgQuery__FuncCall *c);
static void convert_arguments(tide_sql_convert *self, const PgQuery__FuncCall *c, tide_sql_expr *e);
static void convert_frame(tide_sql_convert *self, const PgQuery__WindowDef *def,
                          tide_sql_over *over);

tide_sql_expr *tide_sql_convert_call(tide_sql_convert *self, const PgQuery__FuncCall *c)
{
    tide_sql_expr *e;
    if (tide_sql_is_marker(c->n_funcname, c->funcname, TIDE_SQL_MARK_TRY_CAST)) {
        self->anchor = tide_sql_token_of(self, c->location);
        e = tide_sql_convert_cast(self, c->args[0]->type_cast, true);
        if (e) e->pos = tide_sql_pos_of(self, c->location);
        return e;
    }
    if (tide_sql_is_marker(c->n_funcname, c->funcname, TIDE_SQL_MARK_MAP)) {
        e = tide_sql_new_expr(self, TIDE_SQL_MAP, c->location);
        e->list = tide_sql_convert_exprs(self, c->n_args, c->args);
        return e;
    }
    if (tide_sql_is_marker(c->n_funcname, c->funcname, TIDE_SQL_MARK_PTABLE)) {
        tide_sql_refuse(self, c->location, "a TABLE argument here");
        return NULL;
    }
    if (tide_sql_is_marker(c->n_funcname, c->funcname, TIDE_SQL_MARK_EXCEPT)) {
        tide_sql_refuse(self, c->location, "EXCEPT (...) behind this \"*\"");
        return NULL;
    }
    if (c->func_variadic) {
        tide_sql_refuse(self, c->location, "VARIADIC");
        return NULL;
    }
    if (c->n_funcname == 2 && strcmp(tide_sql_string_of(c->funcname[0]), "pg_catalog") == 0)
        return convert_system_call(self, c);

    e = tide_sql_new_expr(self, TIDE_SQL_CALL, c->location);
    e->call.name = tide_sql_convert_path(self, c->n_funcname, c->funcname,
                                         tide_sql_token_of(self, c->location));
    convert_arguments(self, c, e);
    e->call.star = c->agg_star;
    e->call.distinct = c->agg_distinct;
    e->call.within_group = c->agg_within_group;
    e->call.order_by = tide_sql_convert_orders(self, c->n_agg_order, c->agg_order);
    e->call.filter = tide_sql_convert_expr(self, c->agg_filter);
    if (c->over) {
        tide_sql_over *over = TIDE_NEW(self->arena, tide_sql_over);
        *over = tide_sql_convert_over(self, c->over);
        e->call.over = over;
    }
    return e;
}

static void convert_arguments(tide_sql_convert *self, const PgQuery__FuncCall *c, tide_sql_expr *e)
{
    tide_sql_expr **args = TIDE_NEW_N(self->arena, tide_sql_expr *, c->n_args ? c->n_args : 1);
    tide_sql_name *names = NULL;
    for (size_t i = 0; i < c->n_args; i++) {
        const PgQuery__Node *arg = c->args[i];
        if (arg->node_case == PG_QUERY__NODE__NODE_NAMED_ARG_EXPR) {
            const PgQuery__NamedArgExpr *named = arg->named_arg_expr;
            if (!names) names = TIDE_NEW_N(self->arena, tide_sql_name, c->n_args);
            names[i] =
                tide_sql_convert_name(self, named->name, tide_sql_token_of(self, named->location));
            arg = named->arg;
        }
        args[i] = tide_sql_convert_expr(self, arg);
    }
    e->call.args = (tide_sql_exprs){ (uint32_t)c->n_args, args };
    e->call.arg_names = names;
}

/* ---- Calls that the grammar made of a special syntax ---- */

/* EXTRACT(epoch FROM e): the field is a word. */
static tide_sql_expr *convert_extract(tide_sql_convert *self, const PgQuery__FuncCall *c)
{
    const PgQuery__AConst *word = c->args[0]->a_const;
    tide_sql_expr *args[2] = { tide_sql_new_expr(self, TIDE_SQL_STRING, word->location) };
    tide_sql_name name =
        tide_sql_convert_name(self, word->sval->sval, tide_sql_token_of(self, c->location));
    char *field = tide_arena_strdup(self->arena, name.text);
    for (char *p = field; *p; p++) *p = (char)tolower((unsigned char)*p);
    args[0]->literal.text = field;
    args[1] = tide_sql_convert_expr(self, c->args[1]);
    return tide_sql_new_op(self, "extract", c->location, 2, args);
}

static tide_sql_expr *convert_system_call(tide_sql_convert *self, const PgQuery__FuncCall *c)
{
    static const char *const plain[][2] = {
        { "position", "strpos" },     { "substring", "substring" }, { "btrim", "btrim" },
        { "ltrim", "ltrim" },         { "rtrim", "rtrim" },         { "overlay", "overlay" },
        { "normalize", "normalize" },
    };
    static const char *const similar[] = { "SIMILAR", NULL };
    const char *name = tide_sql_string_of(c->funcname[1]);
    uint32_t token = tide_sql_token_of(self, c->location);
    if (strcmp(name, "extract") == 0) return convert_extract(self, c);
    if (strcmp(name, "timezone") == 0) {
        tide_sql_expr *args[2] = { tide_sql_convert_expr(self, c->args[1]),
                                   tide_sql_convert_expr(self, c->args[0]) };
        return tide_sql_new_op(self, "at time zone", c->location, 2, args);
    }
    uint32_t close = self->t->v[token + 1].match;
    if (close > token + 1 && tide_sql_find(self->t, token + 2, close, similar) < close) {
        tide_sql_refuse(self, c->location, "SUBSTRING with SIMILAR");
        return NULL;
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(name, plain[i][0]) != 0) continue;
        tide_sql_expr *e = tide_sql_new_expr(self, TIDE_SQL_CALL, c->location);
        tide_sql_name *part = TIDE_NEW(self->arena, tide_sql_name);
        *part = (tide_sql_name){ plain[i][1], e->pos };
        e->call.name = (tide_sql_path){ 1, part, e->pos };
        convert_arguments(self, c, e);
        return e;
    }
    tide_sql_refuse(self, c->location, name);
    return NULL;
}

/* ---- Windows and orders ---- */

tide_sql_orders tide_sql_convert_orders(tide_sql_convert *self, size_t n,
                                        PgQuery__Node *const *nodes)
{
    tide_sql_order *items = TIDE_NEW_N(self->arena, tide_sql_order, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        const PgQuery__SortBy *s = nodes[i]->sort_by;
        if (s->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_USING)
            tide_sql_refuse(self, tide_sql_location_of(s->node), "ORDER BY ... USING");
        tide_sql_order *o = &items[i];
        o->expr = tide_sql_convert_expr(self, s->node);
        o->pos = o->expr ? o->expr->pos : 0;
        o->descending = s->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
        o->nulls_given = s->sortby_nulls != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT;
        o->nulls_first = o->nulls_given
                             ? s->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST
                             : o->descending;
    }
    return (tide_sql_orders){ (uint32_t)n, items };
}

tide_sql_over tide_sql_convert_over(tide_sql_convert *self, const PgQuery__WindowDef *def)
{
    uint32_t token = tide_sql_token_of(self, def->location);
    tide_sql_over over = { .pos = self->t->v[token].pos };
    bool is_clause = token >= 2 && tide_sql_is(self->t, token - 1, "AS"); /* WINDOW w AS ( */
    if (def->name[0])
        over.name = tide_sql_convert_name(self, def->name, token - (is_clause ? 2 : 0));
    if (def->refname[0]) over.base = tide_sql_convert_name(self, def->refname, token);
    over.partition_by =
        tide_sql_convert_exprs(self, def->n_partition_clause, def->partition_clause);
    over.order_by = tide_sql_convert_orders(self, def->n_order_clause, def->order_clause);
    convert_frame(self, def, &over);
    return over;
}

/* PostgreSQL's FRAMEOPTION_* (nodes/parsenodes.h). */
enum {
    FRAME_NONDEFAULT = 0x1,
    FRAME_RANGE = 0x2,
    FRAME_ROWS = 0x4,
    FRAME_GROUPS = 0x8,
    FRAME_START_UNBOUNDED_PRECEDING = 0x20,
    FRAME_END_UNBOUNDED_FOLLOWING = 0x100,
    FRAME_START_CURRENT_ROW = 0x200,
    FRAME_END_CURRENT_ROW = 0x400,
    FRAME_START_PRECEDING = 0x800,
    FRAME_END_PRECEDING = 0x1000,
    FRAME_START_FOLLOWING = 0x2000,
    FRAME_END_FOLLOWING = 0x4000,
    FRAME_EXCLUSION = 0x8000 | 0x10000 | 0x20000
};

static void convert_frame(tide_sql_convert *self, const PgQuery__WindowDef *def,
                          tide_sql_over *over)
{
    int o = def->frame_options;
    if (!(o & FRAME_NONDEFAULT)) return;
    if (o & FRAME_EXCLUSION) {
        tide_sql_refuse(self, def->location, "EXCLUDE in a window frame");
        return;
    }
    over->frame = o & FRAME_ROWS    ? TIDE_SQL_FRAME_ROWS
                  : o & FRAME_RANGE ? TIDE_SQL_FRAME_RANGE
                                    : TIDE_SQL_FRAME_GROUPS;
    over->start.kind = o & FRAME_START_UNBOUNDED_PRECEDING ? TIDE_SQL_BOUND_UNBOUNDED_PRECEDING
                       : o & FRAME_START_PRECEDING         ? TIDE_SQL_BOUND_PRECEDING
                       : o & FRAME_START_CURRENT_ROW       ? TIDE_SQL_BOUND_CURRENT_ROW
                                                           : TIDE_SQL_BOUND_FOLLOWING;
    over->end.kind = o & FRAME_END_UNBOUNDED_FOLLOWING ? TIDE_SQL_BOUND_UNBOUNDED_FOLLOWING
                     : o & FRAME_END_PRECEDING         ? TIDE_SQL_BOUND_PRECEDING
                     : o & FRAME_END_CURRENT_ROW       ? TIDE_SQL_BOUND_CURRENT_ROW
                                                       : TIDE_SQL_BOUND_FOLLOWING;
    over->start.offset = tide_sql_convert_expr(self, def->start_offset);
    over->end.offset = tide_sql_convert_expr(self, def->end_offset);
}

/* ---- Casts and types ---- */

tide_sql_type tide_sql_convert_type(tide_sql_convert *self, const PgQuery__TypeName *type)
{
    uint32_t token = tide_sql_token_of(self, type->location);
    uint32_t end = tide_sql_type_end(self->t, token);
    if (type->setof || type->pct_type || end == token) {
        tide_sql_refuse(self, type->location, "this form of a type");
        return (tide_sql_type){ "", self->t->v[token].pos };
    }
    return tide_sql_type_read(self->front, token, end);
}

/* A cast without a location is a typed literal such as DATE '...', or one that the grammar added.
 */
tide_sql_expr *tide_sql_convert_cast(tide_sql_convert *self, const PgQuery__TypeCast *c,
                                     bool is_try)
{
    tide_sql_expr *e;
    if (c->location >= 0) {
        e = tide_sql_new_expr(self, TIDE_SQL_CAST, c->location);
        e->cast.arg = tide_sql_convert_expr(self, c->arg);
        e->cast.type = tide_sql_convert_type(self, c->type_name);
        e->cast.is_try = is_try;
        return e;
    }
    bool is_literal =
        c->type_name->location >= 0 && c->arg->node_case == PG_QUERY__NODE__NODE_A_CONST;
    if (!is_literal) return tide_sql_convert_expr(self, c->arg);
    uint32_t token = tide_sql_token_of(self, c->type_name->location);
    if (tide_sql_is(self->t, token, "INTERVAL")) {
        e = tide_sql_new_expr(self, TIDE_SQL_INTERVAL, c->type_name->location);
        e->literal.text = tide_sql_interval_read(self->front, token);
        return e;
    }
    e = tide_sql_new_expr(self, TIDE_SQL_TYPED, c->type_name->location);
    e->literal.type = tide_sql_convert_type(self, c->type_name);
    e->literal.text = tide_arena_strdup(self->arena, c->arg->a_const->sval->sval);
    return e;
}
