/* casts.c - casts as loops for the common pairs of types, else row by row (cast_row.c). */
#include "base/expr/casts_priv.h"

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/expr/arith_priv.h"
#include "base/expr/calendar_priv.h"
#include "base/expr/decimal_priv.h"
#include "base/expr/kernels_priv.h"

/* ---- numbers ---- */

/* Integers to integers; true if one does not fit. */
#define INTEGER_LOOP(S, FROM, T, TO)                                                               \
    TIDE_HOT static bool cast_##S##_##T(const void *from, void *to, uint32_t n)                    \
    {                                                                                              \
        const FROM *restrict a = from;                                                             \
        TO *restrict out = to;                                                                     \
        FROM bad = 0;                                                                              \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            out[i] = (TO)a[i];                                                                     \
            bad |= (FROM)(a[i] ^ (FROM)out[i]);                                                    \
        }                                                                                          \
        return bad != 0;                                                                           \
    }
/* Numbers to floats, which always fit. */
#define FLOAT_LOOP(S, FROM, T, TO)                                                                 \
    TIDE_HOT static bool cast_##S##_##T(const void *from, void *to, uint32_t n)                    \
    {                                                                                              \
        const FROM *restrict a = from;                                                             \
        TO *restrict out = to;                                                                     \
        for (uint32_t i = 0; i < n; i++) out[i] = (TO)a[i];                                        \
        return false;                                                                              \
    }
#define LOOPS_FROM(S, FROM)                                                                        \
    INTEGER_LOOP(S, FROM, i8, int8_t)                                                              \
    INTEGER_LOOP(S, FROM, i16, int16_t)                                                            \
    INTEGER_LOOP(S, FROM, i32, int32_t)                                                            \
    INTEGER_LOOP(S, FROM, i64, int64_t)                                                            \
    FLOAT_LOOP(S, FROM, f32, float)                                                                \
    FLOAT_LOOP(S, FROM, f64, double)
LOOPS_FROM(i8, int8_t)
LOOPS_FROM(i16, int16_t)
LOOPS_FROM(i32, int32_t)
LOOPS_FROM(i64, int64_t)
FLOAT_LOOP(f32, float, f64, double)

typedef bool (*cast_loop)(const void *from, void *to, uint32_t n);
#define ROW_FROM(S)                                                                                \
    {                                                                                              \
        cast_##S##_i8, cast_##S##_i16, cast_##S##_i32, cast_##S##_i64, cast_##S##_f32,             \
            cast_##S##_f64                                                                         \
    }
/* From TINYINT to BIGINT, to TINYINT to DOUBLE. */
static const cast_loop number_loops[4][6] = { ROW_FROM(i8), ROW_FROM(i16), ROW_FROM(i32),
                                              ROW_FROM(i64) };

/* Finds the rows that do not fit, by the code that casts single values. */
static void check_row(const tide_kcall *k, char op, uint32_t row)
{
    (void)op;
    tide_rowcall c = { 0 };
    tide_value in, out = { .type = k->out->vec.type };
    tide_vec_load(k->args[0], row, &in);
    if (tide_row_cast(&c, &in, &out) == TIDE_ROW_FAILED)
        tide_kcall_error(k, row, c.code, "%s", c.text);
    tide_rowcall_fini(&c);
}

static void cast_number(const tide_kcall *k)
{
    tide_type from = k->args[0]->type, to = k->out->vec.type;
    cast_loop loop = from.id == TIDE_TYPE_FLOAT
                         ? cast_f32_f64
                         : number_loops[from.id - TIDE_TYPE_TINYINT][to.id - TIDE_TYPE_TINYINT];
    if (loop(k->args[0]->values, k->out->vec.values, k->n)) tide_check_rows(k, check_row, 0);
}

/* Integers to a DECIMAL that has room for all of them. */
static void cast_integer_to_decimal(const tide_kcall *k)
{
    const tide_vec *a = k->args[0];
    __int128 *restrict out = k->out->vec.values,
                       factor = tide_decimal_pow10(k->out->vec.type.scale);
    if (a->type.id == TIDE_TYPE_BIGINT) {
        for (uint32_t i = 0; i < k->n; i++) out[i] = ((const int64_t *)a->values)[i] * factor;
    } else if (a->type.id == TIDE_TYPE_INT) {
        for (uint32_t i = 0; i < k->n; i++) out[i] = ((const int32_t *)a->values)[i] * factor;
    } else if (a->type.id == TIDE_TYPE_SMALLINT) {
        for (uint32_t i = 0; i < k->n; i++) out[i] = ((const int16_t *)a->values)[i] * factor;
    } else {
        for (uint32_t i = 0; i < k->n; i++) out[i] = ((const int8_t *)a->values)[i] * factor;
    }
}

/* To a larger scale with as many whole digits. */
static void cast_decimal_up(const tide_kcall *k)
{
    const __int128 *restrict a = k->args[0]->values;
    __int128 *restrict out = k->out->vec.values;
    __int128 factor = tide_decimal_pow10(k->out->vec.type.scale - k->args[0]->type.scale);
    for (uint32_t i = 0; i < k->n; i++)
        out[i] = (__int128)((unsigned __int128)a[i] * (unsigned __int128)factor);
}

