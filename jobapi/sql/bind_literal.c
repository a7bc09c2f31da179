/* bind_literal.c - constants and type names of the text as values and types. */
#include <string.h>

#include "base/column/text.h"
#include "jobapi/sql/bind_priv.h"

static tide_status bind_integer(tide_binder *self, const tide_sql_expr *ast, const tide_expr **out);
static tide_status bind_decimal(tide_binder *self, const tide_sql_expr *ast, const tide_expr **out);
static tide_status bind_typed(tide_binder *self, const tide_sql_expr *ast, const tide_expr **out);
static bool count_digits(const char *text, int64_t *precision, int64_t *scale);
static tide_value string_value(const char *text);

tide_status tide_bind_literal(tide_binder *self, const tide_sql_expr *ast, const tide_expr **out)
{
    if (ast->kind == TIDE_SQL_INTEGER) return bind_integer(self, ast, out);
    if (ast->kind == TIDE_SQL_DECIMAL) return bind_decimal(self, ast, out);
    if (ast->kind == TIDE_SQL_TYPED) return bind_typed(self, ast, out);
    tide_value value = { .type = tide_type_of(TIDE_TYPE_NULL), .is_null = true };
    if (ast->kind == TIDE_SQL_BOOLEAN) {
        value = (tide_value){ .type = tide_type_of(TIDE_TYPE_BOOLEAN), .boolean = ast->boolean };
    } else if (ast->kind == TIDE_SQL_STRING) {
        value = string_value(ast->literal.text);
    } else if (ast->kind == TIDE_SQL_INTERVAL) {
        value = (tide_value){ .type = tide_type_of(TIDE_TYPE_INTERVAL) };
        if (!tide_parse_interval(ast->literal.text, strlen(ast->literal.text), &value.interval))
            return tide_bind_fail(self, TIDE_E_TYPE, ast->pos,
                                  "write it as INTERVAL '10' SECOND or INTERVAL '1 day 2 hours'",
                                  "\"%s\" is not an interval", ast->literal.text);
    }
    *out = tide_expr_literal(self->arena, &value, ast->pos);
    return TIDE_OK;
}

tide_status tide_bind_type(tide_binder *self, const tide_sql_type *ast, tide_type *out)
{
    tide_status rv = tide_type_parse(ast->text, out);
    return rv ? tide_bind_at(self, rv, ast->pos) : TIDE_OK;
}

tide_status tide_bind_duration(tide_binder *self, const tide_sql_expr *ast, const char *what,
                               int64_t *us_out)
{
    tide_relation none = { .node = tide_bind_one_row(self), .is_one_row = true };
    tide_place place = { .relation = &none, .clause = what };
    const tide_expr *expr;
    TIDE_TRY(tide_bind_expr(self, &place, ast, &expr));
    expr = tide_expr_fold(self->arena, expr);
    if (expr->kind != TIDE_EXPR_LITERAL || expr->type.id != TIDE_TYPE_INTERVAL ||
        expr->literal.is_null)
        return tide_bind_fail(self, TIDE_E_TYPE, ast->pos, "write it as INTERVAL '10' SECOND",
                              "the %s must be a constant interval", what);
    tide_interval interval = expr->literal.interval;
    if (interval.months != 0)
        return tide_bind_fail(self, TIDE_E_UNSUPPORTED, ast->pos, "use days",
                              "the %s cannot be in months, which differ in length", what);
    __int128 us = (__int128)interval.days * 86400 * 1000000 + interval.micros;
    if (us < -(1LL << 60) || us > 1LL << 60)
        return tide_bind_fail(self, TIDE_E_OVERFLOW, ast->pos, NULL, "the %s is too long", what);
    *us_out = (int64_t)us;
    return TIDE_OK;
}

