/* sql_print.c - a SQL syntax tree as text. */
#include "tests/support/sql_print.h"

typedef struct printer {
    tide_bytes *out;
    bool positions;
} printer;

static void put_expr(printer *p, const tide_sql_expr *e);
static void put_query(printer *p, const tide_sql_query *q);
static void put_from(printer *p, const tide_sql_from *f);
static void put_stmt(printer *p, const tide_sql_stmt *s);

static void put(printer *p, const char *text)
{
    tide_bytes_puts(p->out, text);
}

static void put_pos(printer *p, uint32_t pos)
{
    if (p->positions) tide_bytes_printf(p->out, "@%u", pos);
}

static void put_name(printer *p, tide_sql_name name)
{
    put(p, name.text);
    put_pos(p, name.pos);
}

static void put_path(printer *p, tide_sql_path path)
{
    for (uint32_t i = 0; i < path.n; i++) {
        if (i) put(p, ".");
        put_name(p, path.parts[i]);
    }
}

static void put_names(printer *p, tide_sql_names names)
{
    put(p, "(");
    for (uint32_t i = 0; i < names.n; i++) {
        if (i) put(p, ", ");
        put_name(p, names.items[i]);
    }
    put(p, ")");
}

static void put_options(printer *p, tide_sql_options options)
{
    put(p, "{");
    for (uint32_t i = 0; i < options.n; i++) {
        const tide_sql_option *o = &options.items[i];
        tide_bytes_printf(p->out, "%s%s", i ? ", " : "", o->key);
        put_pos(p, o->pos);
        if (o->value) tide_bytes_printf(p->out, "=%s", o->value);
        if (o->value) put_pos(p, o->value_pos);
    }
    put(p, "}");
}

static void put_exprs(printer *p, tide_sql_exprs list)
{
    for (uint32_t i = 0; i < list.n; i++) {
        if (i) put(p, ", ");
        put_expr(p, list.items[i]);
    }
}

static void put_orders(printer *p, tide_sql_orders orders)
{
    put(p, "[");
    for (uint32_t i = 0; i < orders.n; i++) {
        const tide_sql_order *o = &orders.items[i];
        if (i) put(p, ", ");
        put_expr(p, o->expr);
        if (o->descending) put(p, " desc");
        if (o->nulls_given) put(p, o->nulls_first ? " nulls first" : " nulls last");
    }
    put(p, "]");
}

/* ---- Expressions ---- */

static void put_bound(printer *p, const tide_sql_bound *b)
{
    static const char *const names[] = { "unbounded preceding", " preceding", "current row",
                                         " following", "unbounded following" };
    if (b->offset) put_expr(p, b->offset);
    put(p, names[b->kind]);
}

static void put_over(printer *p, const tide_sql_over *o)
{
    static const char *const units[] = { "", " rows ", " range ", " groups " };
    put(p, "[");
    if (o->name.text) put_name(p, o->name);
    if (o->base.text) put(p, " base ");
    if (o->base.text) put_name(p, o->base);
    if (o->partition_by.n) put(p, " by ");
    put_exprs(p, o->partition_by);
    if (o->order_by.n) put(p, " order");
    if (o->order_by.n) put_orders(p, o->order_by);
    put(p, units[o->frame]);
    if (o->frame != TIDE_SQL_FRAME_NONE) {
        put_bound(p, &o->start);
        put(p, "..");
        put_bound(p, &o->end);
    }
    put(p, "]");
}

static void put_call(printer *p, const tide_sql_call *c)
{
    put_path(p, c->name);
    put(p, c->bare ? "!" : "(");
    if (c->distinct) put(p, "distinct ");
    if (c->star) put(p, "*");
    for (uint32_t i = 0; i < c->args.n; i++) {
        if (i) put(p, ", ");
        if (c->arg_names && c->arg_names[i].text) {
            put_name(p, c->arg_names[i]);
            put(p, "=>");
        }
        put_expr(p, c->args.items[i]);
    }
    if (!c->bare) put(p, ")");
    if (c->order_by.n) put(p, c->within_group ? " within" : " order");
    if (c->order_by.n) put_orders(p, c->order_by);
    if (c->filter) put(p, " filter ");
    if (c->filter) put_expr(p, c->filter);
    if (c->over) put(p, " over");
    if (c->over) put_over(p, c->over);
}

