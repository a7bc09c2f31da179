/* heap.c - a table's bytes of variable size: long strings of keys, and blobs.
 *
 * Blocks of up to 8 KiB come in classes, four to a doubling. The first 63 KiB are pages of 1 to 32
 * KiB, from which all classes are cut as they come, recycled by class; a heap that is larger has
 * slabs (slabs.h). Blocks of more than 8 KiB come straight from the state memory. A heap belongs to
 * the whole table, not to a key group: with 128 groups each one's half-empty pages and lists would
 * cost more than they bring (a group is taken out row by row either way). */
#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/slabs.h"
#include "checkpoint/state/table_priv.h"

#define UNIT TIDE_SLAB_UNIT
#define SMALL_MAX 8192u
#define CLASSES TIDE_SLAB_CLASSES /* 16, 32, 48, 64, 80, 96, 112, 128, 160, ... 8192 */
#define PAGE_BYTES_MIN 1024u
#define PAGE_BYTES_MAX 32768u

typedef struct heap_block {
    struct heap_block *next;
} heap_block;

typedef struct heap_page {
    struct heap_page *next;
    size_t bytes; /* This header included. */
} heap_page;
_Static_assert(sizeof(heap_page) == UNIT, "blocks behind it stay aligned");

struct tide_heap {
    heap_page *pages; /* The newest first: blocks are cut from it. */
    size_t cut;       /* Of the newest page. */
    heap_block *free[CLASSES];
    tide_slabs slabs;
};

static uint32_t class_of(size_t bytes)
{
    size_t units = (bytes + UNIT - 1) / UNIT; /* 1 .. 512 */
    if (units <= 8) return units ? (uint32_t)units - 1 : 0;
    uint32_t doubling =
        (uint32_t)(63 - __builtin_clzll(units - 1)); /* 8 < units <= 2^(doubling + 1) */
    uint32_t quarter = (uint32_t)((units - 1) >> (doubling - 2)) & 3;
    return 8 + (doubling - 3) * 4 + quarter;
}

static size_t class_bytes(uint32_t c)
{
    if (c < 8) return (size_t)(c + 1) * UNIT;
    uint32_t doubling = 3 + (c - 8) / 4, quarter = (c - 8) % 4;
    return ((size_t)(5 + quarter) << (doubling - 2)) * UNIT;
}

tide_heap *tide_heap_new(void)
{
    return tide_calloc(1, sizeof(tide_heap));
}

static void give_pages(tide_heap *self, tide_state_memory *memory)
{
    for (heap_page *p = self->pages, *next; p; p = next) {
        next = p->next;
        tide_state_memory_give(memory, p, p->bytes);
    }
    tide_slabs_clear(&self->slabs, memory);
}

void tide_heap_free(tide_heap **self_p, tide_state_memory *memory)
{
    if (*self_p == NULL) return;
    give_pages(*self_p, memory);
    tide_free(*self_p);
    *self_p = NULL;
}

void tide_heap_clear(tide_table *t)
{
    if (t->heap == NULL) return;
    give_pages(t->heap, t->memory);
    memset(t->heap, 0, sizeof *t->heap);
    t->heap_bytes = 0;
}

/* The next bytes of the newest page become a free block of that class. */
static void cut_free(tide_heap *h, uint32_t c)
{
    heap_block *b = (heap_block *)(void *)((uint8_t *)h->pages + h->cut);
    b->next = h->free[c];
    h->free[c] = b;
    h->cut += class_bytes(c);
}

/* What is left of the newest page becomes free blocks. */
static void recycle_rest(tide_heap *h)
{
    while (h->pages && h->pages->bytes - h->cut >= UNIT) {
        size_t rest = h->pages->bytes - h->cut;
        uint32_t c = class_of(rest);
        if (class_bytes(c) > rest) c--;
        cut_free(h, c);
    }
}

static bool has_all_pages(const tide_heap *h)
{
    return h->pages && h->pages->bytes == PAGE_BYTES_MAX;
}

static bool page_new(tide_table *t)
{
    tide_heap *h = t->heap;
    size_t bytes = h->pages ? h->pages->bytes * 2 : PAGE_BYTES_MIN;
    heap_page *p = tide_state_memory_take(t->memory, bytes, NULL);
    if (p == NULL) return false;
    recycle_rest(h);
    *p = (heap_page){ .next = h->pages, .bytes = bytes };
    h->pages = p;
    h->cut = sizeof *p;
    t->heap_bytes += bytes;
    return true;
}

