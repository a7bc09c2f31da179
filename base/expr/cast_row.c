/* cast_row.c - CAST of one value, for every pair of types that has one. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/expr/calendar_priv.h"
#include "base/expr/decimal_priv.h"
#include "base/expr/row_priv.h"

static uint32_t cut_chars(const char *p, uint32_t len, uint32_t n);
static tide_row_result to_integer(tide_rowcall *c, const tide_value *in, tide_value *out);
/* Has a number's text one of the digits from `least` on, before an exponent? */
static bool has_digit(const char *p, size_t n, char least)
{
    for (size_t i = 0; i < n && p[i] != 'e' && p[i] != 'E'; i++)
        if (p[i] >= least && p[i] <= '9') return true;
    return false;
}

static tide_row_result to_float(tide_rowcall *c, const tide_value *in, tide_value *out);
static tide_row_result to_decimal(tide_rowcall *c, const tide_value *in, tide_value *out);
static tide_row_result to_boolean(tide_rowcall *c, const tide_value *in, tide_value *out);
static tide_row_result to_string(tide_rowcall *c, const tide_value *in, tide_value *out);
static tide_row_result to_bytes(tide_rowcall *c, const tide_value *in, tide_value *out);
static tide_row_result to_time(tide_rowcall *c, const tide_value *in, tide_value *out);
static tide_row_result to_interval(tide_rowcall *c, const tide_value *in, tide_value *out);

void tide_rowcall_fini(tide_rowcall *self)
{
    tide_bytes_fini(&self->out);
    tide_bytes_fini(&self->scratch);
}

tide_row_result tide_row_fail(tide_rowcall *self, tide_status code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(self->text, sizeof self->text, fmt, args);
    va_end(args);
    self->code = code;
    return TIDE_ROW_FAILED;
}

tide_row_result tide_row_cast(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    if (tide_type_is_integer(out->type)) return to_integer(c, args, out);
    switch ((tide_type_id)out->type.id) {
    case TIDE_TYPE_FLOAT:
    case TIDE_TYPE_DOUBLE: return to_float(c, args, out);
    case TIDE_TYPE_DECIMAL: return to_decimal(c, args, out);
    case TIDE_TYPE_BOOLEAN: return to_boolean(c, args, out);
    case TIDE_TYPE_STRING: return to_string(c, args, out);
    case TIDE_TYPE_BYTES: return to_bytes(c, args, out);
    case TIDE_TYPE_DATE:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: return to_time(c, args, out);
    case TIDE_TYPE_INTERVAL: return to_interval(c, args, out);
    case TIDE_TYPE_TINYINT:
    case TIDE_TYPE_SMALLINT:
    case TIDE_TYPE_INT:
    case TIDE_TYPE_BIGINT:
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_COUNT: break;
    }
    tide_assert(!"a type that a value is cast to");
    return TIDE_ROW_NULL;
}

tide_row_result tide_row_assign(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    tide_type type = out->type;
    if (type.id == TIDE_TYPE_STRING) out->type.precision = 0;
    tide_row_result result = tide_row_cast(c, args, out);
    out->type = type;
    if (result != TIDE_ROW_VALUE || type.id != TIDE_TYPE_STRING || type.precision == 0)
        return result;
    uint32_t n = cut_chars(out->str.ptr, out->str.len, type.precision);
    for (uint32_t i = n; i < out->str.len; i++)
        if (out->str.ptr[i] != ' ')
            return tide_row_fail(c, TIDE_E_OVERFLOW, "value too long for VARCHAR(%u)",
                                 type.precision);
    out->str.len = n;
    return TIDE_ROW_VALUE;
}

/* ---- errors and text ---- */