static void put_subquery(printer *p, const tide_sql_expr *e)
{
    static const char *const names[] = { "scalar", "exists", "in", "any", "all", "array" };
    put(p, names[e->subquery.kind]);
    if (e->subquery.op) tide_bytes_printf(p->out, " %s", e->subquery.op);
    put_pos(p, e->pos);
    if (e->subquery.left) put(p, " ");
    if (e->subquery.left) put_expr(p, e->subquery.left);
    put(p, " {");
    put_query(p, e->subquery.query);
    put(p, "}");
}

static void put_case(printer *p, const tide_sql_expr *e)
{
    put(p, "case");
    put_pos(p, e->pos);
    put(p, "(");
    if (e->case_.operand) put_expr(p, e->case_.operand);
    for (uint32_t i = 0; i < e->case_.n_whens; i++) {
        put(p, i || e->case_.operand ? "; " : "");
        put_expr(p, e->case_.whens[i].when);
        put(p, " -> ");
        put_expr(p, e->case_.whens[i].then);
    }
    if (e->case_.else_) put(p, "; else ");
    if (e->case_.else_) put_expr(p, e->case_.else_);
    put(p, ")");
}

static void put_subscript(printer *p, const tide_sql_expr *e)
{
    put_expr(p, e->subscript.arg);
    put(p, "[");
    if (e->subscript.index) put_expr(p, e->subscript.index);
    if (e->subscript.is_slice) put(p, ":");
    if (e->subscript.upper) put_expr(p, e->subscript.upper);
    put(p, "]");
}

/* name(list) */
static void put_list(printer *p, const char *name, const tide_sql_expr *e)
{
    put(p, name);
    put_pos(p, e->pos);
    put(p, "(");
    put_exprs(p, e->list);
    put(p, ")");
}

static void put_literal(printer *p, const char *before, const tide_sql_expr *e, const char *after)
{
    tide_bytes_printf(p->out, "%s%s%s", before, e->literal.text, after);
    put_pos(p, e->pos);
}

static void put_op(printer *p, const tide_sql_expr *e)
{
    tide_bytes_printf(p->out, "(%s", e->op.name);
    put_pos(p, e->pos);
    for (uint32_t i = 0; i < e->op.args.n; i++) {
        put(p, i ? ", " : " ");
        put_expr(p, e->op.args.items[i]);
    }
    put(p, ")");
}

static void put_star(printer *p, const tide_sql_expr *e)
{
    put_path(p, e->star.table);
    put(p, e->star.table.n ? ".*" : "*");
    put_pos(p, e->pos);
    if (e->star.except.n) put(p, " except");
    if (e->star.except.n) put_names(p, e->star.except);
}

static void put_cast(printer *p, const tide_sql_expr *e)
{
    put(p, e->cast.is_try ? "try_cast" : "cast");
    put_pos(p, e->pos);
    put(p, "(");
    put_expr(p, e->cast.arg);
    tide_bytes_printf(p->out, " as %s", e->cast.type.text);
    put_pos(p, e->cast.type.pos);
    put(p, ")");
}

static void put_expr(printer *p, const tide_sql_expr *e)
{
    switch (e->kind) {
    case TIDE_SQL_NULL:
        put(p, "null");
        put_pos(p, e->pos);
        break;
    case TIDE_SQL_BOOLEAN:
        put(p, e->boolean ? "true" : "false");
        put_pos(p, e->pos);
        break;
    case TIDE_SQL_INTEGER: put_literal(p, "", e, ""); break;
    case TIDE_SQL_DECIMAL: put_literal(p, "", e, "d"); break;
    case TIDE_SQL_STRING: put_literal(p, "'", e, "'"); break;
    case TIDE_SQL_TYPED:
        put(p, e->literal.type.text);
        put_literal(p, "'", e, "'");
        break;
    case TIDE_SQL_INTERVAL: put_literal(p, "interval'", e, "'"); break;
    case TIDE_SQL_COLUMN: put_path(p, e->column); break;
    case TIDE_SQL_STAR: put_star(p, e); break;
    case TIDE_SQL_OP: put_op(p, e); break;
    case TIDE_SQL_CALL: put_call(p, &e->call); break;
    case TIDE_SQL_CAST: put_cast(p, e); break;
    case TIDE_SQL_CASE: put_case(p, e); break;
    case TIDE_SQL_SUBQUERY: put_subquery(p, e); break;
    case TIDE_SQL_ROW: put_list(p, "row", e); break;
    case TIDE_SQL_ARRAY: put_list(p, "array", e); break;
    case TIDE_SQL_MAP: put_list(p, "map", e); break;
    case TIDE_SQL_SUBSCRIPT: put_subscript(p, e); break;
    case TIDE_SQL_FIELD:
        put_expr(p, e->field.arg);
        put(p, "..");
        put_name(p, e->field.name);
        break;
    case TIDE_SQL_EXPR_KIND_COUNT: break;
    }
}

