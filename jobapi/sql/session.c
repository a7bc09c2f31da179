/* session.c - a binder that lives through several texts. */
#include "jobapi/sql/session.h"

#include "base/core/mem.h"
#include "jobapi/sql/bind_priv.h"

struct tide_sql_session {
    tide_binder binder;
    tide_sql_context context;
    uint32_t n_texts;
    uint32_t n_temporary; /* Names given to nodes for the length of one statement. */
};

static tide_status keep_settings(tide_binder *self);

tide_sql_session *tide_sql_session_new(const tide_sql_context *context)
{
    tide_sql_session *self = tide_calloc(1, sizeof *self);
    if (context) self->context = *context;
    tide_plan *plan = tide_plan_new();
    static const tide_sql_script no_text = { .text = "", .source_name = "job" };
    self->binder = (tide_binder){
        .script = &no_text, .arena = plan->arena, .plan = plan, .context = &self->context
    };
    return self;
}

void tide_sql_session_free(tide_sql_session **self_p)
{
    tide_sql_session *self = *self_p;
    if (self == NULL) return;
    tide_bytes_fini(&self->binder.errors);
    tide_plan_free(&self->binder.plan);
    tide_free(self);
    *self_p = NULL;
}

tide_arena *tide_sql_session_arena(tide_sql_session *self)
{
    return self->binder.arena;
}

/* Parses a piece and makes it the text that positions speak of. */
static tide_status begin(tide_sql_session *self, const char *text, const char *source_name,
                         tide_sql_script **script)
{
    tide_binder *b = &self->binder;
    TIDE_TRY(tide_sql_parse(b->arena, text, source_name, script));
    b->script = *script;
    /* With several texts, a node's position alone does not tell which one it is in. */
    bool is_only = self->n_texts++ == 0;
    b->plan->source_text = is_only ? (*script)->text : NULL;
    b->plan->source_name = is_only ? (*script)->source_name : NULL;
    return tide_bind_read_settings(b);
}

tide_status tide_sql_session_run(tide_sql_session *self, const char *text, const char *source_name)
{
    tide_sql_script *script;
    TIDE_TRY(begin(self, text, source_name, &script));
    tide_binder *b = &self->binder;
    for (uint32_t i = 0; i < script->n; i++) {
        tide_status rv = tide_bind_statement(b, script->stmts[i]);
        if (rv) tide_bind_report(b, rv);
    }
    return b->n_errors ? tide_bind_errors(b) : TIDE_OK;
}

tide_status tide_sql_session_query(tide_sql_session *self, const char *text,
                                   const char *source_name, const tide_node **out)
{
    tide_sql_script *script;
    TIDE_TRY(begin(self, text, source_name, &script));
    if (script->n != 1 || script->stmts[0]->kind != TIDE_SQL_STMT_SELECT)
        return tide_fail(TIDE_E_SYNTAX, "%s: one SELECT is expected here", source_name);
    tide_binder *b = &self->binder;
    tide_status rv = tide_bind_query(b, script->stmts[0]->query, NULL, out);
    if (rv == TIDE_OK) rv = tide_bind_settle(b, out);
    if (rv) tide_bind_report(b, rv);
    return rv ? tide_bind_errors(b) : TIDE_OK;
}

tide_status tide_sql_session_from(tide_sql_session *self, const char *name, const tide_node **out)
{
    const char *text = tide_arena_printf(self->binder.arena, "SELECT * FROM \"%s\"", name);
    return tide_sql_session_query(self, text, "from", out);
}

tide_status tide_sql_session_register(tide_sql_session *self, const char *name,
                                      const tide_node *node)
{
    tide_catalog *catalog = &self->binder.catalog;
    if (tide_catalog_find_exact(catalog, name))
        return tide_fail(TIDE_E_EXISTS, "there is a table or view called %s already", name);
    tide_catalog_add(catalog, self->binder.arena, TIDE_ENTRY_VIEW, name)->node = node;
    return TIDE_OK;
}

void tide_sql_session_forget(tide_sql_session *self, const char *name)
{
    tide_entry *entry = tide_catalog_find_exact(&self->binder.catalog, name);
    if (entry) tide_catalog_remove(&self->binder.catalog, entry);
}

tide_status tide_sql_session_table(tide_sql_session *self, const char *name, const tide_table **out)
{
    bool ambiguous;
    const tide_entry *entry = tide_catalog_find(&self->binder.catalog, name, &ambiguous);
    if (entry && entry->kind == TIDE_ENTRY_TABLE) {
        *out = entry->table;
        return TIDE_OK;
    }
    const char *nearest = tide_catalog_nearest(&self->binder.catalog, name);
    return tide_fail(TIDE_E_BIND, "unknown table %s%s%s%s", name, nearest ? ", did you mean " : "",
                     nearest ? nearest : "", nearest ? "?" : "");
}

tide_status tide_sql_session_sink(tide_sql_session *self, const tide_node *node, const char *table)
{
    tide_arena *arena = self->binder.arena;
    if (table == NULL) {
        tide_plan_add_sink(self->binder.plan, tide_node_sink(arena, node, NULL));
        return TIDE_OK;
    }
    const char *rows = tide_arena_printf(arena, "rows_%u__", self->n_temporary++);
    const char *text = tide_arena_printf(arena, "INSERT INTO \"%s\" SELECT * FROM %s", table, rows);
    TIDE_TRY(tide_sql_session_register(self, rows, node));
    tide_status rv = tide_sql_session_run(self, text, "to");
    tide_sql_session_forget(self, rows);
    return rv;
}

tide_status tide_sql_session_set(tide_sql_session *self, const char *key, const char *value)
{
    tide_binder *b = &self->binder;
    tide_option one = { key, value, TIDE_POS_UNKNOWN };
    tide_job_settings ignored;
    TIDE_TRY(tide_job_settings_read(&ignored, &one, 1, NULL));
    TIDE_PUSH(b->arena, b->sets, b->n_sets, b->cap_sets, one);
    return tide_bind_read_settings(b);
}

tide_status tide_sql_session_finish(tide_sql_session *self, tide_plan **out)
{
    tide_binder *b = &self->binder;
    *out = NULL;
    TIDE_TRY(keep_settings(b));
    tide_status rv = tide_plan_set_mode(b->plan, b->settings.mode);
    if (rv) return tide_bind_at(b, rv, TIDE_POS_UNKNOWN);
    TIDE_TRY(tide_plan_optimize(b->plan));
    tide_bind_check_plan(b);
    if (b->n_errors) return tide_bind_errors(b);
    *out = b->plan;
    b->plan = NULL;
    return TIDE_OK;
}

/* The context's come last, so they win; the plan keeps copies. */
static tide_status keep_settings(tide_binder *self)
{
    tide_plan *plan = self->plan;
    plan->settings = tide_bind_all_settings(self, &plan->n_settings);
    for (uint32_t i = 0; i < plan->n_settings; i++) {
        tide_option *option = &plan->settings[i];
        option->key = tide_arena_strdup(self->arena, option->key);
        option->value = tide_arena_strdup(self->arena, option->value);
    }
    TIDE_TRY(tide_job_settings_read(&self->settings, plan->settings, plan->n_settings, NULL));
    plan->name = self->settings.name;
    return TIDE_OK;
}
