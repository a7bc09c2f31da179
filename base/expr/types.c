/* types.c - conversions and common types. */
#include "base/core/assert.h"
#include "base/expr/expr.h"
#include "base/expr/types_priv.h"

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}
static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t tide_type_integer_digits(tide_type t)
{
    static const uint8_t digits[] = { 3, 5, 10, 19 };
    tide_assert(tide_type_is_integer(t));
    return digits[t.id - TIDE_TYPE_TINYINT];
}

tide_type tide_type_as_decimal(tide_type t)
{
    if (t.id == TIDE_TYPE_DECIMAL) return t;
    return tide_type_decimal((uint16_t)tide_type_integer_digits(t), 0);
}

tide_type tide_type_fit_decimal(uint32_t i, uint32_t s, uint32_t s_min)
{
    if (i + s > TIDE_DECIMAL_PRECISION_MAX) {
        uint32_t left = i < TIDE_DECIMAL_PRECISION_MAX ? TIDE_DECIMAL_PRECISION_MAX - i : 0;
        s = min_u32(s, max_u32(left, s_min));
    }
    uint32_t p = min_u32(max_u32(i + s, 1), TIDE_DECIMAL_PRECISION_MAX);
    return tide_type_decimal((uint16_t)p, (uint8_t)min_u32(s, p));
}

/* From the narrowest numeric type to the widest. FLOAT comes after DECIMAL: PostgreSQL turns the
 * one into the other without being asked. DOUBLE is the preferred type: nearer to integers than
 * DECIMAL. */
static int number_rank(tide_type t)
{
    static const int8_t ranks[TIDE_TYPE_COUNT] = {
        [TIDE_TYPE_TINYINT] = 0, [TIDE_TYPE_SMALLINT] = 1, [TIDE_TYPE_INT] = 2,
        [TIDE_TYPE_BIGINT] = 3,  [TIDE_TYPE_DOUBLE] = 4,   [TIDE_TYPE_DECIMAL] = 5,
        [TIDE_TYPE_FLOAT] = 6,
    };
    tide_assert(tide_type_is_numeric(t));
    return ranks[t.id];
}

static int number_distance(tide_type from, tide_type to)
{
    int a = number_rank(from), b = number_rank(to);
    if (from.id == TIDE_TYPE_DOUBLE) return -1;
    if (from.id == TIDE_TYPE_FLOAT) return to.id == TIDE_TYPE_DOUBLE ? 1 : -1;
    if (from.id == TIDE_TYPE_DECIMAL) return to.id == TIDE_TYPE_DOUBLE ? 1 : b > a ? b - a : -1;
    return b > a ? b - a : -1;
}

int tide_type_distance(tide_type from, tide_type to)
{
    if (from.id == to.id || from.id == TIDE_TYPE_NULL) return 0;
    if (tide_type_is_numeric(from) && tide_type_is_numeric(to)) return number_distance(from, to);
    if (from.id == TIDE_TYPE_DATE && to.id == TIDE_TYPE_TIMESTAMP) return 1;
    if (from.id == TIDE_TYPE_DATE && to.id == TIDE_TYPE_TIMESTAMP_LTZ) return 2;
    if (from.id == TIDE_TYPE_TIMESTAMP && to.id == TIDE_TYPE_TIMESTAMP_LTZ) return 1;
    if (from.id == TIDE_TYPE_TIMESTAMP_LTZ && to.id == TIDE_TYPE_TIMESTAMP) return 2;
    if (from.id == TIDE_TYPE_TIME && to.id == TIDE_TYPE_INTERVAL) return 2;
    return -1;
}

bool tide_type_can_assign(tide_type from, tide_type to)
{
    if (tide_type_distance(from, to) >= 0 || to.id == TIDE_TYPE_STRING) return true;
    if (tide_type_is_numeric(from) && tide_type_is_numeric(to)) return true;
    if (tide_type_is_timestamp(from)) return to.id == TIDE_TYPE_DATE || to.id == TIDE_TYPE_TIME;
    return from.id == TIDE_TYPE_INTERVAL && to.id == TIDE_TYPE_TIME;
}

bool tide_type_can_cast(tide_type from, tide_type to)
{
    if (tide_type_can_assign(from, to) || from.id == TIDE_TYPE_STRING) return true;
    if (from.id == TIDE_TYPE_BOOLEAN) return tide_type_is_integer(to);
    return to.id == TIDE_TYPE_BOOLEAN && tide_type_is_integer(from);
}

static tide_type common_number(tide_type a, tide_type b)
{
    if (tide_type_is_integer(a) && tide_type_is_integer(b)) return a.id > b.id ? a : b;
    if (a.id == TIDE_TYPE_FLOAT && b.id == TIDE_TYPE_FLOAT) return a;
    if (a.id == TIDE_TYPE_FLOAT || b.id == TIDE_TYPE_FLOAT || a.id == TIDE_TYPE_DOUBLE ||
        b.id == TIDE_TYPE_DOUBLE)
        return tide_type_of(TIDE_TYPE_DOUBLE);
    a = tide_type_as_decimal(a);
    b = tide_type_as_decimal(b);
    uint32_t i = max_u32((uint32_t)a.precision - a.scale, (uint32_t)b.precision - b.scale);
    return tide_type_fit_decimal(i, max_u32(a.scale, b.scale), 0);
}

tide_status tide_type_common(tide_type a, tide_type b, tide_type *out)
{
    if (a.id == TIDE_TYPE_NULL || b.id == TIDE_TYPE_NULL) {
        *out = a.id == TIDE_TYPE_NULL ? b : a;
        return TIDE_OK;
    }
    if (tide_type_is_numeric(a) && tide_type_is_numeric(b)) {
        *out = common_number(a, b);
        return TIDE_OK;
    }
    bool a_dated = a.id == TIDE_TYPE_DATE || tide_type_is_timestamp(a);
    bool b_dated = b.id == TIDE_TYPE_DATE || tide_type_is_timestamp(b);
    if (a.id == b.id || (a_dated && b_dated)) {
        *out = a.id > b.id ? a : b; /* DATE < TIMESTAMP < TIMESTAMP_LTZ. */
        out->precision = (uint16_t)max_u32(a.precision, b.precision);
        if (a.id == TIDE_TYPE_STRING && (a.precision == 0 || b.precision == 0)) out->precision = 0;
        return TIDE_OK;
    }
    char a_text[TIDE_TYPE_TEXT_MAX], b_text[TIDE_TYPE_TEXT_MAX];
    return tide_fail(TIDE_E_TYPE, "%s and %s have no common type",
                     tide_type_print(a, a_text, sizeof a_text),
                     tide_type_print(b, b_text, sizeof b_text));
}
