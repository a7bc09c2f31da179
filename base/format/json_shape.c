/* json_shape.c - see json_shape.h. Values are scanned sixteen bytes at a time;
 * loads run over the end of the block into its padding, the cursor never. */
#include "base/column/digits.h"
#include "base/format/json_internal.h"
#include "base/format/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- scanning ---- */

TIDE_INLINE bool literal_at(const char *p, const json_shape_field *f)
{
#ifdef __SSE2__
    __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p),
                                 _mm_loadu_si128((const __m128i *)f->literal));
    uint32_t same = (uint32_t)_mm_movemask_epi8(low);
    if (f->len <= 16) return (~same & ((1u << f->len) - 1)) == 0;
    if (same != 0xffff) return false;
    return memcmp(p + 16, f->literal + 16, f->len - 16) == 0;
#else
    return memcmp(p, f->literal, f->len) == 0;
#endif
}

/* The end of the text that begins at s: its closing quote. NULL if it holds an
 * escape, a control character or invalid UTF-8, or does not close before end.
 */
TIDE_INLINE const char *string_end(const char *s, const char *end)
{
    const char *p = s;
    bool ascii = true;
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
                  low = _mm_set1_epi8(0x1f);
    for (;; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                   _mm_cmpeq_epi8(_mm_min_epu8(v, low), v));
        uint32_t stops = (uint32_t)_mm_movemask_epi8(hit), high = (uint32_t)_mm_movemask_epi8(v);
        if (stops == 0) {
            ascii &= high == 0;
            if (p + 16 >= end) return NULL;
            continue;
        }
        uint32_t at = (uint32_t)__builtin_ctz(stops);
        ascii &= (high & ((1u << at) - 1)) == 0;
        p += at;
        break;
    }
#else
    for (; p < end && *p != '"' && *p != '\\' && (uint8_t)*p >= 0x20; p++)
        ascii &= (uint8_t)*p < 0x80;
#endif
    if (p >= end || *p != '"' || (!ascii && !tide_utf8_valid(s, (size_t)(p - s)))) return NULL;
    return p;
}

/* Up to 16 digits at p as a number; returns how many there are (17: too many
 * for this). */
TIDE_INLINE uint32_t digits16(const char *p, uint64_t *out)
{
    uint64_t total = 0;
    for (uint32_t n = 0; n <= 8; n += 8) {
        uint64_t v = tide_load8(p + n), t = v ^ 0x3030303030303030u;
        uint64_t other = ((t + 0x7676767676767676u) | t) & 0x8080808080808080u;
        uint32_t count = other ? (uint32_t)__builtin_ctzll(other) >> 3 : 8;
        if (count < 8) {
            *out = count ? total * tide_pow10_u64[count] + tide_digits8_value(v << (64 - 8 * count))
                         : total;
            return n + count;
        }
        total = total * 100000000u + tide_digits8_value(v);
    }
    *out = total;
    return 16 + (tide_json_digit(p[16]) ? 1 : 0);
}

/* ---- values into columns ---- */

/* An integer of at most 16 digits, where it can go without a detour through
 * text. */
TIDE_INLINE bool put_integer(json_decoder *self, const json_shape_field *f, tide_colb *out,
                             uint32_t row, int64_t v, const tide_json_token *token)
{
    switch ((json_route)f->route) {
    case JSON_ROUTE_SKIP: return true;
    case JSON_ROUTE_I64: ((int64_t *)out->values)[row] = v; return true;
    case JSON_ROUTE_I32: ((int32_t *)out->values)[row] = (int32_t)v; return v == (int32_t)v;
    case JSON_ROUTE_MILLIS:
        /* 1973 to 9999 in milliseconds: neither suspicious nor out of range. */
        if (v < INT64_C(94694400000) || v >= TIDE_TIMESTAMP_END / 1000) break;
        ((int64_t *)out->values)[row] = v * 1000;
        return true;
    case JSON_ROUTE_STRING:
    case JSON_ROUTE_OTHER: break;
    }
    return json_put(self, f->index, out, row, token);
}

