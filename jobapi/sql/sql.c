#include "jobapi/sql/sql.h"

#include "base/core/mem.h"
#include "jobapi/sql/bind_priv.h"

static void bind_script(tide_binder *self);
static tide_status keep_settings(tide_binder *self);
static tide_status finish(tide_binder *self);

tide_status tide_sql_plan(const char *text, const char *source_name,
                          const tide_sql_context *context, tide_plan **out)
{
    static const tide_sql_context no_context = { 0 };
    *out = NULL;
    tide_plan *plan = tide_plan_new();
    tide_sql_script *script;
    tide_status rv = tide_sql_parse(plan->arena, text, source_name, &script);
    if (rv) {
        tide_plan_free(&plan);
        return rv;
    }
    plan->source_text = script->text;
    plan->source_name = script->source_name;
    tide_binder self = { .arena = plan->arena,
                         .plan = plan,
                         .script = script,
                         .context = context ? context : &no_context };
    rv = tide_job_settings_read(&self.settings, self.context->settings, self.context->n_settings,
                                NULL);
    if (rv == TIDE_OK) {
        bind_script(&self);
        rv = self.n_errors ? tide_bind_errors(&self) : finish(&self);
    }
    tide_bytes_fini(&self.errors);
    if (rv) tide_plan_free(&plan);
    *out = plan;
    return rv;
}

static void bind_script(tide_binder *self)
{
    for (uint32_t i = 0; i < self->script->n; i++) {
        tide_status rv = tide_bind_statement(self, self->script->stmts[i]);
        if (rv) tide_bind_report(self, rv);
    }
}

/* Mode, checks of the whole, rewriting. */
static tide_status finish(tide_binder *self)
{
    TIDE_TRY(keep_settings(self));
    tide_status rv = tide_plan_set_mode(self->plan, self->settings.mode);
    if (rv) return tide_bind_at(self, rv, TIDE_POS_UNKNOWN);
    TIDE_TRY(tide_plan_optimize(self->plan));
    tide_bind_check_plan(self);
    return self->n_errors ? tide_bind_errors(self) : TIDE_OK;
}

/* The context's come last, so they win; the plan keeps copies. */
static tide_status keep_settings(tide_binder *self)
{
    tide_plan *plan = self->plan;
    plan->n_settings = self->n_sets + self->context->n_settings;
    plan->settings = TIDE_NEW_N(self->arena, tide_option, plan->n_settings + 1);
    for (uint32_t i = 0; i < plan->n_settings; i++) {
        bool is_set = i < self->n_sets;
        const tide_option *from =
            is_set ? &self->sets[i] : &self->context->settings[i - self->n_sets];
        plan->settings[i] = (tide_option){ tide_arena_strdup(self->arena, from->key),
                                           tide_arena_strdup(self->arena, from->value),
                                           is_set ? from->pos : TIDE_POS_UNKNOWN };
    }
    TIDE_TRY(tide_job_settings_read(&self->settings, plan->settings, plan->n_settings, NULL));
    plan->name = self->settings.name;
    return TIDE_OK;
}
