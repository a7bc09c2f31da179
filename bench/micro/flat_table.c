/* flat_table.c - open addressing, prefetched 16 rows ahead. */
#include "bench/micro/flat_table.h"

#include <string.h>
#include <sys/mman.h>

#include "base/core/assert.h"

#define AHEAD 16u
#define BATCH_MAX 4096u

typedef struct slot8 {
    uint64_t key;
    int64_t sum;
} slot8;

typedef struct slot16 {
    uint64_t a, b;
    int64_t sum, unused;
} slot16;

static size_t bytes_of(const flat_table *self)
{
    return (self->words == 1 ? sizeof(slot8) : sizeof(slot16)) << self->bits;
}

void flat_init(flat_table *self, uint32_t words, uint32_t bits)
{
    *self = (flat_table){ .bits = bits, .words = words };
    void *p =
        mmap(NULL, bytes_of(self), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tide_assert(p != MAP_FAILED);
    (void)madvise(p, bytes_of(self), MADV_HUGEPAGE);
    self->slots = p;
    flat_clear(self);
}

void flat_clear(flat_table *self)
{
    memset(self->slots, 255, bytes_of(self));
    for (size_t i = 0; i < (size_t)1 << self->bits; i++)
        if (self->words == 1)
            ((slot8 *)(void *)self->slots)[i].sum = 0;
        else
            ((slot16 *)(void *)self->slots)[i].sum = 0;
}

void flat_fini(flat_table *self)
{
    munmap(self->slots, bytes_of(self));
    self->slots = NULL;
}

static void add8(flat_table *self, const uint64_t *keys, const int64_t *v, uint32_t n)
{
    uint64_t at[BATCH_MAX + AHEAD], mask = (1ull << self->bits) - 1;
    slot8 *slots = (slot8 *)(void *)self->slots;
    for (uint32_t i = 0; i < n; i++) at[i] = keys[i] * 0x9E3779B97F4A7C15ull >> (64 - self->bits);
    for (uint32_t i = n; i < n + AHEAD; i++) at[i] = at[n - 1];
    for (uint32_t i = 0; i < AHEAD && i < n; i++) __builtin_prefetch(slots + at[i], 1);
    for (uint32_t i = 0; i < n; i++) {
        __builtin_prefetch(slots + at[i + AHEAD], 1);
        uint64_t q = at[i];
        while (slots[q].key != keys[i] && slots[q].key != UINT64_MAX) q = (q + 1) & mask;
        slots[q].key = keys[i];
        slots[q].sum += v[i];
    }
}

static void add16(flat_table *self, const uint64_t *keys, const int64_t *v, uint32_t n)
{
    uint64_t at[BATCH_MAX + AHEAD], mask = (1ull << self->bits) - 1;
    slot16 *slots = (slot16 *)(void *)self->slots;
    for (uint32_t i = 0; i < n; i++)
        at[i] = flat_mix_pair(keys[2 * i], keys[2 * i + 1]) >> (64 - self->bits);
    for (uint32_t i = n; i < n + AHEAD; i++) at[i] = at[n - 1];
    for (uint32_t i = 0; i < AHEAD && i < n; i++) __builtin_prefetch(slots + at[i], 1);
    for (uint32_t i = 0; i < n; i++) {
        __builtin_prefetch(slots + at[i + AHEAD], 1);
        uint64_t q = at[i], a = keys[2 * i], b = keys[2 * i + 1];
        while ((slots[q].a != a || slots[q].b != b) && slots[q].a != UINT64_MAX) q = (q + 1) & mask;
        slots[q].a = a;
        slots[q].b = b;
        slots[q].sum += v[i];
    }
}

void flat_add(flat_table *self, const uint64_t *keys, const int64_t *v, uint32_t n)
{
    if (self->words == 1)
        add8(self, keys, v, n);
    else
        add16(self, keys, v, n);
}
