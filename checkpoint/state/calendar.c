/* calendar.c - a ring of buckets of row numbers.
 *
 * Bucket b holds the rows whose due time lay in [b * tick, (b + 1) * tick) when they were filed.
 * The ring covers the buckets now .. now + BUCKETS - 1; what is due later waits in the last of
 * them, what is due earlier in the first. Before the first _pop there is no `now`: rows wait in
 * one list. */
#include "checkpoint/state/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "checkpoint/state/table_priv.h"

#define BUCKETS 2048 /* Twice the ticks of a span: most rows are filed where they end up. */
#define TICKS_PER_SPAN 1024
#define CHUNK_ROWS 125u
#define SLAB_CHUNKS_MAX 128u
#define ROWS_AHEAD 16u
#define DUE_MAX                                                                                    \
    (INT64_C(1) << 61) /* Buckets count no further; microseconds of year 9999 are 2^58. */

/* `filed`: 0 not filed, FILED_WAITING, FILED_READY, or 2 b + 1 for bucket b. */
#define FILED_WAITING 2u
#define FILED_READY 4u

typedef struct chunk {
    struct chunk *next;
    uint32_t n;
    uint32_t rows[CHUNK_ROWS];
} chunk;
_Static_assert(sizeof(chunk) == 512, "chunks are cut from slabs");

typedef struct list {
    chunk *head, *tail;
} list;

typedef struct due_row {
    int64_t due;
    uint64_t place; /* Key group and ordinal: the order among equals. */
    uint32_t row;
} due_row;

struct tide_calendar {
    tide_calendar_config config;
    int64_t tick;
    bool started;       /* now_bucket is set. */
    int64_t now_bucket; /* Buckets before it are empty. */
    int64_t scanned;    /* Up to this time nothing is left, unless ... */
    bool behind;        /* ... a row was filed since that was due before. */
    list waiting;
    list *ring;             /* BUCKETS */
    uint64_t n_in_ring;     /* Entries. */
    due_row *ready, *spare; /* Taken out and sorted, to be handed out from ready_at on. */
    uint32_t n_ready, ready_at, cap_ready;
    chunk *free;
    void **slabs;
    uint32_t n_slabs, cap_slabs;
    size_t slab_bytes;
};

/* ---- rows ---- */
TIDE_INLINE int64_t *due_of(const tide_calendar *self, uint32_t row)
{
    return (int64_t *)(void *)(tide_table_value(self->config.table, row) + self->config.due_offset);
}
TIDE_INLINE uint64_t *filed_of(const tide_calendar *self, uint32_t row)
{
    return (uint64_t *)(void *)(tide_table_value(self->config.table, row) +
                                self->config.filed_offset);
}
TIDE_INLINE uint64_t filed_in(int64_t bucket)
{
    return (uint64_t)bucket * 2 + 1;
}
TIDE_INLINE int64_t bucket_filed(uint64_t filed)
{
    return (int64_t)(filed - 1) / 2;
}
TIDE_INLINE bool is_in_ring(uint64_t filed)
{
    return filed & 1;
}
static int64_t bucket_of(const tide_calendar *self, int64_t due)
{
    int64_t t = due > DUE_MAX ? DUE_MAX : due < -DUE_MAX ? -DUE_MAX : due;
    return t / self->tick - (t % self->tick < 0);
}

/* ---- lists ---- */
static chunk *chunk_take(tide_calendar *self)
{
    if (self->free == NULL) {
        uint32_t n = self->n_slabs < 7 ? 2u << self->n_slabs : SLAB_CHUNKS_MAX;
        chunk *slab = tide_malloc(n * sizeof *slab);
        TIDE_GROW(self->slabs, self->n_slabs, self->cap_slabs);
        self->slabs[self->n_slabs++] = slab;
        self->slab_bytes += n * sizeof *slab;
        while (n-- > 0) {
            slab[n].next = self->free;
            self->free = &slab[n];
        }
    }
    chunk *c = self->free;
    self->free = c->next;
    c->next = NULL;
    c->n = 0;
    return c;
}

static void append(tide_calendar *self, list *l, uint32_t row)
{
    if (l->tail == NULL || l->tail->n == CHUNK_ROWS) {
        chunk *c = chunk_take(self);
        if (l->tail)
            l->tail->next = c;
        else
            l->head = c;
        l->tail = c;
    }
    l->tail->rows[l->tail->n++] = row;
}

/* Files a row in its bucket as the ring stands now. */
static void put(tide_calendar *self, uint32_t row, int64_t due)
{
    int64_t b = bucket_of(self, due), last = self->now_bucket + BUCKETS - 1;
    if (b < self->now_bucket) b = self->now_bucket;
    if (b > last) b = last;
    *filed_of(self, row) = filed_in(b);
    append(self, &self->ring[b & (BUCKETS - 1)], row);
    self->n_in_ring++;
}

