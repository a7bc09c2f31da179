/* aside.c - chunks of saved rows. */
#include "checkpoint/state/aside.h"

#include <string.h>
#include <sys/mman.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "checkpoint/state/table_priv.h"

#define FIRST_BYTES 1024u /* The first chunk of a list; most lists need no other. */
#define CHUNK_BYTES 4288u /* 67 lines: the ends of a hundred lists fall into different sets. */
#define SLAB_BYTES TIDE_HUGE_PAGE_BYTES
#define SLAB_CHUNKS ((SLAB_BYTES - CHUNK_BYTES) / CHUNK_BYTES)
#define SLABS_KEPT 1u          /* At least. */
#define TAKE_BYTES (64u << 10) /* What one step of the sweep sorts at once, about. */

struct tide_aside_chunk {
    tide_aside_chunk *next;
    uint32_t n_entries;
    size_t used, cap; /* Of bytes. */
    size_t saved;     /* Of its entries alone. */
    uint8_t bytes[];
};
#define FIRST_CAP (FIRST_BYTES - sizeof(tide_aside_chunk))
#define CHUNK_CAP (CHUNK_BYTES - sizeof(tide_aside_chunk))

/* At the start of its huge page; chunks follow. */
struct tide_aside_slab {
    tide_aside_slab *next, *prev; /* Of those with room, or of those that are empty. */
    tide_aside_chunk *free;
    uint32_t n_out, n_cut; /* Chunks in use; chunks that were ever. */
};

typedef struct entry_head {
    uint32_t ordinal;
    size_t n;
} entry_head;

/* ---- slabs ---- */
static void slab_link(tide_aside_slab **list, tide_aside_slab *s)
{
    s->prev = NULL;
    s->next = *list;
    if (s->next) s->next->prev = s;
    *list = s;
}

static void slab_unlink(tide_aside_slab **list, tide_aside_slab *s)
{
    if (s->next) s->next->prev = s->prev;
    if (s->prev)
        s->prev->next = s->next;
    else
        *list = s->next;
}

/* An empty one, now among those with room. */
static void slab_open(tide_aside_pool *pool)
{
    tide_aside_slab *s = pool->empty;
    if (s) {
        slab_unlink(&pool->empty, s);
        pool->n_empty--;
    } else {
        s = (tide_aside_slab *)(void *)tide_map_huge(SLAB_BYTES);
        tide_assert(s != NULL); /* Bookkeeping cannot go on without. */
    }
    slab_link(&pool->open, s);
    pool->n_used++;
    if (pool->n_used > pool->peak) pool->peak = pool->n_used;
}

static tide_aside_chunk *slab_take(tide_aside_pool *pool)
{
    if (pool->open == NULL) slab_open(pool);
    tide_aside_slab *s = pool->open;
    tide_aside_chunk *c = s->free;
    if (c)
        s->free = c->next;
    else
        c = (tide_aside_chunk *)(void *)((uint8_t *)s + ++s->n_cut * (size_t)CHUNK_BYTES);
    if (++s->n_out == SLAB_CHUNKS) slab_unlink(&pool->open, s);
    return c;
}

static void slab_give(tide_aside_pool *pool, tide_aside_chunk *c)
{
    tide_aside_slab *s = (tide_aside_slab *)((uintptr_t)c & ~(uintptr_t)(SLAB_BYTES - 1));
    if (s->n_out == SLAB_CHUNKS) slab_link(&pool->open, s);
    c->next = s->free;
    s->free = c;
    if (--s->n_out > 0) return;
    slab_unlink(&pool->open, s);
    slab_link(&pool->empty, s);
    pool->n_used--;
    pool->n_empty++;
}

static void slab_unmap(tide_aside_pool *pool)
{
    tide_aside_slab *s = pool->empty;
    slab_unlink(&pool->empty, s);
    pool->n_empty--;
    munmap(s, SLAB_BYTES);
}

void tide_aside_pool_barrier(tide_aside_pool *self)
{
    self->last_peak = self->peak;
    self->peak = self->n_used;
}

void tide_aside_pool_trim(tide_aside_pool *self, size_t bytes_max)
{
    uint32_t keep = self->peak > self->last_peak ? self->peak : self->last_peak;
    if (keep > bytes_max / SLAB_BYTES) keep = (uint32_t)(bytes_max / SLAB_BYTES);
    if (keep < SLABS_KEPT) keep = SLABS_KEPT;
    if (self->n_empty && self->n_used + self->n_empty > keep) slab_unmap(self);
}

void tide_aside_pool_fini(tide_aside_pool *self)
{
    tide_assert(self->n_used == 0); /* All lists are empty. */
    while (self->empty) slab_unmap(self);
    tide_free(self->sorted);
    *self = (tide_aside_pool){ 0 };
}

