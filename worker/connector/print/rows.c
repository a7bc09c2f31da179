/* rows.c - an open-addressing index over records that lie in one buffer, in order of arrival. */
#include "worker/connector/print/rows.h"

#define GARBAGE_BYTES_MIN (1u << 20) /* Below this, records taken out stay where they are. */

typedef struct entry {
    uint64_t hash, at, count; /* count 0: taken out again. */
    size_t n;
} entry;

struct tide_rows {
    tide_bytes bytes;
    size_t live_bytes; /* Of records whose count is not 0. */
    entry *entries;
    uint64_t n_entries, cap_entries;
    uint64_t *index;  /* Entry number + 1; 0 free. */
    uint64_t n_index; /* A power of two. */
};

tide_rows *tide_rows_new(void)
{
    tide_rows *self = tide_calloc(1, sizeof *self);
    self->n_index = 1024;
    self->index = tide_calloc(self->n_index, sizeof *self->index);
    return self;
}

void tide_rows_free(tide_rows **self_p)
{
    tide_rows *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    tide_bytes_fini(&self->bytes);
    tide_free(self->entries);
    tide_free(self->index);
    tide_free(self);
}

static uint64_t hash_of(const char *p, size_t n)
{
    uint64_t h = n * 0x9e3779b97f4a7c15ull;
    for (; n > 0; p += 8) {
        uint64_t word = 0;
        size_t m = n < 8 ? n : 8;
        memcpy(&word, p, m);
        h = (h ^ word) * 0xff51afd7ed558ccdull;
        h ^= h >> 32;
        n -= m;
    }
    return h;
}

/* The place in the index of an equal record, else a free one. */
static uint64_t *find(const tide_rows *self, uint64_t hash, const char *p, size_t n)
{
    for (uint64_t i = hash;; i++) {
        uint64_t *place = &self->index[i & (self->n_index - 1)];
        if (*place == 0) return place;
        const entry *e = &self->entries[*place - 1];
        if (e->hash != hash || e->n != n) continue;
        if (n == 0 || memcmp(self->bytes.p + e->at, p, n) == 0) return place;
    }
}

static void rebuild_index(tide_rows *self, uint64_t n_index)
{
    self->n_index = n_index;
    tide_free(self->index);
    self->index = tide_calloc(self->n_index, sizeof *self->index);
    for (uint64_t k = 0; k < self->n_entries; k++) {
        if (self->entries[k].count == 0) continue; /* Its record is never looked for again. */
        uint64_t i = self->entries[k].hash;
        while (self->index[i & (self->n_index - 1)]) i++;
        self->index[i & (self->n_index - 1)] = k + 1;
    }
}

/* Drops the records that were taken out; the others keep their order. */
static void compact(tide_rows *self)
{
    uint64_t n = 0;
    size_t at = 0;
    for (uint64_t k = 0; k < self->n_entries; k++) {
        entry e = self->entries[k];
        if (e.count == 0) continue;
        memmove(self->bytes.p + at, self->bytes.p + e.at, e.n);
        e.at = at;
        at += e.n;
        self->entries[n++] = e;
    }
    self->bytes.n = at;
    self->n_entries = n;
    rebuild_index(self, self->n_index);
}

tide_status tide_rows_add(tide_rows *self, const char *p, size_t n)
{
    bool is_full = self->bytes.n > GARBAGE_BYTES_MIN || self->n_entries > GARBAGE_BYTES_MIN;
    if (is_full && self->live_bytes * 2 < self->bytes.n) compact(self);
    uint64_t hash = hash_of(p, n), *place = find(self, hash, p, n);
    if (*place && self->entries[*place - 1].count) {
        self->entries[*place - 1].count++;
        return TIDE_OK;
    }
    if (self->bytes.n + n > TIDE_ROWS_BYTES_MAX)
        return tide_fail(TIDE_E_BUDGET, "the result to print exceeds %llu bytes; use --changelog",
                         TIDE_ROWS_BYTES_MAX);
    TIDE_GROW(self->entries, self->n_entries, self->cap_entries);
    self->entries[self->n_entries++] =
        (entry){ .hash = hash, .at = self->bytes.n, .count = 1, .n = n };
    tide_bytes_put(&self->bytes, p, n);
    self->live_bytes += n;
    *place = self->n_entries; /* A row that comes back takes its old place in the index. */
    if (self->n_entries * 2 > self->n_index) rebuild_index(self, self->n_index * 2);
    return TIDE_OK;
}

tide_status tide_rows_remove(tide_rows *self, const char *p, size_t n)
{
    uint64_t *place = find(self, hash_of(p, n), p, n);
    if (*place == 0 || self->entries[*place - 1].count == 0)
        return tide_fail(TIDE_E_INTERNAL, "a row is retracted that was not there");
    if (--self->entries[*place - 1].count == 0) self->live_bytes -= n;
    return TIDE_OK;
}

bool tide_rows_next(const tide_rows *self, tide_rows_cursor *cursor, const char **p, size_t *n)
{
    while (cursor->entry < self->n_entries &&
           cursor->repeat >= self->entries[cursor->entry].count) {
        cursor->entry++;
        cursor->repeat = 0;
    }
    if (cursor->entry == self->n_entries) return false;
    const entry *e = &self->entries[cursor->entry];
    cursor->repeat++;
    *p = self->bytes.p + e->at;
    *n = e->n;
    return true;
}
