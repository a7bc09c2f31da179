/* memory.c - chunks from the system, cut into blocks, recycled by size. */
#include "checkpoint/state/memory.h"

#include <string.h>
#include <sys/mman.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "checkpoint/state/table_priv.h"

#define BLOCK_BITS_MIN 4u /* 16 bytes. */
#define BLOCK_BITS_MAX 48u
#define DIRECT_BYTES_MIN (4u << 20) /* From here on a block is a mapping of its own. */
#define CHUNK_BYTES_MIN (16u << 10)
#define CHUNK_BYTES_MAX (64u << 20)
#define HUGE_PAGE_BYTES TIDE_HUGE_PAGE_BYTES
#define SKEW_BYTES_MIN 4096u /* Blocks of this size on are kept from aligning to their size: */
#define SKEW_BYTES 192u      /* their heads would all fall into the same cache sets. */

typedef struct chunk {
    struct chunk *next;
    uint8_t *bytes;
    size_t n;
    bool mapped;
} chunk;

typedef struct block {
    struct block *next;
} block;

struct tide_state_memory {
    block *free[BLOCK_BITS_MAX];
    chunk *chunks;    /* The newest first: blocks are cut from it. */
    size_t cut_bytes; /* Of the newest chunk. */
    chunk *direct;    /* Blocks with a mapping of their own. */
    size_t out_bytes, held_bytes, budget_bytes;
};

static uint32_t bits_of(size_t bytes)
{
    uint32_t bits = bytes <= 1 ? 0 : (uint32_t)(64 - __builtin_clzll(bytes - 1));
    return bits < BLOCK_BITS_MIN ? BLOCK_BITS_MIN : bits;
}

uint8_t *tide_map_huge(size_t bytes)
{
    size_t whole = bytes + HUGE_PAGE_BYTES;
    uint8_t *p = mmap(NULL, whole, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return NULL;
    size_t head = (HUGE_PAGE_BYTES - (uintptr_t)p % HUGE_PAGE_BYTES) % HUGE_PAGE_BYTES;
    if (head) munmap(p, head);
    if (whole - head - bytes) munmap(p + head + bytes, whole - head - bytes);
    (void)madvise(p + head, bytes, MADV_HUGEPAGE); /* A wish: everything works without. */
    return p + head;
}

static chunk *chunk_new(size_t bytes)
{
    bool mapped = bytes >= HUGE_PAGE_BYTES;
    uint8_t *p = mapped ? tide_map_huge(bytes) : tide_malloc_aligned(TIDE_CACHE_LINE, bytes);
    if (p == NULL) return NULL;
    chunk *c = tide_malloc(sizeof *c);
    *c = (chunk){ .bytes = p, .n = bytes, .mapped = mapped };
    return c;
}

static void chunk_free(chunk *c)
{
    if (c->mapped)
        munmap(c->bytes, c->n);
    else
        tide_free(c->bytes);
    tide_free(c);
}

tide_state_memory *tide_state_memory_new(size_t budget_bytes)
{
    tide_state_memory *self = tide_calloc(1, sizeof *self);
    self->budget_bytes = budget_bytes;
    return self;
}

static void free_chunks(chunk *c)
{
    for (chunk *next; c; c = next) {
        next = c->next;
        chunk_free(c);
    }
}

void tide_state_memory_free(tide_state_memory **self_p)
{
    if (*self_p == NULL) return;
    free_chunks((*self_p)->chunks);
    free_chunks((*self_p)->direct);
    tide_free(*self_p);
    *self_p = NULL;
}

static void *take_direct(tide_state_memory *self, size_t bytes, bool *zeroed_out)
{
    chunk *c = chunk_new(bytes);
    if (c == NULL) return NULL;
    c->next = self->direct;
    self->direct = c;
    self->held_bytes += bytes;
    *zeroed_out = true;
    return c->bytes;
}

static void give_direct(tide_state_memory *self, void *p)
{
    chunk **at = &self->direct;
    while (*at && (*at)->bytes != p) at = &(*at)->next;
    tide_assert(*at != NULL);
    chunk *c = *at;
    *at = c->next;
    self->held_bytes -= c->n;
    chunk_free(c);
}

/* What is left of the newest chunk becomes free blocks, so that no memory is lost at its end. */
static void recycle_rest(tide_state_memory *self)
{
    chunk *c = self->chunks;
    while (c && c->n - self->cut_bytes >= TIDE_CACHE_LINE) {
        uint32_t bits = (uint32_t)(63 - __builtin_clzll(c->n - self->cut_bytes));
        block *b = (block *)(void *)(c->bytes + self->cut_bytes);
        b->next = self->free[bits];
        self->free[bits] = b;
        self->cut_bytes += (size_t)1 << bits;
    }
}

static void *cut(tide_state_memory *self, size_t bytes, bool *zeroed_out)
{
    size_t step = bytes >= SKEW_BYTES_MIN ? bytes + SKEW_BYTES : bytes;
    if (bytes >= TIDE_CACHE_LINE) /* Smaller blocks before this one may have left
                                   it off its line. */
        self->cut_bytes = (self->cut_bytes + TIDE_CACHE_LINE - 1) & ~(size_t)(TIDE_CACHE_LINE - 1);
    if (self->chunks == NULL || self->cut_bytes + step > self->chunks->n) {
        size_t n = self->chunks ? self->chunks->n * 2 : CHUNK_BYTES_MIN;
        if (n > CHUNK_BYTES_MAX) n = CHUNK_BYTES_MAX;
        while (n < step) n *= 2;
        recycle_rest(self);
        chunk *c = chunk_new(n);
        if (c == NULL) return NULL;
        c->next = self->chunks;
        self->chunks = c;
        self->cut_bytes = 0;
        self->held_bytes += n;
    }
    void *p = self->chunks->bytes + self->cut_bytes;
    self->cut_bytes += step;
    *zeroed_out = self->chunks->mapped;
    return p;
}

void *tide_state_memory_take(tide_state_memory *self, size_t bytes, bool *zeroed_out)
{
    uint32_t bits = bits_of(bytes);
    if (bits >= BLOCK_BITS_MAX) return NULL;
    size_t n = (size_t)1 << bits;
    if (self->budget_bytes && n > self->budget_bytes - self->out_bytes) return NULL;
    bool zeroed = false;
    void *p = NULL;
    if (n >= DIRECT_BYTES_MIN) {
        p = take_direct(self, n, &zeroed);
    } else if (self->free[bits]) {
        p = self->free[bits];
        self->free[bits] = self->free[bits]->next;
    } else {
        p = cut(self, n, &zeroed);
    }
    if (p == NULL) return NULL;
    self->out_bytes += n;
    if (zeroed_out) *zeroed_out = zeroed;
    return p;
}

void tide_state_memory_give(tide_state_memory *self, void *p, size_t bytes)
{
    if (p == NULL) return;
    uint32_t bits = bits_of(bytes);
    size_t n = (size_t)1 << bits;
    tide_assert(self->out_bytes >= n);
    self->out_bytes -= n;
    if (n >= DIRECT_BYTES_MIN) {
        give_direct(self, p);
        return;
    }
    block *b = p;
    b->next = self->free[bits];
    self->free[bits] = b;
}

size_t tide_state_memory_bytes(const tide_state_memory *self)
{
    return self->out_bytes;
}

size_t tide_state_memory_budget(const tide_state_memory *self)
{
    return self->budget_bytes;
}

size_t tide_state_memory_held(const tide_state_memory *self)
{
    return self->held_bytes;
}
