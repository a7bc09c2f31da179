/* bind_insert.c - INSERT INTO: which column of the query goes where, and as
 * what type. */
#include <string.h>

#include "jobapi/sql/bind_priv.h"

#define NOT_GIVEN UINT32_MAX

static tide_status find_target(tide_binder *self, const tide_sql_insert *ast, tide_entry **entry,
                               const tide_table **table);
static tide_status map_columns(tide_binder *self, const tide_sql_insert *ast,
                               const tide_table *table, uint32_t n_given, uint32_t **from);
static tide_status count_differs(tide_binder *self, const tide_table *table,
                                 const tide_sql_insert *ast, uint32_t n_given, uint32_t n_wanted);
static uint32_t position_of(const tide_sql_insert *ast, uint32_t column);
static const tide_node *adapt_literals(tide_binder *self, const tide_node *node,
                                       const tide_type *types);
static tide_status convert(tide_binder *self, const tide_sql_insert *ast, const tide_table *table,
                           const tide_node *rows, const uint32_t *from, const tide_node **out);

tide_status tide_bind_insert(tide_binder *self, const tide_sql_stmt *stmt)
{
    const tide_sql_insert *ast = &stmt->insert;
    if (ast->overwrite)
        return tide_bind_refuse(self, stmt->pos, "INSERT OVERWRITE is", "write INSERT INTO");
    tide_entry *entry;
    const tide_table *table;
    TIDE_TRY(find_target(self, ast, &entry, &table));
    const tide_node *rows;
    TIDE_TRY(tide_bind_query(self, ast->query, NULL, &rows));
    uint32_t *from;
    TIDE_TRY(map_columns(self, ast, table, rows->schema.n, &from));
    TIDE_TRY(convert(self, ast, table, rows, from, &rows));
    if (table == entry->table && entry->checked_sink) {
        tide_node *sink = tide_node_sink(self->arena, rows, table);
        sink->pos = stmt->pos;
        tide_plan_add_sink(self->plan, sink);
        return TIDE_OK;
    }
    TIDE_TRY(tide_bind_sink(self, table, rows, ast->table.pos));
    entry->checked_sink |= table == entry->table;
    return TIDE_OK;
}

tide_status tide_bind_sink(tide_binder *self, const tide_table *table, const tide_node *node,
                           uint32_t pos)
{
    TIDE_TRY(tide_bind_check_table(self, table, true));
    tide_node *sink = tide_node_sink(self->arena, node, table);
    sink->pos = pos;
    tide_plan_add_sink(self->plan, sink);
    return TIDE_OK;
}

static tide_status find_target(tide_binder *self, const tide_sql_insert *ast, tide_entry **entry,
                               const tide_table **table)
{
    tide_sql_name name;
    bool ambiguous;
    TIDE_TRY(tide_bind_table_name(self, &ast->table, &name));
    *entry = tide_catalog_find(&self->catalog, name.text, &ambiguous);
    if (!*entry)
        return tide_bind_fail(self, TIDE_E_BIND, name.pos,
                              tide_bind_did_you_mean(self, tide_catalog_nearest(&self->catalog,
                                                                                name.text)),
                              "%s table %s", ambiguous ? "ambiguous" : "unknown", name.text);
    if ((*entry)->kind == TIDE_ENTRY_VIEW)
        return tide_bind_fail(self, TIDE_E_TYPE, name.pos, NULL,
                              "%s is a view, and rows go into tables", name.text);
    if ((*entry)->kind == TIDE_ENTRY_BROKEN) {
        self->failed_before = true;
        return tide_fail(TIDE_E_BIND, "table %s was not declared", name.text);
    }
    return tide_bind_hints(self, (*entry)->table, &ast->hints, table);
}

