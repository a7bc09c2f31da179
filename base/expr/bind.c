/* bind.c - from a name and arguments to one row of the catalogue, with the casts that SQL makes
 * itself. */
#include <stdio.h>
#include <strings.h>

#include "base/core/assert.h"
#include "base/expr/bind_priv.h"
#include "base/expr/row_priv.h"
#include "base/expr/types_priv.h"

/* What one candidate asks of the arguments. */
typedef struct match {
    const tide_fn *fn;
    int cost;         /* -1: it does not accept them. */
    tide_type shared; /* Of SAME, INTEGER and NUMBER parameters: what they are brought to. */
} match;

static match try_match(const tide_fn *fn, const tide_expr *const *args, uint32_t n);
static tide_status convert_args(tide_bind *b, const match *m);
static tide_status no_overload(const char *name, const tide_expr *const *args, uint32_t n);

static uint8_t param_of(const tide_fn *fn, uint32_t i)
{
    uint32_t n = tide_fn_n_params(fn);
    return fn->params[i < n ? i : n - 1];
}

tide_status tide_expr_call(tide_arena *arena, const char *name, const tide_expr *const *args,
                           uint32_t n, uint32_t pos, const tide_expr **out)
{
    match best = { .cost = -1 };
    bool known = false;
    for (uint32_t i = 0; i < tide_fn_count(); i++) {
        const tide_fn *fn = tide_fn_at(i);
        if ((fn->flags & TIDE_FN_HIDDEN) || strcasecmp(fn->name, name) != 0) continue;
        known = true;
        match m = try_match(fn, args, n);
        if (m.cost >= 0 && (best.cost < 0 || m.cost < best.cost)) best = m;
    }
    if (!known) {
        const char *near = tide_fn_nearest(name);
        return near ? tide_fail(TIDE_E_BIND, "unknown function %s, did you mean %s?", name, near)
                    : tide_fail(TIDE_E_BIND, "unknown function %s", name);
    }
    if (best.cost < 0) return no_overload(name, args, n);

    tide_bind b = { .arena = arena, .fn = best.fn, .n = n, .pos = pos };
    b.args = TIDE_NEW_N(arena, const tide_expr *, n + 1);
    for (uint32_t i = 0; i < n; i++) b.args[i] = args[i];
    TIDE_TRY(convert_args(&b, &best));
    return tide_fn_bind(&b, out);
}

tide_status tide_fn_bind(tide_bind *b, const tide_expr **out)
{
    if (b->fn->rewrite) return b->fn->rewrite(b, out);
    b->type = tide_type_of((tide_type_id)b->fn->result);
    b->not_null = !(b->fn->flags & TIDE_FN_MAKES_NULL);
    for (uint32_t i = 0; i < b->n; i++) b->not_null &= b->args[i]->not_null;
    if (b->fn->bind) TIDE_TRY(b->fn->bind(b));
    *out = tide_expr_node(b);
    /* Rewriting repeats arguments: NULLIF in NULLIF in NULLIF grows by powers of two. */
    if ((*out)->n_nodes > TIDE_EXPR_NODES_MAX)
        return tide_fail(TIDE_E_LIMIT, "the expression is too large");
    return TIDE_OK;
}

/* ---- candidates ---- */

/* The kind that all numbers are brought to; for DECIMAL its precision does not count. */
static tide_type join_numbers(tide_type a, tide_type b)
{
    tide_type out;
    tide_status rv = tide_type_common(a, b, &out);
    tide_assert(rv == TIDE_OK);
    return out;
}

/* Folds argument i into m->shared. False when it cannot take part. */
static bool join_shared(match *m, uint8_t param, const tide_expr *arg)
{
    tide_type t = arg->type;
    if (t.id == TIDE_TYPE_NULL || tide_expr_is_text_literal(arg))
        return true; /* Becomes what the others are. */
    if (param == TIDE_PARAM_INTEGER && !tide_type_is_integer(t)) return false;
    if (param == TIDE_PARAM_NUMBER && !tide_type_is_numeric(t)) return false;
    if (m->shared.id == TIDE_TYPE_NULL) {
        m->shared = t;
        return true;
    }
    if (param != TIDE_PARAM_SAME) {
        m->shared = join_numbers(m->shared, t);
        return true;
    }
    return tide_type_common(m->shared, t, &m->shared) == TIDE_OK;
}

/* A type beside which a text literal keeps all of its characters or digits. */
static tide_type unlimited(tide_type t)
{
    if (t.id == TIDE_TYPE_STRING || t.id == TIDE_TYPE_BYTES) t.precision = 0;
    if (tide_type_is_timestamp(t)) t.precision = 6;
    return t;
}

/* What the arguments leave open: all are text literals or NULL, or there are some of them. */
static void settle_shared(match *m, uint8_t param, bool has_text)
{
    if (has_text) m->shared = unlimited(m->shared);
    if (m->shared.id != TIDE_TYPE_NULL) return;
    if (param == TIDE_PARAM_SAME)
        m->shared = tide_type_of(TIDE_TYPE_STRING);
    else
        m->shared = tide_type_of(has_text ? TIDE_TYPE_DOUBLE : TIDE_TYPE_INT);
}

