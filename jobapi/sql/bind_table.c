/* bind_table.c - CREATE TABLE, CREATE VIEW, DROP. */
#include <string.h>
#include <strings.h>

#include "jobapi/sql/bind_priv.h"

/* A table being declared. */
typedef struct declaration {
    tide_binder *binder;
    const tide_sql_create_table *ast;
    tide_table *table;
    uint32_t cap_columns, cap_options;
    tide_relation relation; /* The columns so far, for computed ones and the watermark. */
} declaration;

static tide_status may_create(tide_binder *self, const tide_sql_path *path, bool if_not_exists,
                              const char *what, tide_sql_name *name, bool *skip);
static tide_status declare(tide_binder *self, const tide_sql_create_table *ast,
                           const tide_sql_name *name, tide_table **out);
static tide_status copy_like(declaration *self);
static tide_status declare_from_query(declaration *self, const tide_node **rows);
static tide_status add_columns(declaration *self);
static tide_status compute_columns(declaration *self);
static void refresh_relation(declaration *self);
static tide_status set_watermark(declaration *self);
static tide_status set_primary_key(declaration *self);
static tide_status add_options(tide_binder *self, tide_table *table, uint32_t *cap,
                               const tide_sql_options *options, uint32_t n_old);

tide_status tide_bind_create_table(tide_binder *self, const tide_sql_stmt *stmt)
{
    const tide_sql_create_table *ast = &stmt->create_table;
    tide_sql_name name;
    bool skip;
    TIDE_TRY(may_create(self, &ast->name, ast->if_not_exists, "table", &name, &skip));
    if (skip) return TIDE_OK;
    tide_entry *entry = tide_catalog_add(&self->catalog, self->arena, TIDE_ENTRY_BROKEN, name.text);
    tide_table *table = NULL;
    TIDE_TRY(declare(self, ast, &name, &table));
    const tide_node *rows = NULL;
    if (ast->as_query) {
        declaration d = { .binder = self, .ast = ast, .table = table };
        TIDE_TRY(declare_from_query(&d, &rows));
    }
    entry->kind = TIDE_ENTRY_TABLE;
    entry->table = table;
    return rows ? tide_bind_sink(self, table, rows, stmt->pos) : TIDE_OK;
}

tide_status tide_bind_create_view(tide_binder *self, const tide_sql_stmt *stmt)
{
    const tide_sql_create_view *ast = &stmt->create_view;
    tide_sql_name name;
    bool skip;
    TIDE_TRY(
        may_create(self, &ast->name, ast->if_not_exists || ast->or_replace, "view", &name, &skip));
    tide_entry *old = tide_catalog_find_exact(&self->catalog, name.text);
    if (skip && !ast->or_replace) return TIDE_OK;
    tide_relation rows = { 0 };
    tide_status rv = tide_bind_query(self, ast->query, NULL, &rows.node);
    if (old) tide_catalog_remove(&self->catalog, old); /* It may have read its old self. */
    tide_entry *entry = tide_catalog_add(&self->catalog, self->arena, TIDE_ENTRY_BROKEN, name.text);
    TIDE_TRY(rv);
    TIDE_TRY(tide_bind_settle(self, &rows.node));
    const tide_schema *schema = &rows.node->schema;
    if (ast->columns.n) {
        if (ast->columns.n != schema->n)
            return tide_bind_fail(self, TIDE_E_TYPE, ast->columns.items[0].pos, NULL,
                                  "view %s names %u columns, its query has %u", name.text,
                                  ast->columns.n, schema->n);
        const char **names = TIDE_NEW_N(self->arena, const char *, schema->n);
        for (uint32_t i = 0; i < schema->n; i++) names[i] = ast->columns.items[i].text;
        rows.node = tide_bind_renamed(self, rows.node, names);
    }
    entry->kind = TIDE_ENTRY_VIEW;
    entry->node = rows.node;
    return TIDE_OK;
}

tide_status tide_bind_drop(tide_binder *self, const tide_sql_stmt *stmt)
{
    const tide_sql_drop *ast = &stmt->drop;
    const char *what = ast->is_view ? "view" : "table";
    for (uint32_t i = 0; i < ast->n_names; i++) {
        tide_sql_name name;
        TIDE_TRY(tide_bind_table_name(self, &ast->names[i], &name));
        bool ambiguous;
        tide_entry *entry = tide_catalog_find(&self->catalog, name.text, &ambiguous);
        if (!entry && ast->if_exists && !ambiguous) continue;
        if (!entry)
            return tide_bind_fail(self, TIDE_E_BIND, name.pos,
                                  tide_bind_did_you_mean(self, tide_catalog_nearest(&self->catalog,
                                                                                    name.text)),
                                  "%s %s %s", ambiguous ? "ambiguous" : "unknown", what, name.text);
        if (entry->kind != TIDE_ENTRY_BROKEN && (entry->kind == TIDE_ENTRY_VIEW) != ast->is_view)
            return tide_bind_fail(self, TIDE_E_BIND, name.pos, NULL, "%s is a %s", name.text,
                                  ast->is_view ? "table: use DROP TABLE" : "view: use DROP VIEW");
        tide_catalog_remove(&self->catalog, entry);
    }
    return TIDE_OK;
}

