/* arith.c - + - * / % over integers and floats; DECIMALs are in decimal_kernels.c.
 *
 * Loops compute every row without branches and collect whether any may have gone wrong; only
 * then the rows are looked at one by one. */
#include <float.h>
#include <math.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "base/expr/arith_priv.h"
#include "base/expr/kernels_priv.h"

typedef enum shape { SHAPE_COLUMNS, SHAPE_A_FIXED, SHAPE_B_FIXED } shape;

/* ---- TINYINT, SMALLINT, INT ---- */

#define T int8_t
#define W int32_t
#define BAD uint32_t
#define T_MIN INT8_MIN
#define NAME(f) f##_i8
#include "base/expr/small_int.inc"

#include "base/expr/arith_loops.inc"
#include "base/expr/mod_loop.inc"
#undef T
#undef T_MIN
#undef NAME

#define T int16_t
#define T_MIN INT16_MIN
#define NAME(f) f##_i16
#include "base/expr/small_int.inc"

#include "base/expr/arith_loops.inc"
#include "base/expr/mod_loop.inc"
#undef T
#undef W
#undef BAD
#undef T_MIN
#undef NAME

#define T int32_t
#define W int64_t
#define BAD uint64_t
#define T_MIN INT32_MIN
#define NAME(f) f##_i32
#include "base/expr/small_int.inc"

#include "base/expr/arith_loops.inc"
#include "base/expr/mod_loop.inc"
#undef T
#undef W
#undef T_MIN
#undef NAME

/* ---- BIGINT ---- */

TIDE_INLINE int64_t add1_i64(int64_t x, int64_t y, uint64_t *bad)
{
    uint64_t sum = (uint64_t)x + (uint64_t)y;
    *bad |= ((sum ^ (uint64_t)x) & (sum ^ (uint64_t)y)) >> 63;
    return (int64_t)sum;
}
TIDE_INLINE int64_t sub1_i64(int64_t x, int64_t y, uint64_t *bad)
{
    uint64_t difference = (uint64_t)x - (uint64_t)y;
    *bad |= (((uint64_t)x ^ (uint64_t)y) & (difference ^ (uint64_t)x)) >> 63;
    return (int64_t)difference;
}
/* The product of the nearest doubles is off by less than 2^-51 of itself: what it finds well
 * inside the range is inside. That comes in vectors, and the upper half of a 128-bit product
 * does not. */
TIDE_INLINE int64_t mul1_i64(int64_t x, int64_t y, uint64_t *bad)
{
    *bad |= fabs((double)x * (double)y) > 0x1.ffffffffffff0p62;
    return (int64_t)((uint64_t)x * (uint64_t)y);
}
TIDE_INLINE int64_t div1_i64(int64_t x, int64_t y, uint64_t *bad)
{
    bool fails = y == 0 || (x == INT64_MIN && y == -1);
    *bad |= fails;
    return x / (fails ? 1 : y);
}
TIDE_INLINE int64_t mod1_i64(int64_t x, int64_t y, uint64_t *bad)
{
    *bad |= y == 0;
    return x % (y == 0 || y == -1 ? 1 : y);
}

#define T int64_t
#define NAME(f) f##_i64
#include "base/expr/arith_loops.inc"
#include "base/expr/mod_loop.inc"
#undef T
#undef NAME

/* ---- FLOAT, DOUBLE: overflow to infinity and underflow to zero fail, as in PostgreSQL ---- */

TIDE_INLINE double checked_f64(double result, double x, double y, uint64_t *bad)
{
    *bad |= (fabs(result) > DBL_MAX) & (fabs(x) <= DBL_MAX) & (fabs(y) <= DBL_MAX);
    return result;
}
TIDE_INLINE double add1_f64(double x, double y, uint64_t *bad)
{
    return checked_f64(x + y, x, y, bad);
}
TIDE_INLINE double sub1_f64(double x, double y, uint64_t *bad)
{
    return checked_f64(x - y, x, y, bad);
}
TIDE_INLINE double mul1_f64(double x, double y, uint64_t *bad)
{
    *bad |= (x * y == 0) & (x != 0) & (y != 0);
    return checked_f64(x * y, x, y, bad);
}
TIDE_INLINE double div1_f64(double x, double y, uint64_t *bad)
{
    *bad |= (y == 0) | ((x / y == 0) & (x != 0) & (fabs(y) <= DBL_MAX));
    return checked_f64(x / y, x, y, bad);
}

