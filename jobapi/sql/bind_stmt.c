/* bind_stmt.c - one statement of a script: SET, RESET, SELECT, EXPLAIN, and the
 * way to the others. */
#include <string.h>
#include <strings.h>

#include "jobapi/sql/bind_priv.h"

static tide_status bind_print(tide_binder *self, const tide_sql_stmt *stmt);
static tide_status bind_set(tide_binder *self, const tide_sql_option *option, uint32_t pos);
static tide_status bind_reset(tide_binder *self, const tide_sql_option *option);
static tide_status bind_explain(tide_binder *self, const tide_sql_explain *ast);
static tide_status bind_job(tide_binder *self, const tide_sql_stmt *stmt);

tide_status tide_bind_statement(tide_binder *self, const tide_sql_stmt *stmt)
{
    switch (stmt->kind) {
    case TIDE_SQL_STMT_CREATE_TABLE: return tide_bind_create_table(self, stmt);
    case TIDE_SQL_STMT_CREATE_VIEW: return tide_bind_create_view(self, stmt);
    case TIDE_SQL_STMT_DROP: return tide_bind_drop(self, stmt);
    case TIDE_SQL_STMT_SET: return bind_set(self, &stmt->option, stmt->pos);
    case TIDE_SQL_STMT_RESET: return bind_reset(self, &stmt->option);
    case TIDE_SQL_STMT_EXPLAIN: return bind_explain(self, &stmt->explain);
    case TIDE_SQL_STMT_INSERT:
    case TIDE_SQL_STMT_SELECT:
    case TIDE_SQL_STMT_STATEMENT_SET:
        if (self->plan->explain)
            return tide_bind_fail(self, TIDE_E_UNSUPPORTED, stmt->pos, "put them in two scripts",
                                  "EXPLAIN and statements that run are mixed");
        return bind_job(self, stmt);
    }
    return tide_bind_fail(self, TIDE_E_INTERNAL, stmt->pos, NULL, "statement of unknown kind");
}

static tide_status bind_job(tide_binder *self, const tide_sql_stmt *stmt)
{
    if (stmt->kind == TIDE_SQL_STMT_SELECT) return bind_print(self, stmt);
    if (stmt->kind == TIDE_SQL_STMT_INSERT) return tide_bind_insert(self, stmt);
    if (stmt->kind != TIDE_SQL_STMT_STATEMENT_SET)
        return tide_bind_refuse(self, stmt->pos, "EXPLAIN of this statement is", NULL);
    for (uint32_t i = 0; i < stmt->set.n; i++) {
        tide_status rv = bind_job(self, stmt->set.items[i]);
        if (rv) tide_bind_report(self, rv); /* Each of its errors is one. */
    }
    return TIDE_OK;
}

static tide_status bind_print(tide_binder *self, const tide_sql_stmt *stmt)
{
    const tide_node *rows;
    TIDE_TRY(tide_bind_query(self, stmt->query, NULL, &rows));
    TIDE_TRY(tide_bind_settle(self, &rows));
    tide_node *sink = tide_node_sink(self->arena, rows, NULL);
    sink->pos = stmt->pos;
    tide_plan_add_sink(self->plan, sink);
    return TIDE_OK;
}

static tide_status bind_set(tide_binder *self, const tide_sql_option *option, uint32_t pos)
{
    if (!option->key)
        return tide_bind_refuse(self, pos, "SET alone is", "'tidemill help settings' lists them");
    if (!option->value)
        return tide_bind_fail(self, TIDE_E_OPTION, option->pos, NULL, "SET '%s' needs a value",
                              option->key);
    tide_option one = { option->key, option->value, option->pos };
    tide_job_settings ignored;
    tide_status rv = tide_job_settings_read(&ignored, &one, 1, NULL);
    if (rv) return tide_bind_at(self, rv, option->pos);
    TIDE_PUSH(self->arena, self->sets, self->n_sets, self->cap_sets, one);
    return tide_bind_read_settings(self);
}

static tide_status bind_reset(tide_binder *self, const tide_sql_option *option)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->n_sets; i++)
        if (option->key && strcasecmp(self->sets[i].key, option->key) != 0)
            self->sets[kept++] = self->sets[i];
    self->n_sets = kept;
    return tide_bind_read_settings(self);
}

static uint32_t append(tide_option *to, uint32_t at, const tide_option *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) to[at++] = from[i];
    return at;
}

tide_option *tide_bind_all_settings(tide_binder *self, uint32_t *n_out)
{
    const tide_sql_context *context = self->context;
    uint32_t n = context->n_base_settings + self->n_sets + context->n_settings;
    tide_option *all = TIDE_NEW_N(self->arena, tide_option, n + 1);
    *n_out = append(all, 0, context->base_settings, context->n_base_settings);
    *n_out = append(all, *n_out, self->sets, self->n_sets);
    *n_out = append(all, *n_out, context->settings, context->n_settings);
    return all;
}

tide_status tide_bind_read_settings(tide_binder *self)
{
    uint32_t n;
    tide_option *all = tide_bind_all_settings(self, &n);
    return tide_job_settings_read(&self->settings, all, n, NULL);
}

static tide_status bind_explain(tide_binder *self, const tide_sql_explain *ast)
{
    if (self->plan->n_sinks && !self->plan->explain)
        return tide_bind_fail(self, TIDE_E_UNSUPPORTED, ast->stmt->pos, "put them in two scripts",
                              "EXPLAIN and statements that run are mixed");
    for (uint32_t i = 0; i < ast->options.n; i++) {
        const tide_sql_option *o = &ast->options.items[i];
        bool is_format = strcasecmp(o->key, "format") == 0 && o->value;
        if (strcasecmp(o->key, "json_execution_plan") == 0 ||
            (is_format && strcasecmp(o->value, "json") == 0))
            self->plan->explain_json = true;
        else if (!is_format || strcasecmp(o->value, "text") != 0)
            return tide_bind_refuse(self, o->pos, "this option of EXPLAIN is", "FORMAT JSON is");
    }
    self->plan->explain = true;
    return bind_job(self, ast->stmt);
}
