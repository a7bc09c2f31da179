/* agg_sum.c - count, sum and avg: accumulators that can also take values away.
 *
 * Integers and decimals add up exactly, in 128 bits; so taking a value or a whole pane away gives
 * what had been there. Doubles do not: retract serves changing inputs, where rounding must be lived
 * with, but unmerge is not offered. NaN and the infinities are counted apart from the finite sum,
 * so that they leave no trace when they are taken away. */
#include <float.h>
#include <math.h>

#include "base/core/assert.h"
#include "base/expr/agg_priv.h"

/* States lie 8-byte aligned in rows, so the 128 bits are kept as two words. */
typedef struct exact_sum {
    int64_t n; /* Arguments other than NULL. */
    uint64_t lo;
    int64_t hi;
} exact_sum;

typedef struct float_sum {
    int64_t n;
    double finite;
    int32_t n_nan, n_inf, n_minus_inf, unused;
} float_sum;

typedef struct interval_sum {
    int64_t n;
    int32_t months, days;
    int64_t micros;
} interval_sum;

_Static_assert(sizeof(exact_sum) == 24 && sizeof(float_sum) == 32 && sizeof(interval_sum) == 24,
               "stored layouts");

/* ---- count ---- */

TIDE_INLINE uint32_t count_over(uint8_t *const *states, uint32_t offset, const tide_col *arg,
                                const uint16_t *rows, uint32_t n, int64_t step)
{
    const uint64_t *validity = arg ? arg->validity : NULL;
    if (validity == NULL) {
        for (uint32_t i = 0; i < n; i++) *(int64_t *)(void *)(states[i] + offset) += step;
        return n;
    }
    for (uint32_t i = 0; i < n; i++)
        if (tide_agg_row_valid(validity, rows[i])) *(int64_t *)(void *)(states[i] + offset) += step;
    return n;
}

static uint32_t count_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                             const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    (void)self;
    return count_over(states, offset, arg, rows, n, 1);
}

static uint32_t count_retract(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                              const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    (void)self;
    return count_over(states, offset, arg, rows, n, -1);
}

static bool count_merge(const tide_agg *self, uint8_t *into, const uint8_t *from)
{
    (void)self;
    *(int64_t *)(void *)into += *(const int64_t *)(const void *)from;
    return true;
}

static bool count_unmerge(const tide_agg *self, uint8_t *into, const uint8_t *from)
{
    (void)self;
    *(int64_t *)(void *)into -= *(const int64_t *)(const void *)from;
    return true;
}

static void count_result(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                         uint32_t n, tide_colb *out, uint32_t first)
{
    (void)self;
    int64_t *values = (int64_t *)out->values + first;
    for (uint32_t i = 0; i < n; i++)
        values[i] = *(const int64_t *)(const void *)(states[i] + offset);
}

void tide_agg_init_count(tide_agg *self)
{
    self->state_bytes = sizeof(int64_t);
    self->invertible = true;
    self->update = count_update;
    self->retract = count_retract;
    self->merge = count_merge;
    self->unmerge = count_unmerge;
    self->result_of = count_result;
}

/* ---- exact sums ---- */

TIDE_INLINE __int128 sum_get(const exact_sum *s)
{
    return (__int128)(((unsigned __int128)(uint64_t)s->hi << 64) | s->lo);
}

TIDE_INLINE void sum_set(exact_sum *s, __int128 v)
{
    s->lo = (uint64_t)v;
    s->hi = (int64_t)(v >> 64);
}

/* Integers: 2^63 rows of 64 bits cannot overflow 128. Only a BIGINT result has a limit to keep. */
TIDE_INLINE uint32_t sum_ints(uint8_t *const *states, uint32_t offset, const tide_col *arg,
                              const uint16_t *rows, uint32_t n, tide_type_id id, bool subtract,
                              bool to_bigint)
{
    const uint64_t *validity = arg->validity;
    for (uint32_t i = 0; i < n; i++) {
        if (!tide_agg_row_valid(validity, rows[i])) continue;
        exact_sum *s = (void *)(states[i] + offset);
        int64_t v = tide_agg_load_i64(arg->values, rows[i], id);
        __int128 sum = subtract ? sum_get(s) - v : sum_get(s) + v;
        if (to_bigint && TIDE_UNLIKELY((int64_t)sum != sum)) return i;
        sum_set(s, sum);
        s->n += subtract ? -1 : 1;
    }
    return n;
}