#define T double
#define NAME(f) f##_f64
#include "base/expr/arith_loops.inc"
#undef T
#undef BAD
#undef NAME

TIDE_INLINE float checked_f32(float result, float x, float y, uint32_t *bad)
{
    *bad |= (fabsf(result) > FLT_MAX) & (fabsf(x) <= FLT_MAX) & (fabsf(y) <= FLT_MAX);
    return result;
}
TIDE_INLINE float add1_f32(float x, float y, uint32_t *bad)
{
    return checked_f32(x + y, x, y, bad);
}
TIDE_INLINE float sub1_f32(float x, float y, uint32_t *bad)
{
    return checked_f32(x - y, x, y, bad);
}
TIDE_INLINE float mul1_f32(float x, float y, uint32_t *bad)
{
    *bad |= (x * y == 0) & (x != 0) & (y != 0);
    return checked_f32(x * y, x, y, bad);
}
TIDE_INLINE float div1_f32(float x, float y, uint32_t *bad)
{
    *bad |= (y == 0) | ((x / y == 0) & (x != 0) & (fabsf(y) <= FLT_MAX));
    return checked_f32(x / y, x, y, bad);
}

#define T float
#define BAD uint32_t
#define NAME(f) f##_f32
#include "base/expr/arith_loops.inc"
#undef T
#undef BAD
#undef NAME

/* ---- division of BIGINTs by a constant ---- */

/* |x| / |d| by a multiplication (Granlund and Montgomery, "Division by invariant integers using
 * multiplication", section 4): with the magic number m, q = (t + (|x| - t) / 2) >> shift, t the
 * upper half of m * |x|. */
typedef struct divider {
    uint64_t magic, divisor; /* divisor: |d|, at least 2. */
    uint32_t shift;
} divider;

static divider make_divider(int64_t d)
{
    uint64_t magnitude = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;
    uint32_t bits = 64 - (uint32_t)__builtin_clzll(magnitude - 1);
    unsigned __int128 power = (unsigned __int128)1 << bits;
    return (divider){ .magic = (uint64_t)(((power - magnitude) << 64) / magnitude) + 1,
                      .divisor = magnitude,
                      .shift = bits - 1 };
}

TIDE_INLINE uint64_t divide(const divider *by, uint64_t x)
{
    uint64_t t = (uint64_t)((unsigned __int128)by->magic * x >> 64);
    return (t + ((x - t) >> 1)) >> by->shift;
}

TIDE_INLINE uint64_t magnitude_of(int64_t x, uint64_t sign)
{
    return ((uint64_t)x ^ sign) - sign;
}

static void div_by(const int64_t *restrict a, int64_t d, int64_t *restrict out, uint32_t n)
{
    divider by = make_divider(d);
    uint64_t d_sign = (uint64_t)(d >> 63);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t sign = (uint64_t)(a[i] >> 63), q = divide(&by, magnitude_of(a[i], sign));
        sign ^= d_sign;
        out[i] = (int64_t)((q ^ sign) - sign);
    }
}

static void mod_by(const int64_t *restrict a, int64_t d, int64_t *restrict out, uint32_t n)
{
    divider by = make_divider(d);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t sign = (uint64_t)(a[i] >> 63), x = magnitude_of(a[i], sign);
        uint64_t rest = x - divide(&by, x) * by.divisor;
        out[i] = (int64_t)((rest ^ sign) - sign);
    }
}

/* ---- multiples of a constant: x % d = 0 ---- */

/* With d = 2^k * o, o odd: x is a multiple if its lowest k bits are zero and x times the inverse
 * of o (modulo 2^64) is no larger than the largest quotient (Warren, "Hacker's Delight", 10-17). */
typedef struct multiples {
    uint64_t inverse, bound, span, low_bits;
} multiples;

void *tide_multiples_of(int64_t d)
{
    multiples *self = tide_malloc(sizeof *self);
    uint64_t odd = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;
    uint32_t k = (uint32_t)__builtin_ctzll(odd);
    odd >>= k;
    uint64_t inverse = odd; /* Right in the lowest 3 bits; each step doubles their number. */
    for (uint32_t i = 0; i < 5; i++) inverse *= 2 - odd * inverse;
    uint64_t bound = (uint64_t)INT64_MAX / odd;
    *self = (multiples){ .inverse = inverse,
                         .bound = bound,
                         .low_bits = (UINT64_C(1) << k) - 1,
                         .span = odd == 1 ? UINT64_MAX : 2 * bound };
    return self;
}

