/* probe_avx512.c - all eight tags of a line by one instruction. */
#include "checkpoint/state/table_priv.h"

#if defined(__x86_64__) /* Compiled for this set: see CMakeLists.txt. */
#include <immintrin.h>

TIDE_INLINE uint32_t line_match(const uint64_t *line, uint32_t tag)
{
    return _mm512_mask_cmpeq_epi32_mask(0xAAAA, _mm512_load_si512(line),
                                        _mm512_set1_epi32((int)tag));
}

TIDE_INLINE uint32_t first_entry(uint32_t match)
{
    return (uint32_t)__builtin_ctz(match) >> 1;
}

#include "checkpoint/state/probe_impl.inc"

const tide_probe tide_probe_avx512 = { .name = "avx512",
                                       .update = probe_update,
                                       .find = probe_find };
#endif
