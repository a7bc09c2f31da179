/* decimal.c - products and quotients that may need 256 bits on the way. */
#include "base/expr/decimal_priv.h"

#include <math.h>
#include <stdio.h>

#include "base/column/text.h"
#include "base/core/assert.h"

typedef unsigned __int128 u128;

/* A 256-bit number. */
typedef struct wide {
    u128 high, low;
} wide;

static u128 magnitude(__int128 v)
{
    return v < 0 ? 0 - (u128)v : (u128)v;
}

static wide multiply(u128 a, u128 b)
{
    u128 a0 = (uint64_t)a, a1 = a >> 64, b0 = (uint64_t)b, b1 = b >> 64;
    u128 p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
    u128 middle = (p00 >> 64) + (uint64_t)p01 + (uint64_t)p10;
    return (wide){ .high = p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64),
                   .low = (middle << 64) | (uint64_t)p00 };
}

/* v / d rounded half up; false if the quotient needs more than 128 bits. d < 2^127, so that the
 * remainder can be doubled. */
static bool divide_round(wide v, u128 d, u128 *out)
{
    if (v.high >= d) return false;
    u128 rest = v.high, q = 0;
    if (rest == 0 && v.low <= UINT64_MAX && d <= UINT64_MAX) {
        q = (uint64_t)v.low / (uint64_t)d;
        rest = (uint64_t)v.low % (uint64_t)d;
    } else if (rest == 0) {
        q = v.low / d;
        rest = v.low - q * d;
    } else {
        for (int bit = 127; bit >= 0; bit--) {
            rest = rest << 1 | ((v.low >> bit) & 1);
            q <<= 1;
            if (rest >= d) {
                rest -= d;
                q |= 1;
            }
        }
    }
    *out = q + (rest >= d - rest);
    return true;
}

static bool with_sign(u128 v, bool negative, __int128 *out)
{
    if (v >= (u128)tide_decimal_pow10(38)) return false;
    *out = negative ? -(__int128)v : (__int128)v;
    return true;
}

bool tide_decimal_rescale(__int128 v, uint32_t from, uint32_t to, __int128 *out)
{
    if (to == from) {
        *out = v;
        return tide_decimal_fits(v, 38);
    }
    if (to > from) return tide_decimal_mul(v, tide_decimal_pow10(to - from), 0, out);
    *out = tide_decimal_div_round(v, tide_decimal_pow10(from - to));
    return true;
}

bool tide_decimal_mul(__int128 a, __int128 b, uint32_t drop, __int128 *out)
{
    if (drop == 0) return !__builtin_mul_overflow(a, b, out) && tide_decimal_fits(*out, 38);
    u128 q;
    if (!divide_round(multiply(magnitude(a), magnitude(b)), (u128)tide_decimal_pow10(drop), &q))
        return false;
    return with_sign(q, (a < 0) != (b < 0), out);
}

bool tide_decimal_div(__int128 a, __int128 b, int shift, __int128 *out)
{
    tide_assert(b != 0);
    bool negative = (a < 0) != (b < 0);
    u128 top = magnitude(a), bottom = magnitude(b), q;
    wide v = { 0, top };
    if (shift < 0) {
        u128 scale = (u128)tide_decimal_pow10((uint32_t)-shift);
        wide product = multiply(bottom, scale);
        if (product.high ||
            product.low >> 126) { /* Over 10^37: at most 38 digits / it rounds to 0. */
            *out = 0;
            return true;
        }
        bottom = product.low;
    } else if (shift > 38) { /* In two steps; the first cannot be needed for values of 38 digits. */
        if (top != 0) return false;
    } else {
        v = multiply(top, (u128)tide_decimal_pow10((uint32_t)shift));
    }
    return divide_round(v, bottom, &q) && with_sign(q, negative, out);
}

static uint32_t bit_length(u128 v)
{
    uint64_t high = (uint64_t)(v >> 64);
    return high ? 128 - (uint32_t)__builtin_clzll(high)
                : 64 - (uint32_t)__builtin_clzll((uint64_t)v | 1);
}

bool tide_decimal_round_f64(double v, int digits, __int128 *out)
{
    int exponent;
    u128 top = (u128)ldexp(frexp(v, &exponent), 53), bottom = 1;
    exponent -= 53;
    uint32_t scale = (uint32_t)(digits < 0 ? -digits : digits);
    if (scale > 22) return false;
    *(digits < 0 ? &bottom : &top) *= (u128)tide_decimal_pow10(scale);
    if (exponent < -127 && digits >= 0) { /* Below a half: `top` has 127 bits at most. */
        *out = 0;
        return true;
    }
    u128 *grows = exponent < 0 ? &bottom : &top;
    uint32_t shift = (uint32_t)(exponent < 0 ? -exponent : exponent);
    if (bit_length(*grows) + shift > (exponent < 0 ? 128u : 126u)) return false;
    *grows <<= shift;
    u128 q, rest;
    if (digits >= 0 && exponent < 0) { /* A power of two. */
        q = top >> shift;
        rest = top & (bottom - 1);
    } else {
        q = top / bottom;
        rest = top % bottom;
    }
    u128 other = bottom - rest;
    *out = (__int128)(q + (rest > other || (rest == other && (q & 1))));
    return true;
}

int tide_decimal_compare(__int128 a, uint32_t a_scale, __int128 b, uint32_t b_scale)
{
    if (a_scale == b_scale) return a < b ? -1 : a > b;
    if (a_scale > b_scale) return -tide_decimal_compare(b, b_scale, a, a_scale);
    if ((a < 0) != (b < 0)) return a < 0 ? -1 : 1;
    wide scaled = multiply(magnitude(a), (u128)tide_decimal_pow10(b_scale - a_scale));
    u128 other = magnitude(b);
    int order = scaled.high || scaled.low > other ? 1 : scaled.low < other ? -1 : 0;
    return a < 0 ? -order : order;
}

double tide_decimal_to_f64(__int128 v, uint32_t scale)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    /* Both sides exact: one correctly rounded division. */
    if (v < (INT64_C(1) << 53) && v > -(INT64_C(1) << 53) && scale <= 22)
        return (double)(int64_t)v / powers[scale];
    char text[TIDE_TEXT_MAX];
    double out = 0;
    bool ok = tide_parse_f64(text, tide_print_decimal(v, scale, text), &out);
    tide_assert(ok);
    return out;
}

bool tide_decimal_from_f64(double v, uint32_t digits, tide_type type, __int128 *out)
{
    if (!isfinite(v)) return false;
    char text[64];
    int n = snprintf(text, sizeof text, "%.*g", (int)digits, v);
    return tide_parse_decimal(text, (size_t)n, type.precision, type.scale, out);
}
