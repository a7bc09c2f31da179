/* fn_format.c - to_char and its like: values by patterns, to text and back. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/column/text.h"
#include "base/core/mem.h"
#include "base/expr/decimal_priv.h"
#include "base/expr/format_priv.h"
#include "base/expr/kernels_priv.h"

/* ---- patterns ---- */

/* The pattern that a call met last; most calls meet but one. */
typedef struct format {
    bool known;
    tide_bytes source;
    tide_pattern pattern;
    tide_parts parts; /* Of the last time printed. */
} format;

static void drop_format(void *imm)
{
    format *self = imm;
    tide_bytes_fini(&self->source);
    tide_pattern_fini(&self->pattern);
    tide_free(self);
}

void *tide_prepare_format(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    *drop_out = drop_format;
    return tide_calloc(1, sizeof(format));
}

void tide_pattern_fini(tide_pattern *self)
{
    tide_free(self->pieces);
}

static void take_apart_any_time(tide_pattern *out, const char *text, size_t len)
{
    if (tide_is_pg_pattern(text, len))
        tide_pattern_pg_time(out, text, len);
    else
        tide_pattern_java_time(out, text, len);
}

/* The call's format, of a pattern in the language that take_apart reads. */
static format *use_pattern(const tide_rowcall *c, const char *text, size_t len,
                           void (*take_apart)(tide_pattern *out, const char *text, size_t len))
{
    format *self = (format *)(uintptr_t)c->imm;
    if (self->known && self->source.n == len &&
        (len == 0 || memcmp(self->source.p, text, len) == 0))
        return self;
    self->source.n = 0;
    tide_bytes_put(&self->source, text, len);
    take_apart(&self->pattern, text, len);
    self->known = true;
    return self;
}

static format *use_number_pattern(const tide_rowcall *c, const tide_value *pattern)
{
    return use_pattern(c, pattern->str.ptr, pattern->str.len, tide_pattern_number);
}

/* ---- times to text ---- */

tide_row_result tide_row_to_char_timestamp(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    format *f = use_pattern(c, args[1].str.ptr, args[1].str.len, tide_pattern_pg_time);
    tide_parts_set(&f->parts, args[0].i64, args[0].type.id == TIDE_TYPE_TIMESTAMP_LTZ);
    tide_print_pg_time(&f->parts, &f->pattern, &c->out);
    return tide_row_out(c, out);
}

tide_row_result tide_row_to_char_interval(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const format *f = use_pattern(c, args[1].str.ptr, args[1].str.len, tide_pattern_pg_time);
    tide_parts t = tide_parts_of_interval(&args[0].interval);
    tide_print_pg_time(&t, &f->pattern, &c->out);
    return tide_row_out(c, out);
}

static tide_row_result put_java_time(tide_rowcall *c, int64_t micros, bool has_zone,
                                     const char *pattern, size_t len, tide_value *out)
{
    format *f = use_pattern(c, pattern, len, tide_pattern_java_time);
    if (f->pattern.bad)
        return tide_row_fail(c, TIDE_E_INVALID, "invalid time pattern \"%.*s\"",
                             (int)(len < 60 ? len : 60), pattern);
    tide_parts_set(&f->parts, micros, has_zone);
    tide_print_java_time(&f->parts, &f->pattern, &c->out);
    return tide_row_out(c, out);
}

tide_row_result tide_row_date_format(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_java_time(c, args[0].i64, args[0].type.id == TIDE_TYPE_TIMESTAMP_LTZ,
                         args[1].str.ptr, args[1].str.len, out);
}

