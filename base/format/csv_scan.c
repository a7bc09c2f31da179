/* csv_scan.c - see csv_scan.h. */
#include "base/format/csv_scan.h"

#include <string.h>

#include "base/core/attr.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* What 64 bytes hold. */
typedef struct found {
    uint64_t delimiters, lines, quotes, zeros, high;
} found;

/* Sets *out from f for the block at `at` of len bytes; false if the scan stops
 * in front of it. */
TIDE_INLINE bool take_block(const found *f, size_t at, size_t len, csv_masks *out)
{
    uint64_t inside = len - at >= 64 ? ~0ull : (1ull << (len - at)) - 1;
    if (TIDE_UNLIKELY(f->zeros & inside)) return false;
    out->ends[at / 64] = (f->delimiters | f->lines) & inside;
    out->lines[at / 64] = f->lines & inside;
    out->quotes[at / 64] = f->quotes & inside;
    out->n_lines += (uint32_t)__builtin_popcountll(f->lines & inside);
    if (f->quotes & inside) out->quoted = true;
    if (f->high & inside) out->ascii = false;
    return true;
}

#ifdef __x86_64__

__attribute__((target("avx512bw,popcnt"))) static size_t scan_avx512(const char *bytes, size_t len,
                                                                     csv_marks marks,
                                                                     csv_masks *out)
{
    const __m512i delimiter = _mm512_set1_epi8((char)marks.delimiter);
    const __m512i quote = _mm512_set1_epi8((char)marks.quote);
    const __m512i newline = _mm512_set1_epi8('\n');
    for (size_t at = 0; at < len; at += 64) {
        __m512i v = _mm512_loadu_si512(bytes + at);
        found f = { .delimiters = _mm512_cmpeq_epi8_mask(v, delimiter),
                    .lines = _mm512_cmpeq_epi8_mask(v, newline),
                    .quotes = _mm512_cmpeq_epi8_mask(v, quote),
                    .zeros = _mm512_testn_epi8_mask(v, v),
                    .high = _mm512_movepi8_mask(v) };
        if (!take_block(&f, at, len, out)) return at;
    }
    return len;
}

__attribute__((target("avx2,popcnt"))) static size_t scan_avx2(const char *bytes, size_t len,
                                                               csv_marks marks, csv_masks *out)
{
    const __m256i delimiter = _mm256_set1_epi8((char)marks.delimiter);
    const __m256i quote = _mm256_set1_epi8((char)marks.quote);
    const __m256i newline = _mm256_set1_epi8('\n'), zero = _mm256_setzero_si256();
    for (size_t at = 0; at < len; at += 64) {
        found f = { 0 };
        for (uint32_t half = 0; half < 64; half += 32) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(bytes + at + half));
            f.delimiters |=
                (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, delimiter)) << half;
            f.lines |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, newline))
                       << half;
            f.quotes |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, quote))
                        << half;
            f.zeros |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, zero)) << half;
            f.high |= (uint64_t)(uint32_t)_mm256_movemask_epi8(v) << half;
        }
        if (!take_block(&f, at, len, out)) return at;
    }
    return len;
}

#endif

/* 0x80 in every byte of v that equals that of pattern; exact, without borrows
 * between bytes. */
TIDE_INLINE uint64_t equal_bytes(uint64_t v, uint64_t pattern)
{
    uint64_t x = v ^ pattern;
    return ~(((x & 0x7f7f7f7f7f7f7f7fu) + 0x7f7f7f7f7f7f7f7fu) | x | 0x7f7f7f7f7f7f7f7fu);
}

/* The top bits of eight bytes, gathered. */
TIDE_INLINE uint64_t gather_bits(uint64_t tops)
{
    return (tops >> 7) * 0x0102040810204080u >> 56;
}

