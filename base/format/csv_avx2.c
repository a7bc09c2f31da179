/* csv_avx2.c - masks from two halves of 64 bytes; values four at a time, dates eight.
 *
 * A text of up to eight characters is a lane of 64 bits. Its digits are weighed two by two, each
 * pair again, and so on: 10 and 1, 100 and 1, 10000 and 1. */
#include "base/format/csv_simd_priv.h"

#if defined(__x86_64__) /* Compiled for this set: see CMakeLists.txt. */
#include <immintrin.h>

/* ---- masks ---- */

TIDE_INLINE uint64_t equal_mask(__m256i low, __m256i high, uint8_t byte)
{
    const __m256i wanted = _mm256_set1_epi8((char)byte);
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));
    return (uint64_t)b << 32 | a;
}

TIDE_INLINE csv_found scan_block(const char *bytes, csv_marks marks)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
    __m256i zeros = _mm256_cmpeq_epi8(_mm256_min_epu8(low, high), _mm256_setzero_si256());
    return (csv_found){ .delimiters = equal_mask(low, high, marks.delimiter),
                        .lines = equal_mask(low, high, '\n'),
                        .quotes = equal_mask(low, high, marks.quote),
                        .zeros = _mm256_movemask_epi8(zeros) != 0,
                        .high = _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0 };
}

static size_t scan(const char *bytes, size_t len, csv_marks marks, csv_masks *out)
{
    return csv_scan_blocks(bytes, len, marks, out, scan_block);
}

/* The numbers of the bits that are set in a byte x, lowest first, a byte each. */
#define NUMBER(x, bit)                                                                             \
    (((x) >> (bit)&1ull) * (bit) << 8 * __builtin_popcount((x) & ((1u << (bit)) - 1)))
#define NUMBERS(x)                                                                                 \
    (NUMBER(x, 1) | NUMBER(x, 2) | NUMBER(x, 3) | NUMBER(x, 4) | NUMBER(x, 5) | NUMBER(x, 6) |     \
     NUMBER(x, 7))
#define NUMBERS4(x) NUMBERS(x), NUMBERS((x) + 1), NUMBERS((x) + 2), NUMBERS((x) + 3)
#define NUMBERS16(x) NUMBERS4(x), NUMBERS4((x) + 4), NUMBERS4((x) + 8), NUMBERS4((x) + 12)
#define NUMBERS64(x) NUMBERS16(x), NUMBERS16((x) + 16), NUMBERS16((x) + 32), NUMBERS16((x) + 48)
static const uint64_t numbers[256] = { NUMBERS64(0u), NUMBERS64(64u), NUMBERS64(128u),
                                       NUMBERS64(192u) };

/* Without a branch that depends on the masks: eight places are written for every eight bytes, and
 * as many of them kept as there are bits. */
static uint32_t offsets(const uint64_t *masks, size_t len, uint32_t *at)
{
    const __m256i eight = _mm256_set1_epi32(8);
    __m256i base = _mm256_setzero_si256();
    uint32_t *to = at;
    for (size_t block = 0; block < (len + 63) / 64; block++) {
        uint64_t m = masks[block];
        for (uint32_t i = 0; i < 8; i++, m >>= 8) {
            uint8_t byte = (uint8_t)m;
            __m128i set = _mm_loadl_epi64((const __m128i *)(const void *)&numbers[byte]);
            __m256i wide = _mm256_add_epi32(_mm256_cvtepu8_epi32(set), base);
            _mm256_storeu_si256((__m256i *)(void *)to, wide);
            to += __builtin_popcount(byte);
            base = _mm256_add_epi32(base, eight);
        }
    }
    return (uint32_t)(to - at);
}

/* ---- texts ---- */

/* Four texts from the i-th on. */
typedef struct four {
    __m256i first, skewed; /* Their first eight bytes; eight from the third on. */
    __m256i spans;         /* Their lengths + 1. */
} four;

TIDE_INLINE __m256i join(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return _mm256_setr_epi64x((int64_t)a, (int64_t)b, (int64_t)c, (int64_t)d);
}