/* Of a text that is a time. */
static tide_row_result text_to_time(tide_rowcall *c, const tide_value *text, int64_t *micros)
{
    tide_value v = { .type = tide_type_of(TIDE_TYPE_TIMESTAMP) };
    if (tide_row_cast(c, text, &v) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    *micros = v.i64;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_date_format_text(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t micros;
    if (text_to_time(c, &args[0], &micros) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    return put_java_time(c, micros, false, args[1].str.ptr, args[1].str.len, out);
}

tide_row_result tide_row_from_unixtime(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    static const char by_default[] = "yyyy-MM-dd HH:mm:ss";
    int64_t micros;
    if (__builtin_mul_overflow(args[0].i64, TIDE_MICROS_PER_SECOND, &micros) ||
        !tide_timestamp_in_range(micros))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "timestamp out of range");
    const char *pattern = c->n_args == 2 ? args[1].str.ptr : by_default;
    return put_java_time(c, micros, false, pattern,
                         c->n_args == 2 ? args[1].str.len : sizeof by_default - 1, out);
}

/* ---- text to times ---- */

/* By the pattern args[1], of either language, or by the usual text forms. */
static tide_row_result args_to_time(tide_rowcall *c, const tide_value *args, int64_t *micros)
{
    if (c->n_args == 1) return text_to_time(c, &args[0], micros);
    const tide_value *text = &args[0], *pattern = &args[1];
    const format *f = use_pattern(c, pattern->str.ptr, pattern->str.len, take_apart_any_time);
    tide_read_time t;
    bool ok = f->pattern.is_java
                  ? tide_read_java_time(text->str.ptr, text->str.len, &f->pattern, &t)
                  : tide_read_pg_time(text->str.ptr, text->str.len, &f->pattern, &t);
    if (ok && tide_read_time_resolve(&t, micros)) return TIDE_ROW_VALUE;
    return tide_row_fail(c, TIDE_E_DATA, "\"%.*s\" is no time by the pattern \"%.*s\"",
                         (int)(text->str.len < 50 ? text->str.len : 50), text->str.ptr,
                         (int)(pattern->str.len < 50 ? pattern->str.len : 50), pattern->str.ptr);
}

tide_row_result tide_row_to_timestamp(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return args_to_time(c, args, &out->i64);
}

tide_row_result tide_row_to_date(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t micros;
    if (args_to_time(c, args, &micros) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    out->i64 = tide_days_of(micros);
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_unix_timestamp_text(tide_rowcall *c, const tide_value *args,
                                             tide_value *out)
{
    int64_t micros;
    if (args_to_time(c, args, &micros) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    out->i64 = tide_floor_div(micros, TIDE_MICROS_PER_SECOND);
    return TIDE_ROW_VALUE;
}

/* ---- numbers ---- */

static tide_row_result bad_number_pattern(tide_rowcall *c, const tide_value *pattern)
{
    return tide_row_fail(c, TIDE_E_INVALID, "invalid number pattern \"%.*s\"",
                         (int)(pattern->str.len < 60 ? pattern->str.len : 60), pattern->str.ptr);
}

/* The digits of v, at least so many; returns how many. */
static uint32_t put_magnitude(unsigned __int128 v, uint32_t least, char *at)
{
    if (v < tide_pow10_u64[19]) {
        uint32_t n = tide_count_digits((uint64_t)v);
        if (n < least) n = least;
        tide_put_digits(at, (uint64_t)v, n);
        return n;
    }
    char text[TIDE_TEXT_MAX];
    uint32_t n = tide_print_decimal((__int128)v, 0, text), zeros = n < least ? least - n : 0;
    memset(at, '0', zeros);
    memcpy(at + zeros, text, n);
    return zeros + n;
}

/* Prints v, of `scale` fraction digits, by a pattern; `negative` also if v has become 0. */
static tide_row_result put_number(tide_rowcall *c, const format *f, __int128 v, bool negative,
                                  uint32_t scale, const tide_value *pattern, tide_value *out)
{
    const tide_number_shape *shape = &f->pattern.number;
    char digits[TIDE_TEXT_MAX];
    uint32_t to = shape->exponent ? scale : shape->n_fraction;
    if (f->pattern.bad || to > 37) return bad_number_pattern(c, pattern);
    bool ok = (shape->power == 0 || tide_decimal_mul(v, tide_decimal_pow10(shape->power), 0, &v)) &&
              (scale == to || tide_decimal_rescale(v, scale, to, &v));
    if (!ok) return tide_row_fail(c, TIDE_E_OVERFLOW, "number has too many digits for to_char");
    tide_number n = { .negative = negative || v < 0, .digits = digits, .n_fraction = to };
    n.n_whole = put_magnitude((unsigned __int128)(v < 0 ? -v : v), to + 1, digits) - to;
    tide_print_number(&n, &f->pattern, &c->out);
    return tide_row_out(c, out);
}

tide_row_result tide_row_to_char_decimal(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_number(c, use_number_pattern(c, &args[1]), args[0].i128, false, args[0].type.scale,
                      &args[1], out);
}

tide_row_result tide_row_to_char_bigint(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_number(c, use_number_pattern(c, &args[1]), args[0].i64, false, 0, &args[1], out);
}

/* v with 1 + n_fraction significant digits, as a DECIMAL of *scale_out fraction digits. What is
 * left out has at most 15 digits in all; false if there may be more. */
static bool round_to_digits(double v, uint32_t n_fraction, __int128 *out, uint32_t *scale_out)
{
    double magnitude = fabs(v);
    if (n_fraction > 14 || !(magnitude >= 1e-14 && magnitude < 1e30)) return false;
    int exponent = (int)floor(log10(magnitude)), last = exponent - (int)n_fraction;
    __int128 least = tide_decimal_pow10(n_fraction), q;
    if (!tide_decimal_round_f64(magnitude, -last, &q)) return false;
    if (q < least || q >= least * 10) { /* Rounded up to one digit more, or log10 was. */
        last += q < least ? -1 : 1;
        if (!tide_decimal_round_f64(magnitude, -last, &q)) return false;
    }
    if (last > 0) q *= tide_decimal_pow10((uint32_t)last);
    *out = v < 0 ? -q : q;
    *scale_out = last > 0 ? 0 : (uint32_t)-last;
    return true;
}

/* As many digits as a double has: 15 in all. */
tide_row_result tide_row_to_char_double(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const format *f = use_number_pattern(c, &args[1]);
    const tide_number_shape *shape = &f->pattern.number;
    double v64 = args[0].f64;
    if (!isfinite(v64) || fabs(v64) >= 1e30)
        return tide_row_fail(c, TIDE_E_OVERFLOW, "number has too many digits for to_char");
    if (f->pattern.bad) return bad_number_pattern(c, &args[1]);
    __int128 v;
    uint32_t scale;
    if (shape->exponent && round_to_digits(v64, shape->n_fraction, &v, &scale))
        return put_number(c, f, v, signbit(v64), scale, &args[1], out);
    char text[400];
    if (shape->exponent) { /* Rounded as printf does, ties by the double's own value. */
        int n = snprintf(text, sizeof text, "%.*e", (int)shape->n_fraction, v64);
        if (n >= (int)sizeof text || !tide_parse_f64(text, (size_t)n, &v64))
            return bad_number_pattern(c, &args[1]);
    }
    double magnitude = fabs(v64);
    int whole = magnitude < 1 ? 1 : (int)floor(log10(magnitude)) + 1, digits = DBL_DIG - whole;
    if (shape->exponent) digits = magnitude != 0 && magnitude < 1 ? 30 : digits;
    if (!shape->exponent && digits > (int)shape->n_fraction + (int)shape->power)
        digits = (int)(shape->n_fraction + shape->power);
    if (digits < 0) digits = 0;
    if (tide_decimal_round_f64(magnitude, digits, &v)) {
        if (v64 < 0) v = -v;
    } else {
        int len = snprintf(text, sizeof text, "%.*f", digits, v64);
        if (!tide_parse_decimal(text, (size_t)len, TIDE_DECIMAL_PRECISION_MAX, (uint32_t)digits,
                                &v))
            return tide_row_fail(c, TIDE_E_OVERFLOW, "number has too many digits for to_char");
    }
    return put_number(c, f, v, signbit(v64), (uint32_t)digits, &args[1], out);
}

tide_row_result tide_row_to_number(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    if (tide_read_number(args[0].str.ptr, args[0].str.len,
                         &use_number_pattern(c, &args[1])->pattern, out->type.scale, &out->i128))
        return TIDE_ROW_VALUE;
    return tide_row_fail(c, TIDE_E_DATA, "invalid number \"%.*s\"",
                         (int)(args[0].str.len < 60 ? args[0].str.len : 60), args[0].str.ptr);
}