tide_status tide_bind_hints(tide_binder *self, const tide_table *table,
                            const tide_sql_options *hints, const tide_table **out)
{
    *out = table;
    if (hints->n == 0) return TIDE_OK;
    tide_table *copy = TIDE_NEW(self->arena, tide_table);
    *copy = *table;
    copy->options = TIDE_NEW_N(self->arena, tide_option, table->n_options + 1);
    memcpy(copy->options, table->options, table->n_options * sizeof *copy->options);
    uint32_t cap = table->n_options;
    TIDE_TRY(add_options(self, copy, &cap, hints, table->n_options));
    *out = copy;
    return TIDE_OK;
}

tide_status tide_bind_check_table(tide_binder *self, const tide_table *table, bool as_sink)
{
    if (!self->context->check_table) return TIDE_OK;
    tide_status rv = self->context->check_table(self->context->ctx, table, as_sink);
    if (rv == TIDE_OK) return TIDE_OK;
    uint32_t pos = table->pos; /* Better: that of the option that the message names. */
    for (uint32_t i = 0; i < table->n_options; i++) {
        const char *quoted = tide_arena_printf(self->arena, "'%s'", table->options[i].key);
        if (strstr(tide_error_text(), quoted)) pos = table->options[i].pos;
    }
    return tide_bind_at(self, rv, pos);
}

static tide_status may_create(tide_binder *self, const tide_sql_path *path, bool if_not_exists,
                              const char *what, tide_sql_name *name, bool *skip)
{
    TIDE_TRY(tide_bind_table_name(self, path, name));
    const tide_entry *old = tide_catalog_find_exact(&self->catalog, name->text);
    *skip = old != NULL;
    if (!old || if_not_exists) return TIDE_OK;
    return tide_bind_fail(self, TIDE_E_EXISTS, name->pos,
                          "drop it first, or write CREATE ... IF NOT EXISTS",
                          "%s %s exists already", what, name->text);
}

static tide_status declare(tide_binder *self, const tide_sql_create_table *ast,
                           const tide_sql_name *name, tide_table **out)
{
    declaration d = { .binder = self, .ast = ast, .table = TIDE_NEW(self->arena, tide_table) };
    d.table->name = name->text;
    d.table->pos = name->pos;
    d.table->rowtime = -1;
    if (ast->partitioned_by.n)
        return tide_bind_refuse(self, ast->partitioned_by.items[0].pos, "PARTITIONED BY is", NULL);
    if (ast->like.n) TIDE_TRY(copy_like(&d));
    TIDE_TRY(add_columns(&d));
    TIDE_TRY(compute_columns(&d));
    TIDE_TRY(set_watermark(&d));
    TIDE_TRY(set_primary_key(&d));
    TIDE_TRY(add_options(self, d.table, &d.cap_options, &ast->options, d.table->n_options));
    *out = d.table;
    return TIDE_OK;
}

/* LIKE other: its columns, watermark, key and options; what is declared here
 * comes on top. */
static tide_status copy_like(declaration *self)
{
    tide_binder *b = self->binder;
    tide_sql_name name;
    TIDE_TRY(tide_bind_table_name(b, &self->ast->like, &name));
    bool ambiguous, options = true, columns = true;
    const tide_entry *entry = tide_catalog_find(&b->catalog, name.text, &ambiguous);
    if (!entry || entry->kind != TIDE_ENTRY_TABLE)
        return tide_bind_fail(b, TIDE_E_BIND, name.pos,
                              tide_bind_did_you_mean(b,
                                                     tide_catalog_nearest(&b->catalog, name.text)),
                              "LIKE needs a table, and %s is none", name.text);
    for (uint32_t i = 0; i < self->ast->like_options.n; i++) {
        const tide_sql_option *o = &self->ast->like_options.items[i];
        bool including = strcmp(o->key, "including") == 0, all = strcmp(o->value, "all") == 0;
        if (all)
            options = columns = including;
        else if (strcmp(o->value, "options") == 0)
            options = including;
        else
            return tide_bind_refuse(b, o->pos, "this part of LIKE is",
                                    "write INCLUDING ALL or "
                                    "EXCLUDING OPTIONS");
    }
    const tide_table *like = entry->table;
    for (uint32_t c = 0; c < like->n_columns && columns; c++)
        TIDE_PUSH(b->arena, self->table->columns, self->table->n_columns, self->cap_columns,
                  like->columns[c]);
    if (columns) {
        self->table->rowtime = like->rowtime;
        self->table->watermark = like->watermark;
        self->table->primary_key = like->primary_key;
        self->table->n_primary_key = like->n_primary_key;
    }
    for (uint32_t i = 0; i < like->n_options && options; i++)
        TIDE_PUSH(b->arena, self->table->options, self->table->n_options, self->cap_options,
                  like->options[i]);
    return TIDE_OK;
}