TIDE_INLINE four texts_at(const csv_texts *texts, uint32_t i)
{
    const size_t stride = texts->stride;
    const uint32_t *a = texts->ends + i * stride - 1, *b = a + stride, *c = b + stride,
                   *d = c + stride;
    const char *pa = texts->base + (uint32_t)(*a + 1), *pb = texts->base + (uint32_t)(*b + 1);
    const char *pc = texts->base + (uint32_t)(*c + 1), *pd = texts->base + (uint32_t)(*d + 1);
    __m256i ends = join(tide_load8(a), tide_load8(b), tide_load8(c), tide_load8(d));
    __m256i spans = _mm256_sub_epi32(_mm256_srli_epi64(ends, 32), ends);
    return (four){ .first = join(tide_load8(pa), tide_load8(pb), tide_load8(pc), tide_load8(pd)),
                   .skewed = join(tide_load8(pa + 2), tide_load8(pb + 2), tide_load8(pc + 2),
                                  tide_load8(pd + 2)),
                   .spans = _mm256_and_si256(spans, _mm256_set1_epi64x(0xffffffff)) };
}

/* The digits of texts of 1 to 8 characters, the last one in the top byte, 0 in front. Of other
 * lengths no byte is a digit: shifts beyond the lane leave nothing. */
TIDE_INLINE __m256i right_aligned(const four *texts)
{
    const __m256i zeros = _mm256_set1_epi8('0');
    __m256i bits = _mm256_slli_epi64(texts->spans, 3); /* 8 more than those of the text. */
    __m256i text = _mm256_sllv_epi64(texts->first, _mm256_sub_epi64(_mm256_set1_epi64x(72), bits));
    /* A length of 0 is one of the others: -1 bits leave nothing, either. */
    __m256i fill = _mm256_srlv_epi64(_mm256_srli_epi64(zeros, 1),
                                     _mm256_sub_epi64(bits, _mm256_set1_epi64x(9)));
    return _mm256_sub_epi8(_mm256_or_si256(text, fill), zeros);
}

/* Not 0 in bytes that are no digits. */
TIDE_INLINE __m256i not_digits(__m256i digits)
{
    return _mm256_subs_epu8(digits, _mm256_set1_epi8(9));
}

TIDE_INLINE __m256i by_pairs(__m256i digits)
{
    return _mm256_maddubs_epi16(digits, _mm256_set1_epi16(1 << 8 | 10));
}

TIDE_INLINE __m256i value_of(__m256i digits)
{
    __m256i fours = _mm256_madd_epi16(by_pairs(digits), _mm256_set1_epi32(1 << 16 | 100));
    __m256i high = _mm256_mul_epu32(fours, _mm256_set1_epi64x(10000));
    return _mm256_add_epi64(high, _mm256_srli_epi64(fours, 32));
}

/* A bit for each lane that is not 0. */
TIDE_INLINE uint32_t lanes_set(__m256i lanes)
{
    __m256i unset = _mm256_cmpeq_epi64(lanes, _mm256_setzero_si256());
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(unset)) ^ 15;
}

/* ---- values ---- */

/* Four integers; a bit for each that is bad. */
TIDE_INLINE uint32_t four_integers(const csv_texts *texts, uint32_t i, __m256i *values)
{
    four t = texts_at(texts, i);
    __m256i digits = right_aligned(&t);
    *values = value_of(digits);
    return lanes_set(not_digits(digits));
}

uint32_t csv_avx2_integers(const csv_texts *texts, uint64_t *values, csv_bad bad)
{
    uint32_t any = 0, i = 0;
    for (; i + 8 <= texts->n; i += 8) {
        __m256i a, b;
        uint32_t set = four_integers(texts, i, &a);
        set |= four_integers(texts, i + 4, &b) << 4;
        _mm256_storeu_si256((__m256i *)(void *)(values + i), a);
        _mm256_storeu_si256((__m256i *)(void *)(values + i + 4), b);
        bad[i / 8] = (uint8_t)set;
        any |= set;
    }
    const csv_texts rest = csv_texts_from(texts, i);
    return any | csv_simd_portable.integers(&rest, values + i, bad + i / 8);
}

uint32_t csv_avx2_integers32(const csv_texts *texts, uint32_t *values, csv_bad bad)
{
    const __m256i evens = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    uint32_t any = 0, i = 0;
    for (; i + 8 <= texts->n; i += 8) {
        __m256i a, b;
        uint32_t set = four_integers(texts, i, &a);
        set |= four_integers(texts, i + 4, &b) << 4;
        a = _mm256_permutevar8x32_epi32(a, evens);
        b = _mm256_permutevar8x32_epi32(b, evens);
        _mm256_storeu_si256((__m256i *)(void *)(values + i), _mm256_permute2x128_si256(a, b, 0x20));
        bad[i / 8] = (uint8_t)set;
        any |= set;
    }
    const csv_texts rest = csv_texts_from(texts, i);
    return any | csv_simd_portable.integers32(&rest, values + i, bad + i / 8);
}