static size_t scan_portable(const char *bytes, size_t len, csv_marks marks, csv_masks *out)
{
    const uint64_t each = 0x0101010101010101u;
    for (size_t at = 0; at < len; at += 64) {
        found f = { 0 };
        for (uint32_t i = 0; i < 64; i += 8) {
            uint64_t v;
            memcpy(&v, bytes + at + i, 8);
            f.delimiters |= gather_bits(equal_bytes(v, each * marks.delimiter)) << i;
            f.lines |= gather_bits(equal_bytes(v, each * '\n')) << i;
            f.quotes |= gather_bits(equal_bytes(v, each * marks.quote)) << i;
            f.zeros |= gather_bits(equal_bytes(v, 0)) << i;
            f.high |= gather_bits(v & 0x8080808080808080u) << i;
        }
        if (!take_block(&f, at, len, out)) return at;
    }
    return len;
}

size_t csv_scan(const char *bytes, size_t len, csv_marks marks, csv_masks *out)
{
    out->ascii = true;
    out->quoted = false;
    out->n_lines = 0;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512bw")) return scan_avx512(bytes, len, marks, out);
    if (__builtin_cpu_supports("avx2")) return scan_avx2(bytes, len, marks, out);
#endif
    return scan_portable(bytes, len, marks, out);
}

/* Bit i: an odd number of bits 0 to i of m are set. */
TIDE_INLINE uint64_t parities(uint64_t m)
{
    for (uint32_t shift = 1; shift < 64; shift *= 2) m ^= m << shift;
    return m;
}

size_t csv_hide_quoted(const char *bytes, size_t len, csv_marks marks, bool newlines,
                       csv_masks *masks)
{
    /* Of the byte before: all ones if in quotes; 1 if an end, 1 if a closing quote. */
    uint64_t inside = 0, ended = 1, closed = 0;
    masks->n_lines = 0;
    for (size_t at = 0; at < len; at += 64) {
        uint64_t *ends = &masks->ends[at / 64], *lines = &masks->lines[at / 64];
        uint64_t quotes = masks->quotes[at / 64], in = parities(quotes) ^ inside;
        uint64_t opening = quotes & in, closing = quotes & ~in, hidden = *lines & in;
        uint64_t behind_closing = closing << 1 | closed, after = *ends & ~in;
        uint64_t bad = opening & ~(after << 1 | ended | behind_closing);
        uint64_t rest = behind_closing & ~(after | opening);
        if (len - at < 64) rest &= ((uint64_t)1 << (len - at)) - 1;
        for (; rest; rest &= rest - 1) { /* Only a line's carriage return may stand there. */
            const char *p = bytes + at + __builtin_ctzll(rest);
            if (p[0] != '\r' || p[1] != '\n') bad = 1;
        }
        if (bad || (quotes && marks.escape) || (hidden && !newlines)) return at;
        *ends = after;
        *lines &= ~in;
        masks->n_lines += (uint32_t)__builtin_popcountll(*lines);
        inside = (uint64_t)((int64_t)in >> 63);
        ended = after >> 63;
        closed = closing >> 63;
    }
    return len;
}

#ifdef __x86_64__

/* The numbers of the bits that are set, sixteen in a step. */
__attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt"))) static uint32_t offsets_avx512(
    const uint64_t *masks, size_t len, uint32_t *at)
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

#endif

static uint32_t offsets_portable(const uint64_t *masks, size_t len, uint32_t *at)
{
    uint32_t n = 0;
    for (uint32_t base = 0; base < len; base += 64) {
        uint64_t m = masks[base / 64];
        uint32_t count = (uint32_t)__builtin_popcountll(m);
        uint32_t *to = at + n;
        n += count;
        /* Eight at a time without asking: what is too much is overwritten by the next mask's. */
        for (;; to += 8, count -= 8) {
            for (uint32_t i = 0; i < 8; i++) {
                to[i] = base + (uint32_t)__builtin_ctzll(m | 1ull << 63);
                m &= m - 1;
            }
            if (count <= 8) break;
        }
    }
    return n;
}

uint32_t csv_offsets(const uint64_t *masks, size_t len, uint32_t *at)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw"))
        return offsets_avx512(masks, len, at);
#endif
    return offsets_portable(masks, len, at);
}
