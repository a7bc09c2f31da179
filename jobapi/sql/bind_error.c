/* bind_error.c - errors with their place in the script, several to a script. */
#include <stdarg.h>
#include <stdio.h>

#include "jobapi/sql/bind_priv.h"

tide_status tide_bind_fail(tide_binder *self, tide_status code, uint32_t pos, const char *hint,
                           const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (pos == TIDE_POS_UNKNOWN) return tide_fail(code, "%s: %s", self->script->source_name, text);
    return tide_sql_fail(code, self->script->text, self->script->source_name, pos, hint, "%s",
                         text);
}

tide_status tide_bind_at(tide_binder *self, tide_status code, uint32_t pos)
{
    tide_error error;
    tide_error_take(code, &error);
    return tide_bind_fail(self, code, pos, NULL, "%s", error.text);
}

tide_status tide_bind_refuse(tide_binder *self, uint32_t pos, const char *what, const char *hint)
{
    return tide_bind_fail(self, TIDE_E_UNSUPPORTED, pos, hint, "%s not supported", what);
}

void tide_bind_report(tide_binder *self, tide_status code)
{
    if (self->failed_before) {
        self->failed_before = false;
        return;
    }
    if (self->n_errors == 0) self->first_error = code;
    if (self->n_errors++ >= TIDE_SQL_ERRORS_MAX) return;
    tide_bytes_printf(&self->errors, "%s%s", self->errors.n ? "\n" : "", tide_error_text());
}

tide_status tide_bind_errors(tide_binder *self)
{
    if (self->n_errors > TIDE_SQL_ERRORS_MAX)
        tide_bytes_printf(&self->errors, "\n... and %u more errors",
                          self->n_errors - TIDE_SQL_ERRORS_MAX);
    return tide_fail(self->first_error, "%s", tide_bytes_text(&self->errors));
}

const char *tide_bind_did_you_mean(tide_binder *self, const char *name)
{
    return name ? tide_arena_printf(self->arena, "did you mean %s?", name) : NULL;
}