/* ---- Queries ---- */

static void put_alias(printer *p, const tide_sql_alias *a)
{
    if (!a->name.text) return;
    put(p, " as ");
    put_name(p, a->name);
    if (a->columns.n) put_names(p, a->columns);
}

static void put_window(printer *p, const tide_sql_from *f)
{
    static const char *const names[] = { "TUMBLE", "HOP", "CUMULATE", "SESSION" };
    put(p, names[f->window.kind]);
    put_pos(p, f->pos);
    put(p, "(");
    put_from(p, f->window.data);
    if (f->window.partition_by.n) put(p, " by ");
    put_exprs(p, f->window.partition_by);
    put(p, ", ");
    put_path(p, f->window.time);
    if (f->window.slide) put(p, ", slide ");
    if (f->window.slide) put_expr(p, f->window.slide);
    put(p, ", size ");
    put_expr(p, f->window.size);
    if (f->window.offset) put(p, ", offset ");
    if (f->window.offset) put_expr(p, f->window.offset);
    put(p, ")");
}

static void put_join(printer *p, const tide_sql_from *f)
{
    static const char *const names[] = { "inner", "left", "right", "full", "cross" };
    tide_bytes_printf(p->out, "(%s%s", f->join.natural ? "natural " : "", names[f->join.kind]);
    put_pos(p, f->pos);
    put(p, " ");
    put_from(p, f->join.left);
    put(p, ", ");
    put_from(p, f->join.right);
    if (f->join.using_.n) put(p, " using");
    if (f->join.using_.n) put_names(p, f->join.using_);
    if (f->join.on) put(p, " on ");
    if (f->join.on) put_expr(p, f->join.on);
    put(p, ")");
}

static void put_from(printer *p, const tide_sql_from *f)
{
    if (f->lateral) put(p, "lateral ");
    switch (f->kind) {
    case TIDE_SQL_FROM_TABLE:
        put_path(p, f->table.name);
        if (f->table.hints.n) put_options(p, f->table.hints);
        if (f->table.system_time) put(p, " at ");
        if (f->table.system_time) put_expr(p, f->table.system_time);
        break;
    case TIDE_SQL_FROM_SUBQUERY:
        put(p, "{");
        put_query(p, f->subquery);
        put(p, "}");
        break;
    case TIDE_SQL_FROM_WINDOW: put_window(p, f); break;
    case TIDE_SQL_FROM_FUNCTION:
        put_expr(p, f->function.call);
        if (f->function.with_ordinality) put(p, " with ordinality");
        break;
    case TIDE_SQL_FROM_JOIN: put_join(p, f); break;
    }
    put_alias(p, &f->alias);
}

static void put_group(printer *p, const tide_sql_group *g)
{
    static const char *const names[] = { "", "()", "", "rollup", "cube", "sets" };
    if (g->kind == TIDE_SQL_GROUP_EXPR) {
        put_expr(p, g->expr);
        return;
    }
    put(p, names[g->kind]);
    put_pos(p, g->pos);
    if (g->kind == TIDE_SQL_GROUP_EMPTY) return;
    put(p, "(");
    for (uint32_t i = 0; i < g->n; i++) {
        if (i) put(p, ", ");
        put_group(p, &g->items[i]);
    }
    put(p, ")");
}

static void put_targets(printer *p, const tide_sql_query *q)
{
    for (uint32_t i = 0; i < q->select.n_targets; i++) {
        const tide_sql_target *t = &q->select.targets[i];
        put(p, i ? ", " : " ");
        put_expr(p, t->expr);
        if (t->alias.text) put(p, " as ");
        if (t->alias.text) put_name(p, t->alias);
    }
}

