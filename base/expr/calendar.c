/* calendar.c - months, weeks and intervals. */
#include "base/expr/calendar_priv.h"

tide_civil tide_civil_of(int64_t micros)
{
    tide_civil c;
    int32_t days = tide_days_of(micros);
    uint64_t rest = (uint64_t)(micros - days * TIDE_MICROS_PER_DAY);
    uint32_t seconds = (uint32_t)(rest / 1000000);
    tide_civil_from_days(days, &c.year, &c.month, &c.day);
    c.hour = seconds / 3600;
    c.minute = seconds / 60 % 60;
    c.second = seconds % 60;
    c.micros = (uint32_t)(rest % 1000000);
    return c;
}

bool tide_civil_to_micros(const tide_civil *c, int64_t *out)
{
    if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12) return false;
    if (c->day < 1 || c->day > tide_days_in_month(c->year, c->month)) return false;
    if (c->hour > 24 || c->minute > 59 || c->second > 60 || c->micros >= TIDE_MICROS_PER_SECOND)
        return false;
    int64_t of_day = c->hour * TIDE_MICROS_PER_HOUR + c->minute * TIDE_MICROS_PER_MINUTE +
                     c->second * TIDE_MICROS_PER_SECOND + c->micros;
    if (of_day > TIDE_MICROS_PER_DAY) return false;
    *out = tide_days_from_civil(c->year, c->month, c->day) * TIDE_MICROS_PER_DAY + of_day;
    return tide_timestamp_in_range(*out);
}

bool tide_add_months(int64_t micros, int64_t months, int64_t *out)
{
    int32_t year;
    uint32_t month, day;
    tide_civil_from_days(tide_days_of(micros), &year, &month, &day);
    int64_t total = (int64_t)year * 12 + month - 1 + months, to_year = tide_floor_div(total, 12);
    if (to_year < 1 || to_year > 9999) return false;
    uint32_t to_month = (uint32_t)(total - to_year * 12) + 1;
    uint32_t last = tide_days_in_month((int32_t)to_year, to_month);
    int32_t days = tide_days_from_civil((int32_t)to_year, to_month, day < last ? day : last);
    *out = days * TIDE_MICROS_PER_DAY + tide_micros_of_day(micros);
    return true;
}

bool tide_add_interval(int64_t t, const tide_interval *v, int sign, int64_t *out)
{
    if (v->months && !tide_add_months(t, (int64_t)sign * v->months, &t)) return false;
    __int128 sum = t + (__int128)sign * v->days * TIDE_MICROS_PER_DAY + (__int128)sign * v->micros;
    *out = (int64_t)sum;
    return sum == *out && tide_timestamp_in_range(*out);
}

uint32_t tide_day_of_year(int32_t days)
{
    int32_t year;
    uint32_t month, day;
    tide_civil_from_days(days, &year, &month, &day);
    return (uint32_t)(days - tide_days_from_civil(year, 1, 1)) + 1;
}

void tide_iso_week(int32_t days, int32_t *year_out, uint32_t *week_out)
{
    /* The week belongs to the year of its Thursday. */
    int32_t thursday = days + 3 - (int32_t)((tide_day_of_week(days) + 6) % 7);
    uint32_t month, day;
    tide_civil_from_days(thursday, year_out, &month, &day);
    *week_out = (uint32_t)(thursday - tide_days_from_civil(*year_out, 1, 1)) / 7 + 1;
}
