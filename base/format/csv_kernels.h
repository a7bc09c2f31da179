/* csv_kernels.h - texts of numbers and dates to values, many at a time: free functions over
 * plain arrays, without branches, for the compiler to turn into vector code. Pure; any thread.
 *
 * texts[i] are the first eight bytes of text i as they lie in memory, lens[i] its length in
 * bytes. A text that is not of the plain kind gets a bad[i] other than 0 and its value is
 * unspecified. Each function returns 0 if all texts are of the plain kind. */
#ifndef TIDE_BASE_FORMAT_CSV_KERNELS_H
#define TIDE_BASE_FORMAT_CSV_KERNELS_H
#include <stdint.h>

/* Plain: 1 to 8 digits. */
uint64_t csv_integers(const uint64_t *texts, const uint64_t *lens, uint32_t n, uint64_t *values,
                      uint64_t *bad);
/* Likewise, into 32 bits. */
uint64_t csv_integers32(const uint64_t *texts, const uint64_t *lens, uint32_t n, uint32_t *values,
                        uint64_t *bad);
/* Plain: at most 8 bytes, digits with exactly `scale` of them (1 to 6) behind a point, or digits
 * alone; the value times 10^scale is at most `largest`. values are of 128 bits. */
uint64_t csv_decimals(const uint64_t *texts, const uint64_t *lens, uint32_t n, uint32_t scale,
                      uint64_t largest, uint64_t *values, uint64_t *bad);
/* Plain: "1996-03-13" from 1601 to 9999. tails[i]: bytes 8 and 9. Days since 1970. */
uint64_t csv_dates(const uint64_t *texts, const uint64_t *tails, const uint64_t *lens, uint32_t n,
                   int32_t *values, uint64_t *bad);

#endif
