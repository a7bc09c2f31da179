/* csv_columns.c - the values of many regular rows, one column after the other,
 * without a call per value for the common types. What a quick reader does not
 * take goes the long way (csv_field_put): it decides. */
#include "base/column/digits.h"
#include "base/column/text.h"
#include "base/format/csv_internal.h"
#include "base/format/utf8.h"

/* Where a column's values go. A copy on the stack: what a loop needs stays in registers though
 * the values that it stores might, for all that the compiler knows, lie on top of it. */
typedef struct quick_target {
    void *values;
    tide_colb *out;
    const tide_field_spec *spec;
    uint32_t scale;        /* DECIMAL: 1 to 7, */
    uint64_t one, largest; /* 10^scale and the largest magnitude that is quick. */
} quick_target;

static quick_target target_of(const tide_field_spec *spec, tide_colb *out)
{
    quick_target to = {
        .values = out->values, .out = out, .spec = spec, .scale = spec->type.scale
    };
    to.one = tide_pow10_u64[spec->type.scale & 7];
    to.largest = tide_pow10_u64[spec->type.precision < 16 ? spec->type.precision : 16] - 1;
    return to;
}

/* ---- quick readers: false means "not my kind of text" ---- */

/* 1 to 8 digits; reads 8 bytes. */
TIDE_INLINE bool digits8(const char *p, uint32_t len, uint64_t *out)
{
    if (TIDE_UNLIKELY(len - 1 > 7)) return false;
    uint64_t v = tide_load8(p) << (64 - 8 * len);
    v |= UINT64_C(0x3030303030303030) >> 1 >> (8 * len - 1); /* Leading zeros. */
    *out = tide_digits8_value(v);
    return tide_digits8_all(v);
}

TIDE_INLINE bool quick_integer(const char *p, uint32_t len, int64_t *out)
{
    uint64_t high = 0, low;
    bool negative = *p == '-';
    p += negative, len -= negative;
    if (len > 8 && len <= 16) {
        if (!digits8(p, len - 8, &high)) return false;
        p += len - 8, len = 8;
    }
    if (!digits8(p, len, &low)) return false;
    low += high * 100000000u;
    *out = negative ? -(int64_t)low : (int64_t)low;
    return true;
}

TIDE_INLINE bool quick_bigint(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    return quick_integer(p, len, (int64_t *)to->values + row);
}

TIDE_INLINE bool quick_int(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    int64_t v;
    if (!quick_integer(p, len, &v) || v != (int32_t)v) return false;
    ((int32_t *)to->values)[row] = (int32_t)v;
    return true;
}

/* "-123.45" with exactly `scale` digits behind the point, at most 8 in front of it and 7 behind;
 * or without point and fraction. */
TIDE_INLINE bool quick_decimal(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    uint64_t whole, fraction;
    uint32_t scale = to->scale;
    bool negative = *p == '-';
    p += negative, len -= negative;
    if (len < scale + 2 || p[len - scale - 1] != '.') {
        if (!digits8(p, len, &whole)) return false;
        fraction = 0;
    } else if (!digits8(p, len - scale - 1, &whole) ||
               !digits8(p + len - scale, scale, &fraction)) {
        return false;
    }
    uint64_t v = whole * to->one + fraction;
    if (v > to->largest) return false;
    int64_t low = negative ? -(int64_t)v : (int64_t)v;
    /* Two halves: a 16-byte value on its way through the stack would stall the load behind it. */
    int64_t *at = (int64_t *)to->values + 2 * (size_t)row;
    at[0] = low;
    at[1] = low >> 63;
    return true;
}

