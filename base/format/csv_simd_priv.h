/* csv_simd_priv.h - what the sets of csv_simd.h share. */
#ifndef TIDE_BASE_FORMAT_CSV_SIMD_PRIV_H
#define TIDE_BASE_FORMAT_CSV_SIMD_PRIV_H
#include <string.h>

#include "base/column/digits.h"
#include "base/format/csv_simd.h"

/* What 64 bytes hold. */
typedef struct csv_found {
    uint64_t delimiters, lines, quotes;
    bool zeros, high;
} csv_found;
typedef csv_found (*csv_scan_block)(const char *bytes, csv_marks marks);

TIDE_INLINE bool csv_take_block(csv_found f, uint64_t inside, size_t block, csv_masks *out)
{
    if (TIDE_UNLIKELY(f.zeros)) return false;
    out->ends[block] = (f.delimiters | f.lines) & inside;
    out->lines[block] = f.lines & inside;
    out->quotes[block] = f.quotes & inside;
    out->n_lines += (uint32_t)__builtin_popcountll(out->lines[block]);
    out->quoted |= out->quotes[block] != 0;
    out->ascii &= !f.high;
    return true;
}

/* csv_simd.scan, of a set that looks at 64 bytes by `scan_block`. */
TIDE_INLINE size_t csv_scan_blocks(const char *bytes, size_t len, csv_marks marks, csv_masks *out,
                                   csv_scan_block scan_block)
{
    char rest[64];
    size_t at = 0;
    out->ascii = true;
    out->quoted = false;
    out->n_lines = 0;
    for (; len - at >= 64; at += 64)
        if (!csv_take_block(scan_block(bytes + at, marks), ~0ull, at / 64, out)) return at;
    if (at == len) return len;
    memset(rest, '.', sizeof rest); /* What follows the window is not looked at. */
    memcpy(rest, bytes + at, len - at);
    uint64_t inside = (1ull << (len - at)) - 1;
    return csv_take_block(scan_block(rest, marks), inside, at / 64, out) ? len : at;
}

/* Text i; *len_out gets its length. */
TIDE_INLINE const char *csv_text_at(const csv_texts *texts, uint32_t i, uint32_t *len_out)
{
    const uint32_t *end = texts->ends + (size_t)i * texts->stride;
    uint32_t start = end[-1] + 1;
    *len_out = *end - start;
    return texts->base + start;
}

/* The texts from the i-th on. */
TIDE_INLINE csv_texts csv_texts_from(const csv_texts *texts, uint32_t i)
{
    csv_texts rest = *texts;
    rest.ends += (size_t)i * rest.stride;
    rest.n -= i;
    return rest;
}

#ifdef __x86_64__
/* Of csv_simd_avx2, and of csv_simd_avx512: wider ones have not paid. */
uint32_t csv_avx2_integers(const csv_texts *texts, uint64_t *values, csv_bad bad);
uint32_t csv_avx2_integers32(const csv_texts *texts, uint32_t *values, csv_bad bad);
uint32_t csv_avx2_decimals(const csv_texts *texts, uint32_t scale, uint64_t largest,
                           uint64_t *values, csv_bad bad);
uint32_t csv_avx2_dates(const csv_texts *texts, int32_t *values, csv_bad bad);
uint32_t csv_avx2_views(const csv_texts *texts, uint32_t longest, tide_view *values, uint8_t *heap,
                        uint32_t used, uint32_t buf);
#endif

#endif
