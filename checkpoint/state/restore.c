/* restore.c - pieces back into rows, then rows into indexes. */
#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/piece.h"

typedef struct restore {
    tide_table *table;
    uint32_t group; /* Relative. */
    tide_status status;
} restore;

/* ---- one row ---- */
/* Copies long strings into the heap. False: over budget; the key then has no long string. */
static bool load_strings(tide_table *t, uint8_t *row, const uint8_t **from)
{
    for (uint32_t c = 0; t->key.n_strs && c < t->key.n; c++) {
        if (!tide_type_is_string(t->key.cols[c].type)) continue;
        tide_key_str *s = (tide_key_str *)(void *)(row + t->key.at[c]);
        if (s->len <= TIDE_VIEW_INLINE_MAX) continue;
        s->ptr = (const char *)*from;
        *from += s->len;
    }
    if (t->key.n_strs == 0 || tide_row_own_strings(t, row)) return true;
    for (uint32_t c = 0; c < t->key.n; c++)
        if (tide_type_is_string(t->key.cols[c].type)) memset(row + t->key.at[c], 0, 16);
    return false;
}

static tide_status load_content(tide_table *t, uint32_t row, const uint8_t *from)
{
    uint8_t *at = tide_table_row(t, row);
    memset(at + t->map.blobs_at, 0, t->n_blobs * (size_t)8); /* Dropping it is safe from here on. */
    for (uint32_t i = 0; i < t->n_owned; i++)
        memset(at + t->map.key_bytes + t->owned[i].offset, 0, t->owned[i].bytes);
    if (!load_strings(t, at, &from)) return tide_table_over_budget(t);
    for (uint32_t i = 0; i < t->n_blobs; i++) {
        uint32_t n = tide_piece_length(&from);
        TIDE_TRY(tide_table_blob_set(t, row, i, from, n));
        from += n;
    }
    for (uint32_t i = 0; i < t->n_owned; i++) {
        uint32_t n = tide_piece_length(&from);
        const tide_table_owned *o = &t->owned[i];
        if (!o->load(o->ctx, at + t->map.key_bytes + o->offset, from, n))
            return tide_fail(TIDE_E_CORRUPT, "a value in state table %s makes no sense", t->name);
        from += n;
    }
    return TIDE_OK;
}

/* What lies behind the saved bytes of a row: padding is zero, as in a new row. */
static void load_fixed(tide_table *t, uint32_t row, const uint8_t *fixed)
{
    uint8_t *at = tide_table_row(t, row);
    uint32_t n = t->map.key_bytes + t->value_bytes;
    memcpy(at, fixed, n);
    memset(at + n, 0, t->map.stride - n);
}

static bool place_row(void *ctx, const tide_piece_entry *e)
{
    restore *r = ctx;
    tide_table *t = r->table;
    if (!tide_rows_reach(t, r->group, e->ordinal)) {
        r->status = tide_table_over_budget(t);
        return false;
    }
    uint32_t row = tide_row_at(t, r->group, e->ordinal);
    tide_row_bits b = tide_bits_of(t, row);
    uint64_t bit = tide_bit_of(t, row);
    if (*b.live & bit) tide_row_drop_content(t, tide_table_row(t, row));
    *b.live |= bit;
    *b.stored |= bit;
    load_fixed(t, row, e->fixed);
    r->status = load_content(t, row, e->variable);
    return r->status == TIDE_OK;
}

/* Does the tombstone name the key that lies there? (It may be of a row that was never stored.) */
static bool same_key(const tide_table *t, const uint8_t *row, const tide_piece_entry *e)
{
    uint64_t key[(TIDE_KEY_COLS_MAX * 24 + 8) / 8]; /* Aligned, unlike the entry. */
    memcpy(key, e->fixed, t->map.key_bytes);
    const uint8_t *from = e->variable;
    for (uint32_t c = 0; t->key.n_strs && c < t->key.n; c++) {
        if (!tide_type_is_string(t->key.cols[c].type)) continue;
        tide_key_str *s = (tide_key_str *)(void *)((uint8_t *)key + t->key.at[c]);
        if (s->len <= TIDE_VIEW_INLINE_MAX) continue;
        s->ptr = (const char *)from;
        from += s->len;
    }
    return tide_key_equal(&t->key, row, (const uint8_t *)key);
}

static bool remove_row(void *ctx, const tide_piece_entry *e)
{
    restore *r = ctx;
    tide_table *t = r->table;
    uint32_t row = tide_row_at(t, r->group, e->ordinal);
    if (row == 0) return true;
    tide_row_bits b = tide_bits_of(t, row);
    uint64_t bit = tide_bit_of(t, row);
    if (!(*b.live & bit) || !same_key(t, tide_table_row(t, row), e)) return true;
    tide_row_drop_content(t, tide_table_row(t, row));
    *b.live &= ~bit;
    *b.stored &= ~bit;
    return true;
}

