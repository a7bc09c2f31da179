/* compare.c - = <> < <= > >= and IS DISTINCT FROM over columns of every type, IN over constants. */
#include <stdlib.h>

#include "base/core/assert.h"
#include "base/expr/decimal_priv.h"
#include "base/expr/kernels_priv.h"
#include "base/expr/order_priv.h"

#define COMPARE1(T, S)                                                                             \
    TIDE_INLINE bool eq1_##S(T x, T y)                                                             \
    {                                                                                              \
        return x == y;                                                                             \
    }                                                                                              \
    TIDE_INLINE bool lt1_##S(T x, T y)                                                             \
    {                                                                                              \
        return x < y;                                                                              \
    }
COMPARE1(uint8_t, u8)
COMPARE1(int8_t, i8)
COMPARE1(int16_t, i16)
COMPARE1(int32_t, i32)
COMPARE1(int64_t, i64)
COMPARE1(__int128, i128)
#undef COMPARE1

/* NaN equals itself and comes behind all other numbers, as in PostgreSQL. */
TIDE_INLINE bool eq1_f32(float x, float y)
{
    return (x == y) | ((x != x) & (y != y));
}
TIDE_INLINE bool lt1_f32(float x, float y)
{
    return (x < y) | ((y != y) & (x == x));
}
TIDE_INLINE bool eq1_f64(double x, double y)
{
    return (x == y) | ((x != x) & (y != y));
}
TIDE_INLINE bool lt1_f64(double x, double y)
{
    return (x < y) | ((y != y) & (x == x));
}

#define T uint8_t
#define NAME(f) f##_u8
#include "base/expr/compare_loops.inc"
#undef T
#undef NAME
#define T int8_t
#define NAME(f) f##_i8
#include "base/expr/compare_loops.inc"
#undef T
#undef NAME
#define T int16_t
#define NAME(f) f##_i16
#include "base/expr/compare_loops.inc"
#undef T
#undef NAME
#define T int32_t
#define NAME(f) f##_i32
#include "base/expr/compare_loops.inc"
#undef T
#undef NAME
#define T int64_t
#define NAME(f) f##_i64
#include "base/expr/compare_loops.inc"
#undef T
#undef NAME
#define T __int128
#define NAME(f) f##_i128
#include "base/expr/compare_loops.inc"
#undef T
#undef NAME
#define T float
#define NAME(f) f##_f32
#include "base/expr/compare_loops.inc"
#undef T
#undef NAME
#define T double
#define NAME(f) f##_f64
#include "base/expr/compare_loops.inc"
#undef T
#undef NAME

/* A comparison as one of three loops, its result turned or not. */
typedef struct comparison {
    enum { ORDER_EQ, ORDER_LT, ORDER_GT } order;
    uint8_t flip;
} comparison;

static const comparison is_eq = { ORDER_EQ, 0 }, is_ne = { ORDER_EQ, 1 }, is_lt = { ORDER_LT, 0 },
                        is_ge = { ORDER_LT, 1 }, is_gt = { ORDER_GT, 0 }, is_le = { ORDER_GT, 1 };

typedef void (*compare_loop)(const void *a, const void *b, bool b_fixed, uint8_t *out, uint32_t n,
                             uint8_t flip);
#define LOOPS(S)                                                                                   \
    {                                                                                              \
        eq_##S, lt_##S, gt_##S                                                                     \
    }
static const compare_loop loops[TIDE_TYPE_COUNT][3] = {
    [TIDE_TYPE_BOOLEAN] = LOOPS(u8),    [TIDE_TYPE_TINYINT] = LOOPS(i8),
    [TIDE_TYPE_SMALLINT] = LOOPS(i16),  [TIDE_TYPE_INT] = LOOPS(i32),
    [TIDE_TYPE_BIGINT] = LOOPS(i64),    [TIDE_TYPE_FLOAT] = LOOPS(f32),
    [TIDE_TYPE_DOUBLE] = LOOPS(f64),    [TIDE_TYPE_DECIMAL] = LOOPS(i128),
    [TIDE_TYPE_DATE] = LOOPS(i32),      [TIDE_TYPE_TIME] = LOOPS(i64),
    [TIDE_TYPE_TIMESTAMP] = LOOPS(i64), [TIDE_TYPE_TIMESTAMP_LTZ] = LOOPS(i64),
};

/* ---- strings ---- */

/* Length and prefix, the first 8 bytes of a view, as one number: strings that differ there
 * differ. */
TIDE_INLINE uint64_t head_of(const tide_view *v)
{
    uint64_t head;
    memcpy(&head, v, sizeof head);
    return head;
}

TIDE_INLINE bool views_equal(const tide_vec *a, const tide_view *x, const tide_vec *b,
                             const tide_view *y)
{
    if (head_of(x) != head_of(y)) return false;
    if (x->len <= TIDE_VIEW_INLINE_MAX) return memcmp(x->inline_ + 4, y->inline_ + 4, 8) == 0;
    return memcmp(tide_view_ptr(x, a->data), tide_view_ptr(y, b->data), x->len) == 0;
}