TIDE_INLINE uint32_t sum_ints_of(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                                 const tide_col *arg, const uint16_t *rows, uint32_t n,
                                 bool subtract)
{
    bool to_bigint = self->result.id == TIDE_TYPE_BIGINT;
    if (self->arg.id == TIDE_TYPE_BIGINT)
        return sum_ints(states, offset, arg, rows, n, TIDE_TYPE_BIGINT, subtract, false);
    if (self->arg.id == TIDE_TYPE_INT)
        return sum_ints(states, offset, arg, rows, n, TIDE_TYPE_INT, subtract, to_bigint);
    if (self->arg.id == TIDE_TYPE_SMALLINT)
        return sum_ints(states, offset, arg, rows, n, TIDE_TYPE_SMALLINT, subtract, to_bigint);
    return sum_ints(states, offset, arg, rows, n, TIDE_TYPE_TINYINT, subtract, to_bigint);
}

static uint32_t int_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                           const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    return sum_ints_of(self, states, offset, arg, rows, n, false);
}

static uint32_t int_retract(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                            const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    return sum_ints_of(self, states, offset, arg, rows, n, true);
}

/* The first number of more digits than a DECIMAL has. */
#define DECIMAL_LIMIT ((__int128)UINT64_C(10000000000000000000) * UINT64_C(10000000000000000000))
_Static_assert(TIDE_DECIMAL_PRECISION_MAX == 38, "ten to the 19th, squared");

static __int128 power_of_ten(uint32_t exponent)
{
    __int128 v = 1;
    while (exponent-- > 0) v *= 10;
    return v;
}

/* The sum if it still has at most 38 digits. */
TIDE_INLINE bool add_decimal(__int128 a, __int128 b, __int128 limit, __int128 *out)
{
    return !__builtin_add_overflow(a, b, out) && *out<limit && * out> - limit;
}

TIDE_INLINE uint32_t sum_decimals(uint8_t *const *states, uint32_t offset, const tide_col *arg,
                                  const uint16_t *rows, uint32_t n, bool subtract)
{
    const __int128 *values = arg->values;
    const __int128 limit = DECIMAL_LIMIT;
    for (uint32_t i = 0; i < n; i++) {
        if (!tide_agg_row_valid(arg->validity, rows[i])) continue;
        exact_sum *s = (void *)(states[i] + offset);
        __int128 v = values[rows[i]], sum;
        if (TIDE_UNLIKELY(!add_decimal(sum_get(s), subtract ? -v : v, limit, &sum))) return i;
        sum_set(s, sum);
        s->n += subtract ? -1 : 1;
    }
    return n;
}

static uint32_t decimal_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                               const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    (void)self;
    return sum_decimals(states, offset, arg, rows, n, false);
}

static uint32_t decimal_retract(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                                const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    (void)self;
    return sum_decimals(states, offset, arg, rows, n, true);
}

TIDE_INLINE bool exact_combine(const tide_agg *self, exact_sum *into, const exact_sum *from,
                               bool subtract)
{
    __int128 sum, v = sum_get(from);
    if (!add_decimal(sum_get(into), subtract ? -v : v, DECIMAL_LIMIT, &sum)) return false;
    if (self->result.id == TIDE_TYPE_BIGINT && (int64_t)sum != sum) return false;
    sum_set(into, sum);
    into->n += subtract ? -from->n : from->n;
    return true;
}

static bool exact_merge(const tide_agg *self, uint8_t *into, const uint8_t *from)
{
    return exact_combine(self, (exact_sum *)(void *)into, (const exact_sum *)(const void *)from,
                         false);
}

static bool exact_unmerge(const tide_agg *self, uint8_t *into, const uint8_t *from)
{
    return exact_combine(self, (exact_sum *)(void *)into, (const exact_sum *)(const void *)from,
                         true);
}