/* ---- lists ---- */
static tide_aside_chunk *chunk_new(tide_aside_pool *pool, bool first, size_t at_least)
{
    size_t cap = first && at_least <= FIRST_CAP ? FIRST_CAP : CHUNK_CAP;
    if (at_least > cap) cap = at_least; /* One huge row. */
    tide_aside_chunk *c = cap == CHUNK_CAP ? slab_take(pool) : tide_malloc(sizeof *c + cap);
    *c = (tide_aside_chunk){ .cap = cap };
    return c;
}

static void chunk_free(tide_aside_pool *pool, tide_aside_chunk *c)
{
    if (c->cap == CHUNK_CAP)
        slab_give(pool, c);
    else
        tide_free(c);
}

uint8_t *tide_aside_add(tide_aside *self, tide_aside_pool *pool, uint32_t ordinal, size_t n)
{
    size_t need = sizeof(entry_head) + n;
    tide_aside_chunk *c = self->last;
    if (c == NULL || c->cap - c->used < need) {
        c = chunk_new(pool, self->last == NULL, need);
        if (self->last)
            self->last->next = c;
        else
            self->first = c;
        self->last = c;
    }
    entry_head head = { ordinal, n };
    uint8_t *at = c->bytes + c->used;
    memcpy(at, &head, sizeof head);
    c->used += need;
    c->n_entries++;
    c->saved += n;
    self->bytes += n;
    return at + sizeof head;
}

void tide_aside_join(tide_aside *self, tide_aside *from)
{
    if (from->first == NULL) return;
    if (self->last)
        self->last->next = from->first;
    else
        self->first = from->first;
    self->last = from->last;
    self->bytes += from->bytes;
    *from = (tide_aside){ 0 };
}

void tide_aside_fini(tide_aside *self, tide_aside_pool *pool)
{
    for (tide_aside_chunk *c = self->first, *next; c; c = next) {
        next = c->next;
        chunk_free(pool, c);
    }
    *self = (tide_aside){ 0 };
}

/* Stable, a byte of the ordinal at a time. */
static tide_aside_entry *sort_entries(tide_aside_entry *from, tide_aside_entry *to, uint32_t n,
                                      uint32_t max)
{
    for (uint32_t shift = 0; shift < 32 && max >> shift; shift += 8) {
        uint32_t at[256] = { 0 }, sum = 0;
        for (uint32_t i = 0; i < n; i++) at[from[i].ordinal >> shift & 255]++;
        for (uint32_t d = 0; d < 256; d++) {
            uint32_t count = at[d];
            at[d] = sum;
            sum += count;
        }
        for (uint32_t i = 0; i < n; i++) to[at[from[i].ordinal >> shift & 255]++] = from[i];
        tide_aside_entry *sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

/* The first chunks, up to TAKE_BYTES of them, become a list of their own. Returns their entries. */
static uint32_t split(tide_aside *self, tide_aside *out)
{
    uint32_t n = 0;
    size_t used = 0;
    *out = (tide_aside){ .first = self->first };
    for (tide_aside_chunk *c = self->first; c; c = c->next) {
        if (n && used + c->used > TAKE_BYTES) break;
        used += c->used;
        n += c->n_entries;
        out->bytes += c->saved;
        out->last = c;
    }
    if (out->last == NULL) return 0;
    self->first = out->last->next;
    if (self->first == NULL) self->last = NULL;
    self->bytes -= out->bytes;
    out->last->next = NULL;
    return n;
}

/* The entries in the order in which they were added; the largest ordinal. */
static uint32_t list_entries(const tide_aside *self, tide_aside_entry *to)
{
    uint32_t max = 0;
    for (const tide_aside_chunk *c = self->first; c; c = c->next) {
        const uint8_t *at = c->bytes;
        for (uint32_t i = 0; i < c->n_entries; i++) {
            entry_head head;
            memcpy(&head, at, sizeof head);
            at += sizeof head;
            *to++ = (tide_aside_entry){ .ordinal = head.ordinal, .n = head.n, .saved = at };
            at += head.n;
            max = head.ordinal > max ? head.ordinal : max;
        }
    }
    return max;
}

const tide_aside_entry *tide_aside_take(tide_aside *self, tide_aside_pool *pool, tide_aside *taken,
                                        uint32_t *n_out)
{
    uint32_t n = split(self, taken);
    *n_out = n;
    if (n == 0) return NULL;
    if (n > pool->cap_sorted) {
        tide_free(pool->sorted);
        pool->cap_sorted = n + n / 2;
        pool->sorted = tide_malloc(2 * (size_t)pool->cap_sorted * sizeof *pool->sorted);
    }
    uint32_t max = list_entries(taken, pool->sorted);
    return sort_entries(pool->sorted, pool->sorted + n, n, max);
}
