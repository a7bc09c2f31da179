/* bind_group.c - GROUP BY: the keys and the window, the AGGREGATE node, and
 * what may be said above it. */
#include <string.h>
#include <strings.h>

#include "jobapi/sql/bind_priv.h"

/* What the aggregate reads: numbered as the columns of a projection over the
 * relation. When all are plain columns there is no such projection, and
 * unproject() gives the relation's own numbers. */
typedef struct needs {
    tide_binder *binder;
    const tide_node *node;
    uint32_t n, cap, cap_names;
    const tide_expr **exprs;
    const char **names;
    bool all_plain;
} needs;

/* Which columns of a window GROUP BY names. */
enum { HAS_START = 1, HAS_END = 2, HAS_TIME = 4 };

static tide_status resolve_item(tide_binder *self, const tide_sql_query *ast,
                                const tide_relation *relation, const tide_sql_expr *item,
                                const tide_sql_expr **out);
static tide_status add_key(tide_binder *self, tide_grouping *grouping, const tide_sql_expr *item,
                           uint32_t *parts);
static tide_status needs_other_parts(tide_binder *self, const tide_grouping *grouping,
                                     uint32_t parts);
static tide_status attach_window(tide_binder *self, tide_grouping *grouping);
static uint32_t need(needs *self, const tide_expr *expr, const char *name);
static void unproject(const needs *self, tide_node *like, uint32_t *keys, tide_agg_call *aggs,
                      uint32_t *late);
static tide_status need_late_columns(tide_binder *self, tide_grouping *grouping, needs *n,
                                     tide_node *like, uint32_t **late);
static bool comes_from_aggregate(const tide_node *node);
static const tide_expr *key_above(tide_binder *self, const tide_grouping *grouping,
                                  const tide_node *agg, const tide_expr *expr);

tide_status tide_bind_group_by(tide_binder *self, const tide_sql_query *ast,
                               tide_grouping *grouping)
{
    const tide_place place = { .relation = grouping->relation, .clause = "GROUP BY" };
    uint32_t parts = 0;
    grouping->is_grouped = ast->select.n_group_by > 0 || ast->select.having;
    for (uint32_t i = 0; i < ast->select.n_group_by; i++) {
        const tide_sql_group *group = &ast->select.group_by[i];
        if (i == 0) grouping->pos = group->pos;
        if (group->kind == TIDE_SQL_GROUP_EMPTY) continue;
        if (group->kind != TIDE_SQL_GROUP_EXPR)
            return tide_bind_refuse(self, group->pos, "GROUPING SETS, ROLLUP and CUBE are",
                                    "write one query per set and combine them with UNION ALL");
        const tide_sql_expr *item;
        TIDE_TRY(resolve_item(self, ast, grouping->relation, group->expr, &item));
        if (!tide_bind_is_group_window(item)) {
            TIDE_TRY(add_key(self, grouping, item, &parts));
            continue;
        }
        if (grouping->window.kind != TIDE_WINDOW_NONE)
            return tide_bind_fail(self, TIDE_E_TYPE, item->pos, NULL,
                                  "a query can group by one window only");
        TIDE_TRY(tide_bind_group_window(self, &place, item, &grouping->window));
    }
    if (parts == 0) return TIDE_OK;
    if (!(parts & HAS_START) || !(parts & HAS_END)) return needs_other_parts(self, grouping, parts);
    return attach_window(self, grouping);
}