TIDE_HOT static void find_multiples(const uint64_t *restrict x, const multiples *of, uint8_t flip,
                                    uint8_t *restrict out, uint32_t n)
{
    const multiples m = *of;
    for (uint32_t i = 0; i < n; i++)
        out[i] =
            (uint8_t)(((x[i] * m.inverse + m.bound <= m.span) & ((x[i] & m.low_bits) == 0)) ^ flip);
}

static void vec_is_multiple(const tide_kcall *k)
{
    find_multiples(k->args[0]->values, k->imm, 0, k->out->vec.values, k->n);
}
static void vec_is_no_multiple(const tide_kcall *k)
{
    find_multiples(k->args[0]->values, k->imm, 1, k->out->vec.values, k->n);
}

const tide_fn tide_fn_is_multiple = { .name = "is multiple", .vector = vec_is_multiple };
const tide_fn tide_fn_is_no_multiple = { .name = "is no multiple", .vector = vec_is_no_multiple };

/* ---- which rows failed ---- */

static int64_t int_at(const tide_vec *v, uint32_t row)
{
    tide_value out;
    tide_vec_load(v, row, &out);
    return out.i64;
}

static double float_at(const tide_vec *v, uint32_t row)
{
    tide_value out;
    tide_vec_load(v, row, &out);
    return out.f64;
}

static void division_by_zero(const tide_kcall *k, uint32_t row)
{
    tide_kcall_error(k, row, TIDE_E_DIV_ZERO, "division by zero");
}

static void check_int_row(const tide_kcall *k, char op, uint32_t row)
{
    __int128 x = int_at(k->args[0], row), y = int_at(k->args[1], row), result = 0;
    if (y == 0 && (op == '/' || op == '%')) {
        division_by_zero(k, row);
        return;
    }
    switch (op) {
    case '+': result = x + y; break;
    case '-': result = x - y; break;
    case '*': result = x * y; break;
    case '/': result = x / y; break;
    default: return;
    }
    tide_type type = k->out->vec.type;
    __int128 max = (__int128)(UINT64_MAX >> (65 - 8 * tide_type_width(type)));
    if (result <= max && result >= -max - 1) return;
    char name[TIDE_TYPE_TEXT_MAX];
    tide_kcall_error(k, row, TIDE_E_OVERFLOW, "%lld %c %lld is out of range for %s", (long long)x,
                     op, (long long)y, tide_type_print(type, name, sizeof name));
}

static void check_float_row(const tide_kcall *k, char op, uint32_t row)
{
    double x = float_at(k->args[0], row), y = float_at(k->args[1], row);
    tide_value result;
    tide_vec_load(&k->out->vec, row, &result);
    double r = result.f64;
    bool over = isinf(r) && !isinf(x) && !isinf(y);
    bool under = r == 0 && x != 0 && ((op == '*' && y != 0) || (op == '/' && !isinf(y)));
    if (op == '/' && y == 0)
        division_by_zero(k, row);
    else if (over || under)
        tide_kcall_error(k, row, TIDE_E_OVERFLOW, "%g %c %g is out of range: %s", x, op, y,
                         over ? "overflow" : "underflow");
}

void tide_check_rows(const tide_kcall *k, void (*check)(const tide_kcall *k, char op, uint32_t row),
                     char op)
{
    for (uint32_t w = 0; w < tide_mask_words(k->n); w++)
        for (uint64_t live = tide_kcall_live_word(k, w); live; live &= live - 1)
            check(k, op, w * 64 + (uint32_t)__builtin_ctzll(live));
}

/* -x, or |x| */
static void flip_sign(const tide_kcall *k, bool abs)
{
    uint32_t n = k->n;
    if (k->out->vec.type.id == TIDE_TYPE_DOUBLE) {
        const double *a = k->args[0]->values;
        double *out = k->out->vec.values;
        for (uint32_t i = 0; i < n; i++) out[i] = abs ? fabs(a[i]) : -a[i];
    } else {
        const float *a = k->args[0]->values;
        float *out = k->out->vec.values;
        for (uint32_t i = 0; i < n; i++) out[i] = abs ? fabsf(a[i]) : -a[i];
    }
}

/* ---- dispatch ---- */

typedef bool (*arith_loop)(const void *a, const void *b, void *out, uint32_t n, shape s);

