/* probe_avx2.c - a line in two halves. */
#include "checkpoint/state/table_priv.h"

#if defined(__x86_64__) /* Compiled for this set: see CMakeLists.txt. */
#include <immintrin.h>

TIDE_INLINE uint32_t half_match(const uint64_t *half, __m256i tags)
{
    __m256i same = _mm256_cmpeq_epi32(_mm256_load_si256((const __m256i *)(const void *)half), tags);
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(same));
}

TIDE_INLINE uint32_t line_match(const uint64_t *line, uint32_t tag)
{
    __m256i tags = _mm256_set1_epi32((int)tag);
    return (half_match(line, tags) | half_match(line + 4, tags) << 8) & 0xAAAA;
}

#include "checkpoint/state/probe_impl.inc"

const tide_probe tide_probe_avx2 = { .name = "avx2", .update = probe_update, .find = probe_find };
#endif
