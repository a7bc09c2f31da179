/* rewrite.c - functions that stand for other expressions (REWRITE in functions.def). */
#include <string.h>

#include "base/core/assert.h"
#include "base/expr/bind_priv.h"

static tide_status call2(tide_bind *b, const char *name, const tide_expr *x, const tide_expr *y,
                         const tide_expr **out)
{
    return tide_expr_call(b->arena, name, (const tide_expr *[]){ x, y }, 2, b->pos, out);
}

static tide_status call1(tide_bind *b, const char *name, const tide_expr *x, const tide_expr **out)
{
    return tide_expr_call(b->arena, name, &x, 1, b->pos, out);
}

static const tide_expr *text_literal(tide_bind *b, const char *text)
{
    tide_value v = { .type = tide_type_of(TIDE_TYPE_STRING),
                     .str = { text, (uint32_t)strlen(text) } };
    return tide_expr_literal(b->arena, &v, b->pos);
}

static const tide_expr *int_literal(tide_bind *b, int64_t value)
{
    tide_value v = { .type = tide_type_of(TIDE_TYPE_INT), .i64 = value };
    return tide_expr_literal(b->arena, &v, b->pos);
}

tide_status tide_rewrite_swapped(tide_bind *b, const tide_expr **out)
{
    return call2(b, b->fn->name, b->args[1], b->args[0], out);
}

tide_status tide_rewrite_first_arg(tide_bind *b, const tide_expr **out)
{
    *out = b->args[0];
    return TIDE_OK;
}

tide_status tide_rewrite_negated(tide_bind *b, const tide_expr **out)
{
    const char *name = b->fn->name;
    name += name[0] == '!' ? strlen("!") : strlen("not ");
    const tide_expr *positive;
    TIDE_TRY(tide_expr_call(b->arena, name, b->args, b->n, b->pos, &positive));
    return call1(b, "not", positive, out);
}

tide_status tide_rewrite_not_equal(tide_bind *b, const tide_expr **out)
{
    return call2(b, "<>", b->args[0], b->args[1], out);
}

tide_status tide_rewrite_between(tide_bind *b, const tide_expr **out)
{
    const tide_expr *low, *high;
    TIDE_TRY(call2(b, ">=", b->args[0], b->args[1], &low));
    TIDE_TRY(call2(b, "<=", b->args[0], b->args[2], &high));
    return call2(b, "and", low, high, out);
}

tide_status tide_rewrite_between_symmetric(tide_bind *b, const tide_expr **out)
{
    const tide_expr *up, *down;
    const tide_expr *turned[] = { b->args[0], b->args[2], b->args[1] };
    TIDE_TRY(tide_expr_call(b->arena, "between", b->args, 3, b->pos, &up));
    TIDE_TRY(tide_expr_call(b->arena, "between", turned, 3, b->pos, &down));
    return call2(b, "or", up, down, out);
}

/* A list of constants is one set; otherwise each member is compared, and only if none before it
 * matched. */
tide_status tide_rewrite_in(tide_bind *b, const tide_expr **out)
{
    bool constants = true;
    for (uint32_t i = 1; i < b->n; i++) constants &= b->args[i]->kind == TIDE_EXPR_LITERAL;
    if (b->n == 2) return call2(b, "=", b->args[0], b->args[1], out);
    if (constants) {
        tide_bind set = *b;
        set.fn = tide_fn_by_name("in set");
        return tide_fn_bind(&set, out);
    }
    const tide_expr **members = TIDE_NEW_N(b->arena, const tide_expr *, b->n);
    for (uint32_t i = 1; i < b->n; i++)
        TIDE_TRY(call2(b, "=", b->args[0], b->args[i], &members[i - 1]));
    return tide_expr_call(b->arena, "or", members, b->n - 1, b->pos, out);
}

/* Integers divide truncating anyway. Of others the remainder is taken off first, so that the
 * quotient is whole and rounding cannot reach it. */
