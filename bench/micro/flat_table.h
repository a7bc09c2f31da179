/* flat_table.h - the yardstick: an open hash table of fixed size with its rows in hash places.
 *
 * No key groups, no stable rows, no growth, no snapshots: what a table costs when it does nothing
 * but find a key and add to a sum. Keys of one or two words; the all-ones key marks an empty
 * slot. */
#ifndef TIDE_BENCH_MICRO_FLAT_TABLE_H
#define TIDE_BENCH_MICRO_FLAT_TABLE_H
#include <stddef.h>
#include <stdint.h>

#include "base/core/attr.h"

/* Hashes of which the high bits count. */
TIDE_INLINE uint64_t flat_mix(uint64_t k)
{
    k *= 0x9E3779B97F4A7C15ull;
    return (k ^ k >> 32) * 0xD6E8FEB86659FD93ull;
}
TIDE_INLINE uint64_t flat_mix_pair(uint64_t a, uint64_t b)
{
    unsigned __int128 m =
        (unsigned __int128)(a ^ 0x9E3779B97F4A7C15ull) * (b ^ 0xD6E8FEB86659FD93ull);
    return flat_mix((uint64_t)m ^ (uint64_t)(m >> 64));
}

typedef struct flat_table {
    uint32_t bits;  /* log2 of the slots. */
    uint32_t words; /* Of a key: 1 (slots of 16 bytes) or 2 (of 32). */
    uint64_t *slots;
} flat_table;

void flat_init(flat_table *self, uint32_t words, uint32_t bits);
void flat_clear(flat_table *self);
void flat_fini(flat_table *self);
/* Adds v[i] to the sum of key i, for up to 4096 keys. */
void flat_add(flat_table *self, const uint64_t *keys, const int64_t *v, uint32_t n);

#endif
