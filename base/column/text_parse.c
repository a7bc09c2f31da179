/* text_parse.c - reading numbers, dates and times. */
#include <strings.h>

#include "base/column/digits.h"
#include "base/column/float_text.h"
#include "base/column/text.h"

#define USECS_PER_SEC INT64_C(1000000)
#define USECS_PER_DAY INT64_C(86400000000)
/* 0001-01-01 and the first instant after 9999-12-31, in days since 1970. */
#define DAYS_MIN (-719162)
#define DAYS_END 2932897

/* ---- numbers ---- */

bool tide_parse_i64(const char *ptr, size_t len, int64_t *out)
{
    uint64_t v;
    bool negative = len && *ptr == '-';
    if (len && (negative || *ptr == '+')) ptr++, len--;
    while (len > 19 && *ptr == '0') ptr++, len--;
    if (!tide_digits_u64(ptr, len, &v) || v > (uint64_t)INT64_MAX + negative) return false;
    *out = (int64_t)(negative ? 0 - v : v);
    return true;
}

bool tide_parse_f64(const char *ptr, size_t len, double *out)
{
    if (len > 1 && *ptr == '+' && ptr[1] != '-') ptr++, len--;
    return tide_float_read(ptr, len, out);
}

/* A decimal number taken apart: digits with and without point, and the
 * exponent. */
typedef struct number_text {
    const char *digits, *end; /* Of the mantissa; may hold one '.'. */
    bool negative;
    int64_t point; /* Digits before the decimal point, with the exponent, without
                    leading zeros. */
} number_text;

static bool read_exponent(const char *p, const char *end, int64_t *out)
{
    uint64_t magnitude;
    bool negative = p < end && *p == '-';
    if (p < end && (negative || *p == '+')) p++;
    while (end - p > 1 && *p == '0') p++;
    if (!tide_digits_u64(p, (size_t)(end - p), &magnitude) || magnitude > 1000000) return false;
    *out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

static bool split_number(const char *ptr, size_t len, number_text *out)
{
    const char *end = ptr + len, *p, *point = NULL;
    int64_t exp = 0;
    out->negative = len && *ptr == '-';
    if (len && (out->negative || *ptr == '+')) ptr++;
    for (p = ptr; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.' && point == NULL)
            point = p;
        else if ((uint8_t)(*p - '0') > 9)
            return false;
    }
    if (p - ptr - (point != NULL) < 1) return false; /* No digit. */
    if (p < end && !read_exponent(p + 1, end, &exp)) return false;
    out->end = p;
    if (point == NULL) point = p;
    while (ptr < p && (*ptr == '0' || *ptr == '.')) ptr++;
    out->digits = ptr;
    out->point = (ptr <= point ? point - ptr : point + 1 - ptr) + exp;
    return true;
}

/* digits, at most 18 of them, one point: what nearly every decimal is. False:
 * take the long way. */
static bool parse_decimal_short(const char *p, const char *end, uint32_t scale, uint64_t *out)
{
    uint64_t v = 0;
    const char *point = NULL;
    if (p == end || end - p > 18) return false;
    for (; p < end; p++) {
        uint32_t digit = (uint8_t)(*p - '0');
        if (digit <= 9)
            v = v * 10 + digit;
        else if (*p == '.' && point == NULL)
            point = p;
        else
            return false;
    }
    size_t fraction = point ? (size_t)(end - point) - 1 : 0;
    if (fraction > scale || (point && end - point == 1)) return false;
    if (__builtin_mul_overflow(v, tide_pow10_u64[scale - fraction < 20 ? scale - fraction : 19],
                               &v))
        return false;
    *out = v;
    return scale - fraction < 20;
}

static bool parse_decimal_long(const char *ptr, size_t len, uint32_t scale, unsigned __int128 *out,
                               bool *negative)
{
    number_text number;
    unsigned __int128 v = 0;
    if (!split_number(ptr, len, &number)) return false;
    int64_t keep = number.point + scale; /* Digits in front of the rounding place. */
    const char *p = number.digits;
    *negative = number.negative;
    *out = 0;
    if (p == number.end || keep < 0) return true;
    if (keep > TIDE_DECIMAL_PRECISION_MAX) return false;
    for (; keep; keep--) {
        while (p < number.end && *p == '.') p++;
        v = v * 10 + (p < number.end ? (uint32_t)(*p++ - '0') : 0);
    }
    while (p < number.end && *p == '.') p++;
    *out = v + (p < number.end && *p >= '5');
    return true;
}

bool tide_parse_decimal(const char *ptr, size_t len, uint32_t precision, uint32_t scale,
                        __int128 *out)
{
    bool negative = len && *ptr == '-';
    uint32_t sign = len && (negative || *ptr == '+') ? 1 : 0;
    uint64_t small;
    unsigned __int128 v;
    if (TIDE_LIKELY(parse_decimal_short(ptr + sign, ptr + len, scale, &small)))
        v = small;
    else if (!parse_decimal_long(ptr, len, scale, &v, &negative))
        return false;
    if (v >= tide_pow10_u128(precision)) return false;
    *out = negative ? -(__int128)v : (__int128)v;
    return true;
}

bool tide_parse_bool(const char *ptr, size_t len, bool *out)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {
        { "true", true }, { "false", false }, { "t", true },   { "f", false },
        { "1", true },    { "0", false },     { "yes", true }, { "no", false },
        { "y", true },    { "n", false },     { "on", true },  { "off", false },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].text) == len && strncasecmp(words[i].text, ptr, len) == 0) {
            *out = words[i].value;
            return true;
        }
    return false;
}