static int param_cost(uint8_t param, const tide_expr *arg)
{
    if (tide_expr_is_null_literal(arg) && arg->type.id == TIDE_TYPE_NULL) return 0;
    bool text_literal = tide_expr_is_text_literal(arg);
    switch (param) {
    case TIDE_PARAM_ANY:
    case TIDE_PARAM_SAME: return 0;
    case TIDE_PARAM_INTEGER:
    case TIDE_PARAM_NUMBER: return text_literal ? 1 : 0;
    case TIDE_PARAM_TEXT: return arg->type.id == TIDE_TYPE_STRING ? 0 : 1;
    default: break;
    }
    if (text_literal) return param == TIDE_TYPE_STRING ? 0 : 1;
    return tide_type_distance(arg->type, tide_type_of((tide_type_id)param));
}

static match try_match(const tide_fn *fn, const tide_expr *const *args, uint32_t n)
{
    match m = { .fn = fn, .cost = -1 };
    uint32_t n_max = fn->flags & TIDE_FN_VARIADIC ? UINT32_MAX : tide_fn_n_params(fn);
    if (n < tide_fn_n_min(fn) || n > n_max) return m;
    int cost = 0;
    uint8_t shared_param = TIDE_PARAM_NONE;
    bool has_text = false;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t param = param_of(fn, i);
        int one = param_cost(param, args[i]);
        if (one < 0) return m;
        cost += one;
        if (param < TIDE_PARAM_SAME || param == TIDE_PARAM_TEXT) continue;
        shared_param = param;
        has_text |= tide_expr_is_text_literal(args[i]);
        if (!join_shared(&m, param, args[i])) return m;
    }
    if (shared_param) settle_shared(&m, shared_param, has_text);
    m.cost = cost;
    return m;
}

/* ---- arguments ---- */

static uint16_t digits_of(int64_t v)
{
    uint16_t n = 1;
    while (v /= 10) n++;
    return n;
}

/* A number as the DECIMAL that just holds it. */
static tide_type own_decimal(const tide_expr *arg)
{
    int64_t v;
    if (tide_expr_int_literal(arg, &v)) return tide_type_decimal(digits_of(v), 0);
    return tide_type_as_decimal(arg->type);
}

/* The type that argument `arg` takes for a parameter, given the shared type of its kind. */
static tide_type wanted_type(const tide_fn *fn, uint8_t param, const tide_expr *arg,
                             tide_type shared)
{
    bool exact = tide_type_is_integer(arg->type) || arg->type.id == TIDE_TYPE_DECIMAL;
    switch (param) {
    case TIDE_PARAM_ANY: return arg->type;
    case TIDE_PARAM_TEXT: return tide_type_of(TIDE_TYPE_STRING);
    case TIDE_PARAM_INTEGER: return shared;
    case TIDE_PARAM_SAME:
        /* Comparisons take any precisions, and DECIMALs of different scales, since a common one may
         * have too many digits. */
        if (fn->bind != tide_bind_compare) return shared;
        if (arg->type.id == shared.id) return arg->type;
        return shared.id == TIDE_TYPE_DECIMAL && exact ? own_decimal(arg) : shared;
    case TIDE_PARAM_NUMBER:
        return shared.id == TIDE_TYPE_DECIMAL && exact ? own_decimal(arg) : shared;
    default: break;
    }
    if (param == arg->type.id) return arg->type; /* Whatever its precision. */
    if (param == TIDE_TYPE_DECIMAL)
        return exact ? own_decimal(arg) : tide_type_decimal(TIDE_DECIMAL_PRECISION_MAX, 18);
    return tide_type_of((tide_type_id)param);
}

static tide_status convert_args(tide_bind *b, const match *m)
{
    for (uint32_t i = 0; i < b->n; i++) {
        tide_type to = wanted_type(b->fn, param_of(b->fn, i), b->args[i], m->shared);
        TIDE_TRY(tide_expr_convert(b->arena, b->args[i], to, TIDE_CAST_IMPLICIT, b->args[i]->pos,
                                   &b->args[i]));
    }
    return TIDE_OK;
}

tide_status tide_bind_unify(tide_bind *b, const uint32_t *which, uint32_t n, tide_type *out)
{
    match m = { .fn = b->fn };
    bool has_text = false;
    for (uint32_t i = 0; i < n; i++) {
        const tide_expr *arg = b->args[which[i]];
        has_text |= tide_expr_is_text_literal(arg);
        if (!join_shared(&m, TIDE_PARAM_SAME, arg)) return TIDE_E_TYPE;
    }
    settle_shared(&m, TIDE_PARAM_SAME, has_text);
    for (uint32_t i = 0; i < n; i++) {
        const tide_expr **arg_p = &b->args[which[i]];
        TIDE_TRY(tide_expr_convert(b->arena, *arg_p, m.shared, TIDE_CAST_IMPLICIT, (*arg_p)->pos,
                                   arg_p));
    }
    *out = m.shared;
    return TIDE_OK;
}

