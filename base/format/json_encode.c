/* json_encode.c - rows as JSON objects.
 *
 * Decimals are exact numbers; NaN and the infinities, which JSON has no numbers
 * for, are strings as in PostgreSQL and Flink (and are read back from them);
 * BYTEA is base64. */
#include <math.h>

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/format/base64.h"
#include "base/format/json_internal.h"
#include "base/format/options.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef struct json_key {
    char *text; /* "\"user_id\":" */
    uint32_t len;
} json_key;

typedef struct json_encoder {
    uint32_t n;
    json_key *keys;
    json_time time;
    bool omit_nulls;
} json_encoder;

/* ---- strings ---- */

/* Bytes at the front of ptr[0..len) that need no escape. */
TIDE_INLINE size_t plain_prefix(const char *ptr, size_t len)
{
    size_t i = 0;
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
                  low = _mm_set1_epi8(0x1f);
    for (; i + 16 <= len; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(ptr + i));
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                   _mm_cmpeq_epi8(_mm_min_epu8(v, low), v));
        uint32_t stops = (uint32_t)_mm_movemask_epi8(hit);
        if (stops) return i + (uint32_t)__builtin_ctz(stops);
    }
#endif
    while (i < len && ptr[i] != '"' && ptr[i] != '\\' && (uint8_t)ptr[i] >= 0x20) i++;
    return i;
}

static char *put_escape(char *at, uint8_t c)
{
    static const char letters[] = "b\bt\tn\nf\fr\r\"\"\\\\";
    static const char hex[] = "0123456789abcdef";
    *at++ = '\\';
    for (const char *e = letters; *e; e += 2)
        if ((uint8_t)e[1] == c) {
            *at = e[0];
            return at + 1;
        }
    memcpy(at, "u00", 3);
    at[3] = hex[c >> 4];
    at[4] = hex[c & 15];
    return at + 5;
}

/* At most 6 * len + 2 bytes. */
static char *put_string(char *at, const char *ptr, size_t len)
{
    *at++ = '"';
    while (len) {
        size_t n = plain_prefix(ptr, len);
        memcpy(at, ptr, n);
        at += n, ptr += n, len -= n;
        if (len == 0) break;
        at = put_escape(at, (uint8_t)*ptr);
        ptr++, len--;
    }
    *at++ = '"';
    return at;
}

/* ---- values ---- */

static char *put_micros(const json_encoder *self, char *at, tide_type type, int64_t micros)
{
    bool utc = type.id == TIDE_TYPE_TIMESTAMP_LTZ;
    int64_t millis = micros / 1000 - (micros % 1000 < 0);
    switch (self->time) {
    case JSON_TIME_MILLIS: return at + tide_print_i64(millis, at);
    case JSON_TIME_MICROS: return at + tide_print_i64(micros, at);
    case JSON_TIME_SECONDS:
        if (micros % 1000000 == 0) return at + tide_print_i64(micros / 1000000, at);
        return at + tide_print_decimal(micros, 6, at);
    case JSON_TIME_AUTO:
    case JSON_TIME_SQL:
    case JSON_TIME_ISO: break;
    }
    *at++ = '"';
    at += tide_print_timestamp(micros, tide_fraction_digits(micros),
                               self->time == JSON_TIME_ISO ? 'T' : ' ', utc, at);
    *at++ = '"';
    return at;
}

/* What no fast case below takes: as text in quotes, but for booleans, finite
 * floats and decimals. */
static char *put_other(char *at, const tide_col *col, uint32_t row)
{
    tide_value v = tide_col_value(col, row);
    tide_type_id id = (tide_type_id)v.type.id;
    bool bare = id == TIDE_TYPE_BOOLEAN || id == TIDE_TYPE_DECIMAL ||
                ((id == TIDE_TYPE_FLOAT || id == TIDE_TYPE_DOUBLE) && isfinite(v.f64));
    if (!bare) *at++ = '"';
    at += tide_print_value(&v, at);
    if (!bare) *at++ = '"';
    return at;
}