/* ---- dates and times ---- */

typedef struct cursor {
    const char *p, *end;
} cursor;

static bool take_char(cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted) return false;
    c->p++;
    return true;
}

/* min to max digits, as many as there are. */
static bool take_number(cursor *c, uint32_t min, uint32_t max, uint32_t *out)
{
    uint32_t v = 0, n = 0;
    for (; n < max && c->p < c->end; n++, c->p++) {
        uint32_t digit = (uint8_t)(*c->p - '0');
        if (digit > 9) break;
        v = v * 10 + digit;
    }
    *out = v;
    return n >= min;
}

static bool take_date(cursor *c, int32_t *days_out)
{
    static const uint8_t month_days[13] = { 0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    uint32_t year, month, day;
    if (!take_number(c, 4, 4, &year) || !take_char(c, '-') || !take_number(c, 1, 2, &month) ||
        !take_char(c, '-') || !take_number(c, 1, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days[month]) return false;
    if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
        return false;
    *days_out = tide_days_from_civil((int32_t)year, month, day);
    return true;
}

/* ".123456789": microseconds, rounded. */
static bool take_fraction(cursor *c, int64_t *micros_out)
{
    uint32_t micros;
    const char *start = c->p;
    if (!take_number(c, 1, 6, &micros)) return false;
    *micros_out = (int64_t)(micros * tide_pow10_u64[6 - (c->p - start)]);
    if (c->p - start == 6 && c->p < c->end && *c->p >= '5' && *c->p <= '9') (*micros_out)++;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9') c->p++;
    return true;
}

/* 23:59[:59[.123456]]. As in PostgreSQL 24:00:00 and a leap second :60 are
 * taken. */
static bool take_time(cursor *c, int64_t *micros_out)
{
    uint32_t hour, minute, second = 0;
    int64_t fraction = 0;
    if (!take_number(c, 1, 2, &hour) || !take_char(c, ':') || !take_number(c, 2, 2, &minute))
        return false;
    if (take_char(c, ':')) {
        if (!take_number(c, 2, 2, &second)) return false;
        if (take_char(c, '.') && !take_fraction(c, &fraction)) return false;
    }
    if (hour > 24 || minute > 59 || second > 60) return false;
    int64_t micros = ((int64_t)(hour * 60 + minute) * 60 + second) * USECS_PER_SEC + fraction;
    *micros_out = micros;
    return micros <= USECS_PER_DAY;
}

/* Z, UTC, GMT, +02, +02:30, +0230: seconds to the east. */
static bool take_zone(cursor *c, int64_t *seconds_out)
{
    uint32_t hour, minute = 0;
    size_t left = (size_t)(c->end - c->p);
    *seconds_out = 0;
    if (left == 1 && (*c->p == 'Z' || *c->p == 'z')) {
        c->p++;
        return true;
    }
    if (left == 3 && (strncasecmp(c->p, "utc", 3) == 0 || strncasecmp(c->p, "gmt", 3) == 0)) {
        c->p += 3;
        return true;
    }
    bool west = take_char(c, '-');
    if ((!west && !take_char(c, '+')) || !take_number(c, 1, 2, &hour)) return false;
    bool colon = take_char(c, ':');
    if ((colon || c->p < c->end) && !take_number(c, 2, 2, &minute)) return false;
    if (hour > 15 || minute > 59) return false;
    *seconds_out = (int64_t)(hour * 3600 + minute * 60) * (west ? -1 : 1);
    return true;
}

bool tide_parse_date(const char *ptr, size_t len, int32_t *days_out)
{
    cursor c = { ptr, ptr + len };
    return take_date(&c, days_out) && c.p == c.end;
}

bool tide_parse_time(const char *ptr, size_t len, int64_t *micros_out)
{
    cursor c = { ptr, ptr + len };
    return take_time(&c, micros_out) && c.p == c.end;
}

/* Exactly "2024-02-29 12:00:00" at p, the form nearly every timestamp has. */
static bool plain_timestamp(const char *p, int64_t *micros_out)
{
    uint32_t century, year, month, day, hour, minute, second;
    bool digits = tide_digits2(p, &century) & tide_digits2(p + 2, &year) &
                  tide_digits2(p + 5, &month) & tide_digits2(p + 8, &day) &
                  tide_digits2(p + 11, &hour) & tide_digits2(p + 14, &minute) &
                  tide_digits2(p + 17, &second);
    bool marks = (p[4] == '-') & (p[7] == '-') & ((p[10] == ' ') | (p[10] == 'T')) &
                 (p[13] == ':') & (p[16] == ':');
    year += century * 100;
    if (!digits || !marks || year < 1 || month - 1 > 11 || day - 1 > 27 || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    *micros_out = tide_days_from_civil((int32_t)year, month, day) * USECS_PER_DAY +
                  ((int64_t)(hour * 60 + minute) * 60 + second) * USECS_PER_SEC;
    return true;
}

bool tide_parse_timestamp(const char *ptr, size_t len, int64_t *micros_out, bool *had_zone)
{
    cursor c = { ptr, ptr + len };
    int32_t days;
    int64_t micros = 0, fraction = 0, zone = 0;
    bool zoned = false;
    if (len >= 19 && plain_timestamp(ptr, &micros)) {
        c.p += 19;
        if (take_char(&c, '.') && !take_fraction(&c, &fraction)) return false;
        micros += fraction;
    } else {
        if (!take_date(&c, &days)) return false;
        if (c.p < c.end) {
            if (!take_char(&c, ' ') && !take_char(&c, 'T') && !take_char(&c, 't')) return false;
            if (!take_time(&c, &micros)) return false;
        }
        micros += days * USECS_PER_DAY;
    }
    if (c.p < c.end) {
        take_char(&c, ' ');
        if (!take_zone(&c, &zone)) return false;
        zoned = true;
        micros -= zone * USECS_PER_SEC;
    }
    if (c.p != c.end) return false;
    if (micros < DAYS_MIN * USECS_PER_DAY || micros >= DAYS_END * USECS_PER_DAY) return false;
    *micros_out = micros;
    if (had_zone) *had_zone = zoned;
    return true;
}