/* from[c]: the query's column for column c of the table, or NOT_GIVEN. */
static tide_status map_columns(tide_binder *self, const tide_sql_insert *ast,
                               const tide_table *table, uint32_t n_given, uint32_t **from)
{
    uint32_t n_wanted = 0;
    *from = TIDE_NEW_N(self->arena, uint32_t, table->n_columns + 1);
    for (uint32_t c = 0; c < table->n_columns; c++) {
        bool writes = tide_table_writes(&table->columns[c]);
        (*from)[c] = writes && ast->columns.n == 0 ? n_wanted : NOT_GIVEN;
        n_wanted += writes;
    }
    if (ast->columns.n) n_wanted = ast->columns.n;
    if (n_given != n_wanted) return count_differs(self, table, ast, n_given, n_wanted);
    for (uint32_t i = 0; i < ast->columns.n; i++) {
        const tide_sql_name *name = &ast->columns.items[i];
        int32_t c = tide_table_find_column(table, name->text);
        if (c < 0) { /* For its suggestion. */
            const tide_node all = { .schema = { table->n_columns,
                                                TIDE_NEW_N(self->arena, tide_field,
                                                           table->n_columns) },
                                    .window_start = -1,
                                    .window_end = -1 };
            for (uint32_t k = 0; k < table->n_columns; k++)
                all.schema.fields[k].name = table->columns[k].name;
            tide_relation relation = { .node = &all };
            tide_sql_path path = { 1, name, name->pos };
            uint32_t column;
            return tide_bind_column(self, &relation, &path, &column);
        }
        if (!tide_table_writes(&table->columns[c]))
            return tide_bind_fail(self, TIDE_E_TYPE, name->pos, NULL,
                                  "column %s is %s and cannot be written", name->text,
                                  table->columns[c].kind == TIDE_COLUMN_COMPUTED ? "computed"
                                                                                 : "VIRTUAL");
        if ((*from)[c] != NOT_GIVEN)
            return tide_bind_fail(self, TIDE_E_EXISTS, name->pos, NULL, "column %s is given twice",
                                  name->text);
        (*from)[c] = i;
    }
    return TIDE_OK;
}

static tide_status count_differs(tide_binder *self, const tide_table *table,
                                 const tide_sql_insert *ast, uint32_t n_given, uint32_t n_wanted)
{
    const char *list = "";
    for (uint32_t c = 0; c < table->n_columns; c++)
        if (tide_table_writes(&table->columns[c]))
            list = tide_arena_printf(self->arena, "%s%s%s", list, *list ? ", " : "",
                                     table->columns[c].name);
    const char *hint = tide_arena_printf(self->arena, "%s has %s", table->name, list);
    return tide_bind_fail(self, TIDE_E_TYPE, ast->query->pos, ast->columns.n ? NULL : hint,
                          "the query gives %u column%s, and %u %s wanted", n_given,
                          n_given == 1 ? "" : "s", n_wanted, n_wanted == 1 ? "is" : "are");
}

/* Of a column of the query, as far as the text has one. */
static uint32_t position_of(const tide_sql_insert *ast, uint32_t column)
{
    const tide_sql_query *query = ast->query;
    if (query->kind == TIDE_SQL_VALUES) return query->values.rows[0].items[column]->pos;
    if (query->kind != TIDE_SQL_SELECT) return query->pos;
    for (uint32_t t = 0; t < query->select.n_targets; t++)
        if (query->select.targets[t].expr->kind == TIDE_SQL_STAR) return query->pos;
    return column < query->select.n_targets ? query->select.targets[column].pos : query->pos;
}

/* A text literal takes the wanted type where it can ('2024-01-01' for a DATE),
 * as PostgreSQL reads it. */
