/* probe_avx2.c - the tags of a line in one register. */
#include "checkpoint/state/table_priv.h"

#if defined(__x86_64__) /* Compiled for this set: see CMakeLists.txt. */
#include <immintrin.h>

TIDE_INLINE uint32_t line_match(const tide_line *line, uint32_t tag)
{
    __m256i tags = _mm256_load_si256((const __m256i *)(const void *)line->tag);
    __m256i same = _mm256_cmpeq_epi32(tags, _mm256_set1_epi32((int)tag));
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(same));
}

#include "checkpoint/state/probe_impl.inc"

const tide_probe tide_probe_avx2 = { .name = "avx2", .update = probe_update, .find = probe_find };
#endif
