/* bind_rules.c - result types that depend on the arguments (BIND in functions.def). */
#include <string.h>

#include "base/core/assert.h"
#include "base/expr/bind_priv.h"
#include "base/expr/field_priv.h"
#include "base/expr/types_priv.h"

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}
static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}
static uint32_t whole_digits(tide_type t)
{
    return (uint32_t)t.precision - t.scale;
}

/* ---- arithmetic: DECIMAL's rules are in types_priv.h; other types give themselves ---- */

tide_status tide_bind_same_type(tide_bind *b)
{
    b->type = b->args[0]->type;
    return TIDE_OK;
}

tide_status tide_bind_add(tide_bind *b)
{
    tide_type x = b->args[0]->type, y = b->args[1]->type;
    if (x.id != TIDE_TYPE_DECIMAL) return tide_bind_same_type(b);
    uint32_t s = max_u32(x.scale, y.scale);
    b->type =
        tide_type_fit_decimal(max_u32(whole_digits(x), whole_digits(y)) + 1, s, min_u32(s, 19));
    return TIDE_OK;
}

tide_status tide_bind_mul(tide_bind *b)
{
    tide_type x = b->args[0]->type, y = b->args[1]->type;
    if (x.id != TIDE_TYPE_DECIMAL) return tide_bind_same_type(b);
    uint32_t s = (uint32_t)x.scale + y.scale;
    b->type = tide_type_fit_decimal(whole_digits(x) + whole_digits(y), s, min_u32(s, 19));
    return TIDE_OK;
}

tide_status tide_bind_div(tide_bind *b)
{
    tide_type x = b->args[0]->type, y = b->args[1]->type;
    if (x.id != TIDE_TYPE_DECIMAL) return tide_bind_same_type(b);
    uint32_t s = max_u32(16, max_u32(x.scale, y.scale));
    b->type = tide_type_fit_decimal(whole_digits(x) + y.scale, s, 6);
    return TIDE_OK;
}

tide_status tide_bind_mod(tide_bind *b)
{
    tide_type x = b->args[0]->type, y = b->args[1]->type;
    if (x.id == TIDE_TYPE_FLOAT || x.id == TIDE_TYPE_DOUBLE)
        return tide_fail(TIDE_E_TYPE, "%s takes whole numbers and DECIMALs only", b->fn->name);
    if (x.id != TIDE_TYPE_DECIMAL) return tide_bind_same_type(b);
    uint32_t s = max_u32(x.scale, y.scale);
    b->type = tide_type_fit_decimal(min_u32(whole_digits(x), whole_digits(y)), s, s);
    return TIDE_OK;
}

/* ---- comparison ---- */

static bool fits_width(int64_t v, uint32_t width)
{
    int64_t max = (int64_t)(UINT64_MAX >> (65 - 8 * width));
    return v <= max && v >= -max - 1;
}

/* `smallint_column = 5` has become a comparison of INTs: where all the others are literals that
 * fit the column's own type, compares in that. */
static void narrow_comparison(tide_bind *b)
{
    const tide_expr *inner = NULL;
    uint32_t cast_at = UINT32_MAX;
    for (uint32_t i = 0; i < b->n; i++)
        if (tide_expr_is_cast(b->args[i], &inner)) cast_at = i;
    if (cast_at == UINT32_MAX) return;
    tide_expr_is_cast(b->args[cast_at], &inner);
    if (!tide_type_is_integer(inner->type) || !tide_type_is_integer(b->args[cast_at]->type)) return;
    for (uint32_t i = 0; i < b->n; i++) {
        int64_t v;
        if (i == cast_at || tide_expr_is_null_literal(b->args[i])) continue;
        if (!tide_expr_int_literal(b->args[i], &v)) return;
        if (!fits_width(v, tide_type_width(inner->type))) return;
    }
    for (uint32_t i = 0; i < b->n; i++) {
        tide_value v =
            b->args[i]->kind == TIDE_EXPR_LITERAL ? b->args[i]->literal : (tide_value){ 0 };
        v.type = inner->type;
        b->args[i] = i == cast_at ? inner : tide_expr_literal(b->arena, &v, b->args[i]->pos);
    }
}

tide_status tide_bind_compare(tide_bind *b)
{
    narrow_comparison(b);
    if (b->fn->flags & TIDE_FN_NULLS) b->not_null = !(b->fn->flags & TIDE_FN_MAKES_NULL);
    return TIDE_OK;
}

tide_status tide_bind_never_null(tide_bind *b)
{
    b->not_null = true;
    return TIDE_OK;
}

/* ---- choice ---- */

tide_status tide_bind_case(tide_bind *b)
{
    uint32_t *which = TIDE_NEW_N(b->arena, uint32_t, b->n), n = 0;
    tide_type boolean = tide_type_of(TIDE_TYPE_BOOLEAN);
    for (uint32_t i = 0; i + 1 < b->n; i += 2) {
        bool text = tide_expr_is_text_literal(b->args[i]);
        if (b->args[i]->type.id > TIDE_TYPE_BOOLEAN && !text) {
            char type[TIDE_TYPE_TEXT_MAX];
            return tide_fail(TIDE_E_TYPE, "the condition of a CASE must be BOOLEAN, not %s",
                             tide_type_print(b->args[i]->type, type, sizeof type));
        }
        TIDE_TRY(tide_expr_convert(b->arena, b->args[i], boolean, TIDE_CAST_IMPLICIT,
                                   b->args[i]->pos, &b->args[i]));
        which[n++] = i + 1;
    }
    bool has_else = b->n % 2 == 1;
    if (has_else) which[n++] = b->n - 1;
    TIDE_TRY(tide_bind_unify(b, which, n, &b->type));
    b->not_null = has_else;
    for (uint32_t i = 0; i < n; i++) b->not_null &= b->args[which[i]]->not_null;
    return TIDE_OK;
}