tide_status tide_bind_make_aggregate(tide_binder *self, tide_grouping *grouping,
                                     const tide_node **out)
{
    const tide_node *input = grouping->relation->node;
    needs n = { .binder = self, .node = input, .all_plain = true };
    tide_node like = { .aggregate = { .n_keys = grouping->n_keys, .n_aggs = grouping->n_aggs } };
    uint32_t *keys = TIDE_NEW_N(self->arena, uint32_t, grouping->n_keys + 1);
    const char *const *names = tide_schema_names(self->arena, &input->schema);
    for (uint32_t k = 0; k < grouping->n_keys; k++)
        keys[k] =
            need(&n, grouping->keys[k], tide_expr_print(self->arena, grouping->keys[k], names));
    tide_agg_call *aggs = TIDE_NEW_N(self->arena, tide_agg_call, grouping->n_aggs + 1);
    for (uint32_t a = 0; a < grouping->n_aggs; a++) {
        const tide_group_agg *from = &grouping->aggs[a];
        aggs[a] = (tide_agg_call){ .kind = from->kind,
                                   .distinct = from->distinct,
                                   .arg = -1,
                                   .filter = -1,
                                   .result = from->result,
                                   .name = from->name };
        if (from->arg)
            aggs[a].arg =
                (int32_t)need(&n, from->arg, tide_expr_print(self->arena, from->arg, names));
        if (from->filter)
            aggs[a].filter =
                (int32_t)need(&n, from->filter, tide_expr_print(self->arena, from->filter, names));
    }
    tide_window *window = &like.aggregate.window;
    *window = grouping->window;
    if (window->kind == TIDE_WINDOW_ATTACHED) {
        window->start_column =
            need(&n, tide_node_column(self->arena, input, window->start_column, 0), NULL);
        window->end_column =
            need(&n, tide_node_column(self->arena, input, window->end_column, 0), NULL);
    } else if (window->kind != TIDE_WINDOW_NONE) {
        window->time_column =
            need(&n, tide_node_column(self->arena, input, window->time_column, 0), NULL);
    } else {
        like.aggregate.ttl_us = self->settings.state_ttl_us;
    }
    like.aggregate.keys = keys;
    like.aggregate.aggs = aggs;
    uint32_t *late;
    TIDE_TRY(need_late_columns(self, grouping, &n, &like, &late));
    if (n.all_plain)
        unproject(&n, &like, keys, aggs, late);
    else
        input = tide_node_project(self->arena, input, n.exprs, n.names, n.n);
    tide_node *made = tide_node_aggregate(self->arena, input, &like);
    made->pos = grouping->pos;
    *out = made;
    return TIDE_OK;
}

tide_status tide_bind_above_group(tide_binder *self, const tide_grouping *grouping,
                                  const tide_node *agg, const tide_expr *expr,
                                  const tide_expr **out)
{
    const tide_expr *key = key_above(self, grouping, agg, expr);
    if (key) {
        *out = key;
        return TIDE_OK;
    }
    if (expr->kind == TIDE_EXPR_LITERAL) {
        *out = expr;
        return TIDE_OK;
    }
    if (expr->kind == TIDE_EXPR_COLUMN) {
        const char *name = grouping->relation->node->schema.fields[expr->column].name;
        return tide_bind_fail(self, TIDE_E_BIND, expr->pos,
                              tide_arena_printf(self->arena, "write GROUP BY %s or max(%s)", name,
                                                name),
                              "column %s is neither in GROUP BY nor in an aggregate", name);
    }
    const tide_expr **args = TIDE_NEW_N(self->arena, const tide_expr *, expr->call.n_args);
    for (uint32_t i = 0; i < expr->call.n_args; i++)
        TIDE_TRY(tide_bind_above_group(self, grouping, agg, expr->call.args[i], &args[i]));
    tide_expr *copy = TIDE_NEW(self->arena, tide_expr);
    *copy = *expr;
    copy->call.args = args;
    *out = copy;
    return TIDE_OK;
}

/* What an item stands for: a column of the input first, then a number or an
 * alias of the select list. */
static tide_status resolve_item(tide_binder *self, const tide_sql_query *ast,
                                const tide_relation *relation, const tide_sql_expr *item,
                                const tide_sql_expr **out)
{
    *out = item;
    int32_t ordinal;
    TIDE_TRY(tide_bind_ordinal(self, item, ast->select.n_targets, &ordinal));
    if (ordinal >= 0) {
        *out = ast->select.targets[ordinal].expr;
        if ((*out)->kind != TIDE_SQL_STAR) return TIDE_OK;
        return tide_bind_fail(self, TIDE_E_BIND, item->pos, NULL, "position %d is *", ordinal + 1);
    }
    uint32_t column;
    if (item->kind != TIDE_SQL_COLUMN || item->column.n != 1) return TIDE_OK;
    if (tide_bind_has_column(relation, &item->column, &column)) return TIDE_OK;
    for (uint32_t t = 0; t < ast->select.n_targets; t++) {
        const tide_sql_target *target = &ast->select.targets[t];
        if (target->alias.text && strcasecmp(target->alias.text, item->column.parts[0].text) == 0)
            *out = target->expr;
    }
    return TIDE_OK;
}

