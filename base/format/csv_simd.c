/* csv_simd.c - which instructions does this machine have? */
#include "base/format/csv_simd.h"

#include <string.h>

const csv_simd *csv_simd_pick(const char *name)
{
#if defined(__x86_64__)
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("popcnt");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512vbmi2");
    if (avx512 && (name == NULL || strcmp(name, "avx512") == 0)) return &csv_simd_avx512;
    if (avx2 && (name == NULL || strcmp(name, "avx2") == 0)) return &csv_simd_avx2;
#endif
    if (name == NULL || strcmp(name, "portable") == 0) return &csv_simd_portable;
    return NULL;
}