/* CREATE TABLE ... AS: the columns are the query's. */
static tide_status declare_from_query(declaration *self, const tide_node **rows)
{
    tide_binder *b = self->binder;
    if (self->table->n_columns)
        return tide_bind_fail(b, TIDE_E_TYPE, self->table->pos, "leave them out",
                              "CREATE TABLE ... AS takes its columns from the query");
    TIDE_TRY(tide_bind_query(b, self->ast->as_query, NULL, rows));
    TIDE_TRY(tide_bind_settle(b, rows));
    const tide_schema *schema = &(*rows)->schema;
    for (uint32_t c = 0; c < schema->n; c++) {
        tide_table_column column = { .name = schema->fields[c].name,
                                     .type = schema->fields[c].type,
                                     .pos = self->table->pos };
        TIDE_PUSH(b->arena, self->table->columns, self->table->n_columns, self->cap_columns,
                  column);
    }
    return TIDE_OK;
}

static tide_status add_columns(declaration *self)
{
    static const tide_table_column_kind kinds[] = { [TIDE_SQL_PHYSICAL] = TIDE_COLUMN_PHYSICAL,
                                                    [TIDE_SQL_METADATA] = TIDE_COLUMN_METADATA,
                                                    [TIDE_SQL_COMPUTED] = TIDE_COLUMN_COMPUTED };
    tide_binder *b = self->binder;
    for (uint32_t i = 0; i < self->ast->n_columns; i++) {
        const tide_sql_column_def *def = &self->ast->columns[i];
        tide_table_column column = { .name = def->name.text,
                                     .not_null = def->not_null || def->primary_key,
                                     .kind = kinds[def->kind],
                                     .is_virtual = def->is_virtual,
                                     .pos = def->name.pos };
        for (uint32_t c = 0; c < self->table->n_columns; c++)
            if (strcmp(self->table->columns[c].name, column.name) == 0)
                return tide_bind_fail(b, TIDE_E_EXISTS, column.pos, NULL,
                                      "column %s is declared twice", column.name);
        if (def->type.text) TIDE_TRY(tide_bind_type(b, &def->type, &column.type));
        if (def->kind == TIDE_SQL_METADATA)
            column.metadata = def->metadata_key ? def->metadata_key : def->name.text;
        TIDE_PUSH(b->arena, self->table->columns, self->table->n_columns, self->cap_columns,
                  column);
    }
    return TIDE_OK;
}

static tide_status compute_columns(declaration *self)
{
    tide_binder *b = self->binder;
    uint32_t first = self->table->n_columns - self->ast->n_columns;
    for (uint32_t i = 0; i < self->ast->n_columns; i++) {
        const tide_sql_column_def *def = &self->ast->columns[i];
        if (def->kind != TIDE_SQL_COMPUTED) continue;
        tide_table_column *column = &self->table->columns[first + i];
        refresh_relation(self);
        tide_place place = { .relation = &self->relation,
                             .clause = "a computed column",
                             .table = self->table,
                             .n_ready = first + i };
        TIDE_TRY(tide_bind_expr(b, &place, def->expr, &column->expr));
        if (!def->type.text) {
            column->type = column->expr->type;
            if (column->type.id == TIDE_TYPE_NULL) column->type = tide_type_of(TIDE_TYPE_STRING);
        }
        tide_status rv =
            tide_expr_coerce(b->arena, column->expr, column->type, def->expr->pos, &column->expr);
        if (rv) return tide_bind_at(b, rv, def->expr->pos);
        column->not_null = column->expr->not_null;
    }
    refresh_relation(self);
    return TIDE_OK;
}

/* A relation of all columns, to look names up in. Types of those not yet
 * computed are not used. */