/* Blocks of whole cache lines begin with one; what is left in front becomes a free block. */
static void align_cut(tide_heap *h, size_t n)
{
    if (n % TIDE_CACHE_LINE || h->pages == NULL) return;
    size_t gap = (TIDE_CACHE_LINE - h->cut % TIDE_CACHE_LINE) % TIDE_CACHE_LINE;
    if (gap == 0 || gap > h->pages->bytes - h->cut) return;
    cut_free(h, class_of(gap));
}

/* From a page, as long as there is room in one. */
static void *cut_block(tide_table *t, size_t n)
{
    tide_heap *h = t->heap;
    align_cut(h, n);
    while (h->pages == NULL || h->pages->bytes - h->cut < n) {
        if (has_all_pages(h)) {
            recycle_rest(h);
            return NULL;
        }
        if (!page_new(t)) return NULL;
        align_cut(h, n);
    }
    void *p = (uint8_t *)h->pages + h->cut;
    h->cut += n;
    return p;
}

static void *slab_block(tide_table *t, uint32_t c)
{
    tide_slabs *slabs = &t->heap->slabs;
    size_t had = slabs->bytes;
    void *p = tide_slabs_take(slabs, c, (uint32_t)(class_bytes(c) / UNIT), t->memory);
    t->heap_bytes += slabs->bytes - had;
    return p;
}

void *tide_heap_take(tide_table *t, size_t bytes)
{
    if (bytes > SMALL_MAX) {
        void *p = tide_state_memory_take(t->memory, bytes, NULL);
        if (p) t->heap_bytes += bytes;
        return p;
    }
    tide_heap *h = t->heap;
    uint32_t c = class_of(bytes);
    heap_block *b = h->free[c];
    if (b) {
        h->free[c] = b->next;
        return b;
    }
    void *p = has_all_pages(h) && h->cut == h->pages->bytes ? NULL : cut_block(t, class_bytes(c));
    return p || !has_all_pages(h) ? p : slab_block(t, c);
}

void tide_heap_give(tide_table *t, void *p, size_t bytes)
{
    if (p == NULL) return;
    if (bytes > SMALL_MAX) {
        t->heap_bytes -= bytes;
        tide_state_memory_give(t->memory, p, bytes);
        return;
    }
    if (tide_slabs_give(&t->heap->slabs, p)) return;
    heap_block *b = p;
    uint32_t c = class_of(bytes);
    b->next = t->heap->free[c];
    t->heap->free[c] = b;
}

/* ---- what a row owns ---- */
TIDE_INLINE tide_key_str *long_string(const tide_table *t, uint8_t *row, uint32_t col)
{
    if (!tide_type_is_string(t->key.cols[col].type)) return NULL;
    tide_key_str *s = (tide_key_str *)(void *)(row + t->key.at[col]);
    return s->len > TIDE_VIEW_INLINE_MAX ? s : NULL;
}

bool tide_row_own_strings(tide_table *t, uint8_t *row)
{
    for (uint32_t c = 0; c < t->key.n; c++) {
        tide_key_str *s = long_string(t, row, c);
        if (s == NULL) continue;
        char *copy = tide_heap_take(t, s->len);
        if (copy == NULL) {
            while (c-- > 0)
                if ((s = long_string(t, row, c)))
                    tide_heap_give(t, (void *)(uintptr_t)s->ptr, s->len);
            return false;
        }
        memcpy(copy, s->ptr, s->len);
        s->ptr = copy;
    }
    return true;
}

typedef tide_blob blob;

_Static_assert(UNIT > TIDE_BLOB_LINES_MAX, "what is below a block's alignment is free");

static tide_blob_handle *handle(const tide_table *t, uint8_t *row, uint32_t i)
{
    tide_assert_slow(i < t->n_blobs);
    return (tide_blob_handle *)(void *)(row + t->map.blobs_at + (size_t)i * 8);
}

static tide_blob_handle handle_of(const blob *b)
{
    size_t bytes = sizeof *b + b->cap;
    bool lines = bytes % TIDE_CACHE_LINE == 0 && bytes / TIDE_CACHE_LINE <= TIDE_BLOB_LINES_MAX;
    return (uintptr_t)b | (lines ? bytes / TIDE_CACHE_LINE : 0);
}