/* ---- pieces ---- */
static tide_status check_place(const tide_table *t, const tide_piece_head *head,
                               const tide_piece_history *history)
{
    uint32_t at = head->group - t->first_group;
    if (at >= t->n_groups)
        return tide_fail(TIDE_E_MISMATCH, "state table %s does not hold key group %u", t->name,
                         head->group);
    if (head->kind == TIDE_PIECE_BASE && t->groups[at].n_pages)
        return tide_fail(TIDE_E_MISMATCH, "key group %u of state table %s is there already",
                         head->group, t->name);
    if (head->kind == TIDE_PIECE_DELTA && (!history->has_base || history->last_id != head->parent))
        return tide_fail(TIDE_E_MISMATCH,
                         "a delta of key group %u of state table %s does not "
                         "continue what is there",
                         head->group, t->name);
    return TIDE_OK;
}

tide_status tide_table_restore(tide_table *self, const uint8_t *piece, size_t n)
{
    tide_piece_head head;
    TIDE_TRY(tide_piece_check(self, piece, n, &head));
    uint32_t at = head.group - self->first_group;
    tide_piece_history none = { 0 };
    tide_piece_history *history = at < self->n_groups ? tide_snapshot_history(self, at) : &none;
    TIDE_TRY(check_place(self, &head, history));
    restore r = { .table = self, .group = at };
    (void)tide_piece_each(self, piece, &head, TIDE_SECTION_TOMBSTONES, remove_row, &r);
    if (!tide_piece_each(self, piece, &head, TIDE_SECTION_ROWS, place_row, &r)) return r.status;
    if (head.kind == TIDE_PIECE_BASE) {
        *history = (tide_piece_history){ .has_base = true, .base_bytes = n };
    } else {
        history->delta_bytes += n;
    }
    history->last_id = head.id;
    return TIDE_OK;
}

/* ---- indexes ---- */
static uint32_t count_live(const tide_table *t, uint32_t group)
{
    const tide_group *g = &t->groups[group];
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_pages; i++) {
        uint32_t words = tide_words_of(&t->page_info[g->pages[i]]);
        for (uint32_t w = 0; w < words; w++)
            n += (uint32_t)__builtin_popcountll(*tide_bits_at(t, g->pages[i], w).live);
    }
    return n;
}

static tide_status index_rows(tide_table *t, uint32_t group, const uint32_t *rows, uint32_t n)
{
    uint64_t hash[TIDE_SCRATCH_ROWS];
    size_t bytes = t->map.key_bytes;
    for (uint32_t i = 0; i < n; i++)
        memcpy(t->scratch + i * bytes, tide_table_row(t, rows[i]), bytes);
    tide_key_hash_keys(&t->key, t->scratch, bytes, n, hash);
    for (uint32_t i = 0; i < n; i++) {
        if (tide_group_of(t, hash[i]) != group)
            return tide_fail(TIDE_E_CORRUPT, "a key in state table %s is in the wrong key group",
                             t->name);
        __builtin_prefetch(tide_home_line(t, hash[i]), 1);
    }
    for (uint32_t i = 0; i < n; i++)
        if (!tide_index_put_new(t, group, hash[i], rows[i]))
            return tide_fail(TIDE_E_CORRUPT, "a key is twice in state table %s", t->name);
    return TIDE_OK;
}

static tide_status index_group(tide_table *t, uint32_t group)
{
    uint32_t rows[TIDE_SCRATCH_ROWS], n, live = count_live(t, group);
    t->n_rows -= t->groups[group].n;
    t->groups[group].n = 0;
    if (live && !tide_index_make(t, group, live + 1)) return tide_table_over_budget(t);
    if (live == 0) tide_index_give_back(t, group);
    tide_table_scan scan = { .group = group, .end = group + 1 };
    while ((n = tide_table_scan_next(t, &scan, rows, TIDE_SCRATCH_ROWS)) > 0)
        TIDE_TRY(index_rows(t, group, rows, n));
    t->n_rows += live;
    tide_rows_collect_free(t, group);
    return TIDE_OK;
}

tide_status tide_table_restore_end(tide_table *self)
{
    for (uint32_t g = 0; g < self->n_groups; g++)
        if (self->groups[g].n_pages) TIDE_TRY(index_group(self, g));
    return TIDE_OK;
}

tide_status tide_table_group_in(tide_table *self, const uint8_t *piece, size_t n)
{
    tide_piece_head head;
    TIDE_TRY(tide_table_restore(self, piece, n));
    TIDE_TRY(tide_piece_check(self, piece, n, &head));
    return index_group(self, head.group - self->first_group);
}