void tide_calendar_file(tide_calendar *self, const uint32_t *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t filed = *filed_of(self, rows[i]);
        int64_t due = *due_of(self, rows[i]);
        if (!self->started) {
            if (filed == FILED_WAITING) continue;
            *filed_of(self, rows[i]) = FILED_WAITING;
            append(self, &self->waiting, rows[i]);
            continue;
        }
        int64_t b = bucket_of(self, due);
        if (b < self->now_bucket) b = self->now_bucket;
        if (due < self->scanned) self->behind = true;
        if (is_in_ring(filed) && bucket_filed(filed) <= b) continue; /* It will be met in time. */
        put(self, rows[i], due);
    }
}

/* ---- sorting what is ready ---- */
static int by_due_and_place(const void *a_v, const void *b_v)
{
    const due_row *a = a_v, *b = b_v;
    if (a->due != b->due) return a->due < b->due ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

#define DIGIT_BITS 11u
#define RADIX_MIN 256u /* Below it a comparison sort is as fast. */

static void sort_digit(const due_row *from, due_row *to, uint32_t n, int64_t base, uint32_t shift)
{
    uint32_t at[1u << DIGIT_BITS] = { 0 }, sum = 0;
    const uint64_t mask = (1u << DIGIT_BITS) - 1;
    for (uint32_t i = 0; i < n; i++)
        at[(((uint64_t)from[i].due - (uint64_t)base) >> shift) & mask]++;
    for (uint32_t d = 0; d <= mask; d++) {
        uint32_t count = at[d];
        at[d] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < n; i++)
        to[at[(((uint64_t)from[i].due - (uint64_t)base) >> shift) & mask]++] = from[i];
}

/* By due time, digit by digit over the range that occurs; then equals by their place. */
static void sort_ready(tide_calendar *self)
{
    uint32_t n = self->n_ready;
    if (n == 0) return;
    if (n < RADIX_MIN) {
        qsort(self->ready, n, sizeof *self->ready, by_due_and_place);
        return;
    }
    int64_t low = self->ready[0].due, high = low;
    for (uint32_t i = 1; i < n; i++) {
        low = self->ready[i].due < low ? self->ready[i].due : low;
        high = self->ready[i].due > high ? self->ready[i].due : high;
    }
    uint64_t range = (uint64_t)high - (uint64_t)low;
    for (uint32_t shift = 0; shift < 64 && range >> shift; shift += DIGIT_BITS) {
        sort_digit(self->ready, self->spare, n, low, shift);
        due_row *sorted = self->spare;
        self->spare = self->ready;
        self->ready = sorted;
    }
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && self->ready[end].due == self->ready[i].due;) end++;
        if (end - i > 1) qsort(self->ready + i, end - i, sizeof *self->ready, by_due_and_place);
    }
}

static void make_ready(tide_calendar *self, uint32_t row, int64_t due)
{
    if (self->n_ready == self->cap_ready) {
        self->cap_ready = self->cap_ready ? self->cap_ready * 2 : 64;
        self->ready = tide_realloc(self->ready, self->cap_ready * sizeof *self->ready);
        self->spare = tide_realloc(self->spare, self->cap_ready * sizeof *self->spare);
    }
    const tide_table *t = self->config.table;
    uint64_t place = (uint64_t)tide_page_of(t, row)->group << 32 | tide_ordinal_of(t, row);
    self->ready[self->n_ready++] = (due_row){ .due = due, .place = place, .row = row };
    *filed_of(self, row) = FILED_READY;
}

/* ---- time goes on ---- */
/* A row that is gone may have taken its page with it. */
TIDE_INLINE void prefetch(const tide_calendar *self, uint32_t row)
{
    const tide_table_map *map = &self->config.table->map;
    if (map->page[row >> map->slot_bits] == NULL) return;
    __builtin_prefetch(filed_of(self, row), 1);
    __builtin_prefetch(tide_bits_of(self->config.table, row).live);
}

/* Empties a list: rows due before `now` become ready, others are filed where they belong. Rows
 * that are due in a bucket behind `bucket` that the ring will come to go there first, so that all
 * come out in order. */
static void empty(tide_calendar *self, list *l, uint64_t filed, int64_t now, int64_t bucket)
{
    chunk *c = l->head;
    *l = (list){ 0 };
    while (c) {
        for (uint32_t i = 0; i < c->n; i++) {
            uint32_t row = c->rows[i];
            if (i + ROWS_AHEAD < c->n) prefetch(self, c->rows[i + ROWS_AHEAD]);
            if (!tide_table_is_live(self->config.table, row) || *filed_of(self, row) != filed)
                continue;
            int64_t due = *due_of(self, row);
            if (due < now && bucket_of(self, due) <= bucket)
                make_ready(self, row, due);
            else
                put(self, row, due);
        }
        chunk *next = c->next;
        c->next = self->free;
        self->free = c;
        c = next;
    }
}