static int64_t integer_at(const tide_vec *v, uint32_t row)
{
    if (v->type.id == TIDE_TYPE_BIGINT) return ((const int64_t *)v->values)[row];
    if (v->type.id == TIDE_TYPE_INT) return ((const int32_t *)v->values)[row];
    if (v->type.id == TIDE_TYPE_SMALLINT) return ((const int16_t *)v->values)[row];
    return ((const int8_t *)v->values)[row];
}

static void cast_integer_to_string(const tide_kcall *k)
{
    char text[TIDE_TEXT_MAX];
    for (uint32_t i = 0; i < k->n; i++)
        tide_kcall_put_str(k, i, text, tide_print_i64(integer_at(k->args[0], i), text));
}

/* ---- dates ---- */

static void cast_date_to_timestamp(const tide_kcall *k)
{
    const int32_t *restrict a = k->args[0]->values;
    int64_t *restrict out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) /* Behind a NULL lies anything. */
        out[i] = (int64_t)((uint64_t)a[i] * TIDE_MICROS_PER_DAY);
}

static void cast_timestamp_to_date(const tide_kcall *k)
{
    const int64_t *restrict a = k->args[0]->values;
    int32_t *restrict out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) out[i] = tide_days_of(a[i]);
}

static void cast_timestamp(const tide_kcall *k)
{
    const int64_t *restrict a = k->args[0]->values;
    int64_t *restrict out = k->out->vec.values;
    uint32_t precision = k->out->vec.type.precision;
    if (precision >= k->args[0]->type.precision)
        memcpy(out, a, k->n * sizeof *out);
    else
        for (uint32_t i = 0; i < k->n; i++) out[i] = tide_round_micros(a[i], precision);
}

/* ---- which ---- */

static tide_row_result try_cast(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return tide_row_cast(c, args, out) == TIDE_ROW_VALUE ? TIDE_ROW_VALUE : TIDE_ROW_NULL;
}

static const tide_fn by_row = { .name = "cast", .flags = TIDE_FN_FAILS, .row = tide_row_cast };
static const tide_fn by_assignment = { .name = "cast",
                                       .flags = TIDE_FN_FAILS,
                                       .row = tide_row_assign };
static const tide_fn by_try = { .name = "try_cast", .flags = TIDE_FN_MAKES_NULL, .row = try_cast };
static const tide_fn numbers = { .name = "cast", .flags = TIDE_FN_FAILS, .vector = cast_number };
static const tide_fn integer_to_decimal = { .name = "cast", .vector = cast_integer_to_decimal };
static const tide_fn decimal_up = { .name = "cast", .vector = cast_decimal_up };
static const tide_fn integer_to_string = { .name = "cast", .vector = cast_integer_to_string };
static const tide_fn date_to_timestamp = { .name = "cast", .vector = cast_date_to_timestamp };
static const tide_fn timestamp_to_date = { .name = "cast", .vector = cast_timestamp_to_date };
static const tide_fn timestamps = { .name = "cast", .vector = cast_timestamp };

/* The loop for a pair of types, or NULL; *fails_out tells whether values may not fit. */
static const tide_fn *loop_for(tide_type from, tide_type to, bool *fails_out)
{
    *fails_out = false;
    uint32_t to_whole = (uint32_t)to.precision - to.scale;
    if (tide_type_is_integer(from) && to.id == TIDE_TYPE_DECIMAL) {
        static const uint8_t digits[] = { 3, 5, 10, 19 };
        return to_whole >= digits[from.id - TIDE_TYPE_TINYINT] ? &integer_to_decimal : NULL;
    }
    if (tide_type_is_integer(from) && tide_type_is_numeric(to)) {
        *fails_out = tide_type_is_integer(to) && to.id < from.id;
        return &numbers;
    }
    if (tide_type_is_integer(from) && to.id == TIDE_TYPE_STRING)
        return to.precision == 0 ? &integer_to_string : NULL;
    if (from.id == TIDE_TYPE_FLOAT && to.id == TIDE_TYPE_DOUBLE) return &numbers;
    if (from.id == TIDE_TYPE_DECIMAL && to.id == TIDE_TYPE_DECIMAL && to.scale >= from.scale &&
        to_whole >= (uint32_t)from.precision - from.scale)
        return &decimal_up;
    if (from.id == TIDE_TYPE_DATE && tide_type_is_timestamp(to)) return &date_to_timestamp;
    if (tide_type_is_timestamp(from) && to.id == TIDE_TYPE_DATE) return &timestamp_to_date;
    return tide_type_is_timestamp(from) && tide_type_is_timestamp(to) ? &timestamps : NULL;
}

const tide_fn *tide_cast_fn(tide_type from, tide_type to, tide_cast_kind kind)
{
    bool fails;
    const tide_fn *loop = loop_for(from, to, &fails);
    if (loop && !(kind == TIDE_CAST_TRY && fails)) return loop;
    return kind == TIDE_CAST_TRY ? &by_try : kind == TIDE_CAST_IMPLICIT ? &by_assignment : &by_row;
}
