/* table.c - opening, and the operations on a batch of rows. */
#include "checkpoint/state/table.h"

#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/table_priv.h"

#define BITS_AHEAD 16u

/* ---- rows of a batch ---- */
static tide_status update(tide_table *self, tide_probe_batch *in, uint16_t *fresh,
                          uint32_t *n_fresh)
{
    uint16_t unwanted[TIDE_BATCH_ROWS_MAX];
    tide_assert(in->n <= TIDE_BATCH_ROWS_MAX);
    in->fresh = fresh ? fresh : unwanted;
    uint32_t made = self->probe->update(self, in);
    if (n_fresh) *n_fresh = made == UINT32_MAX ? 0 : made;
    return TIDE_LIKELY(made != UINT32_MAX) ? TIDE_OK : tide_table_over_budget(self);
}

tide_status tide_table_find_or_insert(tide_table *self, const uint8_t *keys, const uint64_t *hash,
                                      uint32_t n, uint32_t *rows, uint16_t *fresh,
                                      uint32_t *n_fresh)
{
    tide_probe_batch in = { .keys = keys, .hash = hash, .n = n, .rows = rows };
    return update(self, &in, fresh, n_fresh);
}

tide_status tide_table_update(tide_table *self, const uint8_t *keys, const uint64_t *hash,
                              uint32_t n, uint32_t *rows, uint8_t **values, uint16_t *fresh,
                              uint32_t *n_fresh)
{
    tide_probe_batch in = { .keys = keys, .hash = hash, .n = n, .rows = rows, .values = values };
    return update(self, &in, fresh, n_fresh);
}

void tide_table_find(const tide_table *self, const uint8_t *keys, const uint64_t *hash, uint32_t n,
                     uint32_t *rows)
{
    tide_probe_batch in = { .keys = keys, .hash = hash, .n = n, .rows = rows };
    self->probe->find(self, &in);
}

void tide_table_touch(tide_table *self, const uint32_t *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        __builtin_prefetch(tide_dirty_of(self, rows[i + BITS_AHEAD < n ? i + BITS_AHEAD : n - 1]),
                           1);
        if (TIDE_UNLIKELY(self->freezing)) tide_snapshot_hold(self, rows[i]);
        *tide_dirty_of(self, rows[i]) |= tide_bit_of(self, rows[i]);
    }
}

static void delete_one(tide_table *self, uint32_t row, uint64_t hash)
{
    tide_row_bits b = tide_bits_of(self, row);
    uint64_t bit = tide_bit_of(self, row);
    tide_assert(*b.live & bit);
    if (self->freezing) tide_snapshot_hold(self, row);
    if (*b.stored & bit) tide_snapshot_bury(self, row);
    tide_index_remove(self, hash, row);
    tide_row_drop_content(self, tide_table_row(self, row));
    tide_row_free(self, tide_group_of(self, hash), row);
    self->n_rows--;
}

/* What deleting a row reads outside of it. */
TIDE_INLINE void prefetch_deleted(const tide_table *self, const uint8_t *row, uint64_t hash)
{
    tide_blob *const *blobs = (tide_blob *const *)(const void *)(row + self->map.blobs_at);
    __builtin_prefetch(tide_home_line(self, hash), 1);
    for (uint32_t i = 0; i < self->n_blobs; i++)
        if (blobs[i]) __builtin_prefetch(blobs[i], 1);
}

void tide_table_delete(tide_table *self, const uint32_t *rows, uint32_t n)
{
    uint64_t hash[TIDE_SCRATCH_ROWS];
    size_t bytes = self->map.key_bytes;
    for (uint32_t done = 0, m; done < n; done += m) {
        m = n - done < TIDE_SCRATCH_ROWS ? n - done : TIDE_SCRATCH_ROWS;
        for (uint32_t i = 0; i < m; i++)
            memcpy(self->scratch + i * bytes, tide_table_row(self, rows[done + i]), bytes);
        tide_key_hash_keys(&self->key, self->scratch, bytes, m, hash);
        for (uint32_t i = 0; i < m; i++)
            prefetch_deleted(self, tide_table_row(self, rows[done + i]), hash[i]);
        for (uint32_t i = 0; i < m; i++) delete_one(self, rows[done + i], hash[i]);
    }
}

uint32_t tide_row_add(tide_table *t, uint32_t group, const uint8_t *key)
{
    uint32_t row = tide_row_new(t, group);
    if (row == 0) return 0;
    uint8_t *at = tide_table_row(t, row);
    memcpy(at, key, t->map.key_bytes);
    memset(at + t->map.key_bytes, 0, t->map.stride - t->map.key_bytes);
    if (t->key.n_strs && !tide_row_own_strings(t, at)) {
        tide_row_free(t, group, row);
        return 0;
    }
    return row;
}