/* The first four bytes in an order that integers have. */
TIDE_INLINE uint32_t prefix_order(const tide_view *v)
{
    uint32_t prefix;
    memcpy(&prefix, v->prefix, sizeof prefix);
    return __builtin_bswap32(prefix);
}

static int views_order(const tide_vec *a, const tide_view *x, const tide_vec *b, const tide_view *y)
{
    uint32_t px = prefix_order(x), py = prefix_order(y);
    if (px != py) return px < py ? -1 : 1; /* Behind a short string are zeros. */
    uint32_t n = x->len < y->len ? x->len : y->len;
    int order = n ? memcmp(tide_view_ptr(x, a->data), tide_view_ptr(y, b->data), n) : 0;
    if (order) return order;
    return x->len < y->len ? -1 : x->len > y->len;
}

/* Equality with a constant that is inline: views are then equal as 16 bytes. */
TIDE_HOT static void eq_inline(const uint64_t *restrict views, uint64_t head, uint64_t tail,
                               uint8_t flip, uint8_t *restrict out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = (uint8_t)(((views[2 * i] == head) & (views[2 * i + 1] == tail)) ^ flip);
}

static void compare_strings(const tide_kcall *k, comparison c)
{
    const tide_vec *a = k->args[0], *b = k->args[1];
    if (c.order == ORDER_EQ && b->constant &&
        ((const tide_view *)b->values)->len <= TIDE_VIEW_INLINE_MAX) {
        uint64_t constant[2];
        memcpy(constant, b->values, sizeof constant);
        eq_inline(a->values, constant[0], constant[1], c.flip, k->out->vec.values, k->n);
        return;
    }
    const tide_view *x = a->values, *y = b->values;
    size_t b_step = b->constant ? 0 : 1;
    uint8_t *out = k->out->vec.values;
    const uint64_t *valid = k->out->vec.validity;
    for (uint32_t i = 0; i < k->n; i++) {
        bool is = false;
        if (valid && !tide_bit(valid, i)) /* Its view may point anywhere. */
            is = false;
        else if (c.order == ORDER_EQ)
            is = views_equal(a, &x[i], b, &y[i * b_step]);
        else
            is = (views_order(a, &x[i], b, &y[i * b_step]) < 0) == (c.order == ORDER_LT) &&
                 !views_equal(a, &x[i], b, &y[i * b_step]);
        out[i] = (uint8_t)is ^ c.flip;
    }
}

/* ---- intervals and DECIMALs of two scales ---- */

__int128 tide_interval_order(const tide_interval *v)
{
    return ((__int128)v->months * 30 + v->days) * INT64_C(86400000000) + v->micros;
}

static int order_of(const tide_kcall *k, uint32_t i)
{
    tide_value x, y;
    tide_vec_load(k->args[0], i, &x);
    tide_vec_load(k->args[1], i, &y);
    return tide_value_order(&x, &y);
}

int tide_value_order(const tide_value *x, const tide_value *y)
{
    if (x->type.id == TIDE_TYPE_DECIMAL)
        return tide_decimal_compare(x->i128, x->type.scale, y->i128, y->type.scale);
    if (x->type.id == TIDE_TYPE_INTERVAL) {
        __int128 a = tide_interval_order(&x->interval), b = tide_interval_order(&y->interval);
        return a < b ? -1 : a > b;
    }
    if (tide_type_is_string(x->type)) {
        uint32_t n = x->str.len < y->str.len ? x->str.len : y->str.len;
        int order = n ? memcmp(x->str.ptr, y->str.ptr, n) : 0;
        return order ? order : x->str.len < y->str.len ? -1 : x->str.len > y->str.len;
    }
    if (x->type.id == TIDE_TYPE_FLOAT || x->type.id == TIDE_TYPE_DOUBLE)
        return lt1_f64(x->f64, y->f64) ? -1 : lt1_f64(y->f64, x->f64);
    if (x->type.id == TIDE_TYPE_BOOLEAN) return x->boolean - y->boolean;
    return x->i64 < y->i64 ? -1 : x->i64 > y->i64;
}

static void compare_by_row(const tide_kcall *k, comparison c)
{
    uint8_t *out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) {
        int order = order_of(k, i);
        bool is = c.order == ORDER_EQ ? order == 0 : c.order == ORDER_LT ? order < 0 : order > 0;
        out[i] = (uint8_t)is ^ c.flip;
    }
}

/* ---- dispatch ---- */

