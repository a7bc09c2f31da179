/* random.c - seeding. */
#include "base/core/random.h"

void tide_random_init(tide_random *self, uint64_t seed, uint64_t stream)
{
    /* splitmix64 from a start that both numbers decide; its outputs are never all zero together. */
    uint64_t x = tide_random_mix(seed) ^ (stream * 0xd1342543de82ef95u);
    for (int i = 0; i < 4; i++) {
        self->s[i] = tide_random_mix(x);
        x += 0x9e3779b97f4a7c15u;
    }
}