void tide_table_values(const tide_table *self, const uint32_t *rows, uint32_t n, uint8_t **out)
{
    for (uint32_t i = 0; i < n; i++) out[i] = tide_table_value(self, rows[i]);
}

void tide_table_keys(const tide_table *self, const uint32_t *rows, uint32_t n, const uint8_t **out)
{
    for (uint32_t i = 0; i < n; i++) out[i] = tide_table_row(self, rows[i]);
}

bool tide_table_is_live(const tide_table *self, uint32_t row)
{
    uint32_t page = row >> self->map.slot_bits;
    if (page == 0 || page >= self->n_pages) return false;
    if ((row & self->map.slot_mask) >= self->page_info[page].rows) return false;
    return tide_row_is_live(self, row);
}

tide_status tide_table_over_budget(const tide_table *t)
{
    return tide_fail(TIDE_E_BUDGET,
                     "keyed state%s%s, table %s: %zu bytes are in use, the budget is %zu",
                     t->op_name ? " of " : "", t->op_name ? t->op_name : "", t->name,
                     tide_state_memory_bytes(t->memory), tide_state_memory_budget(t->memory));
}

void tide_table_set_owner(tide_table *t, const char *op_name)
{
    t->op_name = op_name;
}

bool tide_table_agrees(const tide_table *t, const tide_table_spec *spec)
{
    if (t->key.n != spec->key->n || t->key.n_route != spec->key->n_route) return false;
    for (uint32_t c = 0; c < t->key.n; c++)
        if (!tide_type_equal(t->key.cols[c].type, spec->key->cols[c].type) ||
            t->key.cols[c].not_null != spec->key->cols[c].not_null)
            return false;
    return t->value_bytes == spec->value_bytes && t->n_blobs == spec->n_blobs &&
           t->n_owned == spec->n_owned;
}

/* ---- all rows ---- */
tide_table_scan tide_table_scan_group(const tide_table *self, uint32_t group)
{
    uint32_t at = group - self->first_group;
    tide_assert(at < self->n_groups);
    return (tide_table_scan){ .group = at, .end = at + 1 };
}

/* Live rows of one page from scan->slot on. */
static uint32_t scan_page(const tide_table *self, uint32_t number, tide_table_scan *scan,
                          uint32_t *rows, uint32_t max)
{
    uint32_t n = 0, first = number << self->map.slot_bits, slots = self->page_info[number].rows;
    while (scan->slot < slots && n < max) {
        uint32_t at = scan->slot;
        uint64_t live = *tide_bits_at(self, number, at >> 6).live & (UINT64_MAX << (at & 63));
        for (; live && n < max; live &= live - 1) {
            uint32_t slot = (at & ~63u) + (uint32_t)__builtin_ctzll(live);
            rows[n++] = first + slot;
            scan->slot = slot + 1;
        }
        if (live == 0) scan->slot = (at & ~63u) + 64;
    }
    return n;
}

uint32_t tide_table_scan_next(const tide_table *self, tide_table_scan *scan, uint32_t *rows,
                              uint32_t max)
{
    uint32_t n = 0, end = scan->end ? scan->end : self->n_groups;
    while (scan->group < end && n < max) {
        const tide_group *g = &self->groups[scan->group];
        if (scan->page >= g->n_pages) {
            scan->group++;
            scan->page = scan->slot = 0;
            continue;
        }
        uint32_t number = g->pages[scan->page];
        n += scan_page(self, number, scan, rows + n, max - n);
        if (scan->slot >= self->page_info[number].rows) {
            scan->page++;
            scan->slot = 0;
        }
    }
    return n;
}

/* ---- opening and closing ---- */
static tide_status check_spec(const tide_table_spec *spec, tide_table_groups groups)
{
    bool power = groups.total && (groups.total & (groups.total - 1)) == 0;
    if (!power || groups.total > TIDE_KEY_GROUPS_MAX || groups.first >= groups.end ||
        groups.end > groups.total)
        return tide_fail(TIDE_E_INVALID, "state table %s: key groups [%u, %u) of %u", spec->name,
                         groups.first, groups.end, groups.total);
    if (spec->value_bytes % 8 || (uint64_t)spec->n_blobs * 8 > spec->value_bytes)
        return tide_fail(TIDE_E_INVALID, "state table %s: a value of %u bytes with %u blobs",
                         spec->name, spec->value_bytes, spec->n_blobs);
    if (spec->value_bytes > TIDE_TABLE_VALUE_BYTES_MAX || spec->n_blobs > TIDE_TABLE_BLOBS_MAX ||
        spec->n_owned > TIDE_TABLE_OWNED_MAX)
        return tide_fail(TIDE_E_LIMIT,
                         "state table %s: a value of %u bytes; at most %u are possible", spec->name,
                         spec->value_bytes, TIDE_TABLE_VALUE_BYTES_MAX);
    return TIDE_OK;
}