static tide_status add_key(tide_binder *self, tide_grouping *grouping, const tide_sql_expr *item,
                           uint32_t *parts)
{
    const tide_place place = { .relation = grouping->relation, .clause = "GROUP BY" };
    const tide_node *node = grouping->relation->node;
    const tide_expr *key;
    TIDE_TRY(tide_bind_expr(self, &place, item, &key));
    if (key->type.id == TIDE_TYPE_NULL) {
        tide_type text = tide_type_of(TIDE_TYPE_STRING);
        TIDE_TRY(tide_expr_cast(self->arena, key, text, false, item->pos, &key));
    }
    bool is_attached = node->window_start >= 0 && node->window_end >= 0;
    if (key->kind == TIDE_EXPR_COLUMN && is_attached) {
        int32_t column = (int32_t)key->column;
        uint32_t part = column == node->window_start  ? HAS_START
                        : column == node->window_end  ? HAS_END
                        : column == node->window_time ? HAS_TIME
                                                      : 0;
        *parts |= part;
        if (part) return TIDE_OK; /* They are the window, which is no key; the time follows. */
    }
    for (uint32_t k = 0; k < grouping->n_keys; k++)
        if (tide_expr_equal(grouping->keys[k], key)) return TIDE_OK;
    TIDE_PUSH(self->arena, grouping->keys, grouping->n_keys, grouping->cap_keys, key);
    return TIDE_OK;
}

static tide_status needs_other_parts(tide_binder *self, const tide_grouping *grouping,
                                     uint32_t parts)
{
    const char *given = parts & HAS_START ? "window_start"
                        : parts & HAS_END ? "window_end"
                                          : "window_time";
    const char *lacking = parts & HAS_START ? "window_end"
                          : parts & HAS_END ? "window_start"
                                            : "window_start and window_end";
    return tide_bind_fail(self, TIDE_E_TYPE, grouping->pos, "a window is told by both of its ends",
                          "GROUP BY %s needs %s too", given, lacking);
}

static tide_status attach_window(tide_binder *self, tide_grouping *grouping)
{
    const tide_node *node = grouping->relation->node;
    if (grouping->window.kind != TIDE_WINDOW_NONE)
        return tide_bind_fail(self, TIDE_E_TYPE, grouping->pos, NULL,
                              "a query can group by one window only");
    if (node->updating)
        return tide_bind_refuse(self, grouping->pos, "a window over a changing result is",
                                "its input must not come from a GROUP BY without a window");
    grouping->window = (tide_window){ .kind = TIDE_WINDOW_ATTACHED,
                                      .start_column = (uint32_t)node->window_start,
                                      .end_column = (uint32_t)node->window_end };
    return TIDE_OK;
}

/* The number of what holds expr. */
static uint32_t need(needs *self, const tide_expr *expr, const char *name)
{
    tide_arena *arena = self->binder->arena;
    if (expr->kind != TIDE_EXPR_COLUMN)
        self->all_plain = false;
    else
        name = self->node->schema.fields[expr->column].name;
    for (uint32_t i = 0; i < self->n; i++)
        if (tide_expr_equal(self->exprs[i], expr)) return i;
    uint32_t n = self->n;
    TIDE_PUSH(arena, self->names, n, self->cap_names, name);
    TIDE_PUSH(arena, self->exprs, self->n, self->cap, expr);
    return n - 1;
}

static void unproject(const needs *self, tide_node *like, uint32_t *keys, tide_agg_call *aggs,
                      uint32_t *late)
{
    const tide_expr *const *at = self->exprs;
    for (uint32_t k = 0; k < like->aggregate.n_keys; k++) keys[k] = at[keys[k]]->column;
    for (uint32_t c = 0; c < like->aggregate.n_late; c++) late[c] = at[late[c]]->column;
    for (uint32_t a = 0; a < like->aggregate.n_aggs; a++) {
        if (aggs[a].arg >= 0) aggs[a].arg = (int32_t)at[aggs[a].arg]->column;
        if (aggs[a].filter >= 0) aggs[a].filter = (int32_t)at[aggs[a].filter]->column;
    }
    tide_window *window = &like->aggregate.window;
    if (window->kind == TIDE_WINDOW_ATTACHED) {
        window->start_column = at[window->start_column]->column;
        window->end_column = at[window->end_column]->column;
    } else if (window->kind != TIDE_WINDOW_NONE) {
        window->time_column = at[window->time_column]->column;
    }
}