static tide_row_result out_of_range(tide_rowcall *c, const tide_value *in, const tide_value *out)
{
    char value[TIDE_TEXT_MAX + 1], type[TIDE_TYPE_TEXT_MAX];
    if (in->type.id == TIDE_TYPE_STRING)
        snprintf(value, sizeof value, "\"%.*s\"", (int)(in->str.len < 60 ? in->str.len : 60),
                 in->str.ptr);
    else
        value[tide_print_value(in, value)] = '\0';
    return tide_row_fail(c, TIDE_E_OVERFLOW, "value %s is out of range for %s", value,
                         tide_type_print(out->type, type, sizeof type));
}

static tide_row_result bad_text(tide_rowcall *c, const tide_value *in, const tide_value *out)
{
    char type[TIDE_TYPE_TEXT_MAX];
    return tide_row_fail(c, TIDE_E_DATA, "invalid input for %s: \"%.*s\"",
                         tide_type_print(out->type, type, sizeof type),
                         (int)(in->str.len < 60 ? in->str.len : 60), in->str.ptr);
}

static bool is_blank(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

/* The text without the blanks around it. */
static void trim(const tide_value *in, const char **ptr, size_t *len)
{
    const char *p = in->str.ptr;
    size_t n = in->str.len;
    while (n && is_blank(p[0])) p++, n--;
    while (n && is_blank(p[n - 1])) n--;
    *ptr = p;
    *len = n;
}

/* ---- numbers ---- */

/* Is the text a number but for its range? Then the error says so. */
static tide_row_result bad_number(tide_rowcall *c, const tide_value *in, const tide_value *out)
{
    const char *p;
    size_t n;
    trim(in, &p, &n);
    bool digits = n > 0;
    for (size_t i = 0; i < n; i++)
        digits &= (p[i] >= '0' && p[i] <= '9') || (i == 0 && n > 1 && (p[0] == '-' || p[0] == '+'));
    double d;
    bool is_number =
        tide_type_is_integer(out->type) ? digits : tide_parse_f64(p, n, &d) && isfinite(d);
    return is_number ? out_of_range(c, in, out) : bad_text(c, in, out);
}

static bool fits_integer(int64_t v, tide_type type)
{
    uint32_t bits = 8 * tide_type_width(type);
    int64_t max = (int64_t)(UINT64_MAX >> (65 - bits));
    return v <= max && v >= -max - 1;
}

static tide_row_result to_integer(tide_rowcall *c, const tide_value *in, tide_value *out)
{
    int64_t v = 0;
    if (in->type.id == TIDE_TYPE_STRING) {
        const char *p;
        size_t n;
        trim(in, &p, &n);
        if (!tide_parse_i64(p, n, &v)) return bad_number(c, in, out);
    } else if (in->type.id == TIDE_TYPE_DECIMAL) {
        __int128 whole;
        tide_decimal_rescale(in->i128, in->type.scale, 0, &whole);
        if (whole != (int64_t)whole) return out_of_range(c, in, out);
        v = (int64_t)whole;
    } else if (in->type.id == TIDE_TYPE_FLOAT || in->type.id == TIDE_TYPE_DOUBLE) {
        double whole = rint(in->f64); /* Half to even. */
        if (!(whole >= -0x1p63 && whole < 0x1p63)) return out_of_range(c, in, out);
        v = (int64_t)whole;
    } else {
        v = in->type.id == TIDE_TYPE_BOOLEAN ? in->boolean : in->i64;
    }
    if (!fits_integer(v, out->type)) return out_of_range(c, in, out);
    out->i64 = v;
    return TIDE_ROW_VALUE;
}

static tide_row_result to_float(tide_rowcall *c, const tide_value *in, tide_value *out)
{
    double v = 0;
    if (in->type.id == TIDE_TYPE_STRING) {
        const char *p;
        size_t n;
        trim(in, &p, &n);
        if (!tide_parse_f64(p, n, &v)) return bad_text(c, in, out);
        if (isinf(v) && has_digit(p, n, '0')) return out_of_range(c, in, out);
        if (v == 0 && has_digit(p, n, '1')) return out_of_range(c, in, out);
    } else if (in->type.id == TIDE_TYPE_DECIMAL) {
        v = tide_decimal_to_f64(in->i128, in->type.scale);
    } else if (in->type.id == TIDE_TYPE_FLOAT || in->type.id == TIDE_TYPE_DOUBLE) {
        v = in->f64;
    } else {
        v = (double)in->i64;
        if (out->type.id == TIDE_TYPE_FLOAT)
            v = (double)(float)in->i64; /* One rounding, not two. */
    }
    if (out->type.id == TIDE_TYPE_FLOAT) {
        float narrow = (float)v;
        if ((isinf(narrow) && !isinf(v)) || (narrow == 0 && v != 0))
            return out_of_range(c, in, out);
        v = (double)narrow;
    }
    out->f64 = v;
    return TIDE_ROW_VALUE;
}

static tide_row_result to_decimal(tide_rowcall *c, const tide_value *in, tide_value *out)
{
    tide_type type = out->type;
    bool ok;
    if (in->type.id == TIDE_TYPE_STRING) {
        const char *p;
        size_t n;
        trim(in, &p, &n);
        if (!tide_parse_decimal(p, n, type.precision, type.scale, &out->i128))
            return bad_number(c, in, out);
        return TIDE_ROW_VALUE;
    }
    if (in->type.id == TIDE_TYPE_DECIMAL)
        ok = tide_decimal_rescale(in->i128, in->type.scale, type.scale, &out->i128);
    else if (in->type.id == TIDE_TYPE_FLOAT || in->type.id == TIDE_TYPE_DOUBLE)
        ok = tide_decimal_from_f64(in->f64, in->type.id == TIDE_TYPE_FLOAT ? 6 : 15, type,
                                   &out->i128);
    else
        ok = tide_decimal_rescale(in->i64, 0, type.scale, &out->i128);
    if (!ok || !tide_decimal_fits(out->i128, type.precision)) return out_of_range(c, in, out);
    return TIDE_ROW_VALUE;
}

static tide_row_result to_boolean(tide_rowcall *c, const tide_value *in, tide_value *out)
{
    if (in->type.id == TIDE_TYPE_STRING) {
        const char *p;
        size_t n;
        trim(in, &p, &n);
        if (!tide_parse_bool(p, n, &out->boolean)) return bad_text(c, in, out);
    } else if (in->type.id == TIDE_TYPE_BOOLEAN) {
        out->boolean = in->boolean;
    } else {
        out->boolean = in->i64 != 0;
    }
    return TIDE_ROW_VALUE;
}

/* ---- strings ---- */

/* Bytes of the first n characters. */
static uint32_t cut_chars(const char *p, uint32_t len, uint32_t n)
{
    uint32_t i = 0;
    for (; i < len; i++) {
        bool starts = ((uint8_t)p[i] & 0xC0) != 0x80;
        if (starts && n-- == 0) break;
    }
    return i;
}

static tide_row_result to_string(tide_rowcall *c, const tide_value *in, tide_value *out)
{
    const char *p;
    uint32_t n;
    if (in->type.id == TIDE_TYPE_STRING) {
        p = in->str.ptr;
        n = in->str.len;
    } else if (in->type.id == TIDE_TYPE_BYTES) {
        tide_bytes_puts(&c->out, "\\x");
        tide_bytes_put_hex(&c->out, in->str.ptr, in->str.len);
        p = c->out.p;
        n = (uint32_t)c->out.n;
    } else {
        p = tide_bytes_reserve(&c->out, TIDE_TEXT_MAX);
        n = tide_print_value(in, c->out.p);
    }
    if (out->type.precision) n = cut_chars(p, n, out->type.precision);
    return tide_row_str(out, p, n);
}

/* PostgreSQL's text of bytes: "\x0aff", or characters with \\ and \ooo. */
static tide_row_result to_bytes(tide_rowcall *c, const tide_value *in, tide_value *out)
{
    const char *p = in->str.ptr;
    uint32_t n = in->str.len;
    if (in->type.id == TIDE_TYPE_BYTES || n == 0 || !memchr(p, '\\', n))
        return tide_row_str(out, p, n);
    bool hex = n >= 2 && p[0] == '\\' && p[1] == 'x';
    if (hex && n % 2 != 0) return bad_text(c, in, out);
    for (uint32_t i = hex ? 2 : 0; i < n;) {
        if (hex) {
            int high = tide_hex_digit(p[i]), low = tide_hex_digit(p[i + 1]);
            if (high < 0 || low < 0) return bad_text(c, in, out);
            tide_bytes_putc(&c->out, (char)(high * 16 + low));
            i += 2;
        } else if (p[i] != '\\') {
            tide_bytes_putc(&c->out, p[i++]);
        } else if (i + 1 < n && p[i + 1] == '\\') {
            tide_bytes_putc(&c->out, '\\');
            i += 2;
        } else {
            uint32_t octal = 0, end = i + 4;
            if (end > n || p[i + 1] > '3') return bad_text(c, in, out);
            for (i++; i < end; i++) {
                if (p[i] < '0' || p[i] > '7') return bad_text(c, in, out);
                octal = octal * 8 + (uint32_t)(p[i] - '0');
            }
            tide_bytes_putc(&c->out, (char)octal);
        }
    }
    return tide_row_out(c, out);
}

/* ---- dates and times ---- */

static bool time_from_text(const tide_value *in, tide_type_id to, int64_t *out)
{
    const char *p;
    size_t n;
    int32_t days;
    trim(in, &p, &n);
    if (to == TIDE_TYPE_TIME) {
        if (tide_parse_time(p, n, out)) return true;
        if (tide_parse_date(p, n, &days)) return false; /* No time is no midnight. */
        return tide_parse_timestamp(p, n, out, NULL) && (*out = tide_micros_of_day(*out), true);
    }
    if (tide_parse_date(p, n, &days)) {
        *out = to == TIDE_TYPE_DATE ? days : days * TIDE_MICROS_PER_DAY;
        return true;
    }
    if (!tide_parse_timestamp(p, n, out, NULL)) return false;
    if (to == TIDE_TYPE_DATE) *out = tide_days_of(*out);
    return true;
}

/* DATE, TIME and both timestamps out of each other and of text. */
static tide_row_result to_time(tide_rowcall *c, const tide_value *in, tide_value *out)
{
    int64_t v = in->i64;
    bool from_stamp = tide_type_is_timestamp(in->type),
         to_stamp = tide_type_is_timestamp(out->type);
    if (in->type.id == TIDE_TYPE_STRING) {
        if (!time_from_text(in, (tide_type_id)out->type.id, &v)) return bad_text(c, in, out);
    } else if (in->type.id == TIDE_TYPE_DATE && to_stamp) {
        v *= TIDE_MICROS_PER_DAY;
    } else if (from_stamp && out->type.id == TIDE_TYPE_DATE) {
        v = tide_days_of(v);
    } else if (from_stamp && out->type.id == TIDE_TYPE_TIME) {
        v = tide_micros_of_day(v);
    } else if (in->type.id == TIDE_TYPE_INTERVAL) {
        v = tide_micros_of_day(in->interval.micros);
    }
    if (to_stamp) v = tide_round_micros(v, out->type.precision);
    if (to_stamp && !tide_timestamp_in_range(v)) return out_of_range(c, in, out);
    out->i64 = v;
    return TIDE_ROW_VALUE;
}

static tide_row_result to_interval(tide_rowcall *c, const tide_value *in, tide_value *out)
{
    if (in->type.id == TIDE_TYPE_INTERVAL) {
        out->interval = in->interval;
        return TIDE_ROW_VALUE;
    }
    if (in->type.id == TIDE_TYPE_TIME) {
        out->interval = (tide_interval){ .micros = in->i64 };
        return TIDE_ROW_VALUE;
    }
    const char *p;
    size_t n;
    trim(in, &p, &n);
    return tide_parse_interval(p, n, &out->interval) ? TIDE_ROW_VALUE : bad_text(c, in, out);
}
