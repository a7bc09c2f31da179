/* probe_avx512.c - all eight tags of a line by one instruction. */
#include "checkpoint/state/table_priv.h"

#if defined(__x86_64__) /* Compiled for this set: see CMakeLists.txt. */
#include <immintrin.h>

TIDE_INLINE uint32_t line_match(const tide_line *line, uint32_t tag)
{
    return _mm256_cmpeq_epi32_mask(_mm256_load_si256((const __m256i *)(const void *)line->tag),
                                   _mm256_set1_epi32((int)tag));
}

#include "checkpoint/state/probe_impl.inc"

const tide_probe tide_probe_avx512 = { .name = "avx512",
                                       .update = probe_update,
                                       .find = probe_find };
#endif