static void put_select(printer *p, const tide_sql_query *q)
{
    put(p, "select");
    put_pos(p, q->pos);
    if (q->select.hints.n) put_options(p, q->select.hints);
    if (q->select.distinct) put(p, " distinct");
    if (q->select.distinct_on.n) put(p, " on ");
    put_exprs(p, q->select.distinct_on);
    put_targets(p, q);
    for (uint32_t i = 0; i < q->select.n_from; i++) {
        put(p, i ? ", " : " from ");
        put_from(p, q->select.from[i]);
    }
    if (q->select.where) put(p, " where ");
    if (q->select.where) put_expr(p, q->select.where);
    for (uint32_t i = 0; i < q->select.n_group_by; i++) {
        put(p, i ? ", " : q->select.group_distinct ? " group distinct " : " group ");
        put_group(p, &q->select.group_by[i]);
    }
    if (q->select.having) put(p, " having ");
    if (q->select.having) put_expr(p, q->select.having);
    for (uint32_t i = 0; i < q->select.n_windows; i++) {
        put(p, i ? ", " : " window ");
        put_over(p, &q->select.windows[i]);
    }
    if (q->select.qualify) put(p, " qualify ");
    if (q->select.qualify) put_expr(p, q->select.qualify);
}

static void put_with(printer *p, const tide_sql_query *q)
{
    for (uint32_t i = 0; i < q->n_ctes; i++) {
        put(p, i ? ", " : q->recursive ? "with recursive " : "with ");
        put_name(p, q->ctes[i].name);
        if (q->ctes[i].columns.n) put_names(p, q->ctes[i].columns);
        put(p, " {");
        put_query(p, q->ctes[i].query);
        put(p, "}");
    }
    if (q->n_ctes) put(p, " ");
}

static void put_body(printer *p, const tide_sql_query *q)
{
    static const char *const names[] = { "", "", "union", "intersect", "except" };
    if (q->kind == TIDE_SQL_SELECT) {
        put_select(p, q);
    } else if (q->kind == TIDE_SQL_VALUES) {
        put(p, "values");
        put_pos(p, q->pos);
        for (uint32_t i = 0; i < q->values.n_rows; i++) {
            put(p, i ? ", (" : " (");
            put_exprs(p, q->values.rows[i]);
            put(p, ")");
        }
    } else {
        tide_bytes_printf(p->out, "%s%s {", names[q->kind], q->set.all ? " all" : "");
        put_query(p, q->set.left);
        put(p, "} {");
        put_query(p, q->set.right);
        put(p, "}");
    }
}

static void put_query(printer *p, const tide_sql_query *q)
{
    static const char *const emits[] = { "", " emit on close", " emit changes" };
    put_with(p, q);
    put_body(p, q);
    if (q->order_by.n) put(p, " order");
    if (q->order_by.n) put_orders(p, q->order_by);
    if (q->limit) put(p, " limit ");
    if (q->limit) put_expr(p, q->limit);
    if (q->with_ties) put(p, " with ties");
    if (q->offset) put(p, " offset ");
    if (q->offset) put_expr(p, q->offset);
    put(p, emits[q->emit]);
    if (q->emit) put_pos(p, q->emit_pos);
}

/* ---- Statements ---- */

static void put_column(printer *p, const tide_sql_column_def *c)
{
    put_name(p, c->name);
    if (c->type.text) tide_bytes_printf(p->out, " %s", c->type.text);
    if (c->type.text) put_pos(p, c->type.pos);
    if (c->not_null) put(p, " not null");
    if (c->primary_key) put(p, " key");
    if (c->kind == TIDE_SQL_METADATA) put(p, " metadata");
    if (c->metadata_key) tide_bytes_printf(p->out, " '%s'", c->metadata_key);
    if (c->is_virtual) put(p, " virtual");
    if (c->expr) put(p, " = ");
    if (c->expr) put_expr(p, c->expr);
    if (c->comment) tide_bytes_printf(p->out, " -- %s", c->comment);
}

