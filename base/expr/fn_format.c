/* fn_format.c - to_char and its like: values by patterns, to text and back. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/column/text.h"
#include "base/expr/decimal_priv.h"
#include "base/expr/format_priv.h"
#include "base/expr/kernels_priv.h"

/* ---- times to text ---- */

tide_row_result tide_row_to_char_timestamp(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    tide_parts t = tide_parts_of(args[0].i64, args[0].type.id == TIDE_TYPE_TIMESTAMP_LTZ);
    tide_print_pg_time(&t, args[1].str.ptr, args[1].str.len, &c->out);
    return tide_row_out(c, out);
}

tide_row_result tide_row_to_char_interval(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    tide_parts t = tide_parts_of_interval(&args[0].interval);
    tide_print_pg_time(&t, args[1].str.ptr, args[1].str.len, &c->out);
    return tide_row_out(c, out);
}

static tide_row_result put_java_time(tide_rowcall *c, int64_t micros, bool has_zone,
                                     const char *pattern, size_t len, tide_value *out)
{
    tide_parts t = tide_parts_of(micros, has_zone);
    if (tide_print_java_time(&t, pattern, len, &c->out)) return tide_row_out(c, out);
    return tide_row_fail(c, TIDE_E_INVALID, "invalid time pattern \"%.*s\"",
                         (int)(len < 60 ? len : 60), pattern);
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

typedef enum language { PATTERN_PG, PATTERN_JAVA } language;

static tide_row_result read_time(tide_rowcall *c, const tide_value *text, const tide_value *pattern,
                                 language of, int64_t *micros)
{
    tide_read_time t;
    bool ok = of == PATTERN_PG ? tide_read_pg_time(text->str.ptr, text->str.len, pattern->str.ptr,
                                                   pattern->str.len, &t)
                               : tide_read_java_time(text->str.ptr, text->str.len, pattern->str.ptr,
                                                     pattern->str.len, &t);
    if (ok && tide_read_time_resolve(&t, micros)) return TIDE_ROW_VALUE;
    return tide_row_fail(c, TIDE_E_DATA, "\"%.*s\" is no time by the pattern \"%.*s\"",
                         (int)(text->str.len < 50 ? text->str.len : 50), text->str.ptr,
                         (int)(pattern->str.len < 50 ? pattern->str.len : 50), pattern->str.ptr);
}

/* By the pattern args[1], of either language, or by the usual text forms. */
static tide_row_result args_to_time(tide_rowcall *c, const tide_value *args, int64_t *micros)
{
    if (c->n_args == 1) return text_to_time(c, &args[0], micros);
    bool pg = tide_is_pg_pattern(args[1].str.ptr, args[1].str.len);
    return read_time(c, &args[0], &args[1], pg ? PATTERN_PG : PATTERN_JAVA, micros);
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

/* Prints v, of `scale` fraction digits, by a pattern. */
static tide_row_result put_number(tide_rowcall *c, __int128 v, uint32_t scale,
                                  const tide_value *pattern, tide_value *out)
{
    tide_number_shape shape;
    char text[TIDE_TEXT_MAX], digits[TIDE_TEXT_MAX];
    if (!tide_number_shape_of(pattern->str.ptr, pattern->str.len, &shape))
        return bad_number_pattern(c, pattern);
    uint32_t to = shape.exponent ? scale : shape.n_fraction;
    if (to > 37) return bad_number_pattern(c, pattern);
    bool ok = tide_decimal_mul(v, tide_decimal_pow10(shape.power), 0, &v) &&
              tide_decimal_rescale(v, scale, to, &v);
    if (!ok) return tide_row_fail(c, TIDE_E_OVERFLOW, "number has too many digits for to_char");
    tide_number n = { .negative = v < 0, .digits = digits };
    uint32_t len = tide_print_decimal(v < 0 ? -v : v, to, text);
    for (uint32_t i = 0, k = 0; i < len; i++)
        if (text[i] != '.') digits[k++] = text[i];
    n.n_fraction = to;
    n.n_whole = len - to - (to ? 1 : 0);
    tide_print_number(&n, pattern->str.ptr, pattern->str.len, &c->out);
    return tide_row_out(c, out);
}

tide_row_result tide_row_to_char_decimal(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_number(c, args[0].i128, args[0].type.scale, &args[1], out);
}

tide_row_result tide_row_to_char_bigint(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_number(c, args[0].i64, 0, &args[1], out);
}

/* As many digits as a double has: 15 in all. */
tide_row_result tide_row_to_char_double(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    tide_number_shape shape;
    if (!isfinite(args[0].f64) || fabs(args[0].f64) >= 1e30)
        return tide_row_fail(c, TIDE_E_OVERFLOW, "number has too many digits for to_char");
    if (!tide_number_shape_of(args[1].str.ptr, args[1].str.len, &shape))
        return bad_number_pattern(c, &args[1]);
    char text[400];
    double v64 = args[0].f64;
    if (shape.exponent) { /* Rounded as printf does, ties by the double's own value. */
        int n = snprintf(text, sizeof text, "%.*e", (int)shape.n_fraction, v64);
        if (n >= (int)sizeof text || !tide_parse_f64(text, (size_t)n, &v64))
            return bad_number_pattern(c, &args[1]);
    }
    double magnitude = fabs(v64);
    int whole = magnitude < 1 ? 1 : (int)floor(log10(magnitude)) + 1, digits = DBL_DIG - whole;
    if (shape.exponent) digits = magnitude != 0 && magnitude < 1 ? 30 : digits;
    if (!shape.exponent && digits > (int)shape.n_fraction + (int)shape.power)
        digits = (int)(shape.n_fraction + shape.power);
    if (digits < 0) digits = 0;
    __int128 v;
    int len = snprintf(text, sizeof text, "%.*f", digits, v64);
    if (!tide_parse_decimal(text, (size_t)len, TIDE_DECIMAL_PRECISION_MAX, (uint32_t)digits, &v))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "number has too many digits for to_char");
    return put_number(c, v, (uint32_t)digits, &args[1], out);
}

tide_row_result tide_row_to_number(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    if (tide_read_number(args[0].str.ptr, args[0].str.len, args[1].str.ptr, args[1].str.len,
                         out->type.scale, &out->i128))
        return TIDE_ROW_VALUE;
    return tide_row_fail(c, TIDE_E_DATA, "invalid number \"%.*s\"",
                         (int)(args[0].str.len < 60 ? args[0].str.len : 60), args[0].str.ptr);
}