static tide_status no_overload(const char *name, const tide_expr *const *args, uint32_t n)
{
    char given[256] = "", wanted[512] = "", type[TIDE_TYPE_TEXT_MAX], signature[160];
    size_t used = 0;
    for (uint32_t i = 0; i < n && used < sizeof given; i++)
        used += (size_t)snprintf(given + used, sizeof given - used, "%s%s", i ? ", " : "",
                                 tide_type_print(args[i]->type, type, sizeof type));
    used = 0;
    for (uint32_t i = 0; i < tide_fn_count() && used < sizeof wanted; i++) {
        const tide_fn *fn = tide_fn_at(i);
        if ((fn->flags & TIDE_FN_HIDDEN) || strcasecmp(fn->name, name) != 0) continue;
        used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s%s", used ? ", " : "",
                                 tide_fn_print_signature(fn, signature, sizeof signature));
    }
    return tide_fail(TIDE_E_TYPE, "%s does not take (%s); there is %s", name, given, wanted);
}

/* ---- casts ---- */

/* A literal's value as another type. *ok_out tells whether there is one; if not, *c says why. */
static const tide_expr *convert_literal(tide_arena *arena, const tide_expr *arg, tide_type to,
                                        tide_cast_kind kind, uint32_t pos, tide_rowcall *c)
{
    tide_value v = { .type = to, .is_null = arg->literal.is_null };
    tide_row_result (*cast)(tide_rowcall *, const tide_value *, tide_value *) =
        kind == TIDE_CAST_IMPLICIT ? tide_row_assign : tide_row_cast;
    if (!v.is_null && cast(c, &arg->literal, &v) != TIDE_ROW_VALUE) return NULL;
    v.type = to;
    return tide_expr_literal(arena, &v, pos);
}

static tide_status cast_literal(tide_arena *arena, const tide_expr *arg, tide_type to,
                                tide_cast_kind kind, uint32_t pos, const tide_expr **out)
{
    tide_rowcall c = { 0 };
    tide_status rv = TIDE_OK;
    *out = convert_literal(arena, arg, to, kind, pos, &c);
    if (*out == NULL && kind == TIDE_CAST_TRY)
        *out = tide_expr_literal(arena, &(tide_value){ .type = to, .is_null = true }, pos);
    else if (*out == NULL && kind == TIDE_CAST_IMPLICIT)
        rv = tide_fail(TIDE_E_TYPE, "%s", c.text);
    tide_rowcall_fini(&c);
    return rv;
}

tide_status tide_expr_convert(tide_arena *arena, const tide_expr *arg, tide_type to,
                              tide_cast_kind kind, uint32_t pos, const tide_expr **out)
{
    *out = arg;
    if (tide_type_equal(arg->type, to)) return TIDE_OK;
    if (arg->kind == TIDE_EXPR_LITERAL) {
        TIDE_TRY(cast_literal(arena, arg, to, kind, pos, out));
        if (*out) return TIDE_OK;
    }
    bool assigns = kind == TIDE_CAST_IMPLICIT && to.id == TIDE_TYPE_STRING && to.precision;
    const tide_fn *fn = tide_fn_by_name(kind == TIDE_CAST_TRY ? "try_cast"
                                        : assigns             ? "assign"
                                                              : "cast");
    tide_bind b = { .arena = arena, .fn = fn, .args = &arg, .n = 1, .pos = pos, .type = to };
    b.not_null = arg->not_null && kind != TIDE_CAST_TRY;
    *out = tide_expr_node(&b);
    return TIDE_OK;
}

static tide_status no_cast(tide_type from, tide_type to, const char *how)
{
    char a[TIDE_TYPE_TEXT_MAX], b[TIDE_TYPE_TEXT_MAX];
    return tide_fail(TIDE_E_TYPE, "%s cannot be %s %s", tide_type_print(from, a, sizeof a), how,
                     tide_type_print(to, b, sizeof b));
}

tide_status tide_expr_cast(tide_arena *arena, const tide_expr *arg, tide_type to, bool is_try,
                           uint32_t pos, const tide_expr **out)
{
    if (!tide_type_can_cast(arg->type, to)) return no_cast(arg->type, to, "cast to");
    return tide_expr_convert(arena, arg, to, is_try ? TIDE_CAST_TRY : TIDE_CAST_EXPLICIT, pos, out);
}

tide_status tide_expr_coerce(tide_arena *arena, const tide_expr *arg, tide_type to, uint32_t pos,
                             const tide_expr **out)
{
    if (!tide_expr_is_text_literal(arg) && !tide_type_can_assign(arg->type, to))
        return no_cast(arg->type, to, "used as");
    return tide_expr_convert(arena, arg, to, TIDE_CAST_IMPLICIT, pos, out);
}