/* Where the point is and what it means; the same in every lane. */
typedef struct point {
    __m256i mask, byte; /* The place; it holds the point's byte there and 0 elsewhere. */
    __m256i close;      /* A shuffle that closes the gap. */
    __m256i one, largest;
} point;

static point point_of(uint32_t scale, uint64_t largest)
{
    uint32_t at = 7 - scale;
    uint64_t close = 0;
    for (uint32_t i = 0; i < 8; i++) close |= (uint64_t)(i > at ? i : i ? i - 1 : 0x80) << 8 * i;
    const uint64_t next = close + UINT64_C(0x0808080808080808); /* The upper lane of a half. */
    return (point){ .mask = _mm256_set1_epi64x((int64_t)(UINT64_C(0xff) << 8 * at)),
                    .byte = _mm256_set1_epi64x((int64_t)((uint64_t)(uint8_t)('.' - '0') << 8 * at)),
                    .close = join(close, next, close, next),
                    .one = _mm256_set1_epi64x((int64_t)tide_pow10_u64[scale]),
                    .largest = _mm256_set1_epi64x((int64_t)largest) };
}

TIDE_INLINE uint32_t four_decimals(const csv_texts *texts, uint32_t i, const point *p,
                                   uint64_t *values)
{
    four t = texts_at(texts, i);
    __m256i digits = right_aligned(&t), zero = _mm256_setzero_si256();
    __m256i pointed = _mm256_cmpeq_epi64(_mm256_and_si256(digits, p->mask), p->byte);
    digits = _mm256_blendv_epi8(digits, _mm256_shuffle_epi8(digits, p->close), pointed);
    __m256i value = value_of(digits);
    value = _mm256_blendv_epi8(_mm256_mul_epu32(value, p->one), value, pointed);
    __m256i bad = _mm256_or_si256(not_digits(digits), _mm256_cmpgt_epi64(value, p->largest));
    value = _mm256_permute4x64_epi64(value, _MM_SHUFFLE(3, 1, 2, 0));
    _mm256_storeu_si256((__m256i *)(void *)values, _mm256_unpacklo_epi64(value, zero));
    _mm256_storeu_si256((__m256i *)(void *)(values + 4), _mm256_unpackhi_epi64(value, zero));
    return lanes_set(bad);
}

uint32_t csv_avx2_decimals(const csv_texts *texts, uint32_t scale, uint64_t largest,
                           uint64_t *values, csv_bad bad)
{
    const point p = point_of(scale, largest);
    uint32_t any = 0, i = 0;
    for (; i + 8 <= texts->n; i += 8) {
        uint32_t set = four_decimals(texts, i, &p, values + 2 * i);
        set |= four_decimals(texts, i + 4, &p, values + 2 * i + 8) << 4;
        bad[i / 8] = (uint8_t)set;
        any |= set;
    }
    const csv_texts rest = csv_texts_from(texts, i);
    return any | csv_simd_portable.decimals(&rest, scale, largest, values + 2 * i, bad + i / 8);
}

/* ---- dates ---- */

/* The digits of four dates as yyyymmdd, weighed by pairs: 16 bits each for century, year, month and
 * day. *bad gets what is not 0 where the text is no date. */
TIDE_INLINE __m256i four_dates(const csv_texts *texts, uint32_t i, __m256i *bad)
{
    const int64_t dashes = INT64_C(0x2d00002d00000000);
    const uint64_t without_dashes = UINT64_C(0x8080060503020100);
    const uint64_t next = without_dashes + UINT64_C(0x0000080808080808);
    four t = texts_at(texts, i);
    __m256i front = _mm256_shuffle_epi8(t.first, join(without_dashes, next, without_dashes, next));
    __m256i digits = _mm256_sub_epi8(_mm256_blend_epi16(front, t.skewed, 0x88),
                                     _mm256_set1_epi8('0')); /* The day is the skewed one's end. */
    __m256i between =
        _mm256_and_si256(t.first, _mm256_set1_epi64x(INT64_C(0x00ff) << 32 |
                                                     (int64_t)(UINT64_C(0xff) << 56)));
    *bad =
        _mm256_or_si256(not_digits(digits), _mm256_xor_si256(between, _mm256_set1_epi64x(dashes)));
    *bad = _mm256_or_si256(*bad, _mm256_xor_si256(t.spans, _mm256_set1_epi64x(11)));
    return by_pairs(digits);
}

