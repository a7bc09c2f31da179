/* json_put.c - JSON values into columns: which value fits which type.
 *
 *   BOOLEAN              true, false, or a string that says so
 *   integers             an integral number, or a string of one
 *   FLOAT, DOUBLE        a number, or a string of one, which may be NaN or
 * Infinity DECIMAL              a number or a string of one, rounded to the
 * scale STRING               a string; of any other value its JSON text BYTEA
 * a string in base64 DATE, TIME, INTERVAL a string as SQL writes it TIMESTAMP,
 * _LTZ      by the option json.timestamp-format */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/column/text.h"
#include "base/format/json_internal.h"

/* Numbers from here on are moments of 1973 and later, so that a number of
 * seconds that is read as milliseconds falls before 1973: the one stands for
 * the other by mistake, hardly ever on purpose. */
#define SECONDS_1973 INT64_C(94694400)
#define SECONDS_END INT64_C(253402300800) /* 10000-01-01 */

static bool mismatch(json_decoder *self, uint32_t i, const tide_json_token *token)
{
    tide_field_error(&self->fields[i], token->ptr, token->len, token->kind == TIDE_JSON_STRING,
                     self->error, sizeof self->error);
    return false;
}

static bool suspicious(json_decoder *self, uint32_t i, const char *ptr, size_t len,
                       const char *like, const char *unlike, const char *option)
{
    snprintf(self->error, sizeof self->error,
             "field %s: %.*s looks like %s, not %s: set json.timestamp-format = '%s'",
             self->fields[i].name, (int)(len < 24 ? len : 24), ptr, like, unlike, option);
    return false;
}

bool json_put_epoch(json_decoder *self, uint32_t i, tide_colb *out, uint32_t row, const char *ptr,
                    size_t len)
{
    const tide_field_spec *spec = &self->fields[i];
    const tide_json_token token = { ptr, len, TIDE_JSON_NUMBER };
    __int128 v;
    uint32_t scale = self->time == JSON_TIME_SECONDS ? 6 : self->time == JSON_TIME_MICROS ? 0 : 3;
    if (self->time == JSON_TIME_ISO || self->time == JSON_TIME_SQL)
        return mismatch(self, i, &token);
    if (!tide_parse_decimal(ptr, len, TIDE_DECIMAL_PRECISION_MAX, scale, &v))
        return mismatch(self, i, &token);
    if (self->time == JSON_TIME_AUTO && v >= SECONDS_1973 * 1000 && v < SECONDS_1973 * 1000 * 1000)
        return suspicious(self, i, ptr, len, "seconds", "milliseconds", "epoch-seconds");
    if (v >= TIDE_TIMESTAMP_MIN && v < TIDE_TIMESTAMP_END)
        return tide_field_put_micros(spec, out, row, (int64_t)v) || mismatch(self, i, &token);
    if (self->time == JSON_TIME_SECONDS && v / 1000 < TIDE_TIMESTAMP_END && v > 0)
        return suspicious(self, i, ptr, len, "milliseconds", "seconds", "epoch-millis");
    if (self->time != JSON_TIME_MICROS && v > 0) {
        __int128 micros = self->time == JSON_TIME_SECONDS ? v / 1000000 : v / 1000;
        if (micros < TIDE_TIMESTAMP_END)
            return suspicious(self, i, ptr, len, "microseconds",
                              self->time == JSON_TIME_SECONDS ? "seconds" : "milliseconds",
                              "epoch-micros");
    }
    snprintf(self->error, sizeof self->error,
             "field %s: timestamp %.*s is out of range (years 0001 to 9999)", spec->name,
             (int)(len < 48 ? len : 48), ptr);
    return false;
}

static bool put_timestamp(json_decoder *self, uint32_t i, tide_colb *out, uint32_t row,
                          const tide_json_token *token)
{
    if (token->kind == TIDE_JSON_NUMBER)
        return json_put_epoch(self, i, out, row, token->ptr, token->len);
    bool fits = token->kind == TIDE_JSON_STRING && self->time <= JSON_TIME_SQL;
    if (fits && self->time != JSON_TIME_AUTO && token->len > 10)
        fits = token->ptr[10] == (self->time == JSON_TIME_ISO ? 'T' : ' ');
    return (fits && tide_field_put_text(&self->fields[i], out, row, token->ptr, token->len)) ||
           mismatch(self, i, token);
}

/* 5.0 and 1e3 are integers too, though not written as such. */
static bool put_integral(const tide_field_spec *spec, tide_colb *out, uint32_t row,
                         const tide_json_token *token)
{
    double v;
    return tide_parse_f64(token->ptr, token->len, &v) && v == trunc(v) &&
           fabs(v) < 9007199254740992.0 && tide_field_put_i64(spec, out, row, (int64_t)v);
}

static bool put_null(json_decoder *self, uint32_t i, tide_colb *out, uint32_t row, uint8_t kind)
{
    const tide_field_spec *spec = &self->fields[i];
    bool missing = kind == TIDE_JSON_MISSING;
    if (!spec->not_null && !(missing && self->fail_on_missing)) {
        tide_colb_set_null(out, row);
        return true;
    }
    snprintf(self->error, sizeof self->error,
             missing ? "field %s is missing" : "field %s is null, but declared NOT NULL",
             spec->name);
    return false;
}

static bool put_boolean(tide_colb *out, uint32_t row, const tide_json_token *token)
{
    bool v = token->kind == TIDE_JSON_TRUE;
    if (token->kind == TIDE_JSON_STRING && !tide_parse_bool(token->ptr, token->len, &v))
        return false;
    ((uint8_t *)out->values)[row] = v;
    return token->kind != TIDE_JSON_NUMBER && token->kind != TIDE_JSON_NESTED;
}

bool json_put(json_decoder *self, uint32_t i, tide_colb *out, uint32_t row,
              const tide_json_token *token)
{
    const tide_field_spec *spec = &self->fields[i];
    tide_type type = spec->type;
    if (token->kind <= TIDE_JSON_NULL) return put_null(self, i, out, row, token->kind);
    if (tide_type_is_timestamp(type)) return put_timestamp(self, i, out, row, token);
    bool ok = token->kind == TIDE_JSON_STRING || type.id == TIDE_TYPE_STRING;
    if (tide_type_is_numeric(type)) ok |= token->kind == TIDE_JSON_NUMBER;
    if (type.id == TIDE_TYPE_BOOLEAN)
        ok = put_boolean(out, row, token);
    else
        ok = ok && tide_field_put_text(spec, out, row, token->ptr, token->len);
    if (!ok && token->kind == TIDE_JSON_NUMBER && tide_type_is_integer(type))
        ok = put_integral(spec, out, row, token);
    return ok || mismatch(self, i, token);
}