static void exact_sum_result(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                             uint32_t n, tide_colb *out, uint32_t first)
{
    for (uint32_t i = 0; i < n; i++) {
        const exact_sum *s = (const void *)(states[i] + offset);
        if (s->n == 0)
            tide_colb_set_null(out, first + i);
        else if (self->result.id == TIDE_TYPE_BIGINT)
            ((int64_t *)out->values)[first + i] = (int64_t)s->lo;
        else
            ((__int128 *)out->values)[first + i] = sum_get(s);
    }
}

/* sum * 10^more / n, half away from zero. The quotient is within the argument's range and the
 * remainder below n, so neither product overflows. */
static __int128 divide_rounded(__int128 sum, int64_t n, uint32_t more)
{
    __int128 scale = power_of_ten(more), whole = sum / n, rest = (sum % n) * scale;
    __int128 digits = rest / n, over = rest % n;
    if (over < 0) over = -over;
    if (over >= n - over) digits += sum < 0 ? -1 : 1;
    return whole * scale + digits;
}

static void exact_avg_result(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                             uint32_t n, tide_colb *out, uint32_t first)
{
    uint32_t scale = self->arg.id == TIDE_TYPE_DECIMAL ? self->arg.scale : 0;
    for (uint32_t i = 0; i < n; i++) {
        const exact_sum *s = (const void *)(states[i] + offset);
        if (s->n == 0)
            tide_colb_set_null(out, first + i);
        else
            ((__int128 *)out->values)[first + i] =
                divide_rounded(sum_get(s), s->n, self->result.scale - scale);
    }
}

/* ---- floating point ---- */

/* False when finite values added up to something that is not. */
TIDE_INLINE bool float_add(float_sum *s, double v, int32_t times, double limit)
{
    s->n += times;
    if (TIDE_LIKELY(isfinite(v))) {
        s->finite += times < 0 ? -v : v;
        return fabs(s->finite) <= limit;
    }
    if (isnan(v))
        s->n_nan += times;
    else if (v > 0)
        s->n_inf += times;
    else
        s->n_minus_inf += times;
    return true;
}

TIDE_INLINE uint32_t sum_floats(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                                const tide_col *arg, const uint16_t *rows, uint32_t n,
                                int32_t times)
{
    bool is_float = self->arg.id == TIDE_TYPE_FLOAT;
    double limit = self->result.id == TIDE_TYPE_FLOAT ? (double)FLT_MAX : DBL_MAX;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = rows[i];
        if (!tide_agg_row_valid(arg->validity, row)) continue;
        double v = is_float ? (double)((const float *)arg->values)[row]
                            : ((const double *)arg->values)[row];
        if (TIDE_UNLIKELY(!float_add((void *)(states[i] + offset), v, times, limit))) return i;
    }
    return n;
}

static uint32_t float_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                             const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    return sum_floats(self, states, offset, arg, rows, n, 1);
}

static uint32_t float_retract(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                              const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    return sum_floats(self, states, offset, arg, rows, n, -1);
}

static bool float_merge(const tide_agg *self, uint8_t *into_bytes, const uint8_t *from_bytes)
{
    float_sum *into = (void *)into_bytes;
    const float_sum *from = (const void *)from_bytes;
    double limit = self->result.id == TIDE_TYPE_FLOAT ? (double)FLT_MAX : DBL_MAX;
    into->n += from->n;
    into->finite += from->finite;
    into->n_nan += from->n_nan;
    into->n_inf += from->n_inf;
    into->n_minus_inf += from->n_minus_inf;
    return fabs(into->finite) <= limit;
}

static double float_total(const float_sum *s)
{
    if (s->n_nan > 0 || (s->n_inf > 0 && s->n_minus_inf > 0)) return (double)NAN;
    if (s->n_inf > 0) return (double)INFINITY;
    return s->n_minus_inf > 0 ? -(double)INFINITY : s->finite;
}

static void float_result(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                         uint32_t n, tide_colb *out, uint32_t first)
{
    for (uint32_t i = 0; i < n; i++) {
        const float_sum *s = (const void *)(states[i] + offset);
        if (s->n == 0) {
            tide_colb_set_null(out, first + i);
            continue;
        }
        double v = self->kind == TIDE_AGG_AVG ? float_total(s) / (double)s->n : float_total(s);
        if (self->result.id == TIDE_TYPE_FLOAT)
            ((float *)out->values)[first + i] = (float)v;
        else
            ((double *)out->values)[first + i] = v;
    }
}

