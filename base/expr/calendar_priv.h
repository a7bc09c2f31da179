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
/* To `precision` digits of a second, half away from zero. */
TIDE_INLINE int64_t tide_round_micros(int64_t micros, uint32_t precision)
{
    static const int64_t units[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    int64_t unit = units[precision];
    if (unit == 1) return micros;
    return micros >= 0 ? (micros + unit / 2) / unit * unit : -((unit / 2 - micros) / unit * unit);
}

#endif