/* The value at p into its column; returns its end, or NULL. */
TIDE_INLINE const char *read_value(json_decoder *self, const json_shape_field *f, const char *p,
                                   const char *end, tide_builder *to)
{
    tide_json_token token = { .ptr = p, .kind = TIDE_JSON_NUMBER };
    tide_colb *out = &to->cols[f->index];
    uint32_t row = to->n;
    uint64_t magnitude;
    if (*p == '"') {
        const char *close = string_end(p + 1, end);
        if (close == NULL) return NULL;
        token = (tide_json_token){ p + 1, (size_t)(close - p) - 1, TIDE_JSON_STRING };
        if (TIDE_LIKELY(f->route == JSON_ROUTE_STRING))
            tide_field_put_view(out, row, token.ptr, token.len);
        else if (f->route != JSON_ROUTE_SKIP && !json_put(self, f->index, out, row, &token))
            return NULL;
        return close + 1;
    }
    if (tide_json_digit(*p) || *p == '-') {
        bool negative = *p == '-';
        const char *digits = p + negative;
        uint32_t n = digits16(digits, &magnitude);
        const char *stop = digits + n;
        if (n == 0 || n > 16 || *stop == '.' || (*stop | 0x20) == 'e') {
            stop = tide_json_number_end(p, end);
            if (stop == NULL) return NULL;
            token.len = (size_t)(stop - p);
            return f->route == JSON_ROUTE_SKIP || json_put(self, f->index, out, row, &token) ? stop
                                                                                             : NULL;
        }
        if (*digits == '0' && n > 1) return NULL;
        token.len = (size_t)(stop - p);
        int64_t v = negative ? -(int64_t)magnitude : (int64_t)magnitude;
        return put_integer(self, f, out, row, v, &token) ? stop : NULL;
    }
    token.len = *p == 'f' ? 5 : 4;
    if ((size_t)(end - p) < token.len) return NULL;
    token.kind = tide_json_scalar_kind(p, token.len);
    if (token.kind == TIDE_JSON_MISSING) return NULL;
    if (f->route != JSON_ROUTE_SKIP && !json_put(self, f->index, out, row, &token)) return NULL;
    return p + token.len;
}

/* The record at p into row to->n; returns the next record's start, or NULL if
 * the shape does not fit. */
TIDE_INLINE const char *read_record(json_decoder *self, const json_shape *shape, const char *p,
                                    const char *end, tide_builder *to)
{
    for (uint32_t i = 0; i < shape->n_fields; i++) {
        const json_shape_field *f = &shape->fields[i];
        if (TIDE_UNLIKELY(!literal_at(p, f))) return NULL;
        p = read_value(self, f, p + f->len, end, to);
        if (TIDE_UNLIKELY(p == NULL)) return NULL;
    }
    if (!literal_at(p, &shape->tail)) return NULL;
    for (uint32_t i = 0; i < shape->n_missing; i++)
        tide_colb_set_null(&to->cols[shape->missing[i]], to->n);
    return p + shape->tail.len;
}

/* Another shape than the first: found, it becomes the first. */
static const char *read_other(json_decoder *self, const char *p, const char *end, tide_builder *to)
{
    for (uint32_t k = 1; k < self->n_shapes; k++) {
        json_shape *shape = self->shapes[k];
        tide_row_abandon(to);
        const char *next = read_record(self, shape, p, end, to);
        if (next == NULL) continue;
        memmove(self->shapes + 1, self->shapes, k * sizeof *self->shapes);
        self->shapes[0] = shape;
        return next;
    }
    tide_row_abandon(to);
    return NULL;
}

const char *json_shapes_run(json_decoder *self, const char *p, const char *end, tide_builder *out,
                            uint64_t *records)
{
    if (self->n_shapes == 0) return p;
    while (p < end && !tide_builder_full(out)) {
        const char *next = read_record(self, self->shapes[0], p, end, out);
        if (TIDE_UNLIKELY(next == NULL)) {
            next = read_other(self, p, end, out);
            if (next == NULL) break;
        }
        p = next;
        out->n++;
        ++*records;
    }
    return p;
}

bool json_shapes_one(json_decoder *self, const char *p, const char *end, tide_builder *out)
{
    for (uint32_t k = 0; k < self->n_shapes; k++) {
        if (read_record(self, self->shapes[k], p, end, out) == end) return true;
        tide_row_abandon(out);
    }
    return false;
}

/* ---- learning ---- */

static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n') p++;
    return p;
}

/* The end of a flat value of a record known to be good; NULL if it is nested.
 */
static const char *skip_value(const char *p)
{
    if (*p == '{' || *p == '[') return NULL;
    if (*p != '"') {
        while (*p != ',' && *p != '}' && *p != ' ' && *p != '\t' && *p != '\r' && *p != '\n') p++;
        return p;
    }
    for (p++; *p != '"'; p++)
        if (*p == '\\') p++;
    return p + 1;
}

