/* plain_table.c - find a batch of keys by tag, compare them, set the rows' dirty bits, add. */
#include "bench/micro/plain_table.h"

#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "bench/micro/flat_table.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define GROUPS 128u
#define GROUP_SHIFT 57u /* The top 7 bits of a hash; the next 32 are the tag. */
#define ENTRIES 8u
#define PAGE_BYTES 65536u
#define BATCH_MAX 4096u
#define CHUNK 512u
#define AHEAD 64u
#define BITS_AHEAD 16u

typedef struct line {
    uint32_t tag[ENTRIES]; /* Packed at the front; 0: no entry. */
    uint32_t row[ENTRIES];
} TIDE_ALIGNED(64) line;

typedef struct group {
    line *lines;
    uint32_t shift, mask; /* 32 - log2(lines); lines - 1. */
    uint32_t n, limit;
    uint32_t open, fill; /* Row number of slot 0 of the newest page; slots used, of slots. */
} group;

struct plain_table {
    group groups[GROUPS];
    tide_state_memory *memory;
    uint8_t **page;  /* Page 0 is never used: row 0 is none. */
    uint64_t *dirty; /* A bit a row, by row number. */
    uint32_t words, stride, slots, slot_bits;
    uint32_t n_pages, pages_max;
};

/* ---- a line ---- */
/* Bit i: entry i has that tag. */
TIDE_INLINE uint32_t match(const line *l, uint32_t tag)
{
#if defined(__AVX512VL__)
    return _mm256_cmpeq_epi32_mask(_mm256_load_si256((const __m256i *)(const void *)l->tag),
                                   _mm256_set1_epi32((int)tag));
#elif defined(__AVX2__)
    __m256i same = _mm256_cmpeq_epi32(_mm256_load_si256((const __m256i *)(const void *)l->tag),
                                      _mm256_set1_epi32((int)tag));
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(same));
#else
    uint32_t m = 0;
    for (uint32_t i = 0; i < ENTRIES; i++) m |= (uint32_t)(l->tag[i] == tag) << i;
    return m;
#endif
}

TIDE_INLINE uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> (GROUP_SHIFT - 32)) | 1u;
}

TIDE_INLINE line *home_of(const plain_table *self, uint64_t hash)
{
    const group *g = &self->groups[hash >> GROUP_SHIFT];
    return g->lines + ((uint64_t)tag_of(hash) >> g->shift);
}

static void put(group *g, uint32_t tag, uint32_t row)
{
    uint32_t at = (uint32_t)((uint64_t)tag >> g->shift), empty;
    while ((empty = match(&g->lines[at], 0)) == 0) at = (at + 1) & g->mask;
    uint32_t i = (uint32_t)__builtin_ctz(empty);
    g->lines[at].tag[i] = tag;
    g->lines[at].row[i] = row;
}

/* Twice the lines, or the first one. Another threshold in every group, as in the keyed table. */
static void grow(plain_table *self, uint32_t nth)
{
    group *g = &self->groups[nth], old = *g;
    uint32_t n_old = old.lines ? old.mask + 1 : 0, n = n_old ? n_old * 2 : 1;
    bool zeroed;
    g->lines = tide_state_memory_take(self->memory, n * sizeof(line), &zeroed);
    tide_assert(g->lines != NULL);
    if (!zeroed) memset(g->lines, 0, n * sizeof(line));
    g->mask = n - 1;
    g->shift = 32u - (uint32_t)__builtin_ctz(n);
    g->limit = (uint32_t)((uint64_t)n * ENTRIES * (140 + (nth * 37 & 63)) / 256);
    for (uint32_t at = 0; at < n_old; at++)
        for (uint32_t i = 0; i < ENTRIES && old.lines[at].tag[i]; i++)
            put(g, old.lines[at].tag[i], old.lines[at].row[i]);
    tide_state_memory_give(self->memory, old.lines, n_old * sizeof(line));
}

/* ---- rows ---- */
TIDE_INLINE uint64_t *row_of(const plain_table *self, uint32_t row, uint32_t stride)
{
    uint32_t slot = row & ((1u << self->slot_bits) - 1);
    return (uint64_t *)(void *)(self->page[row >> self->slot_bits] + (size_t)slot * stride);
}

TIDE_INLINE bool same(const uint64_t *a, const uint64_t *b, uint32_t words)
{
    return words == 1 ? a[0] == b[0] : ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
}

static uint32_t row_new(plain_table *self, group *g, const uint64_t *key)
{
    if (g->fill == self->slots || g->open == 0) {
        tide_assert(self->n_pages < self->pages_max);
        uint8_t *page = tide_state_memory_take(self->memory, PAGE_BYTES, NULL);
        tide_assert(page != NULL);
        self->page[self->n_pages] = page;
        g->open = self->n_pages++ << self->slot_bits;
        g->fill = 0;
    }
    uint32_t row = g->open + g->fill++;
    uint64_t *at = row_of(self, row, self->stride);
    for (uint32_t w = 0; w < self->stride / 8; w++) at[w] = w < self->words ? key[w] : 0;
    __builtin_prefetch((uint8_t *)at + 2 * TIDE_CACHE_LINE, 1);
    return row;
}

