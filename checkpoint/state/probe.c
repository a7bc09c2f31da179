/* probe.c - which line comparison does this machine have? */
#include <string.h>

#include "checkpoint/state/table_priv.h"

const tide_probe *tide_probe_pick(const char *name)
{
#if defined(__x86_64__)
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("bmi2");
    if (avx512 && (name == NULL || strcmp(name, "avx512") == 0)) return &tide_probe_avx512;
    if (avx2 && (name == NULL || strcmp(name, "avx2") == 0)) return &tide_probe_avx2;
#endif
    if (name == NULL || strcmp(name, "portable") == 0) return &tide_probe_portable;
    return NULL;
}
