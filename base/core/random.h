/* random.h - seeded pseudo-random numbers: the same seed gives the same sequence on every machine.
 *
 * xoshiro256++ (Blackman, Vigna), seeded through splitmix64, whose outputs are also good enough to
 * make independent streams out of (seed, stream number). Not for secrets. Owner: one thread. */
#ifndef TIDE_BASE_CORE_RANDOM_H
#define TIDE_BASE_CORE_RANDOM_H
#include <stdint.h>

#include "base/core/attr.h"

typedef struct tide_random {
    uint64_t s[4];
} tide_random;

/* Streams of one seed do not overlap in practice. */
void tide_random_init(tide_random *self, uint64_t seed, uint64_t stream);

/* A good mix of one number: random access, where tide_random is sequential. */
TIDE_INLINE uint64_t tide_random_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

TIDE_INLINE uint64_t tide_random_rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

TIDE_INLINE uint64_t tide_random_u64(tide_random *self)
{
    uint64_t *s = self->s;
    uint64_t result = tide_random_rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = tide_random_rotl(s[3], 45);
    return result;
}

/* 0 .. limit-1; 0 when limit is 0. The bias is below limit / 2^64. */
TIDE_INLINE uint64_t tide_random_below(tide_random *self, uint64_t limit)
{
    return (uint64_t)(((unsigned __int128)tide_random_u64(self) * limit) >> 64);
}

/* [0, 1), every multiple of 2^-53 equally likely. */
TIDE_INLINE double tide_random_f64(tide_random *self)
{
    return (double)(tide_random_u64(self) >> 11) * 0x1p-53;
}

#endif
