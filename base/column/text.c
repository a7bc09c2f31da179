/* text.c - printing single values. Parsing is in text_parse.c and
 * text_interval.c. */
#include "base/column/text.h"

#include <math.h>
#include <stdlib.h>

#include "base/column/digits.h"
#include "base/column/float_text.h"
#include "base/core/assert.h"

#define USECS_PER_DAY INT64_C(86400000000)

const char tide_digit_pairs[200] = "0001020304050607080910111213141516171819"
                                   "2021222324252627282930313233343536373839"
                                   "4041424344454647484950515253545556575859"
                                   "6061626364656667686970717273747576777879"
                                   "8081828384858687888990919293949596979899";

const uint64_t tide_pow10_u64[20] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
    1000000000000000000u,
    10000000000000000000u,
};

/* ---- numbers ---- */

static char *put_u64(char *at, uint64_t v)
{
    return tide_put_digits(at, v, tide_count_digits(v));
}

uint32_t tide_print_i64(int64_t v, char *at)
{
    char *p = at;
    uint64_t magnitude = (uint64_t)v;
    if (v < 0) {
        *p++ = '-';
        magnitude = 0 - magnitude;
    }
    return (uint32_t)(put_u64(p, magnitude) - at);
}

uint32_t tide_print_decimal(__int128 v, uint32_t scale, char *at)
{
    const uint64_t ten19 = tide_pow10_u64[19];
    unsigned __int128 magnitude = (unsigned __int128)v;
    char digits[64], *end;
    char *p = at;

    if (v < 0) {
        *p++ = '-';
        magnitude = 0 - magnitude;
    }
    if (magnitude < ten19) {
        end = put_u64(digits, (uint64_t)magnitude);
    } else {
        unsigned __int128 high = magnitude / ten19;
        end = high < ten19 ? put_u64(digits, (uint64_t)high)
                           : tide_put_digits(put_u64(digits, (uint64_t)(high / ten19)),
                                             (uint64_t)(high % ten19), 19);
        end = tide_put_digits(end, (uint64_t)(magnitude % ten19), 19);
    }
    uint32_t n = (uint32_t)(end - digits);
    if (n > scale) {
        memcpy(p, digits, n - scale);
        p += n - scale;
    } else {
        *p++ = '0';
    }
    if (scale == 0) return (uint32_t)(p - at);
    *p++ = '.';
    for (uint32_t zeros = n < scale ? scale - n : 0; zeros; zeros--) *p++ = '0';
    uint32_t fraction = n < scale ? n : scale;
    memcpy(p, end - fraction, fraction);
    return (uint32_t)(p + fraction - at);
}

/* Shortest digits "d.ddde+xx" laid out as PostgreSQL does: plain while -4 <=
 * exponent < exp_max. */
static uint32_t lay_out_float(const char *digits, uint32_t n_digits, int32_t exp, int32_t exp_max,
                              char *at)
{
    char *p = at;
    if (exp < -4 || exp >= exp_max) {
        *p++ = digits[0];
        if (n_digits > 1) {
            *p++ = '.';
            memcpy(p, digits + 1, n_digits - 1);
            p += n_digits - 1;
        }
        *p++ = 'e';
        *p++ = exp < 0 ? '-' : '+';
        uint32_t magnitude = (uint32_t)(exp < 0 ? -exp : exp);
        p = magnitude < 100 ? tide_put2(p, magnitude) : tide_put_digits(p, magnitude, 3);
    } else if (exp < 0) {
        *p++ = '0';
        *p++ = '.';
        for (int32_t i = -1; i > exp; i--) *p++ = '0';
        memcpy(p, digits, n_digits);
        p += n_digits;
    } else {
        for (uint32_t i = 0; i <= (uint32_t)exp || i < n_digits; i++) {
            if (i == (uint32_t)exp + 1) *p++ = '.';
            *p++ = i < n_digits ? digits[i] : '0';
        }
    }
    return (uint32_t)(p - at);
}