/* Lanes of 32 bits: days since 1970, as tide_days_from_civil, where years begin in March. */
TIDE_INLINE __m256i days_of(__m256i year, __m256i month, __m256i day)
{
    __m256i early = _mm256_cmpgt_epi32(_mm256_set1_epi32(3), month); /* -1 or 0 */
    __m256i y = _mm256_add_epi32(year, early);
    __m256i m = _mm256_sub_epi32(month, _mm256_set1_epi32(3));
    m = _mm256_add_epi32(m, _mm256_and_si256(early, _mm256_set1_epi32(12)));
    __m256i century = _mm256_srli_epi32(_mm256_mulhi_epu16(y, _mm256_set1_epi32(5243)), 3);
    __m256i days = _mm256_madd_epi16(y, _mm256_set1_epi32(365));
    days = _mm256_add_epi32(days, _mm256_srli_epi32(y, 2));
    days = _mm256_sub_epi32(days, century);
    days = _mm256_add_epi32(days, _mm256_srli_epi32(century, 2));
    __m256i x =
        _mm256_add_epi32(_mm256_madd_epi16(m, _mm256_set1_epi32(153)), _mm256_set1_epi32(2));
    __m256i fifth = _mm256_mulhi_epu16(x, _mm256_set1_epi32(52429)); /* x / 5 * 4 */
    days = _mm256_add_epi32(days, _mm256_srli_epi32(fifth, 2));
    return _mm256_add_epi32(days, _mm256_sub_epi32(day, _mm256_set1_epi32(719469)));
}

/* Lanes of 32 bits, not 0 where there is no such day, and for leap days, which are too few. */
TIDE_INLINE __m256i no_such_day(__m256i year, __m256i month, __m256i day)
{
    const __m256i last = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0));
    __m256i bad = _mm256_cmpgt_epi32(day, _mm256_shuffle_epi8(last, month));
    bad = _mm256_or_si256(bad, _mm256_cmpgt_epi32(_mm256_set1_epi32(1), day));
    bad = _mm256_or_si256(bad, _mm256_cmpgt_epi32(month, _mm256_set1_epi32(12)));
    return _mm256_or_si256(bad, _mm256_cmpgt_epi32(_mm256_set1_epi32(1601), year));
}

/* The even halves of lanes of 64 bits, or the odd ones; in the order 0 1 4 5 2 3 6 7. */
TIDE_INLINE __m256i halves(__m256i a, __m256i b, bool odd)
{
    __m256 x = _mm256_castsi256_ps(a), y = _mm256_castsi256_ps(b);
    return _mm256_castps_si256(odd ? _mm256_shuffle_ps(x, y, _MM_SHUFFLE(3, 1, 3, 1))
                                   : _mm256_shuffle_ps(x, y, _MM_SHUFFLE(2, 0, 2, 0)));
}

/* Eight dates; a bit for each that is bad. */
TIDE_INLINE uint32_t eight_dates(const csv_texts *texts, uint32_t i, int32_t *values)
{
    __m256i bad_a, bad_b;
    __m256i a = four_dates(texts, i, &bad_a), b = four_dates(texts, i + 4, &bad_b);
    __m256i year = _mm256_madd_epi16(halves(a, b, false), _mm256_set1_epi32(1 << 16 | 100));
    __m256i rest = halves(a, b, true), month = _mm256_and_si256(rest, _mm256_set1_epi32(0xffff));
    __m256i day = _mm256_srli_epi32(rest, 16), days = days_of(year, month, day);
    __m256i bad = _mm256_or_si256(halves(bad_a, bad_b, false), halves(bad_a, bad_b, true));
    bad = _mm256_or_si256(bad, no_such_day(year, month, day));
    bad = _mm256_cmpeq_epi32(bad, _mm256_setzero_si256());
    days = _mm256_permute4x64_epi64(days, _MM_SHUFFLE(3, 1, 2, 0));
    bad = _mm256_permute4x64_epi64(bad, _MM_SHUFFLE(3, 1, 2, 0));
    _mm256_storeu_si256((__m256i *)(void *)values, days);
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(bad)) ^ 255;
}

