/* csv_scan.h - where do fields and lines end? Sixty-four bytes per step, by the
 * widest instructions that the machine has. Pure; any thread. */
#ifndef TIDE_BASE_FORMAT_CSV_SCAN_H
#define TIDE_BASE_FORMAT_CSV_SCAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_WINDOW                                                                                 \
    (32u * 1024u) /* Bytes scanned at a time: they stay in the first-level cache.                  \
                   */

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

/* Fills the masks for bytes[0..len), which 64 readable bytes follow; len <= CSV_WINDOW. Stops in
 * front of the 64 bytes that hold a NUL. Returns how many bytes the masks are about. */
size_t csv_scan(const char *bytes, size_t len, csv_marks marks, csv_masks *out);

/* Takes out of the masks what lies within quotes, where they begin at the start of a record.
 * Stops in front of the 64 bytes with a quote out of place: one that begins amid a field or is
 * not followed by an end, or any if there is an escape character; and of those with a newline in
 * quotes, unless `newlines`. */
size_t csv_hide_quoted(const char *bytes, size_t len, csv_marks marks, bool newlines,
                       csv_masks *masks);

/* Offsets of the bits set in masks[0..(len + 63) / 64); `at` needs room for 64 more. Returns their
 * number. */
uint32_t csv_offsets(const uint64_t *masks, size_t len, uint32_t *at);

#endif