static uint32_t print_float(double v, bool single, char *at)
{
    char digits[TIDE_FLOAT_DIGITS_MAX];
    int32_t exp;
    if (isnan(v)) {
        memcpy(at, "NaN", 3);
        return 3;
    }
    uint32_t sign = signbit(v) ? 1 : 0;
    if (sign) *at++ = '-';
    if (isinf(v)) {
        memcpy(at, "Infinity", 8);
        return sign + 8;
    }
    if (v == 0) {
        *at = '0';
        return sign + 1;
    }
    uint32_t n = single ? tide_float_digits_f32((float)fabs(v), digits, &exp)
                        : tide_float_digits_f64(fabs(v), digits, &exp);
    return sign + lay_out_float(digits, n, exp, single ? 6 : 15, at);
}

uint32_t tide_print_f64(double v, char *at)
{
    return print_float(v, false, at);
}
uint32_t tide_print_f32(float v, char *at)
{
    return print_float((double)v, true, at);
}

/* ---- dates and times ---- */

/* Both for years that begin in March, so that the leap day is the last one. From a date after
 * Howard Hinnant's "chrono-compatible low-level date algorithms", in eras of 400 years. */
int32_t tide_days_from_civil(int32_t year, uint32_t month, uint32_t day)
{
    year -= month <= 2;
    int32_t era = (year >= 0 ? year : year - 399) / 400;
    uint32_t of_era = (uint32_t)(year - era * 400);
    uint32_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + (int32_t)(of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

/* After Neri and Schneider, "Euclidean affine functions and their application to calendar
 * algorithms" (2023): multiplications instead of divisions. The days are counted from the begin of
 * an era far enough back; eras that the 32 bits do not hold are taken off before. */
void tide_civil_from_days(int32_t days, int32_t *year, uint32_t *month, uint32_t *day)
{
    enum { ERA_DAYS = 146097, ERAS = 82, ZERO = 719468 + ERAS * ERA_DAYS };
    int32_t more_eras = 0;
    if (TIDE_UNLIKELY(days < -ZERO || days > (1 << 29))) {
        more_eras = days / ERA_DAYS;
        days -= more_eras * ERA_DAYS;
    }
    uint32_t n = 4 * ((uint32_t)days + ZERO) + 3, century = n / ERA_DAYS;
    uint32_t of_century = n % ERA_DAYS / 4 * 4 + 3;
    uint64_t product = UINT64_C(2939745) * of_century;
    uint32_t of_year = (uint32_t)product / 2939745 / 4;
    uint32_t m = 2141 * of_year + 197913;
    uint32_t next = of_year >= 306; /* January and February are of the year after. */
    *year =
        (int32_t)(100 * century + (uint32_t)(product >> 32) + next) - 400 * ERAS + 400 * more_eras;
    *month = (m >> 16) - 12 * next;
    *day = (m & 0xffff) / 2141 + 1;
}

static char *put_date(char *p, int32_t days)
{
    int32_t year;
    uint32_t month, day;
    tide_civil_from_days(days, &year, &month, &day);
    if (TIDE_LIKELY(year >= 0 && year <= 9999)) {
        p = tide_put4(p, (uint32_t)year);
    } else {
        if (year < 0) *p++ = '-';
        uint64_t magnitude = (uint64_t)llabs((long long)year);
        p = magnitude < 10000 ? tide_put4(p, (uint32_t)magnitude) : put_u64(p, magnitude);
    }
    *p++ = '-';
    p = tide_put2(p, month);
    *p++ = '-';
    return tide_put2(p, day);
}

/* ".123" of 123456 microseconds for precision 3; nothing for 0. */
static char *put_fraction(char *p, uint32_t micros, uint32_t precision)
{
    tide_assert(precision <= 6);
    if (precision == 0) return p;
    *p++ = '.';
    return tide_put_digits(p, micros / tide_pow10_u64[6 - precision], precision);
}

static char *put_time(char *p, uint64_t micros, uint32_t precision)
{
    uint64_t seconds = micros / 1000000;
    uint64_t minutes = seconds / 60, hours = minutes / 60;
    p = hours < 100 ? tide_put2(p, (uint32_t)hours) : put_u64(p, hours);
    *p++ = ':';
    p = tide_put2(p, (uint32_t)(minutes % 60));
    *p++ = ':';
    p = tide_put2(p, (uint32_t)(seconds % 60));
    return put_fraction(p, (uint32_t)(micros % 1000000), precision);
}

uint32_t tide_print_date(int32_t days, char *at)
{
    return (uint32_t)(put_date(at, days) - at);
}

uint32_t tide_print_time(int64_t micros, uint32_t precision, char *at)
{
    tide_assert(micros >= 0);
    return (uint32_t)(put_time(at, (uint64_t)micros, precision) - at);
}

uint32_t tide_print_timestamp(int64_t micros, uint32_t precision, char sep, bool utc_z, char *at)
{
    int64_t days = micros / USECS_PER_DAY, rest = micros % USECS_PER_DAY;
    if (rest < 0) days--, rest += USECS_PER_DAY;
    char *p = put_date(at, (int32_t)days);
    *p++ = sep;
    p = put_time(p, (uint64_t)rest, precision);
    if (utc_z) *p++ = 'Z';
    return (uint32_t)(p - at);
}

uint32_t tide_fraction_digits(int64_t micros)
{
    uint32_t digits = 6;
    int64_t fraction = micros % 1000000;
    if (fraction == 0) return 0;
    for (; fraction % 10 == 0; fraction /= 10) digits--;
    return digits;
}

/* PostgreSQL's intervalstyle: a part after a negative one shows its plus sign.
 */
static char *put_interval_part(char *p, const char *start, int32_t v, const char *unit,
                               bool *before)
{
    if (v == 0) return p;
    if (p > start) *p++ = ' ';
    if (*before && v > 0) *p++ = '+';
    p += tide_print_i64(v, p);
    *p++ = ' ';
    size_t n = strlen(unit);
    memcpy(p, unit, n);
    p += n;
    if (v != 1) *p++ = 's';
    *before = v < 0;
    return p;
}

uint32_t tide_print_interval(tide_interval v, char *at)
{
    bool before = false;
    char *p = at;
    p = put_interval_part(p, at, v.months / 12, "year", &before);
    p = put_interval_part(p, at, v.months % 12, "mon", &before);
    p = put_interval_part(p, at, v.days, "day", &before);
    if (p > at && v.micros == 0) return (uint32_t)(p - at);
    if (p > at) *p++ = ' ';
    if (v.micros < 0)
        *p++ = '-';
    else if (before)
        *p++ = '+';
    uint64_t magnitude = v.micros < 0 ? 0 - (uint64_t)v.micros : (uint64_t)v.micros;
    return (uint32_t)(put_time(p, magnitude, tide_fraction_digits(v.micros)) - at);
}

uint32_t tide_print_value(const tide_value *value, char *at)
{
    if (value->is_null) {
        memcpy(at, "NULL", 4);
        return 4;
    }
    switch ((tide_type_id)value->type.id) {
    case TIDE_TYPE_BOOLEAN:
        memcpy(at, value->boolean ? "true" : "false", value->boolean ? 4 : 5);
        return value->boolean ? 4 : 5;
    case TIDE_TYPE_TINYINT:
    case TIDE_TYPE_SMALLINT:
    case TIDE_TYPE_INT:
    case TIDE_TYPE_BIGINT: return tide_print_i64(value->i64, at);
    case TIDE_TYPE_FLOAT: return tide_print_f32((float)value->f64, at);
    case TIDE_TYPE_DOUBLE: return tide_print_f64(value->f64, at);
    case TIDE_TYPE_DECIMAL: return tide_print_decimal(value->i128, value->type.scale, at);
    case TIDE_TYPE_DATE: return tide_print_date((int32_t)value->i64, at);
    case TIDE_TYPE_TIME: return tide_print_time(value->i64, tide_fraction_digits(value->i64), at);
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: {
        uint32_t n =
            tide_print_timestamp(value->i64, tide_fraction_digits(value->i64), ' ', false, at);
        if (value->type.id == TIDE_TYPE_TIMESTAMP) return n;
        memcpy(at + n, "+00", 3);
        return n + 3;
    }
    case TIDE_TYPE_INTERVAL: return tide_print_interval(value->interval, at);
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES:
    case TIDE_TYPE_COUNT: break;
    }
    tide_assert(!"a type that prints");
    return 0;
}
