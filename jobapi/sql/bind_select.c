/* bind_select.c - SELECT ... FROM ... WHERE ... GROUP BY ... HAVING ... ORDER
 * BY.
 *
 * Everything is bound over the FROM relation first, with placeholders for
 * aggregates (bind_group.c); then, if the query is grouped, the AGGREGATE is
 * made and all expressions are moved above it. */
#include <string.h>
#include <strings.h>

#include "jobapi/sql/bind_priv.h"

typedef struct selection {
    tide_binder *binder;
    const tide_sql_query *ast;
    tide_relation relation;
    tide_grouping grouping;
    tide_place place;
    uint32_t n, n_visible; /* Columns; behind the visible ones those that only
                              ORDER BY needs. */
    uint32_t cap, cap_names;
    const tide_expr **exprs;
    const char **names;
    const tide_expr *having;
    tide_sort_key *keys;
} selection;

static tide_status refuse_clauses(selection *self);
static tide_status bind_source(selection *self, tide_cte *ctes);
static tide_status bind_targets(selection *self);
static tide_status bind_star(selection *self, const tide_sql_expr *star);
static bool is_excepted(const tide_sql_names *except, const char *name);
static tide_status bind_window_target(selection *self, const tide_sql_target *target);
static tide_status bind_order_keys(selection *self);
static tide_status find_order_column(selection *self, const tide_sql_order *item, uint32_t *out);
static int32_t find_alias(const selection *self, const tide_sql_expr *ast);
static tide_status move_above_group(selection *self);
static void add_column(selection *self, const tide_expr *expr, const char *name);

tide_status tide_bind_select(tide_binder *self, const tide_sql_query *ast, tide_cte *ctes,
                             const tide_node **out)
{
    selection s = { .binder = self, .ast = ast };
    TIDE_TRY(refuse_clauses(&s));
    TIDE_TRY(bind_source(&s, ctes));
    s.grouping.relation = &s.relation;
    TIDE_TRY(tide_bind_group_by(self, ast, &s.grouping));
    s.place = (tide_place){ .relation = &s.relation, .clause = "SELECT", .grouping = &s.grouping };
    TIDE_TRY(bind_targets(&s));
    if (ast->select.having) {
        tide_place place = s.place;
        place.clause = "HAVING";
        TIDE_TRY(tide_bind_condition(self, &place, ast->select.having, &s.having));
    }
    TIDE_TRY(bind_order_keys(&s));
    if (s.grouping.is_grouped) TIDE_TRY(move_above_group(&s));

    tide_node *project = tide_node_project(self->arena, s.relation.node, s.exprs, s.names, s.n);
    project->pos = ast->pos;
    const tide_node *node = project;
    if (ast->select.distinct) {
        TIDE_TRY(tide_bind_settle(self, &node));
        TIDE_TRY(tide_bind_distinct(self, node, ast->pos, &node));
    }
    TIDE_TRY(tide_bind_sort(self, ast, node, s.keys, &node));
    if (s.n > s.n_visible) {
        uint32_t *columns = TIDE_NEW_N(self->arena, uint32_t, s.n_visible + 1);
        for (uint32_t i = 0; i < s.n_visible; i++) columns[i] = i;
        node = tide_node_pick(self->arena, node, columns, s.n_visible);
    }
    *out = node;
    return TIDE_OK;
}

const char *tide_bind_default_name(tide_binder *self, const tide_sql_expr *ast)
{
    if (ast->kind == TIDE_SQL_COLUMN) return ast->column.parts[ast->column.n - 1].text;
    if (ast->kind == TIDE_SQL_CALL) {
        char *name = tide_arena_strdup(self->arena, tide_bind_call_name(ast));
        for (char *c = name; *c; c++)
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 'a' - 'A');
        return name;
    }
    if (ast->kind == TIDE_SQL_CAST) return tide_bind_default_name(self, ast->cast.arg);
    if (ast->kind == TIDE_SQL_CASE) return "case";
    return NULL;
}

