/* slabs.c - see slabs.h. */
#include "checkpoint/state/slabs.h"

#include "base/core/assert.h"
#include "base/core/mem.h"

#define REGION_SLABS_MIN 4u
#define REGION_SLABS_MAX 64u /* 1 MiB. */
#define NONE UINT16_MAX      /* No free block. */

/* Its blocks begin at its region's bytes; the free ones are chained through their first two bytes,
 * by their number. */
struct tide_slab {
    tide_slab *next, *prev; /* Among the open ones of its class, or the empty ones. */
    uint8_t *bytes;
    uint8_t class_number;
    uint16_t block_units;
    uint16_t n, cap; /* Blocks that are out; that there can be. */
    uint16_t cut;    /* Blocks that have ever been out. */
    uint16_t free;   /* The first free one; NONE. */
};

struct tide_slab_region {
    uint8_t *bytes;
    uint32_t n;
    tide_slab slabs[];
};

/* ---- lists ---- */

static void put_first(tide_slab **list, tide_slab *s)
{
    s->next = *list;
    s->prev = NULL;
    if (s->next) s->next->prev = s;
    *list = s;
}

static void take_out(tide_slab **list, tide_slab *s)
{
    if (s->next) s->next->prev = s->prev;
    if (s->prev)
        s->prev->next = s->next;
    else
        *list = s->next;
}

/* ---- regions ---- */

/* The place of the first region that begins behind `at`. Without branches: every block that is
 * given back is searched, and half of them would be guessed wrong. */
static uint32_t place_behind(const tide_slabs *self, const uint8_t *at)
{
    uint32_t low = 0, n = self->n_regions;
    if (n == 0) return 0;
    while (n > 1) {
        uint32_t half = n / 2;
        low += self->regions[low + half - 1].bytes <= at ? half : 0;
        n -= half;
    }
    return low + (self->regions[low].bytes <= at);
}

static tide_slab *slab_of(const tide_slabs *self, const uint8_t *at)
{
    uint32_t behind = place_behind(self, at);
    if (behind == 0) return NULL;
    tide_slab_place *r = &self->regions[behind - 1];
    size_t nth = (size_t)(at - r->bytes) / TIDE_SLAB_BYTES;
    return nth < r->region->n ? &r->region->slabs[nth] : NULL;
}

/* Regions grow with what there is: a quarter more, as far as the budget lets them. */
static bool add_region(tide_slabs *self, tide_state_memory *memory)
{
    uint32_t n = REGION_SLABS_MIN;
    while (n < REGION_SLABS_MAX && (size_t)n * 4 * TIDE_SLAB_BYTES < self->bytes) n *= 2;
    uint8_t *bytes = NULL;
    for (; bytes == NULL; n /= 2) {
        bytes = tide_state_memory_take(memory, (size_t)n * TIDE_SLAB_BYTES, NULL);
        if (bytes) break;
        if (n == 1) return false;
    }
    tide_slab_region *r = tide_calloc(1, sizeof *r + n * sizeof *r->slabs);
    r->bytes = bytes;
    r->n = n;
    for (uint32_t i = n; i-- > 0;) {
        r->slabs[i].bytes = bytes + (size_t)i * TIDE_SLAB_BYTES;
        put_first(&self->empty, &r->slabs[i]);
    }
    TIDE_GROW(self->regions, self->n_regions, self->cap_regions);
    uint32_t at = place_behind(self, bytes);
    for (uint32_t i = self->n_regions++; i > at; i--) self->regions[i] = self->regions[i - 1];
    self->regions[at] = (tide_slab_place){ bytes, r };
    self->bytes += (size_t)n * TIDE_SLAB_BYTES;
    return true;
}

/* An empty slab becomes the first open one of the class. */
static tide_slab *open_slab(tide_slabs *self, uint32_t c, uint32_t units, tide_state_memory *memory)
{
    if (self->empty == NULL && !add_region(self, memory)) return NULL;
    tide_slab *s = self->empty;
    take_out(&self->empty, s);
    s->class_number = (uint8_t)c;
    s->block_units = (uint16_t)units;
    s->cap = (uint16_t)(TIDE_SLAB_BYTES / (units * TIDE_SLAB_UNIT));
    s->n = s->cut = 0;
    s->free = NONE;
    put_first(&self->open[c], s);
    return s;
}

/* ---- blocks ---- */

void *tide_slabs_take(tide_slabs *self, uint32_t c, uint32_t units, tide_state_memory *memory)
{
    tide_slab *s = self->open[c];
    tide_assert(units > 0 && units <= TIDE_SLAB_BYTES / TIDE_SLAB_UNIT);
    if (s == NULL) s = open_slab(self, c, units, memory);
    if (s == NULL) return NULL;
    tide_assert_slow(s->block_units == units && s->n < s->cap);
    uint32_t nth = s->free;
    if (nth == NONE) nth = s->cut++;
    uint8_t *block = s->bytes + (size_t)nth * units * TIDE_SLAB_UNIT;
    if (s->free != NONE) s->free = *(uint16_t *)(void *)block;
    if (++s->n == s->cap) take_out(&self->open[c], s);
    return block;
}

bool tide_slabs_give(tide_slabs *self, void *block)
{
    uint8_t *at = block;
    tide_slab *s = slab_of(self, at);
    if (s == NULL) return false;
    tide_slab **open = &self->open[s->class_number];
    uint32_t nth = (uint32_t)(at - s->bytes) / (s->block_units * TIDE_SLAB_UNIT);
    tide_assert_slow(s->n > 0 && nth < s->cut);
    if (s->n == s->cap) put_first(open, s);
    *(uint16_t *)(void *)at = s->free;
    s->free = (uint16_t)nth;
    if (--s->n > 0) return true;
    take_out(open, s);
    put_first(&self->empty, s);
    return true;
}

void tide_slabs_clear(tide_slabs *self, tide_state_memory *memory)
{
    for (uint32_t i = 0; i < self->n_regions; i++) {
        tide_slab_region *r = self->regions[i].region;
        tide_state_memory_give(memory, r->bytes, (size_t)r->n * TIDE_SLAB_BYTES);
        tide_free(r);
    }
    tide_free(self->regions);
    *self = (tide_slabs){ 0 };
}
