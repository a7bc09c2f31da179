/* probe_portable.c - a line in four quarters, with what every x86-64 has; elsewhere entry by
 * entry. */
#include "checkpoint/state/table_priv.h"

#if defined(__SSE2__)
#include <emmintrin.h>

TIDE_INLINE uint32_t quarter_match(const uint64_t *quarter, __m128i tags)
{
    __m128i same = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)(const void *)quarter), tags);
    return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(same));
}

TIDE_INLINE uint32_t line_match(const uint64_t *line, uint32_t tag)
{
    __m128i tags = _mm_set1_epi32((int)tag);
    return (quarter_match(line, tags) | quarter_match(line + 2, tags) << 4 |
            quarter_match(line + 4, tags) << 8 | quarter_match(line + 6, tags) << 12) &
           0xAAAA;
}
#else
TIDE_INLINE uint32_t line_match(const uint64_t *line, uint32_t tag)
{
    uint32_t m = 0;
    for (uint32_t i = 0; i < TIDE_LINE_ENTRIES; i++)
        m |= (uint32_t)(line[i] >> 32 == tag) << (2 * i + 1);
    return m;
}
#endif

TIDE_INLINE uint32_t first_entry(uint32_t match)
{
    return (uint32_t)__builtin_ctz(match) >> 1;
}

#include "checkpoint/state/probe_impl.inc"

const tide_probe tide_probe_portable = { .name = "portable",
                                         .update = probe_update,
                                         .find = probe_find };
