/* fn_math.c - mathematics: over doubles, whole numbers and DECIMALs. */
#include <math.h>

#include "base/core/assert.h"
#include "base/expr/decimal_priv.h"
#include "base/expr/kernels_priv.h"
#include "base/expr/order_priv.h"

/* ---- doubles ---- */

/* out = f(x), which fails when it is infinite or not a number and x is neither. */
static tide_row_result real(tide_rowcall *c, double x, double result, tide_value *out)
{
    if (isinf(result) && !isinf(x))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "value out of range: overflow");
    if (isnan(result) && !isnan(x))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "input is out of range");
    out->f64 = result;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_sqrt(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    if (args[0].f64 < 0)
        return tide_row_fail(c, TIDE_E_OVERFLOW, "cannot take square root of a negative number");
    return real(c, args[0].f64, sqrt(args[0].f64), out);
}
tide_row_result tide_row_cbrt(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return real(c, args[0].f64, cbrt(args[0].f64), out);
}
tide_row_result tide_row_exp(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    double x = args[0].f64;
    if (exp(x) == 0 && !isinf(x))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "value out of range: underflow");
    return real(c, x, exp(x), out);
}

/* The argument of a logarithm is positive. */
static bool has_log(tide_rowcall *c, double x)
{
    if (x > 0 || isnan(x)) return true;
    tide_row_fail(c, TIDE_E_OVERFLOW, "cannot take logarithm of %s",
                  x == 0 ? "zero" : "a negative number");
    return false;
}

tide_row_result tide_row_ln(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return has_log(c, args[0].f64) ? real(c, args[0].f64, log(args[0].f64), out) : TIDE_ROW_FAILED;
}
tide_row_result tide_row_log10(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return has_log(c, args[0].f64) ? real(c, args[0].f64, log10(args[0].f64), out)
                                   : TIDE_ROW_FAILED;
}
tide_row_result tide_row_log2(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return has_log(c, args[0].f64) ? real(c, args[0].f64, log2(args[0].f64), out) : TIDE_ROW_FAILED;
}
tide_row_result tide_row_log_base(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    if (!has_log(c, args[0].f64) || !has_log(c, args[1].f64)) return TIDE_ROW_FAILED;
    if (args[0].f64 == 1) return tide_row_fail(c, TIDE_E_DIV_ZERO, "division by zero");
    return real(c, args[1].f64, log(args[1].f64) / log(args[0].f64), out);
}