/* Near a power of two it becomes one, so that rows do not straddle cache lines. */
static uint32_t stride_of(uint32_t bytes)
{
    return bytes == 24 || bytes == 56 ? bytes + 8 : bytes;
}

static void lay_out(tide_table *t, const tide_table_spec *spec)
{
    t->key = *spec->key;
    t->value_bytes = spec->value_bytes;
    t->n_blobs = spec->n_blobs;
    t->map.key_bytes = t->key.key_bytes;
    t->map.stride = stride_of(t->key.key_bytes + spec->value_bytes);
    t->map.blobs_at = t->key.key_bytes + spec->value_bytes - spec->n_blobs * 8;
    uint32_t slots = tide_page_slots(t, TIDE_PAGE_BYTES_MAX);
    t->map.slot_bits = 6; /* A row's bit in its word is known from its number alone. */
    while (1u << t->map.slot_bits < slots) t->map.slot_bits++;
    t->map.slot_mask = (1u << t->map.slot_bits) - 1;
    t->n_owned = spec->n_owned;
    if (spec->n_owned) {
        t->owned = tide_malloc(spec->n_owned * sizeof *t->owned);
        memcpy(t->owned, spec->owned, spec->n_owned * sizeof *t->owned);
    }
}

tide_status tide_table_open(tide_table **out, const tide_table_spec *spec, tide_table_groups groups,
                            tide_state_memory *memory)
{
    *out = NULL;
    TIDE_TRY(check_spec(spec, groups));
    tide_table *t = tide_calloc(1, sizeof *t);
    lay_out(t, spec);
    t->name = tide_strdup(spec->name);
    t->memory = memory;
    t->range = groups;
    t->first_group = groups.first;
    t->n_groups = groups.end - groups.first;
    t->group_shift = 32u - (uint32_t)__builtin_ctz(groups.total);
    t->groups = tide_malloc_aligned(TIDE_CACHE_LINE, t->n_groups * sizeof *t->groups);
    memset(t->groups, 0, t->n_groups * sizeof *t->groups);
    t->loc = tide_malloc(t->n_groups * sizeof *t->loc);
    for (uint32_t g = 0; g < t->n_groups; g++)
        tide_index_give_back(t, g); /* Points to the empty line. */
    if (t->key.n_strs || t->n_blobs) t->heap = tide_heap_new();
    t->scratch = tide_malloc_aligned(16, TIDE_SCRATCH_ROWS * (size_t)t->map.key_bytes);
    t->probe = tide_probe_pick(NULL);
    *out = t;
    return TIDE_OK;
}

/* Strings, blobs and owned fields need a visit of every row; all else goes back page by page. */
void tide_table_drop_group(tide_table *t, uint32_t group)
{
    uint32_t rows[TIDE_SCRATCH_ROWS], n;
    tide_table_scan scan = { .group = group, .end = group + 1 };
    bool content = t->heap || t->n_owned;
    while (content && (n = tide_table_scan_next(t, &scan, rows, TIDE_SCRATCH_ROWS)) > 0)
        for (uint32_t i = 0; i < n; i++) tide_row_drop_content(t, tide_table_row(t, rows[i]));
    tide_rows_give_back(t, group);
    tide_index_give_back(t, group);
    t->n_rows -= t->groups[group].n;
    t->groups[group].n = 0;
}

static void drop_rows(tide_table *t)
{
    for (uint32_t g = 0; g < t->n_groups; g++) tide_table_drop_group(t, g);
    tide_heap_clear(t);
}

void tide_table_clear(tide_table *self)
{
    tide_snapshot_before_clear(self);
    drop_rows(self);
}

void tide_table_free(tide_table **self_p)
{
    tide_table *t = *self_p;
    if (t == NULL) return;
    *self_p = NULL;
    drop_rows(t);
    tide_snapshot_free(t);
    tide_heap_free(&t->heap, t->memory);
    tide_free(t->groups);
    tide_free(t->loc);
    tide_free(t->map.page);
    tide_free(t->page_info);
    tide_free(t->scratch);
    tide_free(t->owned);
    tide_free(t->name);
    tide_free(t);
}

void tide_table_set_probe(tide_table *t, const tide_probe *probe)
{
    t->probe = probe;
}

uint64_t tide_table_count(const tide_table *self)
{
    return self->n_rows;
}

size_t tide_table_bytes(const tide_table *self)
{
    return self->hot_bytes + self->heap_bytes;
}

const char *tide_table_name(const tide_table *self)
{
    return self->name;
}

const tide_key_spec *tide_table_key_spec(const tide_table *self)
{
    return &self->key;
}
