/* probe_portable.c - a line in two halves, with what every x86-64 has; elsewhere entry by
 * entry. */
#include "checkpoint/state/table_priv.h"

#if defined(__SSE2__)
#include <emmintrin.h>

TIDE_INLINE uint32_t half_match(const uint32_t *half, __m128i tags)
{
    __m128i same = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)(const void *)half), tags);
    return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(same));
}

TIDE_INLINE uint32_t line_match(const tide_line *line, uint32_t tag)
{
    __m128i tags = _mm_set1_epi32((int)tag);
    return half_match(line->tag, tags) | half_match(line->tag + 4, tags) << 4;
}
#else
TIDE_INLINE uint32_t line_match(const tide_line *line, uint32_t tag)
{
    uint32_t m = 0;
    for (uint32_t i = 0; i < TIDE_LINE_ENTRIES; i++) m |= (uint32_t)(line->tag[i] == tag) << i;
    return m;
}
#endif

#include "checkpoint/state/probe_impl.inc"

const tide_probe tide_probe_portable = { .name = "portable",
                                         .update = probe_update,
                                         .find = probe_find };
