/* aside.c - chunks of saved rows. */
#include "checkpoint/state/aside.h"

#include <string.h>
#include <sys/mman.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

#define CHUNK_BYTES_MIN 1024u
#define CHUNK_BYTES_MAX (65536u - sizeof(tide_aside_chunk)) /* What one sweep sorts at once. */
#define POOL_CHUNKS_MAX 32u

struct tide_aside_chunk {
    tide_aside_chunk *next;
    uint32_t n_entries;
    size_t used, cap;         /* Of bytes. */
    size_t saved;             /* Of its entries alone. */
    tide_aside_entry *sorted; /* Twice n_entries, once taken. */
    uint8_t bytes[];
};

typedef struct entry_head {
    uint32_t ordinal;
    size_t n;
} entry_head;

/* Chunks of the usual size are mappings of their own, the others (the first few of a list, and
 * those of one huge row) come from the heap. */
static tide_aside_chunk *chunk_new(tide_aside_pool *pool, const tide_aside_chunk *before,
                                   size_t at_least)
{
    size_t cap = before ? before->cap * 2 : CHUNK_BYTES_MIN;
    if (cap > CHUNK_BYTES_MAX) cap = CHUNK_BYTES_MAX;
    if (cap < at_least) cap = at_least;
    tide_aside_chunk *c = NULL;
    if (cap == CHUNK_BYTES_MAX && pool->free) {
        c = pool->free;
        pool->free = c->next;
        pool->n--;
    } else if (cap == CHUNK_BYTES_MAX) {
        c = mmap(NULL, sizeof *c + cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        tide_assert(c != MAP_FAILED); /* Bookkeeping cannot go on without. */
    } else {
        c = tide_malloc(sizeof *c + cap);
    }
    *c = (tide_aside_chunk){ .cap = cap };
    return c;
}

static void chunk_free(tide_aside_chunk *c)
{
    if (c->cap == CHUNK_BYTES_MAX)
        munmap(c, sizeof *c + c->cap);
    else
        tide_free(c);
}

void tide_aside_pool_fini(tide_aside_pool *self)
{
    for (tide_aside_chunk *c = self->free, *next; c; c = next) {
        next = c->next;
        chunk_free(c);
    }
    *self = (tide_aside_pool){ 0 };
}

uint8_t *tide_aside_add(tide_aside *self, tide_aside_pool *pool, uint32_t ordinal, size_t n)
{
    size_t need = sizeof(entry_head) + n;
    tide_aside_chunk *c = self->last;
    if (c == NULL || c->cap - c->used < need) {
        c = chunk_new(pool, self->last, need);
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

void tide_aside_put(tide_aside *self, tide_aside_chunk **chunk_p)
{
    tide_aside_chunk *c = *chunk_p;
    *chunk_p = NULL;
    if (c == NULL) return;
    tide_free(c->sorted);
    c->sorted = NULL;
    tide_aside one = { .first = c, .last = c, .bytes = c->saved };
    tide_aside_join(self, &one);
}

void tide_aside_done(tide_aside_pool *pool, tide_aside_chunk **chunk_p)
{
    tide_aside_chunk *c = *chunk_p;
    *chunk_p = NULL;
    if (c == NULL) return;
    tide_free(c->sorted);
    if (c->cap != CHUNK_BYTES_MAX || pool->n == POOL_CHUNKS_MAX) {
        chunk_free(c);
        return;
    }
    c->next = pool->free;
    pool->free = c;
    pool->n++;
}

void tide_aside_fini(tide_aside *self, tide_aside_pool *pool)
{
    for (tide_aside_chunk *c = self->first, *next; c; c = next) {
        next = c->next;
        tide_aside_done(pool, &c);
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

const tide_aside_entry *tide_aside_take(tide_aside *self, uint32_t *n_out,
                                        tide_aside_chunk **chunk_out)
{
    tide_aside_chunk *c = self->first;
    *n_out = 0;
    *chunk_out = c;
    if (c == NULL) return NULL;
    self->first = c->next;
    if (c->next == NULL) self->last = NULL;
    c->next = NULL;
    self->bytes -= c->saved;
    tide_aside_entry *entries = tide_malloc(2 * (size_t)c->n_entries * sizeof *entries);
    const uint8_t *at = c->bytes;
    uint32_t max = 0;
    for (uint32_t i = 0; i < c->n_entries; i++) {
        entry_head head;
        memcpy(&head, at, sizeof head);
        at += sizeof head;
        entries[i] = (tide_aside_entry){ .ordinal = head.ordinal, .n = head.n, .saved = at };
        at += head.n;
        max = head.ordinal > max ? head.ordinal : max;
    }
    c->sorted = entries;
    *n_out = c->n_entries;
    return sort_entries(entries, entries + c->n_entries, c->n_entries, max);
}