/* Loops by type, TINYINT to DOUBLE. */
#define LOOPS(f)                                                                                   \
    {                                                                                              \
        f##_i8, f##_i16, f##_i32, f##_i64, f##_f32, f##_f64                                        \
    }
static const arith_loop add_loops[] = LOOPS(add), sub_loops[] = LOOPS(sub),
                        mul_loops[] = LOOPS(mul), div_loops[] = LOOPS(div);
static const arith_loop mod_loops[] = { mod_i8, mod_i16, mod_i32, mod_i64 };

static void run_loop(const tide_kcall *k, const arith_loop *loops, char op)
{
    const tide_vec *a = k->args[0], *b = k->args[1];
    tide_type type = k->out->vec.type;
    shape s = a->constant ? SHAPE_A_FIXED : b->constant ? SHAPE_B_FIXED : SHAPE_COLUMNS;
    if (!loops[type.id - TIDE_TYPE_TINYINT](a->values, b->values, k->out->vec.values, k->n, s))
        return;
    tide_check_rows(k, tide_type_is_integer(type) ? check_int_row : check_float_row, op);
}

static bool is_decimal(const tide_kcall *k)
{
    return k->out->vec.type.id == TIDE_TYPE_DECIMAL;
}

void tide_vec_add(const tide_kcall *k)
{
    if (is_decimal(k))
        tide_decimal_vec_add(k, false);
    else
        run_loop(k, add_loops, '+');
}

void tide_vec_sub(const tide_kcall *k)
{
    if (is_decimal(k))
        tide_decimal_vec_add(k, true);
    else
        run_loop(k, sub_loops, '-');
}

void tide_vec_mul(const tide_kcall *k)
{
    if (is_decimal(k))
        tide_decimal_vec_mul(k);
    else
        run_loop(k, mul_loops, '*');
}

/* A BIGINT divisor that is constant and neither 0, 1 nor -1. */
static bool has_divider(const tide_kcall *k, int64_t *d_out)
{
    const tide_vec *b = k->args[1];
    if (k->out->vec.type.id != TIDE_TYPE_BIGINT || !b->constant) return false;
    *d_out = *(const int64_t *)b->values;
    return *d_out > 1 || *d_out < -1;
}

void tide_vec_div(const tide_kcall *k)
{
    int64_t d;
    if (is_decimal(k))
        tide_decimal_vec_div(k);
    else if (has_divider(k, &d))
        div_by(k->args[0]->values, d, k->out->vec.values, k->n);
    else
        run_loop(k, div_loops, '/');
}

void tide_vec_mod(const tide_kcall *k)
{
    int64_t d;
    if (is_decimal(k))
        tide_decimal_vec_mod(k);
    else if (has_divider(k, &d))
        mod_by(k->args[0]->values, d, k->out->vec.values, k->n);
    else
        run_loop(k, mod_loops, '%');
}

/* ---- one operand ---- */

void tide_vec_neg(const tide_kcall *k)
{
    static const uint64_t zero[2] = { 0 };
    const tide_vec zeros = { .type = k->args[0]->type,
                             .constant = true,
                             .values = (void *)(uintptr_t)zero };
    const tide_vec *args[] = { &zeros, k->args[0] };
    tide_kcall minus = *k;
    minus.args = args;
    minus.n_args = 2;
    tide_type type = k->out->vec.type;
    if (type.id == TIDE_TYPE_DOUBLE || type.id == TIDE_TYPE_FLOAT)
        flip_sign(k, false); /* 0 - 0 has the wrong sign. */
    else
        tide_vec_sub(&minus);
}

/* Of integers and DECIMALs: x where it is not negative, else what negation gave. */
static void restore_positive(const tide_kcall *k)
{
    uint32_t width = tide_type_width(k->out->vec.type);
    const uint8_t *a = k->args[0]->values;
    uint8_t *out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) /* The last byte holds the sign. */
        if (!(a[(size_t)i * width + width - 1] & 0x80))
            memcpy(out + (size_t)i * width, a + (size_t)i * width, width);
}

void tide_vec_abs(const tide_kcall *k)
{
    tide_type type = k->out->vec.type;
    if (type.id == TIDE_TYPE_DOUBLE || type.id == TIDE_TYPE_FLOAT) {
        flip_sign(k, true);
        return;
    }
    tide_vec_neg(k);
    restore_positive(k);
}