/* Of coalesce, greatest, least: NULL only if all arguments are. */
tide_status tide_bind_coalesce(tide_bind *b)
{
    b->type = b->args[0]->type;
    b->not_null = false;
    for (uint32_t i = 0; i < b->n; i++) b->not_null |= b->args[i]->not_null;
    return TIDE_OK;
}

/* ---- DECIMAL functions ---- */

tide_status tide_bind_sign(tide_bind *b)
{
    b->type = tide_type_decimal(1, 0);
    return TIDE_OK;
}

tide_status tide_bind_whole(tide_bind *b)
{
    b->type = tide_type_fit_decimal(whole_digits(b->args[0]->type) + 1, 0, 0);
    return TIDE_OK;
}

/* The scale that rounding to a constant number of places gives; the argument's when it varies. */
static uint32_t scale_of_places(const tide_bind *b)
{
    int64_t places = 0;
    if (b->n == 2 && !tide_expr_int_literal(b->args[1], &places)) return b->args[0]->type.scale;
    return places < 0                            ? 0
           : places > TIDE_DECIMAL_PRECISION_MAX ? TIDE_DECIMAL_PRECISION_MAX
                                                 : (uint32_t)places;
}

tide_status tide_bind_round(tide_bind *b)
{
    uint32_t s = scale_of_places(b);
    b->type = tide_type_fit_decimal(whole_digits(b->args[0]->type) + 1, s, 0);
    return TIDE_OK;
}

tide_status tide_bind_trunc(tide_bind *b)
{
    uint32_t s = scale_of_places(b);
    b->type = tide_type_fit_decimal(max_u32(whole_digits(b->args[0]->type), 1), s, 0);
    return TIDE_OK;
}

tide_status tide_bind_factorial(tide_bind *b)
{
    b->type = tide_type_decimal(TIDE_DECIMAL_PRECISION_MAX, 0);
    return TIDE_OK;
}

/* ---- dates and text ---- */

/* PostgreSQL's numeric results: whole ones are BIGINT here. */
tide_status tide_bind_extract(tide_bind *b)
{
    tide_field_id field;
    TIDE_TRY(tide_field_of(b->args[0], &field));
    tide_type_id from = (tide_type_id)b->args[1]->type.id;
    bool is_day = field == TIDE_FIELD_DAY || (field > TIDE_FIELD_DAY && field != TIDE_FIELD_EPOCH);
    bool bad_time = from == TIDE_TYPE_TIME && is_day;
    bool bad_date = from == TIDE_TYPE_DATE && field < TIDE_FIELD_DAY;
    bool bad_interval =
        from == TIDE_TYPE_INTERVAL &&
        (field == TIDE_FIELD_WEEK || (field > TIDE_FIELD_MILLENNIUM && field != TIDE_FIELD_EPOCH));
    bool bad_stamp = field == TIDE_FIELD_JULIAN && from != TIDE_TYPE_DATE;
    if (bad_time || bad_date || bad_interval || bad_stamp) {
        char type[TIDE_TYPE_TEXT_MAX];
        return tide_fail(TIDE_E_TYPE, "a %s has no field %.*s",
                         tide_type_print(b->args[1]->type, type, sizeof type),
                         (int)b->args[0]->literal.str.len, b->args[0]->literal.str.ptr);
    }
    b->type = tide_type_of(TIDE_TYPE_BIGINT);
    if (field == TIDE_FIELD_SECOND) b->type = tide_type_decimal(8, 6);
    if (field == TIDE_FIELD_MILLISECOND) b->type = tide_type_decimal(8, 3);
    if (field == TIDE_FIELD_EPOCH && from != TIDE_TYPE_DATE) b->type = tide_type_decimal(20, 6);
    return TIDE_OK;
}

/* As many fraction digits as the pattern has behind its point. */
tide_status tide_bind_to_number(tide_bind *b)
{
    uint32_t s = TIDE_DECIMAL_PRECISION_MAX / 2 - 1;
    if (tide_expr_is_text_literal(b->args[1])) {
        bool behind = false;
        s = 0;
        for (uint32_t i = 0; i < b->args[1]->literal.str.len; i++) {
            char ch = b->args[1]->literal.str.ptr[i];
            if (ch == '.' || ch == 'D' || ch == 'd') behind = true;
            if (behind && (ch == '9' || ch == '0')) s++;
        }
    }
    b->type = tide_type_decimal(TIDE_DECIMAL_PRECISION_MAX, (uint8_t)min_u32(s, 37));
    return TIDE_OK;
}

tide_status tide_bind_to_timestamp_ltz(tide_bind *b)
{
    int64_t precision = 3;
    if (b->n == 2 && !tide_expr_int_literal(b->args[1], &precision))
        return tide_fail(TIDE_E_TYPE, "the precision of to_timestamp_ltz must be a constant");
    if (precision != 0 && precision != 3 && precision != 6)
        return tide_fail(TIDE_E_TYPE, "the precision of to_timestamp_ltz is 0, 3 or 6");
    b->type = tide_type_of(TIDE_TYPE_TIMESTAMP_LTZ);
    b->type.precision = (uint16_t)(precision ? precision : 3);
    return TIDE_OK;
}
