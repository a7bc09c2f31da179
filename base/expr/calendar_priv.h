/* calendar_priv.h - microseconds, days and months. Pure; any thread. */
#ifndef TIDE_BASE_EXPR_CALENDAR_PRIV_H
#define TIDE_BASE_EXPR_CALENDAR_PRIV_H
#include "base/column/text.h"

#define TIDE_MICROS_PER_SECOND INT64_C(1000000)
#define TIDE_MICROS_PER_MINUTE INT64_C(60000000)
#define TIDE_MICROS_PER_HOUR INT64_C(3600000000)
#define TIDE_MICROS_PER_DAY INT64_C(86400000000)
/* 0001-01-01 and 9999-12-31 in days since 1970: the calendar's ends. */
#define TIDE_DAYS_MIN (-719162)
#define TIDE_DAYS_MAX 2932896

/* Divisor d > 0; rounds down, also below zero. */
TIDE_INLINE int64_t tide_floor_div(int64_t v, int64_t d)
{
    int64_t q = v / d;
    return q - (v % d < 0);
}
TIDE_INLINE int32_t tide_days_of(int64_t micros)
{
    return (int32_t)tide_floor_div(micros, TIDE_MICROS_PER_DAY);
}
TIDE_INLINE int64_t tide_micros_of_day(int64_t micros)
{
    int64_t rest = micros % TIDE_MICROS_PER_DAY;
    return rest < 0 ? rest + TIDE_MICROS_PER_DAY : rest;
}
TIDE_INLINE bool tide_days_in_range(int64_t days)
{
    return days >= TIDE_DAYS_MIN && days <= TIDE_DAYS_MAX;
}
TIDE_INLINE bool tide_timestamp_in_range(int64_t micros)
{
    return micros >= TIDE_DAYS_MIN * TIDE_MICROS_PER_DAY &&
           micros < (TIDE_DAYS_MAX + 1) * TIDE_MICROS_PER_DAY;
}
/* A timestamp to `precision` digits of a second; half away from 2000, PostgreSQL's zero. */
TIDE_INLINE int64_t tide_round_micros(int64_t micros, uint32_t precision)
{
    static const int64_t units[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    const int64_t zero = 10957 * TIDE_MICROS_PER_DAY;
    int64_t unit = units[precision], v = micros - zero;
    if (unit == 1) return micros;
    return zero + (v >= 0 ? (v + unit / 2) / unit * unit : -((unit / 2 - v) / unit * unit));
}

TIDE_INLINE bool tide_is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
/* month: 1 to 12. */
TIDE_INLINE uint32_t tide_days_in_month(int32_t year, uint32_t month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && tide_is_leap(year) ? 29 : days[month - 1];
}
/* 0 is Sunday. */
TIDE_INLINE uint32_t tide_day_of_week(int32_t days)
{
    return (uint32_t)((days % 7 + 11) % 7); /* 1970-01-01 was a Thursday. */
}

/* A point in time in its parts. */
typedef struct tide_civil {
    int32_t year;
    uint32_t month, day, hour, minute, second, micros;
} tide_civil;

tide_civil tide_civil_of(int64_t micros);
/* False if it is no date or time, or out of range. Hours up to 24:00:00; second 60 is the next
 * minute. */
bool tide_civil_to_micros(const tide_civil *c, int64_t *out);
/* Moves by whole months; the day is cut to the month's length. False if out of range. */
bool tide_add_months(int64_t micros, int64_t months, int64_t *out);
/* t + sign * v, in months, then days, then time. False if out of range. */
bool tide_add_interval(int64_t t, const tide_interval *v, int sign, int64_t *out);
/* Of ISO 8601: the week's year, the week (1 to 53). */
void tide_iso_week(int32_t days, int32_t *year_out, uint32_t *week_out);
uint32_t tide_day_of_year(int32_t days);

#endif
