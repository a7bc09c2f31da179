/* probe_avx2.c - a line in two halves. */
#include "checkpoint/state/table_priv.h"

#if defined(__x86_64__) /* Compiled for this set: see CMakeLists.txt. */
#include <immintrin.h>

/* The tags are the odd halves. Taking those of both half lines leaves entries 0 1 4 5 2 3 6 7. */
TIDE_INLINE uint32_t line_match(const uint64_t *line, uint32_t tag)
{
    __m256 low = _mm256_load_ps((const float *)(const void *)line);
    __m256 high = _mm256_load_ps((const float *)(const void *)(line + 4));
    __m256i odd = _mm256_castps_si256(_mm256_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1)));
    __m256i tags = _mm256_permute4x64_epi64(odd, _MM_SHUFFLE(3, 1, 2, 0));
    __m256i same = _mm256_cmpeq_epi32(tags, _mm256_set1_epi32((int)tag));
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(same));
}

TIDE_INLINE uint32_t first_entry(uint32_t match)
{
    return (uint32_t)__builtin_ctz(match);
}

#include "checkpoint/state/probe_impl.inc"

const tide_probe tide_probe_avx2 = { .name = "avx2", .update = probe_update, .find = probe_find };
#endif