static tide_status refuse_clauses(selection *self)
{
    const tide_sql_query *ast = self->ast;
    tide_binder *b = self->binder;
    if (ast->select.distinct_on.n)
        return tide_bind_refuse(b, ast->select.distinct_on.items[0]->pos, "DISTINCT ON is", NULL);
    if (ast->select.n_windows)
        return tide_bind_refuse(b, ast->select.windows[0].pos, "the WINDOW clause is",
                                "windows over time go into FROM or GROUP BY");
    if (ast->select.qualify)
        return tide_bind_refuse(b, ast->select.qualify->pos, "QUALIFY is", NULL);
    if (ast->select.hints.n)
        return tide_bind_refuse(b, ast->select.hints.items[0].pos, "this hint is",
                                "SET 'table.exec.state.ttl' bounds state");
    if (ast->select.n_from > 1)
        return tide_bind_refuse(b, ast->select.from[1]->pos, "a join (FROM a, b) is", NULL);
    return TIDE_OK;
}

static tide_status bind_source(selection *self, tide_cte *ctes)
{
    tide_binder *b = self->binder;
    const tide_sql_query *ast = self->ast;
    if (ast->select.n_from == 0)
        self->relation = (tide_relation){ .node = tide_bind_one_row(b), .is_one_row = true };
    else
        TIDE_TRY(tide_bind_from(b, ast->select.from[0], ctes, &self->relation));
    if (!ast->select.where) return TIDE_OK;
    tide_place place = { .relation = &self->relation, .clause = "WHERE" };
    const tide_expr *predicate;
    TIDE_TRY(tide_bind_condition(b, &place, ast->select.where, &predicate));
    self->relation.node = tide_node_filter(b->arena, self->relation.node, predicate);
    return TIDE_OK;
}

static tide_status bind_targets(selection *self)
{
    const tide_sql_query *ast = self->ast;
    for (uint32_t t = 0; t < ast->select.n_targets; t++) {
        const tide_sql_target *target = &ast->select.targets[t];
        if (target->expr->kind == TIDE_SQL_STAR) {
            TIDE_TRY(bind_star(self, target->expr));
            continue;
        }
        if (tide_bind_is_group_window(target->expr)) {
            TIDE_TRY(bind_window_target(self, target));
            continue;
        }
        const tide_expr *expr;
        TIDE_TRY(tide_bind_expr(self->binder, &self->place, target->expr, &expr));
        const char *name = target->alias.text;
        if (!name) name = tide_bind_default_name(self->binder, target->expr);
        if (!name) name = tide_arena_printf(self->binder->arena, "column%u", self->n + 1);
        add_column(self, expr, name);
    }
    self->n_visible = self->n;
    return TIDE_OK;
}

/* *, t.*, * EXCEPT (a, b) */
static tide_status bind_star(selection *self, const tide_sql_expr *star)
{
    tide_binder *b = self->binder;
    const tide_node *node = self->relation.node;
    if (self->relation.is_one_row)
        return tide_bind_fail(b, TIDE_E_BIND, star->pos, "the query has no FROM",
                              "* stands for no column");
    if (star->star.table.n && !tide_bind_is_alias(&self->relation, &star->star.table))
        return tide_bind_fail(b, TIDE_E_BIND, star->pos,
                              tide_bind_did_you_mean(b, self->relation.alias), "unknown table %s",
                              star->star.table.parts[star->star.table.n - 1].text);
    for (uint32_t i = 0; i < star->star.except.n; i++) {
        const tide_sql_name *name = &star->star.except.items[i];
        tide_sql_path path = { 1, name, name->pos };
        uint32_t column;
        TIDE_TRY(tide_bind_column(b, &self->relation, &path, &column));
    }
    for (uint32_t c = 0; c < node->schema.n; c++)
        if (!is_excepted(&star->star.except, node->schema.fields[c].name))
            add_column(self, tide_node_column(b->arena, node, c, star->pos),
                       node->schema.fields[c].name);
    return TIDE_OK;
}

static bool is_excepted(const tide_sql_names *except, const char *name)
{
    for (uint32_t i = 0; i < except->n; i++)
        if (strcasecmp(except->items[i].text, name) == 0) return true;
    return false;
}