/* SET 'late-rows.table': what a late row of this window would look like there.
 * Windows over the result of other windows get no late rows of their own. */
static tide_status need_late_columns(tide_binder *self, tide_grouping *grouping, needs *n,
                                     tide_node *like, uint32_t **late)
{
    *late = NULL;
    const char *name = self->settings.late_table;
    const tide_node *input = grouping->relation->node;
    if (!name || grouping->window.kind == TIDE_WINDOW_NONE || comes_from_aggregate(input))
        return TIDE_OK;
    bool ambiguous;
    const tide_entry *entry = tide_catalog_find(&self->catalog, name, &ambiguous);
    if (!entry || entry->kind != TIDE_ENTRY_TABLE)
        return tide_bind_fail(self, TIDE_E_BIND, grouping->pos,
                              tide_bind_did_you_mean(self,
                                                     tide_catalog_nearest(&self->catalog, name)),
                              "late rows go to table %s ('late-rows.table'), which is unknown",
                              name);
    const tide_table *table = entry->table;
    *late = TIDE_NEW_N(self->arena, uint32_t, table->n_columns + 1);
    for (uint32_t c = 0; c < table->n_columns; c++) {
        if (!tide_table_writes(&table->columns[c])) continue;
        tide_sql_name part = { table->columns[c].name, grouping->pos };
        tide_sql_path path = { 1, &part, grouping->pos };
        uint32_t from;
        if (!tide_bind_has_column(grouping->relation, &path, &from))
            return tide_bind_fail(
                self, TIDE_E_BIND, grouping->pos, "a late row is a row of the window's input",
                "late rows go to table %s ('late-rows.table'), whose column %s the "
                "window's input does not have",
                table->name, part.text);
        const tide_expr *expr = tide_node_column(self->arena, input, from, grouping->pos);
        tide_status rv =
            tide_expr_coerce(self->arena, expr, table->columns[c].type, grouping->pos, &expr);
        if (rv) return tide_bind_at(self, rv, grouping->pos);
        (*late)[like->aggregate.n_late++] = need(n, expr, part.text);
    }
    like->aggregate.late = table;
    like->aggregate.late_columns = *late;
    return TIDE_OK;
}

static bool comes_from_aggregate(const tide_node *node)
{
    while (node->kind == TIDE_NODE_PROJECT || node->kind == TIDE_NODE_FILTER ||
           node->kind == TIDE_NODE_UNION)
        node = node->inputs[0];
    return node->kind == TIDE_NODE_AGGREGATE;
}

/* The aggregate's output column that holds expr, or NULL. */
static const tide_expr *key_above(tide_binder *self, const tide_grouping *grouping,
                                  const tide_node *agg, const tide_expr *expr)
{
    uint32_t first_window = grouping->n_keys + grouping->n_aggs;
    for (uint32_t k = 0; k < grouping->n_keys; k++)
        if (tide_expr_equal(grouping->keys[k], expr))
            return tide_node_column(self->arena, agg, k, expr->pos);
    if (expr->kind != TIDE_EXPR_COLUMN) return NULL;
    if (expr->column >= TIDE_GROUP_COLUMN) {
        uint32_t what = expr->column - TIDE_GROUP_COLUMN;
        uint32_t column =
            what < TIDE_GROUP_AGG ? first_window + what : grouping->n_keys + what - TIDE_GROUP_AGG;
        return tide_node_column(self->arena, agg, column, expr->pos);
    }
    if (grouping->window.kind != TIDE_WINDOW_ATTACHED) return NULL;
    const tide_node *input = grouping->relation->node;
    int32_t column = (int32_t)expr->column;
    uint32_t part = column == input->window_start  ? TIDE_GROUP_START
                    : column == input->window_end  ? TIDE_GROUP_END
                    : column == input->window_time ? TIDE_GROUP_TIME
                                                   : UINT32_MAX;
    return part == UINT32_MAX ? NULL
                              : tide_node_column(self->arena, agg, first_window + part, expr->pos);
}
