/* alignment.c - a watermark per reader, each on a cache line of its own. */
#include "worker/core/alignment.h"

#include <stdatomic.h>

#include "base/core/attr.h"
#include "base/core/mem.h"

typedef struct reader {
    _Atomic int64_t watermark TIDE_ALIGNED(TIDE_CACHE_LINE);
} reader;

struct tide_alignment {
    uint32_t n;
    reader *readers;
};

tide_alignment *tide_alignment_new(uint32_t n)
{
    tide_alignment *self = tide_calloc(1, sizeof *self);
    self->n = n;
    self->readers = tide_malloc_aligned(TIDE_CACHE_LINE, n * sizeof *self->readers);
    for (uint32_t i = 0; i < n; i++)
        atomic_init(&self->readers[i].watermark, TIDE_ALIGNMENT_NO_WAIT);
    return self;
}

void tide_alignment_free(tide_alignment **self_p)
{
    if (*self_p == NULL) return;
    tide_free((*self_p)->readers);
    tide_free(*self_p);
    *self_p = NULL;
}

/* Relaxed: the numbers order nothing, and an old one only makes a reader look again. */
void tide_alignment_tell(tide_alignment *self, uint32_t i, int64_t watermark_us)
{
    atomic_store_explicit(&self->readers[i].watermark, watermark_us, memory_order_relaxed);
}

int64_t tide_alignment_of_others(const tide_alignment *self, uint32_t i)
{
    int64_t low = TIDE_ALIGNMENT_NO_WAIT;
    for (uint32_t r = 0; r < self->n; r++) {
        int64_t w = atomic_load_explicit(&self->readers[r].watermark, memory_order_relaxed);
        if (r != i && w < low) low = w;
    }
    return low;
}
