/* fn_field.c - extract and date_trunc. */
#include "base/core/assert.h"
#include "base/expr/calendar_priv.h"
#include "base/expr/field_priv.h"
#include "base/expr/kernels_priv.h"

/* The literal field's number plus one, as a pointer; NULL when the field is not constant. */
void *tide_prepare_field(const tide_expr *e, void (**drop_out)(void *imm))
{
    tide_field_id field;
    const tide_expr *name = e->call.args[0];
    *drop_out = NULL; /* Nothing to give back. */
    if (name->kind != TIDE_EXPR_LITERAL || name->literal.is_null) return NULL;
    if (!tide_field_parse(name->literal.str.ptr, name->literal.str.len, &field)) return NULL;
    return (void *)(uintptr_t)(field + 1);
}

/* The field of row `row`. False, with an error for the row, if its text names none. */
static bool field_of_row(const tide_kcall *k, uint32_t row, tide_field_id *out)
{
    if (k->imm) {
        *out = (tide_field_id)((uintptr_t)k->imm - 1);
        return true;
    }
    uint32_t len;
    const char *name = tide_vec_str(k->args[0], row, &len);
    if (tide_field_parse(name, len, out)) return true;
    tide_kcall_error(k, row, TIDE_E_INVALID, "unknown field \"%.*s\"", (int)(len < 60 ? len : 60),
                     name);
    return false;
}

/* ---- extract ---- */

static int64_t day_field(int32_t days, tide_field_id field)
{
    int32_t year;
    uint32_t month, day, week;
    switch (field) {
    case TIDE_FIELD_DOW: return tide_day_of_week(days);
    case TIDE_FIELD_ISODOW: return (tide_day_of_week(days) + 6) % 7 + 1;
    case TIDE_FIELD_DOY: return tide_day_of_year(days);
    case TIDE_FIELD_WEEK: tide_iso_week(days, &year, &week); return week;
    case TIDE_FIELD_ISOYEAR: tide_iso_week(days, &year, &week); return year;
    case TIDE_FIELD_JULIAN: return days + INT64_C(2440588);
    case TIDE_FIELD_EPOCH: return days * INT64_C(86400);
    case TIDE_FIELD_DAY:
    case TIDE_FIELD_MONTH:
    case TIDE_FIELD_QUARTER:
    case TIDE_FIELD_YEAR:
    case TIDE_FIELD_DECADE:
    case TIDE_FIELD_CENTURY:
    case TIDE_FIELD_MILLENNIUM:
    case TIDE_FIELD_MICROSECOND:
    case TIDE_FIELD_MILLISECOND:
    case TIDE_FIELD_SECOND:
    case TIDE_FIELD_MINUTE:
    case TIDE_FIELD_HOUR:
    case TIDE_FIELD_COUNT: break;
    }
    tide_civil_from_days(days, &year, &month, &day);
    if (field == TIDE_FIELD_DAY) return day;
    if (field == TIDE_FIELD_MONTH) return month;
    if (field == TIDE_FIELD_QUARTER) return (month + 2) / 3;
    if (field == TIDE_FIELD_DECADE) return year / 10;
    if (field == TIDE_FIELD_CENTURY) return (year + 99) / 100;
    if (field == TIDE_FIELD_MILLENNIUM) return (year + 999) / 1000;
    return year;
}

/* Seconds and their fractions are counted in microseconds; the result's scale says the rest. */
static int64_t time_field(int64_t micros, tide_field_id field)
{
    if (field == TIDE_FIELD_HOUR) return micros / TIDE_MICROS_PER_HOUR;
    if (field == TIDE_FIELD_MINUTE) return micros / TIDE_MICROS_PER_MINUTE % 60;
    return micros % TIDE_MICROS_PER_MINUTE;
}

static int64_t timestamp_field(int64_t micros, tide_field_id field)
{
    if (field < TIDE_FIELD_DAY) return time_field(tide_micros_of_day(micros), field);
    if (field == TIDE_FIELD_EPOCH) return micros;
    return day_field(tide_days_of(micros), field);
}

static int64_t interval_field(const tide_interval *v, tide_field_id field)
{
    int64_t years = v->months / 12, months = v->months % 12;
    switch (field) {
    case TIDE_FIELD_DAY: return v->days;
    case TIDE_FIELD_MONTH: return months;
    case TIDE_FIELD_QUARTER: return months / 3 + 1;
    case TIDE_FIELD_YEAR: return years;
    case TIDE_FIELD_DECADE: return years / 10;
    case TIDE_FIELD_CENTURY: return years / 100;
    case TIDE_FIELD_MILLENNIUM: return years / 1000;
    case TIDE_FIELD_EPOCH: /* Years of 365.25 days. */
        return years * INT64_C(31557600000000) + (months * 30 + v->days) * TIDE_MICROS_PER_DAY +
               v->micros;
    case TIDE_FIELD_MICROSECOND:
    case TIDE_FIELD_MILLISECOND:
    case TIDE_FIELD_SECOND:
    case TIDE_FIELD_MINUTE:
    case TIDE_FIELD_HOUR:
    case TIDE_FIELD_WEEK:
    case TIDE_FIELD_DOW:
    case TIDE_FIELD_ISODOW:
    case TIDE_FIELD_DOY:
    case TIDE_FIELD_ISOYEAR:
    case TIDE_FIELD_JULIAN:
    case TIDE_FIELD_COUNT: break;
    }
    return time_field(v->micros, field);
}

