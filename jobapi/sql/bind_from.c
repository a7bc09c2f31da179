/* bind_from.c - FROM: tables, views, WITH queries, subqueries, windowing
 * functions. */
#include <string.h>
#include <strings.h>

#include "jobapi/sql/bind_priv.h"

static tide_status bind_named(tide_binder *self, const tide_sql_from *ast, tide_cte *ctes,
                              tide_relation *out);
static tide_cte *find_cte(tide_cte *ctes, const char *name);
static tide_status bind_cte(tide_binder *self, tide_cte *cte, const tide_node **out);
static tide_status scan_table(tide_binder *self, tide_entry *entry, const tide_sql_from *ast,
                              const tide_node **out);
static const tide_node *make_scan(tide_binder *self, const tide_table *table);
static tide_status bind_window(tide_binder *self, const tide_sql_from *ast, tide_cte *ctes,
                               tide_relation *out);
static tide_status apply_alias(tide_binder *self, const tide_sql_alias *alias, tide_relation *out);

tide_status tide_bind_from(tide_binder *self, const tide_sql_from *ast, tide_cte *ctes,
                           tide_relation *out)
{
    *out = (tide_relation){ 0 };
    switch (ast->kind) {
    case TIDE_SQL_FROM_TABLE: TIDE_TRY(bind_named(self, ast, ctes, out)); break;
    case TIDE_SQL_FROM_SUBQUERY:
        if (ast->lateral) return tide_bind_refuse(self, ast->pos, "LATERAL is", NULL);
        TIDE_TRY(tide_bind_query(self, ast->subquery, ctes, &out->node));
        TIDE_TRY(tide_bind_settle(self, &out->node));
        break;
    case TIDE_SQL_FROM_WINDOW: TIDE_TRY(bind_window(self, ast, ctes, out)); break;
    case TIDE_SQL_FROM_FUNCTION:
        return tide_bind_refuse(self, ast->pos, "this table function is",
                                "the table functions are TUMBLE, HOP, CUMULATE and SESSION");
    case TIDE_SQL_FROM_JOIN: return tide_bind_refuse(self, ast->pos, "JOIN is", NULL);
    }
    return apply_alias(self, &ast->alias, out);
}

const tide_node *tide_bind_one_row(tide_binder *self)
{
    static tide_field field = { "row", { .id = TIDE_TYPE_INT }, true };
    static const tide_schema schema = { 1, &field };
    static const tide_value value = { .type = { .id = TIDE_TYPE_INT } };
    static const tide_value *const rows[] = { &value };
    return tide_node_values(self->arena, &schema, rows, 1);
}

const tide_node *tide_bind_renamed(tide_binder *self, const tide_node *node,
                                   const char *const *names)
{
    const tide_expr **exprs = TIDE_NEW_N(self->arena, const tide_expr *, node->schema.n + 1);
    for (uint32_t i = 0; i < node->schema.n; i++)
        exprs[i] = tide_node_column(self->arena, node, i, TIDE_POS_UNKNOWN);
    tide_node *made = tide_node_project(self->arena, node, exprs, names, node->schema.n);
    made->pos = node->pos;
    return made;
}

static tide_status bind_named(tide_binder *self, const tide_sql_from *ast, tide_cte *ctes,
                              tide_relation *out)
{
    if (ast->table.system_time)
        return tide_bind_refuse(self, ast->table.system_time->pos, "FOR SYSTEM_TIME AS OF is",
                                NULL);
    tide_cte *cte = ast->table.name.n == 1 ? find_cte(ctes, ast->table.name.parts[0].text) : NULL;
    if (cte) {
        out->alias = cte->ast->name.text;
        return bind_cte(self, cte, &out->node);
    }
    tide_sql_name name;
    TIDE_TRY(tide_bind_table_name(self, &ast->table.name, &name));
    bool ambiguous;
    tide_entry *entry = tide_catalog_find(&self->catalog, name.text, &ambiguous);
    if (ambiguous)
        return tide_bind_fail(self, TIDE_E_BIND, name.pos,
                              "write it in the case of its declaration",
                              "table %s is ambiguous: several names differ in case only",
                              name.text);
    if (!entry)
        return tide_bind_fail(self, TIDE_E_BIND, name.pos,
                              tide_bind_did_you_mean(self, tide_catalog_nearest(&self->catalog,
                                                                                name.text)),
                              "unknown table %s", name.text);
    if (entry->kind == TIDE_ENTRY_BROKEN) {
        self->failed_before = true;
        return tide_fail(TIDE_E_BIND, "table %s was not declared", name.text);
    }
    out->alias = entry->name;
    out->node = entry->node;
    return entry->kind == TIDE_ENTRY_TABLE ? scan_table(self, entry, ast, &out->node) : TIDE_OK;
}

