/* decimal_kernels.c - arithmetic over columns of DECIMALs.
 *
 * The binder gives results so many digits that overflow is impossible unless the type was cut to
 * 38 digits (types_priv.h). Then, and for quotients, rows are computed one by one with checks.
 * Otherwise the loops check nothing, and values of up to 18 digits are multiplied as 64-bit
 * numbers. */
#include "base/core/assert.h"
#include "base/expr/arith_priv.h"
#include "base/expr/decimal_priv.h"

#define DIGITS_OF_64_BITS 18u

/* One side: DECIMALs, or BIGINTs whose cast was left out. */
typedef struct operand {
    const void *values;
    bool fixed, is_i64;
    uint32_t precision, scale;
} operand;

static operand operand_of(const tide_vec *v)
{
    bool is_i64 = v->type.id == TIDE_TYPE_BIGINT;
    return (operand){ .values = v->values,
                      .fixed = v->constant,
                      .is_i64 = is_i64,
                      .precision = is_i64 ? 19 : v->type.precision,
                      .scale = is_i64 ? 0 : v->type.scale };
}

TIDE_INLINE __int128 at_i128(const operand *o, uint32_t i)
{
    if (o->fixed) i = 0;
    return o->is_i64 ? ((const int64_t *)o->values)[i] : ((const __int128 *)o->values)[i];
}
/* The lower half, which is all of a value of up to 18 digits. */
TIDE_INLINE int64_t at_i64(const operand *o, uint32_t i)
{
    if (o->fixed) i = 0;
    return o->is_i64 ? ((const int64_t *)o->values)[i] : (int64_t)((const __int128 *)o->values)[i];
}

static bool fits_64_bits(const operand *o)
{
    return o->is_i64 || o->precision <= DIGITS_OF_64_BITS ||
           (o->fixed && *(const __int128 *)o->values == (int64_t) * (const __int128 *)o->values);
}

static void overflow(const tide_kcall *k, uint32_t row)
{
    char type[TIDE_TYPE_TEXT_MAX];
    tide_kcall_error(k, row, TIDE_E_OVERFLOW, "result is out of range for %s",
                     tide_type_print(k->out->vec.type, type, sizeof type));
}

/* ---- sums ---- */

TIDE_INLINE void add_loop(const operand *a, __int128 a_factor, const operand *b, __int128 b_factor,
                          __int128 *restrict out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) out[i] = at_i128(a, i) * a_factor + at_i128(b, i) * b_factor;
}

static void add_checked(const tide_kcall *k, const operand *a, const operand *b, bool subtract)
{
    tide_type type = k->out->vec.type;
    __int128 *out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) {
        __int128 x, y, sum = 0;
        bool ok =
            tide_decimal_rescale(at_i128(a, i), a->scale, type.scale, &x) &&
            tide_decimal_rescale(at_i128(b, i), b->scale, type.scale, &y) &&
            !(subtract ? __builtin_sub_overflow(x, y, &sum) : __builtin_add_overflow(x, y, &sum)) &&
            tide_decimal_fits(sum, type.precision);
        out[i] = ok ? sum : 0;
        if (!ok && tide_kcall_live(k, i)) overflow(k, i);
    }
}

void tide_decimal_vec_add(const tide_kcall *k, bool subtract)
{
    operand a = operand_of(k->args[0]), b = operand_of(k->args[1]);
    tide_type type = k->out->vec.type;
    uint32_t a_whole = a.precision - a.scale, b_whole = b.precision - b.scale;
    uint32_t whole = a_whole > b_whole ? a_whole : b_whole;
    if (type.scale < a.scale || type.scale < b.scale || whole + 1 + type.scale > type.precision) {
        add_checked(k, &a, &b, subtract);
        return;
    }
    __int128 a_factor = tide_decimal_pow10(type.scale - a.scale);
    __int128 b_factor = tide_decimal_pow10(type.scale - b.scale);
    add_loop(&a, a_factor, &b, subtract ? -b_factor : b_factor, k->out->vec.values, k->n);
}

/* ---- products ---- */

/* Operands of 64 bits: one machine multiplication a row. */
TIDE_INLINE void mul_narrow(const operand *a, const operand *b, __int128 *restrict out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) out[i] = (__int128)at_i64(a, i) * at_i64(b, i);
}

static void mul_by_shape(const operand *a, const operand *b, __int128 *restrict out, uint32_t n)
{
    const operand x = { .values = a->values, .is_i64 = true }, y = { .values = b->values };
    const operand fixed = { .values = b->values, .fixed = true, .is_i64 = b->is_i64 };
    if (a->fixed) /* The constant second. */
        mul_by_shape(b, a, out, n);
    else if (b->fixed && a->is_i64)
        mul_narrow(&x, &fixed, out, n);
    else if (a->is_i64 && !b->is_i64)
        mul_narrow(&x, &y, out, n);
    else
        mul_narrow(a, b, out, n);
}

void tide_decimal_vec_mul(const tide_kcall *k)
{
    operand a = operand_of(k->args[0]), b = operand_of(k->args[1]);
    tide_type type = k->out->vec.type;
    __int128 *out = k->out->vec.values;
    bool exact = a.precision + b.precision <= type.precision && a.scale + b.scale == type.scale;
    if (exact && fits_64_bits(&a) && fits_64_bits(&b)) {
        mul_by_shape(&a, &b, out, k->n);
        return;
    }
    if (exact) {
        for (uint32_t i = 0; i < k->n; i++)
            out[i] =
                (__int128)((unsigned __int128)at_i128(&a, i) * (unsigned __int128)at_i128(&b, i));
        return;
    }
    for (uint32_t i = 0; i < k->n; i++) {
        bool ok = tide_decimal_mul(at_i128(&a, i), at_i128(&b, i), a.scale + b.scale - type.scale,
                                   &out[i]) &&
                  tide_decimal_fits(out[i], type.precision);
        if (!ok) out[i] = 0;
        if (!ok && tide_kcall_live(k, i)) overflow(k, i);
    }
}

/* ---- quotients ---- */

void tide_decimal_vec_div(const tide_kcall *k)
{
    operand a = operand_of(k->args[0]), b = operand_of(k->args[1]);
    tide_type type = k->out->vec.type;
    __int128 *out = k->out->vec.values;
    int shift = (int)type.scale - (int)a.scale + (int)b.scale;
    for (uint32_t i = 0; i < k->n; i++) {
        out[i] = 0;
        if (!tide_kcall_live(k, i)) continue; /* A division costs more than the question. */
        __int128 y = at_i128(&b, i);
        if (y == 0)
            tide_kcall_error(k, i, TIDE_E_DIV_ZERO, "division by zero");
        else if (!tide_decimal_div(at_i128(&a, i), y, shift, &out[i]) ||
                 !tide_decimal_fits(out[i], type.precision))
            overflow(k, i);
    }
}

void tide_decimal_vec_mod(const tide_kcall *k)
{
    operand a = operand_of(k->args[0]), b = operand_of(k->args[1]);
    tide_type type = k->out->vec.type;
    __int128 *out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) {
        __int128 x = at_i128(&a, i), y = at_i128(&b, i);
        out[i] = 0;
        if (!tide_kcall_live(k, i)) continue;
        if (y == 0)
            tide_kcall_error(k, i, TIDE_E_DIV_ZERO, "division by zero");
        else if (!tide_decimal_rescale(x, a.scale, type.scale, &x) ||
                 !tide_decimal_rescale(y, b.scale, type.scale, &y))
            overflow(k, i);
        else
            out[i] = x % y;
    }
}
