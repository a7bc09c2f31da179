/* csv_kernels.c - see csv_kernels.h. */
#include "base/format/csv_kernels.h"

#include "base/column/digits.h"

#define ZEROS UINT64_C(0x3030303030303030)

/* The text moved to the top bytes, so that its last character is the last, with '0' in front. For
 * lengths outside 1 to 8 anything. */
TIDE_INLINE uint64_t right_aligned(uint64_t text, uint64_t len)
{
    return text << ((64 - 8 * len) & 63) | ZEROS >> 1 >> ((8 * len - 1) & 63);
}
/* 0 if all eight are digits. */
TIDE_INLINE uint64_t not_digits(uint64_t v)
{
    return ((v & 0xf0f0f0f0f0f0f0f0u) | (((v + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4)) ^
           0x3333333333333333u;
}
/* tide_digits8_value in 64 bits, which vectors prefer. */
TIDE_INLINE uint64_t value_of(uint64_t v)
{
    v = (v & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    v = (v & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    return (v & 0x0000ffff0000ffffu) * 42949672960001u >> 32;
}
/* 0 for 1 to 8. */
TIDE_INLINE uint64_t not_short(uint64_t len)
{
    return (len - 1) >> 3;
}

TIDE_HOT uint64_t csv_integers(const uint64_t *restrict texts, const uint64_t *restrict lens,
                               uint32_t n, uint64_t *restrict values, uint64_t *restrict bad)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t v = right_aligned(texts[i], lens[i]);
        values[i] = value_of(v);
        bad[i] = not_digits(v) | not_short(lens[i]);
        any |= bad[i];
    }
    return any;
}

TIDE_HOT uint64_t csv_integers32(const uint64_t *restrict texts, const uint64_t *restrict lens,
                                 uint32_t n, uint32_t *restrict values, uint64_t *restrict bad)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t v = right_aligned(texts[i], lens[i]);
        values[i] = (uint32_t)value_of(v);
        bad[i] = not_digits(v) | not_short(lens[i]);
        any |= bad[i];
    }
    return any;
}

TIDE_HOT uint64_t csv_decimals(const uint64_t *restrict texts, const uint64_t *restrict lens,
                               uint32_t n, uint32_t scale, uint64_t largest,
                               uint64_t *restrict values, uint64_t *restrict bad)
{
    const uint64_t one = tide_pow10_u64[scale], below = ((uint64_t)1 << (56 - 8 * scale)) - 1;
    const uint64_t at_point = UINT64_C(0xff) << (56 - 8 * scale), above = ~(below | at_point);
    const uint64_t point = UINT64_C(0x2e) << (56 - 8 * scale);
    uint64_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t v = right_aligned(texts[i], lens[i]);
        uint64_t joined = (v & below) << 8 | (v & above) | 0x30; /* Without the point. */
        uint64_t pointed = (v & at_point) == point;
        v = pointed ? joined : v;
        uint64_t value = value_of(v) * (pointed ? 1 : one);
        bad[i] = not_digits(v) | not_short(lens[i]) | (value > largest);
        values[2 * i] = value;
        values[2 * i + 1] = 0;
        any |= bad[i];
    }
    return any;
}

TIDE_HOT uint64_t csv_dates(const uint64_t *restrict texts, const uint64_t *restrict tails,
                            const uint64_t *restrict lens, uint32_t n, int32_t *restrict values,
                            uint64_t *restrict bad)
{
    const uint64_t dashes = UINT64_C(0x2d00002d00000000), at_dashes = UINT64_C(0xff0000ff00000000);
    uint64_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t text = texts[i], tens = (tails[i] & 0xff) - '0',
                 ones = (tails[i] >> 8 & 0xff) - '0';
        uint64_t v = text ^ UINT64_C(0x1d00001d00000000); /* The dashes become zeros: yyyy0mm0. */
        uint64_t number = value_of(v), day = tens * 10 + ones;
        uint64_t year = number * 109951163 >> 40;              /* number / 10000 */
        uint64_t month = (number - year * 10000) * 6554 >> 16; /* / 10 */
        uint64_t century = year * 5243 >> 19;                  /* / 100 */
        uint64_t leap = ((year & 3) == 0) & ((year != century * 100) | ((century & 3) == 0));
        uint64_t days_in = 30 + ((month + (month >> 3)) & 1);
        days_in = month == 2 ? 28 + leap : days_in;
        /* As tide_days_from_civil: years begin in March. */
        uint64_t early = month < 3, y = year - early,
                 c = century - (early & (year == century * 100));
        uint64_t m = early ? month + 9 : month - 3;
        uint64_t of_year = ((153 * m + 2) * 52429 >> 18) + day - 1; /* / 5 */
        values[i] = (int32_t)(y * 365 + (y >> 2) - c + (c >> 2) + of_year - 719468);
        bad[i] = not_digits(v) | ((text & at_dashes) ^ dashes) | (tens > 3) | (ones > 9) |
                 (lens[i] ^ 10) | (month - 1 > 11) | (day - 1 >= days_in) | (year < 1601);
        any |= bad[i];
    }
    return any;
}