uint32_t csv_avx2_dates(const csv_texts *texts, int32_t *values, csv_bad bad)
{
    uint32_t any = 0, i = 0;
    for (; i + 8 <= texts->n; i += 8) {
        uint32_t set = eight_dates(texts, i, values + i);
        bad[i / 8] = (uint8_t)set;
        any |= set;
    }
    const csv_texts rest = csv_texts_from(texts, i);
    return any | csv_simd_portable.dates(&rest, values + i, bad + i / 8);
}

/* ---- views ---- */

/* What a view of n bytes (13: of more) has of its text, which begins at byte 4, and of where the
 * text lies. */
typedef struct view_parts {
    uint32_t text[4], place[4];
} view_parts;

/* Of a word that begins at byte `from` of the text, those that a text of n bytes has. */
#define PART(n, from)                                                                              \
    ((n) >= (from) + 4 ? ~0u : (n) <= (from) ? 0u : (1u << (((n) - (from)) & 3) * 8) - 1)
#define PARTS(n)                                                                                   \
    {                                                                                              \
        { 0, PART(n, 0), PART(n, 4), PART(n, 8) },                                                 \
        {                                                                                          \
            0, 0, 0, 0                                                                             \
        }                                                                                          \
    }
static const view_parts parts[14] = {
    PARTS(0),  PARTS(1),
    PARTS(2),  PARTS(3),
    PARTS(4),  PARTS(5),
    PARTS(6),  PARTS(7),
    PARTS(8),  PARTS(9),
    PARTS(10), PARTS(11),
    PARTS(12), { { 0, ~0u, 0, 0 }, { 0, 0, ~0u, ~0u } },
};

TIDE_INLINE __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

static void short_views(const csv_texts *texts, tide_view *values)
{
    const uint32_t *end = texts->ends;
    for (uint32_t i = 0; i < texts->n; i++, end += texts->stride) {
        uint32_t start = end[-1] + 1, len = *end - start;
        __m128i text = _mm_slli_si128(load16(texts->base + start), 4);
        text = _mm_and_si128(text, load16(parts[len].text));
        text = _mm_or_si128(text, _mm_cvtsi32_si128((int32_t)len));
        _mm_storeu_si128((__m128i *)(void *)(values + i), text);
    }
}

uint32_t csv_avx2_views(const csv_texts *texts, uint32_t longest, tide_view *values, uint8_t *heap,
                        uint32_t used, uint32_t buf)
{
    if (longest <= TIDE_VIEW_INLINE_MAX) {
        short_views(texts, values);
        return used;
    }
    const uint32_t *end = texts->ends;
    const __m128i in_buf = _mm_setr_epi32(0, 0, (int32_t)buf, 0);
    for (uint32_t i = 0; i < texts->n; i++, end += texts->stride) {
        uint32_t start = end[-1] + 1, len = *end - start;
        bool inside = len <= TIDE_VIEW_INLINE_MAX;
        const char *p = texts->base + start;
        const view_parts *has = &parts[inside ? len : TIDE_VIEW_INLINE_MAX + 1];
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
        __m128i text = _mm_slli_si128(_mm256_castsi256_si128(low), 4);
        __m128i place = _mm_insert_epi32(in_buf, (int32_t)used, 3);
        text = _mm_and_si128(text, load16(has->text));
        place = _mm_and_si128(place, load16(has->place));
        text = _mm_or_si128(_mm_or_si128(text, place), _mm_cvtsi32_si128((int32_t)len));
        _mm_storeu_si128((__m128i *)(void *)(values + i), text);
        /* Copied in any case: what is short is overwritten by the next. */
        _mm256_storeu_si256((__m256i *)(void *)(heap + used), low);
        _mm256_storeu_si256((__m256i *)(void *)(heap + used + 32), high);
        used += inside ? 0 : len;
    }
    return used;
}

const csv_simd csv_simd_avx2 = { .name = "avx2",
                                 .scan = scan,
                                 .offsets = offsets,
                                 .integers = csv_avx2_integers,
                                 .integers32 = csv_avx2_integers32,
                                 .decimals = csv_avx2_decimals,
                                 .dates = csv_avx2_dates,
                                 .views = csv_avx2_views };
#endif