/* Exactly, else by any case; the innermost wins. */
static tide_cte *find_cte(tide_cte *ctes, const char *name)
{
    for (tide_cte *c = ctes; c; c = c->outer)
        if (strcmp(c->ast->name.text, name) == 0) return c;
    for (tide_cte *c = ctes; c; c = c->outer)
        if (strcasecmp(c->ast->name.text, name) == 0) return c;
    return NULL;
}

static tide_status bind_cte(tide_binder *self, tide_cte *cte, const tide_node **out)
{
    if (!cte->node) {
        tide_relation rows = { 0 };
        tide_sql_alias columns = { .columns = cte->ast->columns, .name = cte->ast->name };
        TIDE_TRY(tide_bind_query(self, cte->ast->query, cte->outer, &rows.node));
        TIDE_TRY(tide_bind_settle(self, &rows.node));
        TIDE_TRY(apply_alias(self, &columns, &rows));
        cte->node = rows.node;
    }
    *out = cte->node;
    return TIDE_OK;
}

/* All reads of a table share one scan, unless a hint makes it another table. */
static tide_status scan_table(tide_binder *self, tide_entry *entry, const tide_sql_from *ast,
                              const tide_node **out)
{
    const tide_table *table;
    TIDE_TRY(tide_bind_hints(self, entry->table, &ast->table.hints, &table));
    if (table == entry->table && entry->node) {
        *out = entry->node;
        return TIDE_OK;
    }
    if (table->n_columns == 0)
        return tide_bind_fail(self, TIDE_E_TYPE, ast->pos, "declare them in CREATE TABLE",
                              "table %s has no columns", table->name);
    TIDE_TRY(tide_bind_check_table(self, table, false));
    *out = make_scan(self, table);
    if (table == entry->table) entry->node = *out;
    return TIDE_OK;
}

static const tide_node *make_scan(tide_binder *self, const tide_table *table)
{
    uint32_t *columns = TIDE_NEW_N(self->arena, uint32_t, table->n_columns);
    for (uint32_t c = 0; c < table->n_columns; c++) columns[c] = c;
    bool bounded =
        !self->context->is_bounded || self->context->is_bounded(self->context->ctx, table);
    return tide_node_scan(self->arena, table, columns, table->n_columns, NULL, bounded);
}

static tide_status bind_window(tide_binder *self, const tide_sql_from *ast, tide_cte *ctes,
                               tide_relation *out)
{
    tide_relation data;
    TIDE_TRY(tide_bind_from(self, ast->window.data, ctes, &data));
    out->alias = data.alias;
    return tide_bind_window_function(self, ast, &data, &out->node);
}

/* AS a (c1, c2): names the relation and its first columns. */
static tide_status apply_alias(tide_binder *self, const tide_sql_alias *alias, tide_relation *out)
{
    if (alias->name.text) out->alias = alias->name.text;
    if (alias->columns.n == 0) return TIDE_OK;
    const tide_schema *schema = &out->node->schema;
    if (alias->columns.n > schema->n)
        return tide_bind_fail(self, TIDE_E_BIND, alias->columns.items[schema->n].pos, NULL,
                              "%s has %u column%s, and %u names are given", alias->name.text,
                              schema->n, schema->n == 1 ? "" : "s", alias->columns.n);
    const char **names = TIDE_NEW_N(self->arena, const char *, schema->n);
    for (uint32_t i = 0; i < schema->n; i++)
        names[i] = i < alias->columns.n ? alias->columns.items[i].text : schema->fields[i].name;
    out->node = tide_bind_renamed(self, out->node, names);
    return TIDE_OK;
}