void tide_row_drop_content(tide_table *t, uint8_t *row)
{
    for (uint32_t c = 0; t->key.n_strs && c < t->key.n; c++) {
        tide_key_str *s = long_string(t, row, c);
        if (s) tide_heap_give(t, (void *)(uintptr_t)s->ptr, s->len);
    }
    for (uint32_t i = 0; i < t->n_blobs; i++) {
        blob *b = tide_blob_of(*handle(t, row, i));
        if (b) tide_heap_give(t, b, sizeof *b + b->cap);
    }
    for (uint32_t i = 0; i < t->n_owned; i++)
        t->owned[i].drop(t->owned[i].ctx, row + t->map.key_bytes + t->owned[i].offset);
}

/* ---- blobs ---- */
const uint8_t *tide_row_blob(const tide_table *t, const uint8_t *row, uint32_t i, uint32_t *n_out)
{
    const blob *b = tide_blob_of(*handle(t, (uint8_t *)(uintptr_t)row, i));
    *n_out = b ? b->n : 0;
    return b ? b->bytes : NULL;
}

/* Room for n bytes rounded up to what the heap would give anyway. */
static uint32_t blob_cap(uint64_t n)
{
    if (n > TIDE_TABLE_BLOB_BYTES_MAX) n = TIDE_TABLE_BLOB_BYTES_MAX;
    size_t whole = (size_t)n + sizeof(blob);
    if (whole <= SMALL_MAX) whole = class_bytes(class_of(whole));
    return (uint32_t)(whole - sizeof(blob));
}

/* Moves what is at *at to a block with room for n bytes, of which it has fewer. */
static tide_status blob_move(tide_table *self, tide_blob_handle *at, uint64_t n)
{
    blob *old = tide_blob_of(*at);
    uint32_t cap = blob_cap(n);
    blob *b = tide_heap_take(self, sizeof *b + cap);
    if (b == NULL) return tide_table_over_budget(self);
    b->n = old ? old->n : 0;
    b->cap = cap;
    if (old) {
        memcpy(b->bytes, old->bytes, old->n);
        tide_heap_give(self, old, sizeof *old + old->cap);
    }
    *at = handle_of(b);
    return TIDE_OK;
}

static tide_status too_long(const tide_table *self, uint32_t n)
{
    return tide_fail(TIDE_E_LIMIT, "a value of %u bytes in state table %s; at most %u are possible",
                     n, self->name, TIDE_TABLE_BLOB_BYTES_MAX);
}

tide_status tide_table_blob_reserve(tide_table *self, uint32_t row, uint32_t i, uint32_t n)
{
    tide_blob_handle *at = handle(self, tide_table_row(self, row), i);
    if (n > TIDE_TABLE_BLOB_BYTES_MAX) return too_long(self, n);
    if (n == 0 || (*at && n <= tide_blob_of(*at)->cap)) return TIDE_OK;
    return blob_move(self, at, n);
}

tide_status tide_table_blob_resize(tide_table *self, uint32_t row, uint32_t i, uint32_t n,
                                   uint8_t **out)
{
    tide_blob_handle *at = handle(self, tide_table_row(self, row), i);
    blob *b = tide_blob_of(*at);
    if (out) *out = NULL;
    if (n > TIDE_TABLE_BLOB_BYTES_MAX) return too_long(self, n);
    if (n == 0) {
        if (b) tide_heap_give(self, b, sizeof *b + b->cap);
        *at = 0;
        return TIDE_OK;
    }
    if (b == NULL || n > b->cap) {
        uint64_t grown = b ? (uint64_t)b->cap + b->cap / 2 : 0;
        TIDE_TRY(blob_move(self, at, n > grown ? n : grown));
        b = tide_blob_of(*at);
    }
    if (n > b->n) memset(b->bytes + b->n, 0, n - b->n);
    b->n = n;
    if (out) *out = b->bytes;
    return TIDE_OK;
}

tide_status tide_table_blob_set(tide_table *self, uint32_t row, uint32_t i, const void *bytes,
                                uint32_t n)
{
    uint8_t *to;
    TIDE_TRY(tide_table_blob_resize(self, row, i, n, &to));
    if (n) memcpy(to, bytes, n);
    return TIDE_OK;
}

tide_status tide_table_blob_append(tide_table *self, uint32_t row, uint32_t i, const void *bytes,
                                   uint32_t n)
{
    uint32_t had;
    uint8_t *to;
    (void)tide_table_blob(self, row, i, &had);
    if (n > TIDE_TABLE_BLOB_BYTES_MAX - had)
        return tide_fail(TIDE_E_LIMIT, "a value of more than %u bytes in state table %s",
                         TIDE_TABLE_BLOB_BYTES_MAX, self->name);
    TIDE_TRY(tide_table_blob_resize(self, row, i, had + n, &to));
    if (n) memcpy(to + had, bytes, n);
    return TIDE_OK;
}