/* Bucket b of the ring. */
static void empty_bucket(tide_calendar *self, int64_t b, int64_t now, int64_t last)
{
    list *l = &self->ring[b & (BUCKETS - 1)];
    for (const chunk *c = l->head; c; c = c->next) self->n_in_ring -= c->n;
    empty(self, l, filed_in(b), now, last);
}

/* The ring is left behind altogether: everything comes out at once. */
static void jump(tide_calendar *self, int64_t now, int64_t target)
{
    int64_t from = self->now_bucket;
    list *old = self->ring;
    self->ring = tide_calloc(BUCKETS, sizeof *self->ring);
    self->n_in_ring = 0;
    self->now_bucket = target;
    for (int64_t b = from; b < from + BUCKETS; b++)
        empty(self, &old[b & (BUCKETS - 1)], filed_in(b), now, INT64_MAX);
    tide_free(old);
}

/* Bucket after bucket, until rows are ready. True: the target was reached. A target far away is
 * come to in the same way, so that no more is ready at a time than elsewhere; unless a whole turn
 * of the ring brings nothing, because what is in it is due much later. */
static bool walk(tide_calendar *self, int64_t now, int64_t target)
{
    for (uint32_t n = 0; n < BUCKETS && self->n_in_ring > 0; n++) {
        int64_t b = self->now_bucket;
        empty_bucket(self, b, now, b);
        if (b >= target) return true;
        self->now_bucket = b + 1;
        if (self->n_ready > 0) return false;
    }
    if (self->n_in_ring > 0)
        jump(self, now, target);
    else
        self->now_bucket = target;
    return true;
}

/* Makes rows ready, those of one bucket at a time. False when nothing due before `now` is left. */
static bool advance(tide_calendar *self, int64_t now)
{
    int64_t target = bucket_of(self, now);
    bool done = true; /* The target bucket was looked at. */
    self->n_ready = self->ready_at = 0;
    if (!self->started) {
        self->started = true;
        self->now_bucket = target;
        empty(self, &self->waiting, FILED_WAITING, now, INT64_MAX);
    } else {
        if (now <= self->scanned && !self->behind) return false;
        done = walk(self, now, target);
    }
    if (done) {
        self->scanned = now;
        self->behind = false;
    }
    sort_ready(self);
    return self->n_ready > 0;
}

uint32_t tide_calendar_pop(tide_calendar *self, int64_t now, uint32_t *rows, uint32_t max)
{
    uint32_t n = 0;
    while (n < max) {
        if (self->ready_at == self->n_ready) {
            if (!advance(self, now)) break;
            continue;
        }
        uint32_t row = self->ready[self->ready_at++].row;
        if (!tide_table_is_live(self->config.table, row) || *filed_of(self, row) != FILED_READY)
            continue;
        *filed_of(self, row) = 0;
        rows[n++] = row;
    }
    return n;
}

/* ---- the whole ---- */
tide_calendar *tide_calendar_new(const tide_calendar_config *config)
{
    tide_assert(config->span >= 1);
    tide_calendar *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    self->tick = config->span / TICKS_PER_SPAN > 0 ? config->span / TICKS_PER_SPAN : 1;
    self->scanned = INT64_MIN;
    self->ring = tide_calloc(BUCKETS, sizeof *self->ring);
    return self;
}

void tide_calendar_free(tide_calendar **self_p)
{
    tide_calendar *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n_slabs; i++) tide_free(self->slabs[i]);
    tide_free(self->slabs);
    tide_free(self->ring);
    tide_free(self->ready);
    tide_free(self->spare);
    tide_free(self);
}

void tide_calendar_rebuild(tide_calendar *self)
{
    tide_calendar_config config = self->config;
    tide_calendar *fresh = tide_calendar_new(&config);
    tide_calendar was = *self;
    *self = *fresh;
    *fresh = was;
    tide_calendar_free(&fresh);
    uint32_t rows[256], n;
    tide_table_scan scan = { 0 };
    while ((n = tide_table_scan_next(config.table, &scan, rows, 256)) > 0) {
        for (uint32_t i = 0; i < n; i++) *filed_of(self, rows[i]) = 0;
        tide_calendar_file(self, rows, n);
    }
}

size_t tide_calendar_bytes(const tide_calendar *self)
{
    return sizeof *self + BUCKETS * sizeof *self->ring + self->slab_bytes +
           2 * self->cap_ready * sizeof *self->ready;
}