static uint8_t route_of(const json_decoder *self, int32_t index)
{
    if (index < 0) return JSON_ROUTE_SKIP;
    const tide_field_spec *spec = &self->fields[index];
    switch (spec->type.id) {
    case TIDE_TYPE_STRING: return spec->type.precision ? JSON_ROUTE_OTHER : JSON_ROUTE_STRING;
    case TIDE_TYPE_BIGINT: return JSON_ROUTE_I64;
    case TIDE_TYPE_INT: return JSON_ROUTE_I32;
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ:
        return (self->time == JSON_TIME_AUTO || self->time == JSON_TIME_MILLIS) &&
                       spec->round_unit <= 1000
                   ? JSON_ROUTE_MILLIS
                   : JSON_ROUTE_OTHER;
    default: return JSON_ROUTE_OTHER;
    }
}

static bool set_literal(json_shape_field *f, const char *from, const char *to)
{
    *f = (json_shape_field){ .len = (uint32_t)(to - from) };
    if (to - from > (ptrdiff_t)JSON_LITERAL_MAX) return false;
    memcpy(f->literal, from, f->len);
    return true;
}

/* Fills fields and tail; 0 when the record is nested, empty, too long, or
 * repeats or escapes a key. */
static uint32_t take_apart(json_decoder *self, const char *line, const char *end,
                           json_shape_field *fields, json_shape_field *tail, bool *seen)
{
    const char *from = line, *p = skip_space(line) + 1; /* Behind the brace. */
    for (uint32_t n = 0; n < JSON_SHAPE_FIELDS_MAX; n++) {
        p = skip_space(p);
        if (*p != '"') return 0;
        const char *name = ++p;
        while (*p != '"' && *p != '\\') p++;
        if (*p == '\\') return 0;
        int32_t index = tide_json_keys_find(&self->keys, name, (size_t)(p - name));
        if (index >= 0 && seen[index]) return 0;
        if (index >= 0) seen[index] = true;
        p = skip_space(skip_space(p + 1) + 1); /* Over the colon. */
        if (!set_literal(&fields[n], from, p)) return 0;
        fields[n].index = (uint16_t)(index < 0 ? 0 : index);
        fields[n].route = route_of(self, index);
        p = from = skip_value(p);
        if (p == NULL) return 0;
        p = skip_space(p);
        if (*p == '}') return set_literal(tail, from, end) ? n + 1 : 0;
        p++; /* Over the comma. */
    }
    return 0;
}

static bool same_shape(const json_shape *shape, const json_shape_field *fields, uint32_t n,
                       const json_shape_field *tail)
{
    if (shape->n_fields != n || shape->tail.len != tail->len) return false;
    for (uint32_t i = 0; i < n; i++)
        if (shape->fields[i].len != fields[i].len ||
            memcmp(shape->fields[i].literal, fields[i].literal, fields[i].len) != 0)
            return false;
    return memcmp(shape->tail.literal, tail->literal, tail->len) == 0;
}

void json_shapes_learn(json_decoder *self, const char *line, const char *end)
{
    json_shape_field fields[JSON_SHAPE_FIELDS_MAX], tail;
    bool *seen = tide_calloc(self->n + 1, sizeof *seen);
    uint32_t n = take_apart(self, line, end, fields, &tail, seen);
    bool known = n == 0 || self->n > UINT16_MAX;
    for (uint32_t k = 0; k < self->n_shapes && !known; k++)
        known = same_shape(self->shapes[k], fields, n, &tail);
    if (!known) {
        json_shape *shape = tide_calloc(1, sizeof *shape + n * sizeof *fields);
        memcpy(shape->fields, fields, n * sizeof *fields);
        shape->n_fields = n;
        shape->tail = tail;
        shape->missing = tide_calloc(self->n + 1, sizeof *shape->missing);
        for (uint32_t i = 0; i < self->n; i++)
            if (!seen[i]) shape->missing[shape->n_missing++] = (uint16_t)i;
        if (self->n_shapes == JSON_SHAPES) json_shape_free(&self->shapes[--self->n_shapes]);
        memmove(self->shapes + 1, self->shapes, self->n_shapes * sizeof *self->shapes);
        self->shapes[0] = shape;
        self->n_shapes++;
    }
    tide_free(seen);
}

void json_shape_free(json_shape **shape_p)
{
    if (*shape_p) tide_free((*shape_p)->missing);
    tide_free(*shape_p);
    *shape_p = NULL;
}
