/* fn_time.c - sums and differences of dates, times and intervals; making them; the current time. */
#include <math.h>

#include "base/expr/calendar_priv.h"
#include "base/expr/field_priv.h"
#include "base/expr/kernels_priv.h"

static tide_row_result out_of_range(tide_rowcall *c, const char *what)
{
    return tide_row_fail(c, TIDE_E_OVERFLOW, "%s out of range", what);
}

static tide_row_result put_days(tide_rowcall *c, int64_t days, tide_value *out)
{
    if (!tide_days_in_range(days)) return out_of_range(c, "date");
    out->i64 = days;
    return TIDE_ROW_VALUE;
}

static tide_row_result put_stamp(tide_rowcall *c, __int128 micros, tide_value *out)
{
    if (micros != (int64_t)micros || !tide_timestamp_in_range((int64_t)micros))
        return out_of_range(c, "timestamp");
    out->i64 = (int64_t)micros;
    return TIDE_ROW_VALUE;
}

/* ---- timestamps and intervals, over columns ---- */

/* Every row moves by the same time; true if one leaves the calendar. */
TIDE_HOT static bool add_micros(const int64_t *restrict a, int64_t by, int64_t *restrict out,
                                uint32_t n)
{
    int64_t low = TIDE_DAYS_MIN * TIDE_MICROS_PER_DAY;
    uint64_t span = (uint64_t)((TIDE_DAYS_MAX + 1) * TIDE_MICROS_PER_DAY - low), bad = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t sum = (uint64_t)a[i] + (uint64_t)by;
        out[i] = (int64_t)sum;
        bad |= sum - (uint64_t)low >= span;
    }
    return bad != 0;
}

static void move_timestamps(const tide_kcall *k, int sign)
{
    const int64_t *a = k->args[0]->values;
    const tide_interval *v = k->args[1]->values;
    int64_t *out = k->out->vec.values;
    bool a_fixed = k->args[0]->constant, v_fixed = k->args[1]->constant;
    if (v_fixed && !a_fixed && v->months == 0) {
        __int128 by = (__int128)v->days * TIDE_MICROS_PER_DAY + v->micros;
        bool short_enough = by < INT64_C(400000000000000000) && by > -INT64_C(400000000000000000);
        if (short_enough && !add_micros(a, (int64_t)by * sign, out, k->n)) return;
    }
    for (uint32_t i = 0; i < k->n; i++) {
        if (!tide_kcall_live(k, i)) continue;
        if (!tide_add_interval(a[a_fixed ? 0 : i], &v[v_fixed ? 0 : i], sign, &out[i]))
            tide_kcall_error(k, i, TIDE_E_OVERFLOW, "timestamp out of range");
    }
}

void tide_vec_timestamp_add(const tide_kcall *k)
{
    move_timestamps(k, 1);
}
void tide_vec_timestamp_sub(const tide_kcall *k)
{
    move_timestamps(k, -1);
}

/* ---- the current time ---- */

static void fill(const tide_kcall *k, int64_t value)
{
    if (k->out->vec.type.id == TIDE_TYPE_DATE)
        for (uint32_t i = 0; i < k->n; i++) ((int32_t *)k->out->vec.values)[i] = (int32_t)value;
    else
        for (uint32_t i = 0; i < k->n; i++) ((int64_t *)k->out->vec.values)[i] = value;
}
void tide_vec_now(const tide_kcall *k)
{
    fill(k, tide_kcall_now(k));
}
void tide_vec_today(const tide_kcall *k)
{
    fill(k, tide_days_of(tide_kcall_now(k)));
}
void tide_vec_time_now(const tide_kcall *k)
{
    fill(k, tide_micros_of_day(tide_kcall_now(k)));
}
void tide_vec_unix_now(const tide_kcall *k)
{
    fill(k, tide_floor_div(tide_kcall_now(k), TIDE_MICROS_PER_SECOND));
}

/* ---- dates and times ---- */

