/* field.c - see field.h. */
#include "base/format/field.h"

#include <math.h>
#include <stdio.h>

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/format/base64.h"
#include "base/format/utf8.h"

#define SHOWN_MAX 48u /* Bytes of an offending text that an error repeats. */

tide_field_spec tide_field_spec_of(const tide_field *field)
{
    static const int64_t units[7] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    tide_field_spec spec = { .name = field->name,
                             .type = field->type,
                             .not_null = field->not_null };
    bool rounds = tide_type_is_timestamp(field->type);
    spec.round_unit = rounds && field->type.precision < 6 ? units[field->type.precision] : 1;
    return spec;
}

bool tide_field_put_i64(const tide_field_spec *spec, tide_colb *out, uint32_t row, int64_t v)
{
    switch (spec->type.id) {
    case TIDE_TYPE_TINYINT: ((int8_t *)out->values)[row] = (int8_t)v; return v == (int8_t)v;
    case TIDE_TYPE_SMALLINT: ((int16_t *)out->values)[row] = (int16_t)v; return v == (int16_t)v;
    case TIDE_TYPE_INT: ((int32_t *)out->values)[row] = (int32_t)v; return v == (int32_t)v;
    case TIDE_TYPE_BIGINT: ((int64_t *)out->values)[row] = v; return true;
    default: tide_assert(!"an integer type"); return false;
    }
}

bool tide_field_put_micros(const tide_field_spec *spec, tide_colb *out, uint32_t row,
                           int64_t micros)
{
    int64_t unit = spec->round_unit;
    if (micros < TIDE_TIMESTAMP_MIN || micros >= TIDE_TIMESTAMP_END) return false;
    if (unit > 1) {
        int64_t up = micros + unit / 2, rest = up % unit;
        micros = up - (rest < 0 ? rest + unit : rest);
        if (micros >= TIDE_TIMESTAMP_END) return false;
    }
    ((int64_t *)out->values)[row] = micros;
    return true;
}

static bool put_string(const tide_field_spec *spec, tide_colb *out, uint32_t row, const char *ptr,
                       size_t len)
{
    uint32_t limit = spec->type.precision;
    if (len > UINT32_MAX || (limit && len > limit && tide_utf8_count(ptr, len) > limit))
        return false;
    tide_colb_put_str(out, row, ptr, (uint32_t)len);
    return true;
}

static bool put_base64(tide_colb *out, uint32_t row, const char *ptr, size_t len)
{
    size_t n;
    if (len > UINT32_MAX) return false;
    char *at = tide_colb_reserve(out, (uint32_t)len);
    if (!tide_base64_decode(ptr, len, at, &n)) return false;
    tide_colb_commit(out, row, at, (uint32_t)n);
    return true;
}

/* What is not worth a case of its own in the hot switch. */
static bool put_rare(const tide_field_spec *spec, tide_colb *out, uint32_t row, const char *ptr,
                     size_t len)
{
    bool boolean;
    int64_t micros;
    tide_interval interval;
    if (spec->type.id == TIDE_TYPE_BOOLEAN) {
        if (!tide_parse_bool(ptr, len, &boolean)) return false;
        ((uint8_t *)out->values)[row] = boolean;
        return true;
    }
    if (spec->type.id == TIDE_TYPE_TIME) {
        if (!tide_parse_time(ptr, len, &micros)) return false;
        ((int64_t *)out->values)[row] = micros;
        return true;
    }
    if (spec->type.id == TIDE_TYPE_INTERVAL) {
        if (!tide_parse_interval(ptr, len, &interval)) return false;
        ((tide_interval *)out->values)[row] = interval;
        return true;
    }
    tide_assert(spec->type.id == TIDE_TYPE_BYTES);
    return put_base64(out, row, ptr, len);
}

bool tide_field_put_text(const tide_field_spec *spec, tide_colb *out, uint32_t row, const char *ptr,
                         size_t len)
{
    int64_t i64;
    double f64;
    switch (spec->type.id) {
    case TIDE_TYPE_STRING: return put_string(spec, out, row, ptr, len);
    case TIDE_TYPE_TINYINT:
    case TIDE_TYPE_SMALLINT:
    case TIDE_TYPE_INT:
    case TIDE_TYPE_BIGINT:
        return tide_parse_i64(ptr, len, &i64) && tide_field_put_i64(spec, out, row, i64);
    case TIDE_TYPE_FLOAT:
        if (!tide_parse_f64(ptr, len, &f64) || (isinf((float)f64) && !isinf(f64))) return false;
        ((float *)out->values)[row] = (float)f64;
        return true;
    case TIDE_TYPE_DOUBLE: return tide_parse_f64(ptr, len, (double *)out->values + row);
    case TIDE_TYPE_DECIMAL:
        return tide_parse_decimal(ptr, len, spec->type.precision, spec->type.scale,
                                  (__int128 *)out->values + row);
    case TIDE_TYPE_DATE: return tide_parse_date(ptr, len, (int32_t *)out->values + row);
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ:
        return tide_parse_timestamp(ptr, len, &i64, NULL) &&
               tide_field_put_micros(spec, out, row, i64);
    case TIDE_TYPE_BOOLEAN:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_INTERVAL:
    case TIDE_TYPE_BYTES: return put_rare(spec, out, row, ptr, len);
    default: break;
    }
    tide_assert(!"a type that a column has");
    return false;
}

void tide_field_error(const tide_field_spec *spec, const char *ptr, size_t len, bool quote,
                      char *out, size_t cap)
{
    char type[TIDE_TYPE_TEXT_MAX], shown[SHOWN_MAX + 4];
    size_t n = len < SHOWN_MAX ? len : SHOWN_MAX;
    while (n < len && n > 0 && ((uint8_t)ptr[n] & 0xc0) == 0x80) n--; /* Not within a character. */
    bool utf8 = tide_utf8_valid(ptr, n);
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)ptr[i];
        shown[i] = c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8) ? '?' : (char)c;
    }
    memcpy(shown + n, n < len ? "..." : "", n < len ? 4 : 1);
    const char *q = quote ? "\"" : "";
    snprintf(out, cap, "field %s: expected %s, got %s%s%s", spec->name,
             tide_type_print(spec->type, type, sizeof type), q, shown, q);
}