tide_status tide_rewrite_div(tide_bind *b, const tide_expr **out)
{
    const tide_expr *x = b->args[0], *y = b->args[1], *rest, *whole, *quotient;
    if (tide_type_is_integer(x->type)) return call2(b, "/", x, y, out);
    if (x->type.id == TIDE_TYPE_DECIMAL) {
        TIDE_TRY(call2(b, "%", x, y, &rest));
        TIDE_TRY(call2(b, "-", x, rest, &whole));
        TIDE_TRY(call2(b, "/", whole, y, &quotient));
    } else {
        TIDE_TRY(call2(b, "/", x, y, &quotient));
    }
    return call1(b, "trunc", quotient, out);
}

tide_status tide_rewrite_as_decimal(tide_bind *b, const tide_expr **out)
{
    TIDE_TRY(tide_expr_convert(b->arena, b->args[0], tide_type_decimal(19, 0), TIDE_CAST_IMPLICIT,
                               b->pos, &b->args[0]));
    return tide_expr_call(b->arena, b->fn->name, b->args, b->n, b->pos, out);
}

tide_status tide_rewrite_coalesce(tide_bind *b, const tide_expr **out)
{
    return tide_expr_call(b->arena, "coalesce", b->args, b->n, b->pos, out);
}

tide_status tide_rewrite_nullif(tide_bind *b, const tide_expr **out)
{
    const tide_expr *equal;
    TIDE_TRY(call2(b, "=", b->args[0], b->args[1], &equal));
    tide_value null = { .type = b->args[0]->type, .is_null = true };
    const tide_expr *args[] = { equal, tide_expr_literal(b->arena, &null, b->pos), b->args[0] };
    return tide_expr_call(b->arena, "case", args, 3, b->pos, out);
}

tide_status tide_rewrite_if(tide_bind *b, const tide_expr **out)
{
    return tide_expr_call(b->arena, "case", b->args, 3, b->pos, out);
}

/* ---- dates ---- */

tide_status tide_rewrite_floor_to(tide_bind *b, const tide_expr **out)
{
    return call2(b, "date_trunc", b->args[1], b->args[0], out);
}

tide_status tide_rewrite_field(tide_bind *b, const tide_expr **out)
{
    const char *field = b->fn->name;
    if (strcmp(field, "dayofyear") == 0) field = "doy";
    if (strcmp(field, "dayofmonth") == 0) field = "day";
    return call2(b, "extract", text_literal(b, field), b->args[0], out);
}

tide_status tide_rewrite_dayofweek(tide_bind *b, const tide_expr **out)
{
    const tide_expr *from_zero;
    TIDE_TRY(call2(b, "extract", text_literal(b, "dow"), b->args[0], &from_zero));
    return call2(b, "+", from_zero, int_literal(b, 1), out);
}

tide_status tide_rewrite_second(tide_bind *b, const tide_expr **out)
{
    const tide_expr *seconds, *whole;
    TIDE_TRY(call2(b, "extract", text_literal(b, "second"), b->args[0], &seconds));
    TIDE_TRY(call1(b, "floor", seconds, &whole));
    return tide_expr_cast(b->arena, whole, tide_type_of(TIDE_TYPE_BIGINT), false, b->pos, out);
}

tide_status tide_rewrite_date_part(tide_bind *b, const tide_expr **out)
{
    const tide_expr *exact;
    TIDE_TRY(call2(b, "extract", b->args[0], b->args[1], &exact));
    return tide_expr_cast(b->arena, exact, tide_type_of(TIDE_TYPE_DOUBLE), false, b->pos, out);
}

tide_status tide_rewrite_age_today(tide_bind *b, const tide_expr **out)
{
    const tide_expr *today;
    TIDE_TRY(tide_expr_call(b->arena, "current_date", NULL, 0, b->pos, &today));
    return call2(b, "age", today, b->args[0], out);
}

tide_status tide_rewrite_timezone(tide_bind *b, const tide_expr **out)
{
    return call2(b, "timezone", b->args[1], b->args[0], out);
}
