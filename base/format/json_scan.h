/* json_scan.h - the pieces that both quick readers of JSON are made of: values straight from
 * text to column.
 *
 * They take only what simdjson would take too, with the same value, and return NULL or false for
 * everything else: they never decide that something is an error. Values are scanned sixteen
 * bytes at a time; loads run over the end of the input into its padding. A cursor may come to
 * lie a few bytes behind the end too: who moves it checks before it is used again. */
#ifndef TIDE_BASE_FORMAT_JSON_SCAN_H
#define TIDE_BASE_FORMAT_JSON_SCAN_H
#include "base/column/digits.h"
#include "base/format/json_internal.h"
#include "base/format/utf8.h"

/* A string whose text begins at s and holds an escape (or is no string). In json_flat.c. */
const char *json_read_escaped(json_decoder *self, json_route route, uint32_t index, const char *s,
                              const char *end, tide_builder *to);
/* The end of the object or array that begins at p; NULL if it has none before `end` on the same
 * line. */
const char *json_nested_end(const char *p, const char *end);

/* The end of the text that begins at s: its closing quote. NULL if it holds an
 * escape, a control character or invalid UTF-8, or does not close before end.
 */
TIDE_INLINE const char *json_string_end(const char *s, const char *end)
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
TIDE_INLINE uint32_t json_digits16(const char *p, uint64_t *out)
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

/* 1973 to 9999 in milliseconds: neither suspicious nor out of range. */
TIDE_INLINE bool json_is_plain_millis(int64_t v)
{
    return v >= INT64_C(94694400000) && v < TIDE_TIMESTAMP_END / 1000;
}

/* An integer of at most 16 digits, where it can go without a detour through
 * text. */
TIDE_INLINE bool json_put_integer(json_decoder *self, json_route route, uint32_t index,
                                  tide_colb *out, uint32_t row, int64_t v,
                                  const tide_json_token *token)
{
    switch (route) {
    case JSON_ROUTE_SKIP: return true;
    case JSON_ROUTE_I64: ((int64_t *)out->values)[row] = v; return true;
    case JSON_ROUTE_I32: ((int32_t *)out->values)[row] = (int32_t)v; return v == (int32_t)v;
    case JSON_ROUTE_MILLIS:
        if (!json_is_plain_millis(v)) break;
        ((int64_t *)out->values)[row] = v * 1000;
        return true;
    case JSON_ROUTE_STRING:
    case JSON_ROUTE_OTHER: break;
    }
    return json_put(self, index, out, row, token);
}

/* The value at p into row to->n of its column; returns its end, or NULL. */
TIDE_INLINE const char *json_read_value(json_decoder *self, json_route route, uint32_t index,
                                        const char *p, const char *end, tide_builder *to)
{
    tide_json_token token = { .ptr = p, .kind = TIDE_JSON_NUMBER };
    tide_colb *out = &to->cols[index];
    uint32_t row = to->n;
    uint64_t magnitude;
    if (*p == '"') {
        const char *close = json_string_end(p + 1, end);
        if (TIDE_UNLIKELY(close == NULL))
            return json_read_escaped(self, route, index, p + 1, end, to);
        token = (tide_json_token){ p + 1, (size_t)(close - p) - 1, TIDE_JSON_STRING };
        if (TIDE_LIKELY(route == JSON_ROUTE_STRING))
            tide_field_put_view(out, row, token.ptr, token.len);
        else if (route != JSON_ROUTE_SKIP && !json_put(self, index, out, row, &token))
            return NULL;
        return close + 1;
    }
    if (tide_json_digit(*p) || *p == '-') {
        bool negative = *p == '-';
        const char *digits = p + negative;
        uint32_t n = json_digits16(digits, &magnitude);
        const char *stop = digits + n;
        if (TIDE_LIKELY(n - 1 < 16 && *stop != '.' && (*stop | 0x20) != 'e')) {
            if (*digits == '0' && n > 1) return NULL;
            token.len = (size_t)(stop - p);
            int64_t v = negative ? -(int64_t)magnitude : (int64_t)magnitude;
            return json_put_integer(self, route, index, out, row, v, &token) ? stop : NULL;
        }
        stop = tide_json_number_end(p, end);
        if (stop == NULL) return NULL;
        token.len = (size_t)(stop - p);
    } else if (*p == '{' || *p == '[') {
        const char *stop = json_nested_end(p, end);
        if (stop == NULL) return NULL;
        token.len = (size_t)(stop - p);
        token.kind = TIDE_JSON_NESTED;
    } else {
        token.len = *p == 'f' ? 5 : 4;
        if (end - p < (ptrdiff_t)token.len) return NULL;
        token.kind = tide_json_scalar_kind(p, token.len);
        if (token.kind == TIDE_JSON_MISSING) return NULL;
    }
    if (route != JSON_ROUTE_SKIP && !json_put(self, index, out, row, &token)) return NULL;
    return p + token.len;
}

#endif