tide_row_result tide_row_date_add_days(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_days(c, args[0].i64 + args[1].i64, out);
}
tide_row_result tide_row_date_minus_days(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_days(c, args[0].i64 - args[1].i64, out);
}
tide_row_result tide_row_date_minus_date(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->i64 = args[0].i64 - args[1].i64;
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_date_add_time(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_stamp(c, args[0].i64 * TIDE_MICROS_PER_DAY + args[1].i64, out);
}
tide_row_result tide_row_time_add_interval(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->i64 = tide_micros_of_day(args[0].i64 + args[1].interval.micros % TIDE_MICROS_PER_DAY);
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_time_minus_interval(tide_rowcall *c, const tide_value *args,
                                             tide_value *out)
{
    (void)c;
    out->i64 = tide_micros_of_day(args[0].i64 - args[1].interval.micros % TIDE_MICROS_PER_DAY);
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_time_minus_time(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->interval = (tide_interval){ .micros = args[0].i64 - args[1].i64 };
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_timestamp_minus_timestamp(tide_rowcall *c, const tide_value *args,
                                                   tide_value *out)
{
    (void)c;
    int64_t micros = args[0].i64 - args[1].i64;
    out->interval = (tide_interval){ .days = (int32_t)(micros / TIDE_MICROS_PER_DAY),
                                     .micros = micros % TIDE_MICROS_PER_DAY };
    return TIDE_ROW_VALUE;
}

/* ---- intervals ---- */

static tide_row_result put_interval(tide_rowcall *c, int64_t months, int64_t days, __int128 micros,
                                    tide_value *out)
{
    if (months != (int32_t)months || days != (int32_t)days || micros != (int64_t)micros)
        return out_of_range(c, "interval");
    out->interval = (tide_interval){ .months = (int32_t)months,
                                     .days = (int32_t)days,
                                     .micros = (int64_t)micros };
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_interval_add(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const tide_interval *a = &args[0].interval, *b = &args[1].interval;
    return put_interval(c, (int64_t)a->months + b->months, (int64_t)a->days + b->days,
                        (__int128)a->micros + b->micros, out);
}
tide_row_result tide_row_interval_minus(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const tide_interval *a = &args[0].interval, *b = &args[1].interval;
    return put_interval(c, (int64_t)a->months - b->months, (int64_t)a->days - b->days,
                        (__int128)a->micros - b->micros, out);
}
tide_row_result tide_row_interval_neg(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const tide_interval *a = &args[0].interval;
    return put_interval(c, -(int64_t)a->months, -(int64_t)a->days, -(__int128)a->micros, out);
}

static double round_micro(double v)
{
    return rint(v * 1e6) / 1e6;
}

/* Fractions of months become days, of days time: PostgreSQL's interval_mul. */
static tide_row_result scale_interval(tide_rowcall *c, const tide_interval *v, double by,
                                      bool divide, tide_value *out)
{
    const double seconds_per_day = 86400;
    double months = divide ? v->months / by : v->months * by,
           days = divide ? v->days / by : v->days * by;
    double micros = divide ? (double)v->micros / by : (double)v->micros * by;
    if (!(fabs(months) < INT32_MAX && fabs(days) < INT32_MAX && fabs(micros) < 0x1p63))
        return out_of_range(c, "interval");
    double whole_months = trunc(months), whole_days = trunc(days);
    double more_days = round_micro((months - whole_months) * 30);
    double more_seconds =
        round_micro((days - whole_days + more_days - trunc(more_days)) * seconds_per_day);
    if (fabs(more_seconds) >= seconds_per_day) {
        whole_days += trunc(more_seconds / seconds_per_day);
        more_seconds -= trunc(more_seconds / seconds_per_day) * seconds_per_day;
    }
    whole_days += trunc(more_days);
    micros = rint(micros + more_seconds * 1e6);
    if (!(fabs(micros) < 0x1p63)) return out_of_range(c, "interval");
    return put_interval(c, (int64_t)whole_months, (int64_t)whole_days, (int64_t)micros, out);
}

tide_row_result tide_row_interval_mul(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return scale_interval(c, &args[0].interval, args[1].f64, false, out);
}
tide_row_result tide_row_interval_div(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    if (args[1].f64 == 0) return tide_row_fail(c, TIDE_E_DIV_ZERO, "division by zero");
    return scale_interval(c, &args[0].interval, args[1].f64, true, out);
}

/* Moves whole units up, then one more if the two parts' signs differ. */
static void carry(int64_t *low, int64_t unit, int64_t *high)
{
    *high += *low / unit;
    *low %= unit;
    if (*high > 0 && *low < 0) {
        *low += unit;
        --*high;
    } else if (*high < 0 && *low > 0) {
        *low -= unit;
        ++*high;
    }
}

tide_row_result tide_row_justify_hours(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t days = args[0].interval.days, micros = args[0].interval.micros;
    carry(&micros, TIDE_MICROS_PER_DAY, &days);
    return put_interval(c, args[0].interval.months, days, micros, out);
}
tide_row_result tide_row_justify_days(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t months = args[0].interval.months, days = args[0].interval.days;
    carry(&days, 30, &months);
    return put_interval(c, months, days, args[0].interval.micros, out);
}
tide_row_result tide_row_justify_interval(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t months = args[0].interval.months, days = args[0].interval.days,
            micros = args[0].interval.micros;
    days += micros / TIDE_MICROS_PER_DAY;
    micros %= TIDE_MICROS_PER_DAY;
    months += days / 30;
    days %= 30;
    if (months > 0 && (days < 0 || (days == 0 && micros < 0))) {
        days += 30;
        months--;
    } else if (months < 0 && (days > 0 || (days == 0 && micros > 0))) {
        days -= 30;
        months++;
    }
    carry(&micros, TIDE_MICROS_PER_DAY, &days);
    return put_interval(c, months, days, micros, out);
}

/* The difference in the parts of a calendar; b's (or for a < b, a's) month lengths when days are
 * borrowed: PostgreSQL's timestamp_age. */
tide_row_result tide_row_age(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    bool negative = args[0].i64 < args[1].i64;
    tide_civil a = tide_civil_of(args[0].i64), b = tide_civil_of(args[1].i64);
    const tide_civil *late = negative ? &b : &a, *early = negative ? &a : &b;
    int64_t months = ((int64_t)late->year - early->year) * 12 + (int64_t)late->month - early->month;
    int64_t days = (int64_t)late->day - early->day;
    int64_t micros = tide_micros_of_day(negative ? args[1].i64 : args[0].i64) -
                     tide_micros_of_day(negative ? args[0].i64 : args[1].i64);
    if (micros < 0) {
        micros += TIDE_MICROS_PER_DAY;
        days--;
    }
    while (days < 0) {
        days += tide_days_in_month(early->year, early->month);
        months--;
    }
    int sign = negative ? -1 : 1;
    return put_interval(c, sign * months, sign * days, sign * micros, out);
}

/* ---- making them ---- */

static tide_row_result bad_fields(tide_rowcall *c, const char *what)
{
    return tide_row_fail(c, TIDE_E_OVERFLOW, "%s field value out of range", what);
}

static bool set_date(const tide_value *args, tide_civil *to)
{
    bool ok = args[0].i64 >= 1 && args[0].i64 <= 9999 && args[1].i64 >= 1 && args[1].i64 <= 12 &&
              args[2].i64 >= 1 && args[2].i64 <= 31;
    to->year = (int32_t)args[0].i64;
    to->month = (uint32_t)args[1].i64;
    to->day = (uint32_t)args[2].i64;
    return ok;
}
/* Hour, minute and seconds with fraction, as microseconds of a day. */
static bool set_time(const tide_value *args, int64_t *out)
{
    int64_t hour = args[0].i64, minute = args[1].i64;
    double seconds = args[2].f64;
    if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || !(seconds >= 0 && seconds <= 60))
        return false;
    *out = hour * TIDE_MICROS_PER_HOUR + minute * TIDE_MICROS_PER_MINUTE +
           (int64_t)rint(seconds * 1e6);
    return *out <= TIDE_MICROS_PER_DAY;
}

tide_row_result tide_row_make_date(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    tide_civil civil = { 0 };
    if (!set_date(args, &civil) || !tide_civil_to_micros(&civil, &out->i64))
        return bad_fields(c, "date");
    out->i64 = tide_days_of(out->i64);
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_make_time(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return set_time(args, &out->i64) ? TIDE_ROW_VALUE : bad_fields(c, "time");
}
tide_row_result tide_row_make_timestamp(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    tide_civil civil = { 0 };
    int64_t date, of_day;
    if (!set_date(args, &civil) || !tide_civil_to_micros(&civil, &date) ||
        !set_time(args + 3, &of_day))
        return bad_fields(c, "timestamp");
    return put_stamp(c, date + of_day, out);
}
tide_row_result tide_row_make_interval(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t parts[6] = { 0 };
    double seconds = c->n_args == 7 ? args[6].f64 : 0;
    for (uint32_t i = 0; i < c->n_args && i < 6; i++) parts[i] = args[i].i64;
    if (!(fabs(seconds) < 9e12)) return out_of_range(c, "interval");
    __int128 micros =
        (__int128)parts[4] * TIDE_MICROS_PER_HOUR + (__int128)parts[5] * TIDE_MICROS_PER_MINUTE;
    return put_interval(c, parts[0] * 12 + parts[1], parts[2] * 7 + parts[3],
                        micros + (int64_t)rint(seconds * 1e6), out);
}

/* ---- binning, units, epochs ---- */

tide_row_result tide_row_date_bin(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const tide_interval *stride = &args[0].interval;
    __int128 step = (__int128)stride->days * TIDE_MICROS_PER_DAY + stride->micros;
    if (stride->months)
        return tide_row_fail(c, TIDE_E_INVALID, "timestamps cannot be binned into months or years");
    if (step <= 0 || step != (int64_t)step)
        return tide_row_fail(c, TIDE_E_INVALID, "stride must be greater than zero");
    int64_t bins = tide_floor_div(args[1].i64 - args[2].i64, (int64_t)step);
    return put_stamp(c, args[2].i64 + (__int128)bins * step, out);
}

/* Months of a unit of months, or microseconds of a shorter one. */
static bool unit_of(const tide_value *name, int64_t *months_out, int64_t *micros_out)
{
    static const int64_t micros[] = { 1,
                                      1000,
                                      TIDE_MICROS_PER_SECOND,
                                      TIDE_MICROS_PER_MINUTE,
                                      TIDE_MICROS_PER_HOUR,
                                      TIDE_MICROS_PER_DAY,
                                      7 * TIDE_MICROS_PER_DAY };
    static const int64_t months[] = {
        [TIDE_FIELD_MONTH] = 1,    [TIDE_FIELD_QUARTER] = 3,    [TIDE_FIELD_YEAR] = 12,
        [TIDE_FIELD_DECADE] = 120, [TIDE_FIELD_CENTURY] = 1200, [TIDE_FIELD_MILLENNIUM] = 12000
    };
    tide_field_id field;
    if (!tide_field_parse(name->str.ptr, name->str.len, &field) || field > TIDE_FIELD_MILLENNIUM)
        return false;
    *months_out = field > TIDE_FIELD_WEEK ? months[field] : 0;
    *micros_out = field > TIDE_FIELD_WEEK ? 0 : micros[field];
    return true;
}

/* Whole months from a to b. */
static int64_t months_between(int64_t a, int64_t b)
{
    tide_civil from = tide_civil_of(a), to = tide_civil_of(b);
    int64_t months = ((int64_t)to.year - from.year) * 12 + (int64_t)to.month - from.month;
    int64_t a_rest = from.day * TIDE_MICROS_PER_DAY + tide_micros_of_day(a);
    int64_t b_rest = to.day * TIDE_MICROS_PER_DAY + tide_micros_of_day(b);
    if (months > 0 && b_rest < a_rest) months--;
    if (months < 0 && b_rest > a_rest) months++;
    return months;
}

tide_row_result tide_row_timestampdiff(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t months, micros;
    if (!unit_of(&args[0], &months, &micros))
        return tide_row_fail(c, TIDE_E_INVALID, "unknown unit \"%.*s\"", (int)args[0].str.len,
                             args[0].str.ptr);
    out->i64 = months ? months_between(args[1].i64, args[2].i64) / months
                      : (args[2].i64 - args[1].i64) / micros;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_timestampadd(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t months, micros;
    if (!unit_of(&args[0], &months, &micros))
        return tide_row_fail(c, TIDE_E_INVALID, "unknown unit \"%.*s\"", (int)args[0].str.len,
                             args[0].str.ptr);
    if (months == 0) return put_stamp(c, args[2].i64 + (__int128)args[1].i64 * micros, out);
    if (!tide_add_months(args[2].i64, args[1].i64 * months, &out->i64))
        return out_of_range(c, "timestamp");
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_to_timestamp_epoch(tide_rowcall *c, const tide_value *args,
                                            tide_value *out)
{
    double seconds = args[0].f64;
    if (!(fabs(seconds) < 1e12)) return out_of_range(c, "timestamp");
    return put_stamp(c, (int64_t)rint(seconds * 1e6), out);
}

tide_row_result tide_row_to_timestamp_ltz(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t precision = c->n_args == 2 ? args[1].i64 : 3;
    int64_t factor = precision == 0 ? TIDE_MICROS_PER_SECOND : precision == 3 ? 1000 : 1;
    return put_stamp(c, (__int128)args[0].i64 * factor, out);
}

tide_row_result tide_row_unix_timestamp(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->i64 = tide_floor_div(args[0].i64, TIDE_MICROS_PER_SECOND);
    return TIDE_ROW_VALUE;
}
