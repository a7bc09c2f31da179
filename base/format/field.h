/* field.h - one field's text into one place of a column, as every format does
 * it. Owner: the column's. */
#ifndef TIDE_BASE_FORMAT_FIELD_H
#define TIDE_BASE_FORMAT_FIELD_H
#include "base/column/batch.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A wanted field and its column, prepared for a decoder. */
typedef struct tide_field_spec {
    const char *name; /* Borrowed from the schema, which must outlive the decoder. */
    tide_type type;
    bool not_null;
    int64_t round_unit; /* Timestamps and times: microseconds of the last digit
                         kept. */
} tide_field_spec;

tide_field_spec tide_field_spec_of(const tide_field *field);

/* The text as a value of the field's type; false if it is none (nothing is set
 * then). BYTES are base64; timestamps take a zone, which is converted to UTC.
 * The text must be valid UTF-8. */
bool tide_field_put_text(const tide_field_spec *spec, tide_colb *out, uint32_t row, const char *ptr,
                         size_t len);
/* An integer likewise; for integer types only. */
bool tide_field_put_i64(const tide_field_spec *spec, tide_colb *out, uint32_t row, int64_t v);
/* A timestamp, rounded to the type's precision; false if out of range. */
bool tide_field_put_micros(const tide_field_spec *spec, tide_colb *out, uint32_t row,
                           int64_t micros);

/* "field NAME: expected TYPE, got "TEXT"", shortened to cap bytes. */
void tide_field_error(const tide_field_spec *spec, const char *ptr, size_t len, bool quote,
                      char *out, size_t cap);

#ifdef __SSE2__
/* The view of a text of at most TIDE_VIEW_INLINE_MAX bytes, which `text` begins with. */
TIDE_INLINE void tide_field_put_short(tide_view *view, __m128i text, uint32_t len)
{
    static const uint8_t ones[32] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
    /* The text's bytes alone, moved up four, its length below: the whole view in one store. */
    __m128i keep = _mm_loadu_si128((const __m128i *)(ones + TIDE_VIEW_INLINE_MAX - len));
    text = _mm_slli_si128(_mm_and_si128(text, keep), 4);
    _mm_storeu_si128((__m128i *)view, _mm_or_si128(text, _mm_cvtsi32_si128((int32_t)len)));
}
#endif

/* A string whose first byte is followed by 64 readable ones. */
TIDE_INLINE void tide_field_put_view(tide_colb *out, uint32_t row, const char *ptr, size_t len)
{
#ifdef __SSE2__
    tide_view *view = (tide_view *)out->values + row;
    if (TIDE_LIKELY(len <= TIDE_VIEW_INLINE_MAX)) {
        tide_field_put_short(view, _mm_loadu_si128((const __m128i *)ptr), (uint32_t)len);
        return;
    }
    if (len <= 64 && out->heap_cap - out->heap_used >= 64) {
        /* All 64, whatever the length: what is too much is free heap. */
        const __m128i *from = (const __m128i *)ptr;
        __m128i *to = (__m128i *)(out->heap + out->heap_used);
        __m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1);
        __m128i c = _mm_loadu_si128(from + 2), d = _mm_loadu_si128(from + 3);
        _mm_storeu_si128(to, a);
        _mm_storeu_si128(to + 1, b);
        _mm_storeu_si128(to + 2, c);
        _mm_storeu_si128(to + 3, d);
        view->len = (uint32_t)len;
        memcpy(view->prefix, ptr, 4);
        view->buf = out->n_data - 1;
        view->offset = out->heap_used;
        out->heap_used += (uint32_t)len;
        return;
    }
#endif
    tide_colb_put_str(out, row, ptr, (uint32_t)len);
}

/* A row that was begun and is given up: NULLs that it set must not show in the
 * next one. */
TIDE_INLINE void tide_row_abandon(tide_builder *self)
{
    for (uint32_t i = 0; i < self->n_cols; i++)
        if (self->cols[i].validity) self->cols[i].validity[self->n >> 6] |= 1ull << (self->n & 63);
}

#define TIDE_TIMESTAMP_MIN                                                                         \
    INT64_C(-62135596800000000)                        /* 0001-01-01 00:00:00                      \
                                                        */
#define TIDE_TIMESTAMP_END INT64_C(253402300800000000) /* 10000-01-01 00:00:00 */

#endif