tide_status tide_bind_count(tide_binder *self, const tide_sql_expr *ast, const char *what,
                            int64_t *out)
{
    tide_relation none = { .node = tide_bind_one_row(self), .is_one_row = true };
    tide_place place = { .relation = &none, .clause = what };
    const tide_expr *expr;
    TIDE_TRY(tide_bind_expr(self, &place, ast, &expr));
    expr = tide_expr_fold(self->arena, expr);
    bool is_count = expr->kind == TIDE_EXPR_LITERAL && tide_type_is_integer(expr->type) &&
                    !expr->literal.is_null && expr->literal.i64 >= 0;
    if (!is_count)
        return tide_bind_fail(self, TIDE_E_TYPE, ast->pos, NULL,
                              "%s must be a constant whole number, 0 or more", what);
    *out = expr->literal.i64;
    return TIDE_OK;
}

/* INT if it fits, else BIGINT, else DECIMAL, as in PostgreSQL. */
static tide_status bind_integer(tide_binder *self, const tide_sql_expr *ast, const tide_expr **out)
{
    int64_t number;
    const char *text = ast->literal.text;
    if (!tide_parse_i64(text, strlen(text), &number)) return bind_decimal(self, ast, out);
    bool is_int = number >= INT32_MIN && number <= INT32_MAX;
    tide_value value = { .type = tide_type_of(is_int ? TIDE_TYPE_INT : TIDE_TYPE_BIGINT),
                         .i64 = number };
    *out = tide_expr_literal(self->arena, &value, ast->pos);
    return TIDE_OK;
}

/* The DECIMAL that just holds it; DOUBLE when none does (1e300). */
static tide_status bind_decimal(tide_binder *self, const tide_sql_expr *ast, const tide_expr **out)
{
    const char *text = ast->literal.text;
    int64_t precision, scale;
    tide_value value = { 0 };
    if (count_digits(text, &precision, &scale) && precision <= TIDE_DECIMAL_PRECISION_MAX &&
        tide_parse_decimal(text, strlen(text), (uint32_t)precision, (uint32_t)scale, &value.i128)) {
        value.type = tide_type_decimal((uint16_t)precision, (uint8_t)scale);
    } else {
        value.type = tide_type_of(TIDE_TYPE_DOUBLE);
        if (!tide_parse_f64(text, strlen(text), &value.f64))
            return tide_bind_fail(self, TIDE_E_OVERFLOW, ast->pos, NULL,
                                  "number %.60s is out of range", text);
    }
    *out = tide_expr_literal(self->arena, &value, ast->pos);
    return TIDE_OK;
}

static tide_status bind_typed(tide_binder *self, const tide_sql_expr *ast, const tide_expr **out)
{
    tide_type type;
    TIDE_TRY(tide_bind_type(self, &ast->literal.type, &type));
    tide_value value = string_value(ast->literal.text);
    const tide_expr *text = tide_expr_literal(self->arena, &value, ast->pos);
    tide_status rv = tide_expr_coerce(self->arena, text, type, ast->pos, out);
    return rv ? tide_bind_at(self, rv, ast->pos) : TIDE_OK;
}

/* Digits of a plain number with an optional exponent: how many in all and
 * behind the point. */
static bool count_digits(const char *text, int64_t *precision, int64_t *scale)
{
    int64_t digits = 0, behind = 0, exponent = 0;
    bool after_point = false, leading = true;
    for (text += *text == '-' || *text == '+'; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.') {
            after_point = true;
            continue;
        }
        behind += after_point;
        leading &= *text == '0';
        digits += !leading;
        if (digits > 1000 || behind > 1000) return false;
    }
    if (*text && !tide_parse_i64(text + 1, strlen(text + 1), &exponent)) return false;
    if (exponent > 1000 || exponent < -1000) return false;
    *scale = behind > exponent ? behind - exponent : 0;
    int64_t before = digits - behind + exponent; /* Digits in front of the point. */
    *precision = (before > 0 ? before : 0) + *scale;
    if (*precision < 1) *precision = 1;
    return true;
}

static tide_value string_value(const char *text)
{
    return (tide_value){ .type = tide_type_of(TIDE_TYPE_STRING),
                         .str = { text, (uint32_t)strlen(text) } };
}
