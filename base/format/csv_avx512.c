/* csv_avx512.c - 64 bytes in a register, for masks and offsets. */
#include "base/format/csv_simd_priv.h"

#if defined(__x86_64__) /* Compiled for this set: see CMakeLists.txt. */
#include <immintrin.h>

TIDE_INLINE csv_found scan_block(const char *bytes, csv_marks marks)
{
    __m512i v = _mm512_loadu_si512(bytes);
    return (csv_found){ .delimiters =
                            _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)marks.delimiter)),
                        .lines = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n')),
                        .quotes = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)marks.quote)),
                        .zeros = _mm512_testn_epi8_mask(v, v) != 0,
                        .high = _mm512_movepi8_mask(v) != 0 };
}

static size_t scan(const char *bytes, size_t len, csv_marks marks, csv_masks *out)
{
    return csv_scan_blocks(bytes, len, marks, out, scan_block);
}

/* The numbers of the bits that are set, sixteen in a step. */
static uint32_t offsets(const uint64_t *masks, size_t len, uint32_t *at)
{
    static const uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    };
    const __m512i all = _mm512_loadu_si512(numbers);
    uint32_t n = 0;
    for (uint32_t base = 0; base < len; base += 64) {
        uint64_t m = masks[base / 64];
        uint32_t count = (uint32_t)__builtin_popcountll(m);
        __m512i from = _mm512_set1_epi32((int32_t)base), set = _mm512_maskz_compress_epi8(m, all);
        uint32_t *to = at + n;
        n += count;
        for (uint32_t i = 0;; i += 16) {
            __m512i wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(set));
            _mm512_storeu_si512(to + i, _mm512_add_epi32(wide, from));
            if (i + 16 >= count) break;
            set = _mm512_shuffle_i64x2(set, set, 0x39); /* The next sixteen come to the front. */
        }
    }
    return n;
}

const csv_simd csv_simd_avx512 = { .name = "avx512",
                                   .scan = scan,
                                   .offsets = offsets,
                                   .integers = csv_avx2_integers,
                                   .integers32 = csv_avx2_integers32,
                                   .decimals = csv_avx2_decimals,
                                   .dates = csv_avx2_dates,
                                   .views = csv_avx2_views };
#endif