static int64_t field_value(const tide_vec *v, uint32_t row, tide_field_id field)
{
    if (tide_type_is_timestamp(v->type))
        return timestamp_field(((const int64_t *)v->values)[row], field);
    if (v->type.id == TIDE_TYPE_DATE) return day_field(((const int32_t *)v->values)[row], field);
    if (v->type.id == TIDE_TYPE_INTERVAL)
        return interval_field((const tide_interval *)v->values + row, field);
    int64_t micros = ((const int64_t *)v->values)[row];
    return field == TIDE_FIELD_EPOCH ? micros : time_field(micros, field);
}

/* Rows of a stream are mostly of the day of the row before. */
static void extract_of_days(const int64_t *micros, tide_field_id field, int64_t *out, uint32_t n)
{
    int64_t day_from = 0, value = day_field(0, field);
    for (uint32_t i = 0; i < n; i++) {
        if ((uint64_t)micros[i] - (uint64_t)day_from >= (uint64_t)TIDE_MICROS_PER_DAY) {
            int32_t days = tide_days_of(micros[i]);
            day_from = days * TIDE_MICROS_PER_DAY;
            value = day_field(days, field);
        }
        out[i] = value;
    }
}

void tide_vec_extract(const tide_kcall *k)
{
    tide_field_id field =
        (tide_field_id)((uintptr_t)k->imm - 1); /* Constant: the binder saw to that. */
    int64_t *out = k->out->vec.values;
    __int128 *decimals = k->out->vec.values;
    bool is_decimal = k->out->vec.type.id == TIDE_TYPE_DECIMAL;
    if (tide_type_is_timestamp(k->args[1]->type) && field >= TIDE_FIELD_DAY &&
        field != TIDE_FIELD_EPOCH) {
        extract_of_days(k->args[1]->values, field, out, k->n);
        return;
    }
    for (uint32_t i = 0; i < k->n; i++) {
        int64_t v = field_value(k->args[1], i, field);
        if (is_decimal)
            decimals[i] = v;
        else
            out[i] = v;
    }
}

/* ---- date_trunc ---- */

/* The first year of the year's decade and the like; centuries begin with year 1. */
static int32_t first_year(int32_t year, tide_field_id field)
{
    if (field == TIDE_FIELD_DECADE) return year / 10 * 10;
    if (field == TIDE_FIELD_CENTURY) return (year + 99) / 100 * 100 - 99;
    if (field == TIDE_FIELD_MILLENNIUM) return (year + 999) / 1000 * 1000 - 999;
    return year;
}

/* False if there is no such unit to cut to. */
static bool truncate(int64_t micros, tide_field_id field, int64_t *out)
{
    static const int64_t units[] = { 1,
                                     1000,
                                     TIDE_MICROS_PER_SECOND,
                                     TIDE_MICROS_PER_MINUTE,
                                     TIDE_MICROS_PER_HOUR,
                                     TIDE_MICROS_PER_DAY };
    if (field > TIDE_FIELD_MILLENNIUM) return false;
    if (field <= TIDE_FIELD_DAY) {
        *out = tide_floor_div(micros, units[field]) * units[field];
        return true;
    }
    int32_t days = tide_days_of(micros), year;
    uint32_t month, day;
    if (field == TIDE_FIELD_WEEK) {
        *out = (days - (int32_t)((tide_day_of_week(days) + 6) % 7)) * TIDE_MICROS_PER_DAY;
        return true;
    }
    tide_civil_from_days(days, &year, &month, &day);
    if (field == TIDE_FIELD_QUARTER) month = (month - 1) / 3 * 3 + 1;
    if (field >= TIDE_FIELD_YEAR) month = 1;
    year = first_year(year, field);
    *out = tide_days_from_civil(year < 1 ? 1 : year, month, 1) * TIDE_MICROS_PER_DAY;
    return true;
}

static void no_unit(const tide_kcall *k, uint32_t row)
{
    tide_kcall_error(k, row, TIDE_E_INVALID, "a time cannot be truncated to that field");
}

void tide_vec_date_trunc(const tide_kcall *k)
{
    const int64_t *a = k->args[1]->values;
    int64_t *out = k->out->vec.values;
    bool a_fixed = k->args[1]->constant;
    for (uint32_t i = 0; i < k->n; i++) {
        tide_field_id field;
        out[i] = 0;
        if (k->imm == NULL && !tide_kcall_live(k, i)) continue;
        if (!field_of_row(k, i, &field)) continue;
        if (!truncate(a[a_fixed ? 0 : i], field, &out[i]) && tide_kcall_live(k, i)) no_unit(k, i);
    }
}

tide_row_result tide_row_interval_trunc(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    static const int64_t units[] = { 1, 1000, TIDE_MICROS_PER_SECOND, TIDE_MICROS_PER_MINUTE,
                                     TIDE_MICROS_PER_HOUR };
    static const int32_t months[] = {
        [TIDE_FIELD_MONTH] = 1,    [TIDE_FIELD_QUARTER] = 3,    [TIDE_FIELD_YEAR] = 12,
        [TIDE_FIELD_DECADE] = 120, [TIDE_FIELD_CENTURY] = 1200, [TIDE_FIELD_MILLENNIUM] = 12000
    };
    tide_field_id field;
    tide_interval v = args[1].interval;
    if (!tide_field_parse(args[0].str.ptr, args[0].str.len, &field) ||
        field > TIDE_FIELD_MILLENNIUM || field == TIDE_FIELD_WEEK)
        return tide_row_fail(c, TIDE_E_INVALID, "an interval cannot be truncated to that field");
    v.micros = field < TIDE_FIELD_DAY ? v.micros / units[field] * units[field] : 0;
    if (field > TIDE_FIELD_DAY) {
        v.days = 0;
        v.months = v.months / months[field] * months[field];
    }
    out->interval = v;
    return TIDE_ROW_VALUE;
}