/* ---- intervals ---- */

TIDE_INLINE bool interval_combine(interval_sum *s, int32_t months, int32_t days, int64_t micros,
                                  bool subtract)
{
    interval_sum sum = *s;
    bool bad = subtract ? __builtin_sub_overflow(s->months, months, &sum.months) |
                              __builtin_sub_overflow(s->days, days, &sum.days) |
                              __builtin_sub_overflow(s->micros, micros, &sum.micros)
                        : __builtin_add_overflow(s->months, months, &sum.months) |
                              __builtin_add_overflow(s->days, days, &sum.days) |
                              __builtin_add_overflow(s->micros, micros, &sum.micros);
    if (bad) return false;
    *s = sum;
    return true;
}

TIDE_INLINE uint32_t sum_intervals(uint8_t *const *states, uint32_t offset, const tide_col *arg,
                                   const uint16_t *rows, uint32_t n, bool subtract)
{
    const tide_interval *values = arg->values;
    for (uint32_t i = 0; i < n; i++) {
        if (!tide_agg_row_valid(arg->validity, rows[i])) continue;
        interval_sum *s = (void *)(states[i] + offset);
        const tide_interval *v = &values[rows[i]];
        if (!interval_combine(s, v->months, v->days, v->micros, subtract)) return i;
        s->n += subtract ? -1 : 1;
    }
    return n;
}

static uint32_t interval_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                                const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    (void)self;
    return sum_intervals(states, offset, arg, rows, n, false);
}

static uint32_t interval_retract(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                                 const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    (void)self;
    return sum_intervals(states, offset, arg, rows, n, true);
}

static bool interval_merge(const tide_agg *self, uint8_t *into, const uint8_t *from_bytes)
{
    (void)self;
    interval_sum *s = (void *)into;
    const interval_sum *from = (const void *)from_bytes;
    if (!interval_combine(s, from->months, from->days, from->micros, false)) return false;
    s->n += from->n;
    return true;
}

static bool interval_unmerge(const tide_agg *self, uint8_t *into, const uint8_t *from_bytes)
{
    (void)self;
    interval_sum *s = (void *)into;
    const interval_sum *from = (const void *)from_bytes;
    if (!interval_combine(s, from->months, from->days, from->micros, true)) return false;
    s->n -= from->n;
    return true;
}

static void interval_result(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                            uint32_t n, tide_colb *out, uint32_t first)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++) {
        const interval_sum *s = (const void *)(states[i] + offset);
        if (s->n == 0)
            tide_colb_set_null(out, first + i);
        else
            ((tide_interval *)out->values)[first + i] =
                (tide_interval){ .months = s->months, .days = s->days, .micros = s->micros };
    }
}

void tide_agg_init_sum(tide_agg *self)
{
    if (self->arg.id == TIDE_TYPE_FLOAT || self->arg.id == TIDE_TYPE_DOUBLE) {
        self->state_bytes = sizeof(float_sum);
        self->update = float_update;
        self->retract = float_retract;
        self->merge = float_merge;
        self->result_of = float_result;
        return;
    }
    self->invertible = true;
    if (self->arg.id == TIDE_TYPE_INTERVAL) {
        tide_assert(self->kind == TIDE_AGG_SUM);
        self->state_bytes = sizeof(interval_sum);
        self->update = interval_update;
        self->retract = interval_retract;
        self->merge = interval_merge;
        self->unmerge = interval_unmerge;
        self->result_of = interval_result;
        return;
    }
    bool is_decimal = self->arg.id == TIDE_TYPE_DECIMAL;
    self->state_bytes = sizeof(exact_sum);
    self->update = is_decimal ? decimal_update : int_update;
    self->retract = is_decimal ? decimal_retract : int_retract;
    self->merge = exact_merge;
    self->unmerge = exact_unmerge;
    self->result_of = self->kind == TIDE_AGG_AVG ? exact_avg_result : exact_sum_result;
}
