/* decimal_priv.h - 128-bit decimal arithmetic with overflow checks. Pure; any thread. */
#ifndef TIDE_BASE_EXPR_DECIMAL_PRIV_H
#define TIDE_BASE_EXPR_DECIMAL_PRIV_H
#include "base/column/digits.h"
#include "base/column/type.h"

/* 10^n; n <= 38. */
TIDE_INLINE __int128 tide_decimal_pow10(uint32_t n)
{
    return (__int128)tide_pow10_u128(n);
}
/* At most `precision` digits? */
TIDE_INLINE bool tide_decimal_fits(__int128 v, uint32_t precision)
{
    __int128 limit = tide_decimal_pow10(precision);
    return v < limit && v > -limit;
}
/* v / d, rounded half away from zero; d > 0. */
TIDE_INLINE __int128 tide_decimal_div_round(__int128 v, __int128 d)
{
    if (v == (int64_t)v && d == (int64_t)d) { /* Many times faster. */
        int64_t q = (int64_t)v / (int64_t)d, r = (int64_t)v % (int64_t)d;
        if (r < 0) r = -r;
        return r >= (int64_t)d - r ? q + (v < 0 ? -1 : 1) : q;
    }
    __int128 q = v / d, r = v - q * d; /* One division. */
    if (r < 0) r = -r;
    return r >= d - r ? q + (v < 0 ? -1 : 1) : q;
}

/* v of scale `from` at scale `to`, rounded half away from zero; false on overflow of 38 digits. */
bool tide_decimal_rescale(__int128 v, uint32_t from, uint32_t to, __int128 *out);
/* a * b / 10^drop, rounded; false if it has more than 38 digits. */
bool tide_decimal_mul(__int128 a, __int128 b, uint32_t drop, __int128 *out);
/* a * 10^shift / b, rounded; b != 0; false if it has more than 38 digits. shift may be negative. */
bool tide_decimal_div(__int128 a, __int128 b, int shift, __int128 *out);
/* <0, 0, >0 as a (of scale a_scale) is less than, equal to or greater than b. */
int tide_decimal_compare(__int128 a, uint32_t a_scale, __int128 b, uint32_t b_scale);
/* The nearest double. */
double tide_decimal_to_f64(__int128 v, uint32_t scale);
/* v * 10^digits (of either sign), v >= 0, to the nearest whole number, ties to the even one: exact,
 * as printf rounds. False if that needs more than 128 bits on the way. */
bool tide_decimal_round_f64(double v, int digits, __int128 *out);
/* Of at most `digits` significant digits (15 for DOUBLE, 6 for FLOAT), as PostgreSQL does; false
 * if it is not finite or needs more than `precision` digits. */
bool tide_decimal_from_f64(double v, uint32_t digits, tide_type type, __int128 *out);

#endif
