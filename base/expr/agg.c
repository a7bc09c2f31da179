/* agg.c - the catalogue of aggregates: names, result types, and which kernels run them.
 *
 * Result types are PostgreSQL's: sum of SMALLINT and INT is BIGINT, sum of BIGINT is DECIMAL(38,
 * 0), sum of DECIMAL(p, s) is DECIMAL(38, s), FLOAT and DOUBLE stay. avg of an integer is
 * DECIMAL(38, 16) and of a DECIMAL(p, s) has at least s and up to 16 digits of scale, as far as p -
 * s digits before the point leave room, both rounded half away from zero; avg of FLOAT or DOUBLE is
 * DOUBLE. count is BIGINT. min and max keep their argument's type and order as ORDER BY does: NaN
 * above all, false below true, strings by their bytes, intervals by their length with 30 days to
 * the month. Every aggregate but count is NULL when no argument was other than NULL. */
#include <strings.h>

#include "base/expr/agg_priv.h"

static const struct {
    const char *name;
    tide_agg_kind kind;
} agg_names[] = {
    { "count", TIDE_AGG_COUNT }, { "sum", TIDE_AGG_SUM }, { "min", TIDE_AGG_MIN },
    { "max", TIDE_AGG_MAX },     { "avg", TIDE_AGG_AVG },
};

static bool find_kind(const char *name, tide_agg_kind *out);
static bool result_type(tide_agg_kind kind, tide_type arg, tide_type *out);

bool tide_agg_exists(const char *name)
{
    tide_agg_kind kind;
    return find_kind(name, &kind);
}

tide_status tide_agg_resolve(const char *name, bool has_arg, tide_type arg, tide_agg_kind *kind_out,
                             tide_type *result_out)
{
    tide_agg_kind kind;
    if (!find_kind(name, &kind)) return tide_fail(TIDE_E_BIND, "unknown aggregate %s", name);
    if (!has_arg && kind == TIDE_AGG_COUNT) kind = TIDE_AGG_COUNT_STAR;
    if (!has_arg && kind != TIDE_AGG_COUNT_STAR)
        return tide_fail(TIDE_E_TYPE, "%s needs an argument", name);
    if (!result_type(kind, arg, result_out)) {
        char text[TIDE_TYPE_TEXT_MAX];
        return tide_fail(TIDE_E_TYPE, "%s(%s) does not exist", name,
                         tide_type_print(arg, text, sizeof text));
    }
    *kind_out = kind;
    return TIDE_OK;
}

tide_status tide_agg_init(tide_agg *self, tide_agg_kind kind, tide_type arg)
{
    *self = (tide_agg){ .kind = kind, .arg = arg };
    if (!result_type(kind, arg, &self->result)) {
        char text[TIDE_TYPE_TEXT_MAX];
        return tide_fail(TIDE_E_TYPE, "no such aggregate over %s",
                         tide_type_print(arg, text, sizeof text));
    }
    if (kind == TIDE_AGG_COUNT_STAR || kind == TIDE_AGG_COUNT)
        tide_agg_init_count(self);
    else if (kind == TIDE_AGG_SUM || kind == TIDE_AGG_AVG)
        tide_agg_init_sum(self);
    else
        tide_agg_init_minmax(self);
    return TIDE_OK;
}

static bool find_kind(const char *name, tide_agg_kind *out)
{
    for (size_t i = 0; i < sizeof agg_names / sizeof *agg_names; i++) {
        if (strcasecmp(name, agg_names[i].name) == 0) {
            *out = agg_names[i].kind;
            return true;
        }
    }
    return false;
}

static bool sum_type(tide_type arg, tide_type *out)
{
    switch ((tide_type_id)arg.id) {
    case TIDE_TYPE_TINYINT:
    case TIDE_TYPE_SMALLINT:
    case TIDE_TYPE_INT: *out = tide_type_of(TIDE_TYPE_BIGINT); return true;
    case TIDE_TYPE_BIGINT: *out = tide_type_decimal(TIDE_DECIMAL_PRECISION_MAX, 0); return true;
    case TIDE_TYPE_DECIMAL:
        *out = tide_type_decimal(TIDE_DECIMAL_PRECISION_MAX, arg.scale);
        return true;
    case TIDE_TYPE_FLOAT:
    case TIDE_TYPE_DOUBLE:
    case TIDE_TYPE_INTERVAL: *out = arg; return true;
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_BOOLEAN:
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES:
    case TIDE_TYPE_DATE:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ:
    case TIDE_TYPE_COUNT: break;
    }
    return false;
}

static bool avg_type(tide_type arg, tide_type *out)
{
    const uint32_t digits = 16; /* Of scale, where there is room: PostgreSQL shows as many. */
    if (arg.id == TIDE_TYPE_DECIMAL) {
        uint32_t room = TIDE_DECIMAL_PRECISION_MAX - (uint32_t)(arg.precision - arg.scale);
        uint32_t scale = room < digits ? room : digits;
        if (scale < arg.scale) scale = arg.scale;
        *out = tide_type_decimal(TIDE_DECIMAL_PRECISION_MAX, (uint8_t)scale);
        return true;
    }
    if (tide_type_is_integer(arg)) {
        *out = tide_type_decimal(TIDE_DECIMAL_PRECISION_MAX, (uint8_t)digits);
        return true;
    }
    *out = tide_type_of(TIDE_TYPE_DOUBLE);
    return arg.id == TIDE_TYPE_FLOAT || arg.id == TIDE_TYPE_DOUBLE;
}

static bool result_type(tide_agg_kind kind, tide_type arg, tide_type *out)
{
    switch (kind) {
    case TIDE_AGG_COUNT_STAR:
    case TIDE_AGG_COUNT: *out = tide_type_of(TIDE_TYPE_BIGINT); return true;
    case TIDE_AGG_SUM: return sum_type(arg, out);
    case TIDE_AGG_AVG: return avg_type(arg, out);
    case TIDE_AGG_MIN:
    case TIDE_AGG_MAX: *out = arg; return arg.id != TIDE_TYPE_NULL;
    case TIDE_AGG_USER:
    case TIDE_AGG_KIND_COUNT: break;
    }
    return false;
}