static void refresh_relation(declaration *self)
{
    tide_arena *arena = self->binder->arena;
    tide_node *node = TIDE_NEW(arena, tide_node);
    *node = (tide_node){ .kind = TIDE_NODE_VALUES,
                         .rowtime = -1,
                         .window_start = -1,
                         .window_end = -1,
                         .window_time = -1 };
    node->schema.n = self->table->n_columns;
    node->schema.fields = TIDE_NEW_N(arena, tide_field, self->table->n_columns + 1);
    for (uint32_t c = 0; c < self->table->n_columns; c++) {
        const tide_table_column *column = &self->table->columns[c];
        node->schema.fields[c] = (tide_field){ column->name, column->type, column->not_null };
    }
    self->relation = (tide_relation){ .node = node, .alias = self->table->name };
}

static tide_status set_watermark(declaration *self)
{
    tide_binder *b = self->binder;
    const tide_sql_create_table *ast = self->ast;
    if (ast->watermark_column.n == 0) return TIDE_OK;
    uint32_t column;
    TIDE_TRY(tide_bind_column(b, &self->relation, &ast->watermark_column, &column));
    const tide_table_column *time = &self->table->columns[column];
    char type[TIDE_TYPE_TEXT_MAX], is[TIDE_TYPE_TEXT_MAX];
    if (!tide_type_is_timestamp(time->type))
        return tide_bind_fail(
            b, TIDE_E_TYPE, ast->watermark_column.pos,
            tide_arena_printf(b->arena,
                              "declare event_time AS TO_TIMESTAMP_LTZ(%s, 3) and "
                              "WATERMARK FOR event_time",
                              time->name),
            "%s is %s, and an event-time column must be TIMESTAMP or TIMESTAMP_LTZ", time->name,
            tide_type_print(time->type, type, sizeof type));
    self->table->rowtime = (int32_t)column;
    self->table->watermark =
        tide_expr_column(b->arena, column, time->type, time->not_null, ast->watermark_column.pos);
    if (!ast->watermark) return TIDE_OK;
    tide_place place = { .relation = &self->relation,
                         .clause = "WATERMARK",
                         .table = self->table,
                         .n_ready = self->table->n_columns };
    TIDE_TRY(tide_bind_expr(b, &place, ast->watermark, &self->table->watermark));
    if (self->table->watermark->type.id != time->type.id)
        return tide_bind_fail(b, TIDE_E_TYPE, ast->watermark->pos,
                              tide_arena_printf(b->arena, "write %s - INTERVAL '5' SECOND",
                                                time->name),
                              "the watermark is %s, and %s is %s",
                              tide_type_print(self->table->watermark->type, is, sizeof is),
                              time->name, tide_type_print(time->type, type, sizeof type));
    return TIDE_OK;
}

static tide_status set_primary_key(declaration *self)
{
    tide_binder *b = self->binder;
    const tide_sql_names *names = &self->ast->primary_key;
    if (names->n == 0) return TIDE_OK;
    self->table->primary_key = TIDE_NEW_N(b->arena, uint32_t, names->n);
    self->table->n_primary_key = names->n;
    for (uint32_t i = 0; i < names->n; i++) {
        tide_sql_path path = { 1, &names->items[i], names->items[i].pos };
        TIDE_TRY(tide_bind_column(b, &self->relation, &path, &self->table->primary_key[i]));
        self->table->columns[self->table->primary_key[i]].not_null = true;
    }
    return TIDE_OK;
}

/* Options may be given once; the first n_old of the table's are replaced by
 * those of the same key. */
static tide_status add_options(tide_binder *self, tide_table *table, uint32_t *cap,
                               const tide_sql_options *options, uint32_t n_old)
{
    for (uint32_t i = 0; i < options->n; i++) {
        const tide_sql_option *from = &options->items[i];
        char *key = tide_arena_strdup(self->arena, from->key);
        for (char *c = key; *c; c++)
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 'a' - 'A');
        if (!from->value)
            return tide_bind_fail(self, TIDE_E_OPTION, from->pos, NULL, "option '%s' needs a value",
                                  from->key);
        uint32_t at = 0;
        while (at < table->n_options && strcmp(table->options[at].key, key) != 0) at++;
        if (at >= n_old && at < table->n_options)
            return tide_bind_fail(self, TIDE_E_OPTION, from->pos, NULL,
                                  "option '%s' is given twice", from->key);
        tide_option option = { key, from->value, from->pos };
        if (at < n_old)
            table->options[at] = option;
        else
            TIDE_PUSH(self->arena, table->options, table->n_options, *cap, option);
    }
    return TIDE_OK;
}