static const tide_node *adapt_literals(tide_binder *self, const tide_node *node,
                                       const tide_type *types)
{
    bool changed = false;
    if (node->kind == TIDE_NODE_UNION) {
        const tide_node **inputs = TIDE_NEW_N(self->arena, const tide_node *, node->n_inputs);
        for (uint32_t i = 0; i < node->n_inputs; i++) {
            inputs[i] = adapt_literals(self, node->inputs[i], types);
            changed |= inputs[i] != node->inputs[i];
        }
        for (uint32_t c = 0; c < node->schema.n && changed; c++)
            for (uint32_t i = 1; i < node->n_inputs; i++)
                if (!tide_type_equal(inputs[i]->schema.fields[c].type,
                                     inputs[0]->schema.fields[c].type))
                    return node; /* Not every row has a literal there. */
        return changed ? tide_node_with_inputs(self->arena, node, inputs) : node;
    }
    if (node->kind != TIDE_NODE_PROJECT) return node;
    const tide_expr **exprs = TIDE_NEW_N(self->arena, const tide_expr *, node->schema.n);
    for (uint32_t c = 0; c < node->schema.n; c++) {
        exprs[c] = node->project.exprs[c];
        bool is_text = exprs[c]->kind == TIDE_EXPR_LITERAL && tide_type_is_string(exprs[c]->type);
        if (!is_text || tide_type_is_string(types[c])) continue;
        const tide_expr *as_type;
        if (tide_expr_coerce(self->arena, exprs[c], types[c], exprs[c]->pos, &as_type)) continue;
        exprs[c] = as_type;
        changed = true;
    }
    return changed
               ? tide_node_project(self->arena, node->inputs[0], exprs,
                                   tide_schema_names(self->arena, &node->schema), node->schema.n)
               : node;
}

static tide_status convert(tide_binder *self, const tide_sql_insert *ast, const tide_table *table,
                           const tide_node *rows, const uint32_t *from, const tide_node **out)
{
    tide_type *types = TIDE_NEW_N(self->arena, tide_type, rows->schema.n + 1);
    for (uint32_t c = 0; c < table->n_columns; c++)
        if (from[c] != NOT_GIVEN) types[from[c]] = table->columns[c].type;
    rows = adapt_literals(self, rows, types);
    const tide_expr **exprs = TIDE_NEW_N(self->arena, const tide_expr *, table->n_columns + 1);
    const char **names = TIDE_NEW_N(self->arena, const char *, table->n_columns + 1);
    uint32_t n = 0;
    for (uint32_t c = 0; c < table->n_columns; c++) {
        const tide_table_column *column = &table->columns[c];
        if (!tide_table_writes(column)) continue;
        uint32_t pos = from[c] == NOT_GIVEN ? ast->table.pos : position_of(ast, from[c]);
        tide_value null = { .type = column->type, .is_null = true };
        bool is_null =
            from[c] == NOT_GIVEN || rows->schema.fields[from[c]].type.id == TIDE_TYPE_NULL;
        if (is_null && column->not_null)
            return tide_bind_fail(self, TIDE_E_TYPE, pos, NULL,
                                  "column %s of %s is NOT NULL and gets no value", column->name,
                                  table->name);
        names[n] = column->name;
        if (is_null) {
            exprs[n++] = tide_expr_literal(self->arena, &null, pos);
            continue;
        }
        const tide_expr *value = tide_node_column(self->arena, rows, from[c], pos);
        tide_status rv = tide_expr_coerce(self->arena, value, column->type, pos, &exprs[n++]);
        char is[TIDE_TYPE_TEXT_MAX], wants[TIDE_TYPE_TEXT_MAX];
        if (rv)
            return tide_bind_fail(self, rv, pos,
                                  tide_arena_printf(self->arena, "write CAST(... AS %s)",
                                                    tide_type_print(column->type, wants,
                                                                    sizeof wants)),
                                  "column %s of %s is %s, and this is %s", column->name,
                                  table->name, tide_type_print(column->type, wants, sizeof wants),
                                  tide_type_print(value->type, is, sizeof is));
    }
    tide_node *made = tide_node_project(self->arena, rows, exprs, names, n);
    made->pos = rows->pos;
    *out = made;
    return TIDE_OK;
}
