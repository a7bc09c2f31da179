/* csv_simd.h - the loops of the CSV reader that exist once per instruction set: where fields and
 * lines end, 64 bytes per step, and texts of numbers and dates to values, several at a time.
 *
 * Every set gives the same results but for what a kernel calls plain: a text that is not of the
 * plain kind gets its bit in `bad` and any value, and the caller reads it the long way. The kernels
 * return 0 if all texts are plain. Pure; any thread. */
#ifndef TIDE_BASE_FORMAT_CSV_SIMD_H
#define TIDE_BASE_FORMAT_CSV_SIMD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/column/type.h"

#define CSV_WINDOW (32u * 1024u) /* Bytes scanned at a time: they stay in a near cache. */
#define CSV_TEXTS 256u           /* At most for a kernel. */
#define CSV_VIEW_BYTES_MAX 64u

/* Bytes with a meaning. quote and escape may be '\0': none. */
typedef struct csv_marks {
    uint8_t delimiter, quote, escape;
} csv_marks;

/* One bit per byte, lowest first. */
typedef struct csv_masks {
    uint64_t ends[CSV_WINDOW / 64];  /* Delimiters and newlines. */
    uint64_t lines[CSV_WINDOW / 64]; /* Newlines. */
    uint64_t quotes[CSV_WINDOW / 64];
    bool quoted;      /* There are quotes. */
    bool ascii;       /* No byte above 127 was seen. */
    uint32_t n_lines; /* Newlines. */
} csv_masks;

/* Texts of one column. Text i is base[ends[i * stride - 1] + 1 .. ends[i * stride]), in 32 bits: an
 * end of UINT32_MAX lies in front of the first byte. TIDE_BUF_PADDING readable bytes follow. */
typedef struct csv_texts {
    const char *base;
    const uint32_t *ends;
    uint32_t stride, n; /* n <= CSV_TEXTS */
} csv_texts;

/* One bit per text, in (n + 7) / 8 bytes. */
typedef uint8_t csv_bad[CSV_TEXTS / 8];

typedef struct csv_simd {
    const char *name;
    /* Fills the masks for bytes[0..len), which 64 readable bytes follow; len <= CSV_WINDOW. Stops
     * in front of the 64 bytes that hold a NUL. Returns how many bytes the masks are about. */
    size_t (*scan)(const char *bytes, size_t len, csv_marks marks, csv_masks *out);
    /* Offsets of the bits set in masks[0..(len + 63) / 64); `at` needs room for 64 more. Returns
     * their number. */
    uint32_t (*offsets)(const uint64_t *masks, size_t len, uint32_t *at);
    /* Plain: 1 to 8 digits. */
    uint32_t (*integers)(const csv_texts *texts, uint64_t *values, csv_bad bad);
    uint32_t (*integers32)(const csv_texts *texts, uint32_t *values, csv_bad bad);
    /* Plain: at most 8 bytes, digits with exactly `scale` of them (1 to 6) behind a point, or
     * digits alone; the value times 10^scale is at most `largest`. Values are of 128 bits. */
    uint32_t (*decimals)(const csv_texts *texts, uint32_t scale, uint64_t largest, uint64_t *values,
                         csv_bad bad);
    /* Plain: "1996-03-13" from 1601 to 9999, perhaps no leap day. Days since 1970. */
    uint32_t (*dates)(const csv_texts *texts, int32_t *values, csv_bad bad);
    /* Views of all texts, the longest of which has `longest` bytes, at most CSV_VIEW_BYTES_MAX.
     * Those of more than TIDE_VIEW_INLINE_MAX bytes are copied behind one another to heap + used;
     * if there are such, n * CSV_VIEW_BYTES_MAX bytes there are writable. Returns `used` anew. */
    uint32_t (*views)(const csv_texts *texts, uint32_t longest, tide_view *values, uint8_t *heap,
                      uint32_t used, uint32_t buf);
} csv_simd;

extern const csv_simd csv_simd_avx512, csv_simd_avx2, csv_simd_portable;
/* The best one for this machine; or the one of that name ("avx512", "avx2", "portable"), NULL when
 * the machine lacks it. */
const csv_simd *csv_simd_pick(const char *name);

#endif