/* Arroyo's SELECT tumble(...) AS window gives the window's two ends. */
static tide_status bind_window_target(selection *self, const tide_sql_target *target)
{
    static const char *const names[] = { "window_start", "window_end" };
    tide_binder *b = self->binder;
    tide_window window;
    TIDE_TRY(tide_bind_group_window(b, &self->place, target->expr, &window));
    if (memcmp(&window, &self->grouping.window, sizeof window) != 0)
        return tide_bind_fail(b, TIDE_E_BIND, target->pos, NULL, "%s is not in GROUP BY",
                              tide_bind_call_name(target->expr));
    tide_type time = self->relation.node->schema.fields[window.time_column].type;
    for (uint32_t part = TIDE_GROUP_START; part <= TIDE_GROUP_END; part++)
        add_column(self,
                   tide_expr_column(b->arena, TIDE_GROUP_COLUMN + part, tide_window_time_type(time),
                                    true, target->pos),
                   names[part]);
    return TIDE_OK;
}

static tide_status bind_order_keys(selection *self)
{
    const tide_sql_orders *order = &self->ast->order_by;
    self->keys = TIDE_NEW_N(self->binder->arena, tide_sort_key, order->n + 1);
    for (uint32_t i = 0; i < order->n; i++) {
        TIDE_TRY(find_order_column(self, &order->items[i], &self->keys[i].column));
        self->keys[i].descending = order->items[i].descending;
        self->keys[i].nulls_first = order->items[i].nulls_first;
    }
    return TIDE_OK;
}

/* A number, an alias, or an expression over the input, which perhaps needs a
 * column of its own. */
static tide_status find_order_column(selection *self, const tide_sql_order *item, uint32_t *out)
{
    tide_binder *b = self->binder;
    int32_t ordinal;
    TIDE_TRY(tide_bind_ordinal(b, item->expr, self->n_visible, &ordinal));
    if (ordinal < 0) ordinal = find_alias(self, item->expr);
    if (ordinal == -2)
        return tide_bind_fail(b, TIDE_E_BIND, item->pos, NULL, "ORDER BY %s is ambiguous",
                              item->expr->column.parts[0].text);
    if (ordinal >= 0) {
        *out = (uint32_t)ordinal;
        return TIDE_OK;
    }
    tide_place place = self->place;
    place.clause = "ORDER BY";
    const tide_expr *expr;
    TIDE_TRY(tide_bind_expr(b, &place, item->expr, &expr));
    for (*out = 0; *out < self->n; ++*out)
        if (tide_expr_equal(self->exprs[*out], expr)) return TIDE_OK;
    if (self->ast->select.distinct)
        return tide_bind_fail(b, TIDE_E_BIND, item->pos, NULL,
                              "with DISTINCT, ORDER BY can only use what is selected");
    add_column(self, expr, tide_arena_printf(b->arena, "order%u", self->n + 1));
    return TIDE_OK;
}

/* The visible column of this name; -1 none, -2 several that differ. */
static int32_t find_alias(const selection *self, const tide_sql_expr *ast)
{
    if (ast->kind != TIDE_SQL_COLUMN || ast->column.n != 1) return -1;
    const char *name = ast->column.parts[0].text;
    int32_t exact = -1, folded = -1;
    for (uint32_t i = 0; i < self->n_visible; i++) {
        int32_t *found = strcmp(self->names[i], name) == 0       ? &exact
                         : strcasecmp(self->names[i], name) == 0 ? &folded
                                                                 : NULL;
        if (!found) continue;
        bool same = *found >= 0 && tide_expr_equal(self->exprs[*found], self->exprs[i]);
        if (*found == -1)
            *found = (int32_t)i;
        else if (!same)
            *found = -2;
    }
    return exact != -1 ? exact : folded;
}

static tide_status move_above_group(selection *self)
{
    tide_binder *b = self->binder;
    const tide_node *agg;
    TIDE_TRY(tide_bind_make_aggregate(b, &self->grouping, &agg));
    for (uint32_t i = 0; i < self->n; i++)
        TIDE_TRY(tide_bind_above_group(b, &self->grouping, agg, self->exprs[i], &self->exprs[i]));
    if (self->having)
        TIDE_TRY(tide_bind_above_group(b, &self->grouping, agg, self->having, &self->having));
    self->relation.node = self->having ? tide_node_filter(b->arena, agg, self->having) : agg;
    return TIDE_OK;
}

static void add_column(selection *self, const tide_expr *expr, const char *name)
{
    tide_arena *arena = self->binder->arena;
    uint32_t n = self->n;
    TIDE_PUSH(arena, self->names, n, self->cap_names, name);
    TIDE_PUSH(arena, self->exprs, self->n, self->cap, expr);
}
