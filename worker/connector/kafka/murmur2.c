/* murmur2.c - MurmurHash2, 32 bits, with Kafka's seed. */
#include "worker/connector/kafka/murmur2.h"

#include <string.h>

#define SEED 0x9747b28cu
#define MULTIPLIER 0x5bd1e995u

uint32_t tide_murmur2(const void *key, size_t n)
{
    const unsigned char *p = key;
    uint32_t h = SEED ^ (uint32_t)n;
    for (; n >= 4; p += 4, n -= 4) {
        uint32_t k;
        memcpy(&k, p, 4);
        k *= MULTIPLIER;
        k ^= k >> 24;
        h = (h * MULTIPLIER) ^ (k * MULTIPLIER);
    }
    if (n == 3) h ^= (uint32_t)p[2] << 16;
    if (n >= 2) h ^= (uint32_t)p[1] << 8;
    if (n >= 1) h = (h ^ p[0]) * MULTIPLIER;
    h = (h ^ (h >> 13)) * MULTIPLIER;
    return h ^ (h >> 15);
}

uint32_t tide_kafka_partition_of(const void *key, size_t n, uint32_t n_partitions)
{
    return (tide_murmur2(key, n) & 0x7fffffff) % n_partitions;
}