/* At least TIDE_TEXT_MAX + 2 bytes are free at `at`. Not for strings. */
static char *put_value(const json_encoder *self, char *at, const tide_col *col, uint32_t row)
{
    switch (col->type.id) {
    case TIDE_TYPE_INT: return at + tide_print_i64(((const int32_t *)col->values)[row], at);
    case TIDE_TYPE_BIGINT: return at + tide_print_i64(((const int64_t *)col->values)[row], at);
    case TIDE_TYPE_SMALLINT: return at + tide_print_i64(((const int16_t *)col->values)[row], at);
    case TIDE_TYPE_TINYINT: return at + tide_print_i64(((const int8_t *)col->values)[row], at);
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ:
        return put_micros(self, at, col->type, ((const int64_t *)col->values)[row]);
    default: return put_other(at, col, row);
    }
}

static void put_field(const json_encoder *self, const json_key *key, const tide_col *col,
                      uint32_t row, tide_bytes *dst)
{
    uint32_t len;
    if (tide_type_is_string(col->type)) {
        const char *ptr = tide_col_str(col, row, &len);
        char *at = tide_bytes_reserve(dst, key->len + 6 * (size_t)len + 8);
        memcpy(at, key->text, key->len);
        at += key->len;
        if (col->type.id == TIDE_TYPE_BYTES) {
            *at++ = '"';
            at += tide_base64_encode(ptr, len, at);
            *at++ = '"';
        } else {
            at = put_string(at, ptr, len);
        }
        dst->n = (size_t)(at - dst->p);
        return;
    }
    char *at = tide_bytes_reserve(dst, key->len + TIDE_TEXT_MAX + 4);
    memcpy(at, key->text, key->len);
    dst->n = (size_t)(put_value(self, at + key->len, col, row) - dst->p);
}

static void put_row(const json_encoder *self, const tide_batch *in, uint32_t row, tide_bytes *dst)
{
    bool first = true;
    tide_bytes_putc(dst, '{');
    for (uint32_t i = 0; i < self->n; i++) {
        const tide_col *col = in->cols[i];
        bool valid = tide_col_valid(col, row);
        if (!valid && self->omit_nulls) continue;
        if (!first) tide_bytes_putc(dst, ',');
        first = false;
        if (valid) {
            put_field(self, &self->keys[i], col, row, dst);
        } else {
            tide_bytes_put(dst, self->keys[i].text, self->keys[i].len);
            tide_bytes_put(dst, "null", 4);
        }
    }
    tide_bytes_putc(dst, '}');
}

/* ---- the format's entries ---- */

tide_status json_encoder_new(const tide_schema *schema, const tide_format_option *options,
                             uint32_t n_options, tide_encoder **out)
{
    const tide_format_options given = { options, n_options, json_options };
    uint32_t time;
    TIDE_TRY(tide_format_option_enum(&given, "json.timestamp-format", &time));
    json_encoder *self = tide_calloc(1, sizeof *self);
    self->n = schema->n;
    self->time = (json_time)time;
    self->omit_nulls = tide_format_option_bool(&given, "json.encode.ignore-null-fields");
    self->keys = tide_calloc(schema->n, sizeof *self->keys);
    for (uint32_t i = 0; i < schema->n; i++) {
        const char *name = schema->fields[i].name;
        char *text = tide_malloc(6 * strlen(name) + 3);
        char *end = put_string(text, name, strlen(name));
        *end++ = ':';
        self->keys[i] = (json_key){ text, (uint32_t)(end - text) };
    }
    *out = (tide_encoder *)self;
    return TIDE_OK;
}

tide_status json_encode(tide_encoder *self_v, const tide_batch *in, uint32_t first, uint32_t n,
                        bool newline, tide_bytes *dst, size_t *ends)
{
    const json_encoder *self = (const json_encoder *)self_v;
    tide_assert(in->n_cols == self->n && first + n <= in->n_rows);
    for (uint32_t k = first; k < first + n; k++) {
        put_row(self, in, tide_batch_phys(in, k), dst);
        if (newline) tide_bytes_putc(dst, '\n');
        if (ends) ends[k - first] = dst->n;
    }
    return TIDE_OK;
}

tide_status json_encode_header(tide_encoder *self, tide_bytes *dst)
{
    (void)self;
    (void)dst;
    return TIDE_OK;
}

void json_encoder_free(tide_encoder **self_p)
{
    json_encoder *self = (json_encoder *)*self_p;
    if (self == NULL) return;
    for (uint32_t i = 0; i < self->n; i++) tide_free(self->keys[i].text);
    tide_free(self->keys);
    tide_free(self);
    *self_p = NULL;
}