tide_row_result tide_row_power(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    double x = args[0].f64, y = args[1].f64;
    if (x == 0 && y < 0)
        return tide_row_fail(c, TIDE_E_OVERFLOW, "zero raised to a negative power is undefined");
    if (x < 0 && !isinf(y) && y != floor(y))
        return tide_row_fail(c, TIDE_E_OVERFLOW,
                             "a negative number raised to a non-integer power is complex");
    double result = pow(x, y);
    if (isinf(result) && !isinf(x) && !isinf(y))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "value out of range: overflow");
    if (result == 0 && x != 0 && !isinf(x) && !isinf(y))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "value out of range: underflow");
    out->f64 = result;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_sin(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return real(c, args[0].f64, sin(args[0].f64), out);
}
tide_row_result tide_row_cos(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return real(c, args[0].f64, cos(args[0].f64), out);
}
tide_row_result tide_row_tan(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return real(c, args[0].f64, tan(args[0].f64), out);
}
tide_row_result tide_row_cot(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    out->f64 = 1 / tan(args[0].f64); /* cot(0) is infinite, as in PostgreSQL. */
    if (isinf(args[0].f64)) return tide_row_fail(c, TIDE_E_OVERFLOW, "input is out of range");
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_asin(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return real(c, args[0].f64, asin(args[0].f64), out);
}
tide_row_result tide_row_acos(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return real(c, args[0].f64, acos(args[0].f64), out);
}
tide_row_result tide_row_atan(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return real(c, args[0].f64, atan(args[0].f64), out);
}
tide_row_result tide_row_atan2(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return real(c, args[0].f64, atan2(args[0].f64, args[1].f64), out);
}
/* The hyperbolic ones do not fail. */
tide_row_result tide_row_sinh(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->f64 = sinh(args[0].f64);
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_cosh(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->f64 = cosh(args[0].f64);
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_tanh(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->f64 = tanh(args[0].f64);
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_pi(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c, (void)args;
    out->f64 = M_PI;
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_e(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c, (void)args;
    out->f64 = M_E;
    return TIDE_ROW_VALUE;
}
#define RADIANS_PER_DEGREE 0.0174532925199432957692
tide_row_result tide_row_degrees(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return real(c, args[0].f64, args[0].f64 / RADIANS_PER_DEGREE, out);
}
tide_row_result tide_row_radians(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->f64 = args[0].f64 * RADIANS_PER_DEGREE;
    return TIDE_ROW_VALUE;
}

/* SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"). */
tide_row_result tide_row_random(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)args;
    uint64_t z = *c->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    out->f64 = (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
    return TIDE_ROW_VALUE;
}

/* v to n decimal places by `round`; n may be negative. */
static double to_places(double v, int64_t places, double (*rounder)(double))
{
    if (places > 308) return v;
    if (places < -308) return 0;
    double power = pow(10, (double)(places < 0 ? -places : places));
    double scaled = places < 0 ? v / power : v * power;
    if (!isfinite(scaled)) return v;
    return places < 0 ? rounder(scaled) * power : rounder(scaled) / power;
}

tide_row_result tide_row_round_places(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->f64 = to_places(args[0].f64, args[1].i64, round);
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_trunc_places(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->f64 = to_places(args[0].f64, args[1].i64, trunc);
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_width_bucket(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    double x = args[0].f64, low = args[1].f64, high = args[2].f64;
    int64_t n = args[3].i64;
    if (n <= 0) return tide_row_fail(c, TIDE_E_INVALID, "count must be greater than zero");
    if (isnan(x) || isnan(low) || isnan(high))
        return tide_row_fail(c, TIDE_E_INVALID,
                             "operand, lower bound, and upper bound cannot be NaN");
    if (isinf(low) || isinf(high))
        return tide_row_fail(c, TIDE_E_INVALID, "lower and upper bounds must be finite");
    if (low == high)
        return tide_row_fail(c, TIDE_E_INVALID, "lower bound cannot equal upper bound");
    bool up = low < high;
    if (up ? x < low : x > low)
        out->i64 = 0;
    else if (up ? x >= high : x <= high)
        out->i64 = n + 1;
    else
        out->i64 = (int64_t)((double)n * ((x - low) / (high - low))) + 1;
    if (out->i64 > INT32_MAX) return tide_row_fail(c, TIDE_E_OVERFLOW, "INT out of range");
    return TIDE_ROW_VALUE;
}

TIDE_HOT void tide_vec_floor(const tide_kcall *k)
{
    const double *restrict a = k->args[0]->values;
    double *restrict out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) out[i] = floor(a[i]);
}
TIDE_HOT void tide_vec_ceil(const tide_kcall *k)
{
    const double *restrict a = k->args[0]->values;
    double *restrict out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) out[i] = ceil(a[i]);
}
TIDE_HOT void tide_vec_trunc(const tide_kcall *k)
{
    const double *restrict a = k->args[0]->values;
    double *restrict out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) out[i] = trunc(a[i]);
}
/* Half to even. */
TIDE_HOT void tide_vec_round(const tide_kcall *k)
{
    const double *restrict a = k->args[0]->values;
    double *restrict out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) out[i] = rint(a[i]);
}
void tide_vec_sign(const tide_kcall *k)
{
    const double *restrict a = k->args[0]->values;
    double *restrict out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++)
        out[i] = a[i] > 0 ? 1 : a[i] < 0 ? -1 : 0; /* Of NaN, too. */
}

/* ---- whole numbers ---- */

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

static uint64_t gcd_of(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static tide_row_result whole(tide_rowcall *c, unsigned __int128 v, tide_value *out)
{
    char name[TIDE_TYPE_TEXT_MAX];
    if (v > UINT64_MAX >> (65 - 8 * tide_type_width(out->type)))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "value out of range for %s",
                             tide_type_print(out->type, name, sizeof name));
    out->i64 = (int64_t)v;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_gcd(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return whole(c, gcd_of(magnitude(args[0].i64), magnitude(args[1].i64)), out);
}

tide_row_result tide_row_lcm(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    uint64_t a = magnitude(args[0].i64), b = magnitude(args[1].i64);
    if (a == 0 || b == 0) return whole(c, 0, out);
    return whole(c, (unsigned __int128)(a / gcd_of(a, b)) * b, out);
}

tide_row_result tide_row_factorial(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    if (args[0].i64 < 0)
        return tide_row_fail(c, TIDE_E_INVALID, "factorial of a negative number is undefined");
    __int128 product = 1;
    for (int64_t i = 2; i <= args[0].i64; i++)
        if (!tide_decimal_mul(product, i, 0, &product))
            return tide_row_fail(c, TIDE_E_OVERFLOW, "value out of range for DECIMAL(38, 0)");
    out->i128 = product;
    return TIDE_ROW_VALUE;
}

/* Shifts use the count's low bits, as PostgreSQL does. */
tide_row_result tide_row_shift_left(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    uint32_t bits = out->type.id == TIDE_TYPE_BIGINT ? 64 : 32,
             by = (uint32_t)args[1].i64 & (bits - 1);
    uint64_t v = (uint64_t)args[0].i64 << by;
    out->i64 = bits == 64 ? (int64_t)v : (int32_t)(uint32_t)v;
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_shift_right(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    uint32_t bits = out->type.id == TIDE_TYPE_BIGINT ? 64 : 32;
    out->i64 = args[0].i64 >> ((uint32_t)args[1].i64 & (bits - 1));
    return TIDE_ROW_VALUE;
}

typedef enum bit_op { BIT_AND, BIT_OR, BIT_XOR } bit_op;

/* Bytes know no widths: the same loop for every integer type. A constant is one value repeated. */
static void bits_of(const tide_kcall *k, bit_op op)
{
    uint32_t width = tide_type_width(k->out->vec.type);
    const uint8_t *a = k->args[0]->values, *b = k->args[1]->values;
    uint8_t *out = k->out->vec.values;
    size_t bytes = (size_t)k->n * width;
    for (size_t i = 0; i < bytes; i++) {
        uint8_t x = a[k->args[0]->constant ? i % width : i],
                y = b[k->args[1]->constant ? i % width : i];
        out[i] = (uint8_t)(op == BIT_AND ? x & y : op == BIT_OR ? x | y : x ^ y);
    }
}
void tide_vec_bit_and(const tide_kcall *k)
{
    bits_of(k, BIT_AND);
}
void tide_vec_bit_or(const tide_kcall *k)
{
    bits_of(k, BIT_OR);
}
void tide_vec_bit_xor(const tide_kcall *k)
{
    bits_of(k, BIT_XOR);
}
void tide_vec_bit_not(const tide_kcall *k)
{
    const uint8_t *a = k->args[0]->values;
    uint8_t *restrict out = k->out->vec.values;
    size_t bytes = (size_t)k->n * tide_type_width(k->out->vec.type);
    for (size_t i = 0; i < bytes; i++) out[i] = (uint8_t)~a[i];
}

/* ---- DECIMALs ---- */

tide_row_result tide_row_sign_decimal(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->i128 = args[0].i128 > 0 ? 1 : args[0].i128 < 0 ? -1 : 0;
    return TIDE_ROW_VALUE;
}

static tide_row_result decimal(tide_rowcall *c, __int128 v, tide_value *out)
{
    char name[TIDE_TYPE_TEXT_MAX];
    if (!tide_decimal_fits(v, out->type.precision))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "value out of range for %s",
                             tide_type_print(out->type, name, sizeof name));
    out->i128 = v;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_floor_decimal(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    __int128 unit = tide_decimal_pow10(args[0].type.scale), q = args[0].i128 / unit;
    return decimal(c, q - (args[0].i128 % unit < 0), out);
}
tide_row_result tide_row_ceil_decimal(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    __int128 unit = tide_decimal_pow10(args[0].type.scale), q = args[0].i128 / unit;
    return decimal(c, q + (args[0].i128 % unit > 0), out);
}

/* To `places` decimal places, at the result's scale. */
static tide_row_result places_of(tide_rowcall *c, const tide_value *args, bool cut, tide_value *out)
{
    int64_t places = c->n_args == 2 ? args[1].i64 : 0, scale = args[0].type.scale;
    __int128 v = args[0].i128;
    if (scale - places > TIDE_DECIMAL_PRECISION_MAX) v = 0;
    if (places < scale && v != 0) {
        __int128 unit = tide_decimal_pow10((uint32_t)(scale - places));
        __int128 q = cut ? v / unit : tide_decimal_div_round(v, unit);
        if (__builtin_mul_overflow(q, unit, &v)) return decimal(c, tide_decimal_pow10(38), out);
    }
    if (!tide_decimal_rescale(v, (uint32_t)scale, out->type.scale, &v))
        return decimal(c, tide_decimal_pow10(38), out);
    return decimal(c, v, out);
}
tide_row_result tide_row_round_decimal(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return places_of(c, args, false, out);
}
tide_row_result tide_row_trunc_decimal(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return places_of(c, args, true, out);
}

/* ---- any type ---- */

static tide_row_result extreme(const tide_rowcall *c, const tide_value *args, int sign,
                               tide_value *out)
{
    const tide_value *best = NULL;
    for (uint32_t i = 0; i < c->n_args; i++)
        if (!args[i].is_null && (best == NULL || sign * tide_value_order(&args[i], best) > 0))
            best = &args[i];
    if (best == NULL) return TIDE_ROW_NULL;
    tide_type type = out->type;
    *out = *best;
    out->type = type;
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_greatest(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return extreme(c, args, 1, out);
}
tide_row_result tide_row_least(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return extreme(c, args, -1, out);
}