static void compare(const tide_kcall *k, comparison c)
{
    const tide_vec *a = k->args[0], *b = k->args[1];
    const tide_vec *turned[] = { b, a };
    tide_kcall call = *k;
    if (a->constant) { /* Loops want the constant second. */
        call.args = turned;
        if (c.order != ORDER_EQ) c.order = c.order == ORDER_LT ? ORDER_GT : ORDER_LT;
        compare(&call, c);
        return;
    }
    bool by_row = a->type.id == TIDE_TYPE_INTERVAL || a->type.scale != b->type.scale;
    if (by_row)
        compare_by_row(k, c);
    else if (tide_type_is_string(a->type))
        compare_strings(k, c);
    else
        loops[a->type.id][c.order](a->values, b->values, b->constant, k->out->vec.values, k->n,
                                   c.flip);
}

void tide_vec_eq(const tide_kcall *k)
{
    compare(k, is_eq);
}
void tide_vec_ne(const tide_kcall *k)
{
    compare(k, is_ne);
}
void tide_vec_lt(const tide_kcall *k)
{
    compare(k, is_lt);
}
void tide_vec_le(const tide_kcall *k)
{
    compare(k, is_le);
}
void tide_vec_gt(const tide_kcall *k)
{
    compare(k, is_gt);
}
void tide_vec_ge(const tide_kcall *k)
{
    compare(k, is_ge);
}

/* ---- IS DISTINCT FROM ---- */

/* Compares where both have a value; elsewhere only the NULLs count. The result itself has none. */
static void distinct(const tide_kcall *k, uint8_t flip)
{
    uint8_t *out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) {
        bool x = tide_vec_valid(k->args[0], i), y = tide_vec_valid(k->args[1], i);
        out[i] = (uint8_t)(x && y ? order_of(k, i) != 0 : x != y) ^ flip;
    }
}

void tide_vec_is_distinct(const tide_kcall *k)
{
    distinct(k, 0);
}
void tide_vec_is_not_distinct(const tide_kcall *k)
{
    distinct(k, 1);
}

/* ---- IN ---- */

/* The constants of an IN list, in order, without NULLs and repetitions. */
typedef struct in_set {
    uint32_t n;
    bool has_null;
    tide_value values[];
} in_set;

static int by_value(const void *a, const void *b)
{
    return tide_value_order(a, b);
}

void *tide_prepare_in_set(const tide_expr *e, void (**drop_out)(void *imm))
{
    in_set *self = tide_malloc(sizeof *self + e->call.n_args * sizeof *self->values);
    *self = (in_set){ 0 };
    for (uint32_t i = 1; i < e->call.n_args; i++) {
        const tide_value *v = &e->call.args[i]->literal;
        if (v->is_null)
            self->has_null = true;
        else
            self->values[self->n++] = *v; /* Text borrows from the expression; see below. */
    }
    size_t bytes = 0;
    bool text = self->n && tide_type_is_string(self->values[0].type);
    for (uint32_t i = 0; text && i < self->n; i++) bytes += self->values[i].str.len;
    self = tide_realloc(self, sizeof *self + e->call.n_args * sizeof *self->values + bytes);
    char *at = (char *)&self->values[e->call.n_args];
    for (uint32_t i = 0; text && i < self->n; i++) {
        memcpy(at, self->values[i].str.ptr, self->values[i].str.len);
        self->values[i].str.ptr = at;
        at += self->values[i].str.len;
    }
    qsort(self->values, self->n, sizeof *self->values, by_value);
    *drop_out = tide_free;
    return self;
}

/* Few integers: one pass of comparisons each, without branches. */
TIDE_HOT static void or_equal(const int64_t *restrict x, int64_t member, uint8_t *restrict out,
                              uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) out[i] |= x[i] == member;
}

static bool in_few_integers(const tide_kcall *k, const in_set *set)
{
    if (set->n > 8 || k->args[0]->type.id != TIDE_TYPE_BIGINT) return false;
    uint8_t *out = k->out->vec.values;
    memset(out, 0, k->n);
    for (uint32_t m = 0; m < set->n; m++)
        or_equal(k->args[0]->values, set->values[m].i64, out, k->n);
    return true;
}

static bool is_member(const in_set *set, const tide_value *v)
{
    uint32_t low = 0, high = set->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = tide_value_order(v, &set->values[middle]);
        if (order == 0) return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

void tide_vec_in_set(const tide_kcall *k)
{
    const in_set *set = k->imm;
    const tide_vec *a = k->args[0];
    uint8_t *out = k->out->vec.values;
    if (a->validity)
        memcpy(tide_kcall_validity(k), a->validity, tide_mask_words(k->n) * sizeof(uint64_t));
    if (!in_few_integers(k, set)) {
        for (uint32_t i = 0; i < k->n; i++) {
            tide_value v;
            out[i] = 0;
            if (!tide_kcall_live(k, i)) continue;
            tide_vec_load(a, i, &v);
            out[i] = is_member(set, &v);
        }
    }
    if (!set->has_null) return;
    for (uint32_t i = 0; i < k->n; i++) /* Not found among NULLs: unknown. */
        if (!out[i]) tide_kcall_set_null(k, i);
}
