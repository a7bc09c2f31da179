/* digits.h - the inner pieces of reading and writing decimal digits, for text.c
 * and the record formats. Pure; any thread. */
#ifndef TIDE_BASE_COLUMN_DIGITS_H
#define TIDE_BASE_COLUMN_DIGITS_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/core/attr.h"

/* "00" to "99" in a row. */
extern const char tide_digit_pairs[200];
/* 10^0 to 10^19. */
extern const uint64_t tide_pow10_u64[20];

/* Powers of ten beyond 64 bits; n <= 38. */
TIDE_INLINE unsigned __int128 tide_pow10_u128(uint32_t n)
{
    return n < 20 ? tide_pow10_u64[n]
                  : (unsigned __int128)tide_pow10_u64[19] * tide_pow10_u64[n - 19];
}
TIDE_INLINE uint64_t tide_load8(const void *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}
/* Are all eight bytes of v '0' to '9'? */
TIDE_INLINE bool tide_digits8_all(uint64_t v)
{
    return ((v & 0xf0f0f0f0f0f0f0f0u) | (((v + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4)) ==
           0x3333333333333333u;
}
/* The number that eight digits, loaded little-endian, spell. */
TIDE_INLINE uint32_t tide_digits8_value(uint64_t v)
{
    v = (v & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    v = (v & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    return (uint32_t)((v & 0x0000ffff0000ffffu) * 42949672960001u >> 32);
}
/* Two digits at p; false if they are not digits. */
TIDE_INLINE bool tide_digits2(const char *p, uint32_t *out)
{
    uint32_t tens = (uint8_t)(p[0] - '0'), ones = (uint8_t)(p[1] - '0');
    *out = tens * 10 + ones;
    return tens <= 9 && ones <= 9;
}
/* 1 to 19 digits; false if there are more, none, or something else. */
TIDE_INLINE bool tide_digits_u64(const char *p, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    if (n - 1 >= 19) return false;
    while (n >= 8) {
        uint64_t chunk = tide_load8(p);
        if (!tide_digits8_all(chunk)) return false;
        v = v * 100000000u + tide_digits8_value(chunk);
        p += 8, n -= 8;
    }
    for (; n; n--, p++) {
        uint32_t digit = (uint8_t)(*p - '0');
        if (digit > 9) return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}
TIDE_INLINE char *tide_put2(char *at, uint32_t v) /* v < 100 */
{
    memcpy(at, tide_digit_pairs + 2 * v, 2);
    return at + 2;
}
TIDE_INLINE char *tide_put4(char *at, uint32_t v) /* v < 10000 */
{
    return tide_put2(tide_put2(at, v / 100), v % 100);
}
/* Of a number without leading zeros; 1 for 0. */
TIDE_INLINE uint32_t tide_count_digits(uint64_t v)
{
    uint32_t bits = 64 - (uint32_t)__builtin_clzll(v | 1);
    uint32_t guess = bits * 1233 >> 12; /* log10(2) */
    return guess + (v >= tide_pow10_u64[guess] || guess == 0);
}
/* Exactly n digits, with leading zeros. */
TIDE_INLINE char *tide_put_digits(char *at, uint64_t v, uint32_t n)
{
    char *p = at + n;
    while (p - at >= 2) {
        p -= 2;
        tide_put2(p, (uint32_t)(v % 100));
        v /= 100;
    }
    if (p > at) *at = (char)('0' + v % 10);
    return at + n;
}

#endif