static void put_create_table(printer *p, const tide_sql_create_table *c)
{
    put(p, c->temporary ? "create temporary table " : "create table ");
    if (c->if_not_exists) put(p, "if not exists ");
    put_path(p, c->name);
    for (uint32_t i = 0; i < c->n_columns; i++) {
        put(p, i ? ", " : " (");
        put_column(p, &c->columns[i]);
    }
    if (c->n_columns) put(p, ")");
    if (c->watermark_column.n) put(p, " watermark");
    if (c->watermark_column.n) put_pos(p, c->watermark_pos);
    if (c->watermark_column.n) put(p, " ");
    put_path(p, c->watermark_column);
    if (c->watermark) put(p, " = ");
    if (c->watermark) put_expr(p, c->watermark);
    if (c->primary_key.n) put(p, " key");
    if (c->primary_key.n) put_pos(p, c->primary_key_pos);
    if (c->primary_key.n) put_names(p, c->primary_key);
    if (c->comment) tide_bytes_printf(p->out, " -- %s --", c->comment);
    if (c->partitioned_by.n) put(p, " partitioned");
    if (c->partitioned_by.n) put_names(p, c->partitioned_by);
    if (c->options.n) put(p, " with");
    if (c->options.n) put_options(p, c->options);
    if (c->like.n) put(p, " like ");
    put_path(p, c->like);
    if (c->like_options.n) put_options(p, c->like_options);
    if (c->as_query) put(p, " as ");
    if (c->as_query) put_query(p, c->as_query);
}

static void put_create_view(printer *p, const tide_sql_create_view *v)
{
    tide_bytes_printf(p->out, "create %s%sview %s", v->or_replace ? "or replace " : "",
                      v->temporary ? "temporary " : "", v->if_not_exists ? "if not exists " : "");
    put_path(p, v->name);
    if (v->columns.n) put_names(p, v->columns);
    put(p, " as ");
    put_query(p, v->query);
}

static void put_drop(printer *p, const tide_sql_drop *d)
{
    tide_bytes_printf(p->out, "drop %s%s %s", d->temporary ? "temporary " : "",
                      d->is_view ? "view" : "table", d->if_exists ? "if exists " : "");
    for (uint32_t i = 0; i < d->n_names; i++) {
        if (i) put(p, ", ");
        put_path(p, d->names[i]);
    }
}

static void put_insert(printer *p, const tide_sql_insert *i)
{
    put(p, i->overwrite ? "insert overwrite " : "insert ");
    put_path(p, i->table);
    if (i->hints.n) put_options(p, i->hints);
    if (i->columns.n) put_names(p, i->columns);
    put(p, " ");
    put_query(p, i->query);
}

static void put_set(printer *p, const tide_sql_stmt *s)
{
    put(p, s->kind == TIDE_SQL_STMT_SET ? "set" : "reset");
    if (s->option.key) tide_bytes_printf(p->out, " %s", s->option.key);
    put_pos(p, s->option.pos);
    if (s->option.value) tide_bytes_printf(p->out, "=%s", s->option.value);
    if (s->option.value) put_pos(p, s->option.value_pos);
}

static void put_stmt(printer *p, const tide_sql_stmt *s)
{
    if (p->positions) tide_bytes_printf(p->out, "[%u,%u) ", s->pos, s->end);
    switch (s->kind) {
    case TIDE_SQL_STMT_CREATE_TABLE: put_create_table(p, &s->create_table); break;
    case TIDE_SQL_STMT_CREATE_VIEW: put_create_view(p, &s->create_view); break;
    case TIDE_SQL_STMT_DROP: put_drop(p, &s->drop); break;
    case TIDE_SQL_STMT_INSERT: put_insert(p, &s->insert); break;
    case TIDE_SQL_STMT_SELECT: put_query(p, s->query); break;
    case TIDE_SQL_STMT_STATEMENT_SET:
        put(p, "statement set");
        for (uint32_t i = 0; i < s->set.n; i++) {
            put(p, i ? "; " : " ");
            put_stmt(p, s->set.items[i]);
        }
        break;
    case TIDE_SQL_STMT_SET:
    case TIDE_SQL_STMT_RESET: put_set(p, s); break;
    case TIDE_SQL_STMT_EXPLAIN:
        put(p, "explain");
        if (s->explain.options.n) put_options(p, s->explain.options);
        put(p, " ");
        put_stmt(p, s->explain.stmt);
        break;
    }
}

void tide_sql_print(tide_bytes *out, const tide_sql_script *script, bool with_positions)
{
    printer p = { out, with_positions };
    for (uint32_t i = 0; i < script->n; i++) {
        if (i) put(&p, "\n");
        put_stmt(&p, script->stmts[i]);
    }
}