/* What the tag alone did not find, or found wrongly. */
static TIDE_NOINLINE uint32_t resolve(plain_table *self, uint64_t hash, const uint64_t *key)
{
    group *g = &self->groups[hash >> GROUP_SHIFT];
    uint32_t tag = tag_of(hash), at = (uint32_t)((uint64_t)tag >> g->shift);
    for (;; at = (at + 1) & g->mask) {
        const line *l = &g->lines[at];
        for (uint32_t m = match(l, tag); m; m &= m - 1) {
            uint32_t row = l->row[__builtin_ctz(m)];
            if (same(row_of(self, row, self->stride), key, self->words)) return row;
        }
        if (match(l, 0)) break;
    }
    if (g->n >= g->limit) grow(self, (uint32_t)(hash >> GROUP_SHIFT));
    uint32_t row = row_new(self, g, key);
    put(g, tag, row);
    g->n++;
    return row;
}

/* ---- a batch ---- */
TIDE_INLINE void add(plain_table *self, const uint64_t *keys, const int64_t *v, uint32_t n,
                     uint32_t words)
{
    uint64_t hash[BATCH_MAX + AHEAD];
    uint32_t rows[BATCH_MAX + BITS_AHEAD], stride = words * 16; /* 24 bytes would straddle lines. */
    for (uint32_t i = 0; i < n; i++)
        hash[i] = words == 1 ? flat_mix(keys[i]) : flat_mix_pair(keys[2 * i], keys[2 * i + 1]);
    for (uint32_t i = n; i < n + AHEAD; i++) hash[i] = hash[n - 1];
    for (uint32_t i = 0; i < AHEAD; i++) __builtin_prefetch(home_of(self, hash[i]));
    for (uint32_t start = 0, end; start < n; start = end) {
        end = n - start < CHUNK ? n : start + CHUNK;
        for (uint32_t i = start; i < end; i++) {
            __builtin_prefetch(home_of(self, hash[i + AHEAD]));
            const line *l = home_of(self, hash[i]);
            uint32_t m = match(l, tag_of(hash[i]));
            rows[i] = TIDE_LIKELY(m != 0) ? l->row[__builtin_ctz(m)]
                                          : resolve(self, hash[i], keys + (size_t)i * words);
            __builtin_prefetch(row_of(self, rows[i], stride), 1);
        }
        for (uint32_t i = start; i < end; i++) {
            const uint64_t *key = keys + (size_t)i * words;
            if (TIDE_UNLIKELY(!same(row_of(self, rows[i], stride), key, words)))
                rows[i] = resolve(self, hash[i], key);
        }
    }
    for (uint32_t i = n; i < n + BITS_AHEAD; i++) rows[i] = rows[n - 1];
    for (uint32_t i = 0; i < n; i++) {
        __builtin_prefetch(self->dirty + (rows[i + BITS_AHEAD] >> 6), 1);
        self->dirty[rows[i] >> 6] |= 1ull << (rows[i] & 63);
    }
    for (uint32_t i = 0; i < n; i++) row_of(self, rows[i], stride)[words] += (uint64_t)v[i];
}

void plain_add(plain_table *self, const uint64_t *keys, const int64_t *v, uint32_t n)
{
    if (n == 0) return;
    if (self->words == 1)
        add(self, keys, v, n, 1);
    else
        add(self, keys, v, n, 2);
}

int64_t plain_total(const plain_table *self)
{
    uint64_t total = 0;
    for (uint32_t nth = 0; nth < GROUPS; nth++) {
        const group *g = &self->groups[nth];
        for (uint32_t at = 0; at <= g->mask; at++)
            for (uint32_t i = 0; i < ENTRIES && g->lines[at].tag[i]; i++)
                total += row_of(self, g->lines[at].row[i], self->stride)[self->words];
    }
    return (int64_t)total;
}

/* ---- opening and closing ---- */
plain_table *plain_new(uint32_t words, uint64_t rows_max, tide_state_memory *memory)
{
    plain_table *self = tide_calloc(1, sizeof *self);
    self->memory = memory;
    self->words = words;
    self->stride = words * 16;
    self->slots = PAGE_BYTES / self->stride;
    self->slot_bits = (uint32_t)__builtin_ctz(self->slots);
    self->n_pages = 1;
    self->pages_max = (uint32_t)(rows_max / self->slots) + GROUPS + 1; /* One of each not full. */
    self->page = tide_calloc(self->pages_max, sizeof *self->page);
    self->dirty = tide_calloc((size_t)self->pages_max * self->slots / 64, sizeof *self->dirty);
    for (uint32_t nth = 0; nth < GROUPS; nth++) grow(self, nth);
    return self;
}

void plain_free(plain_table **self_p)
{
    plain_table *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t nth = 0; nth < GROUPS; nth++)
        tide_state_memory_give(self->memory, self->groups[nth].lines,
                               (self->groups[nth].mask + (size_t)1) * sizeof(line));
    for (uint32_t p = 1; p < self->n_pages; p++)
        tide_state_memory_give(self->memory, self->page[p], PAGE_BYTES);
    tide_free(self->page);
    tide_free(self->dirty);
    tide_free(self);
}
