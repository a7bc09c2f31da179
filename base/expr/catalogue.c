/* catalogue.c - the rows of functions.def as a table, and how they are found by name. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/core/assert.h"
#include "base/core/nearest.h"
#include "base/expr/bind_priv.h"
#include "base/expr/fn.h"
#include "base/expr/kernels_priv.h"

/* What the rows call their types and flags. */
enum {
    NONE = TIDE_PARAM_NONE,
    BOOLEAN = TIDE_TYPE_BOOLEAN,
    INT = TIDE_TYPE_INT,
    BIGINT = TIDE_TYPE_BIGINT,
    DOUBLE = TIDE_TYPE_DOUBLE,
    DECIMAL = TIDE_TYPE_DECIMAL,
    STRING = TIDE_TYPE_STRING,
    BYTES = TIDE_TYPE_BYTES,
    DATE = TIDE_TYPE_DATE,
    TIME = TIDE_TYPE_TIME,
    TIMESTAMP = TIDE_TYPE_TIMESTAMP,
    TIMESTAMP_LTZ = TIDE_TYPE_TIMESTAMP_LTZ,
    INTERVAL = TIDE_TYPE_INTERVAL,
    BOUND = TIDE_TYPE_NULL,
    ANY = TIDE_PARAM_ANY,
    SAME = TIDE_PARAM_SAME,
    INTEGER = TIDE_PARAM_INTEGER,
    NUMBER = TIDE_PARAM_NUMBER,
    TEXT = TIDE_PARAM_TEXT,
    VARIADIC = TIDE_FN_VARIADIC,
    NULLS = TIDE_FN_NULLS,
    MAKES_NULL = TIDE_FN_MAKES_NULL,
    FAILS = TIDE_FN_FAILS,
    SLOW = TIDE_FN_SLOW,
    STABLE = TIDE_FN_STABLE,
    VOLATILE = TIDE_FN_VOLATILE,
    HIDDEN = TIDE_FN_HIDDEN
};
#define ALIKE NULL
#define P(...)                                                                                     \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define ROW(f) .row = tide_row_##f,
#define VEC(f) .vector = tide_vec_##f,
#define FORM(f) .form = tide_form_##f,
#define PREPARE(f) .prepare = tide_prepare_##f,
#define OPTIONAL(n) .n_optional = n,
#define BIND(f) .bind = tide_bind_##f,
#define REWRITE(f) .rewrite = tide_rewrite_##f,
#define FN(name_, params_, result_, how, flags_, help_)                                            \
    { .name = name_, .params = params_, .result = result_, how.flags = flags_, .help = help_ },

static const tide_fn fns[] = {
#include "base/expr/functions.def"
};

#define N_FNS ((uint32_t)(sizeof fns / sizeof *fns))

uint32_t tide_fn_count(void)
{
    return N_FNS;
}

const tide_fn *tide_fn_at(uint32_t i)
{
    tide_assert(i < N_FNS);
    return &fns[i];
}

uint32_t tide_fn_n_params(const tide_fn *self)
{
    uint32_t n = 0;
    while (self->params[n] != TIDE_PARAM_NONE) n++;
    return n;
}

uint32_t tide_fn_n_min(const tide_fn *self)
{
    return tide_fn_n_params(self) - self->n_optional;
}

const tide_fn *tide_fn_by_name(const char *name)
{
    for (uint32_t i = 0; i < N_FNS; i++)
        if (strcmp(fns[i].name, name) == 0) return &fns[i];
    tide_assert(!"a row of functions.def");
    return NULL;
}

bool tide_fn_exists(const char *name)
{
    for (uint32_t i = 0; i < N_FNS; i++)
        if (!(fns[i].flags & TIDE_FN_HIDDEN) && strcasecmp(fns[i].name, name) == 0) return true;
    return false;
}

const char *tide_fn_nearest(const char *name)
{
    tide_nearest near;
    tide_nearest_init(&near, name);
    for (uint32_t i = 0; i < N_FNS; i++)
        if (!(fns[i].flags & TIDE_FN_HIDDEN)) tide_nearest_try(&near, fns[i].name);
    return tide_nearest_best(&near);
}

void tide_fn_visit(void (*visit)(void *ctx, const char *name, const char *signature,
                                 const char *help),
                   void *ctx)
{
    const char *help = "";
    for (uint32_t i = 0; i < N_FNS; i++) {
        char signature[160];
        if (fns[i].help) help = fns[i].help;
        if (fns[i].flags & TIDE_FN_HIDDEN) continue;
        visit(ctx, fns[i].name, tide_fn_print_signature(&fns[i], signature, sizeof signature),
              help);
    }
}

/* ---- signatures ---- */

static const char *param_name(uint8_t param, char *buf, size_t cap)
{
    switch ((tide_param)param) {
    case TIDE_PARAM_ANY: return "any";
    case TIDE_PARAM_SAME: return "T";
    case TIDE_PARAM_INTEGER: return "integer";
    case TIDE_PARAM_NUMBER: return "number";
    case TIDE_PARAM_TEXT: return "any text";
    case TIDE_PARAM_NONE:
    default: break;
    }
    if (param == TIDE_TYPE_DECIMAL) return "DECIMAL";
    if (param == TIDE_TYPE_TIMESTAMP) return "TIMESTAMP";
    if (param == TIDE_TYPE_TIMESTAMP_LTZ) return "TIMESTAMP_LTZ";
    return tide_type_print(tide_type_of((tide_type_id)param), buf, cap);
}

char *tide_fn_print_signature(const tide_fn *self, char *buf, size_t cap)
{
    uint32_t n = tide_fn_n_params(self), n_min = tide_fn_n_min(self);
    size_t used = (size_t)snprintf(buf, cap, "%s(", self->name);
    for (uint32_t i = 0; i < n && used < cap; i++) {
        char type[TIDE_TYPE_TEXT_MAX];
        used += (size_t)snprintf(buf + used, cap - used, "%s%s%s", i >= n_min ? "[" : "",
                                 i ? ", " : "", param_name(self->params[i], type, sizeof type));
    }
    if (used < cap && (self->flags & TIDE_FN_VARIADIC))
        used += (size_t)snprintf(buf + used, cap - used, ", ...");
    for (uint32_t i = n_min; i < n && used < cap; i++)
        used += (size_t)snprintf(buf + used, cap - used, "]");
    if (used < cap) snprintf(buf + used, cap - used, ")");
    return buf;
}