/* "1996-03-13" in the years for which every fourth is a leap year. */
TIDE_INLINE bool quick_date(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    static const uint16_t before[16] = { 0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    static const uint8_t days_of[16] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const uint64_t dashes = UINT64_C(0xff0000ff00000000), text = UINT64_C(0x2d00002d00000000);
    uint32_t day;
    uint64_t v = tide_load8(p);
    if (len != 10 || (v & dashes) != text || !tide_digits2(p + 8, &day)) return false;
    v ^= UINT64_C(0x1d00001d00000000); /* The dashes become zeros. */
    if (!tide_digits8_all(v)) return false;
    uint32_t number = tide_digits8_value(v), year = number / 10000, month = number / 10 % 100;
    if (year - 1901 > 198 || month - 1 > 11) return false;
    uint32_t leap = (year & 3) == 0;
    if (day - 1 >= days_of[month] + (leap & (month == 2))) return false;
    ((int32_t *)to->values)[row] =
        (int32_t)(year * 365 + (year - 1) / 4 + before[month] + (leap & (month > 2)) + day) -
        719543;
    return true;
}

TIDE_INLINE bool quick_ascii(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    tide_field_put_view(to->out, row, p, len);
    return true;
}

TIDE_INLINE bool quick_utf8(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    if (!tide_utf8_valid(p, len)) return false;
    tide_field_put_view(to->out, row, p, len);
    return true;
}

TIDE_INLINE bool quick_text(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    return !tide_type_is_string(to->spec->type) &&
           tide_field_put_text(to->spec, to->out, row, p, len);
}

/* ---- a column ---- */

typedef bool (*quick_reader)(const quick_target *to, uint32_t row, const char *p, uint32_t len);

/* Returns the first row that does not convert, or n. */
TIDE_INLINE uint32_t put_column(csv_decoder *self, const csv_column *column, const csv_rows *rows,
                                uint32_t n, tide_colb *out, uint32_t row0, quick_reader quick)
{
    const quick_target to = target_of(&column->spec, out);
    const uint32_t *end_at = rows->ends + column->place;
    const char *base = rows->base, *null_literal = self->options.null_literal;
    const uint32_t null_len = self->options.null_len, stride = rows->stride;
    bool last = column->place + 1 == rows->n_fields && rows->stride == rows->n_fields;
    for (uint32_t r = 0; r < n; r++, end_at += stride) {
        uint32_t start = end_at[-1] + 1, end = *end_at;
        const char *p = base + start;
        if (last && end > start && base[end - 1] == '\r') end--;
        uint32_t len = end - start;
        bool null = len == null_len && memcmp(p, null_literal, len) == 0;
        if (TIDE_LIKELY(!null && quick(&to, row0 + r, p, len))) continue;
        const csv_field field = { .ptr = p, .len = len };
        if (!csv_field_put(self, column, out, row0 + r, &field)) return r;
    }
    return n;
}

static uint32_t put_typed(csv_decoder *self, const csv_column *column, const csv_rows *rows,
                          uint32_t n, tide_colb *out, uint32_t row0)
{
    switch (column->spec.type.id) {
    case TIDE_TYPE_INT: return put_column(self, column, rows, n, out, row0, quick_int);
    case TIDE_TYPE_BIGINT: return put_column(self, column, rows, n, out, row0, quick_bigint);
    case TIDE_TYPE_DATE: return put_column(self, column, rows, n, out, row0, quick_date);
    case TIDE_TYPE_DECIMAL:
        if (column->spec.type.scale - 1 > 6) break;
        return put_column(self, column, rows, n, out, row0, quick_decimal);
    case TIDE_TYPE_STRING:
        if (column->spec.type.precision) break;
        return rows->ascii ? put_column(self, column, rows, n, out, row0, quick_ascii)
                           : put_column(self, column, rows, n, out, row0, quick_utf8);
    default: break;
    }
    return put_column(self, column, rows, n, out, row0, quick_text);
}

uint32_t csv_rows_put(csv_decoder *self, const csv_rows *rows, tide_builder *out)
{
    uint32_t n = rows->n;
    for (uint32_t i = 0; i < self->n; i++)
        n = put_typed(self, &self->columns[i], rows, n, &out->cols[i], out->n);
    if (n == rows->n) return n;
    /* NULLs of rows that are given up must not show in those that take their
   * place. */
    for (uint32_t i = 0; i < self->n; i++)
        for (uint32_t r = n; out->cols[i].validity && r < rows->n; r++)
            out->cols[i].validity[(out->n + r) >> 6] |= 1ull << ((out->n + r) & 63);
    return n;
}
