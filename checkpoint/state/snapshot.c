/* snapshot.c - freezing rows at a barrier, and writing them out while they go on changing.
 *
 * The barrier itself only counts: a page is frozen (its dirty rows become frozen ones) when it is
 * first written to after the barrier, or when the sweep comes to it. So a barrier takes
 * microseconds however large the table is.
 *
 * A key group's piece is written in one go of (several calls of) the sweep: tombstones, then the
 * rows that are still frozen page by page, then those that were copied aside. So pieces come one
 * after another, and only rows copied aside before their group's turn take memory. */
#include "checkpoint/state/snapshot.h"

#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/aside.h"
#include "checkpoint/state/piece.h"

#define NOT_PENDING UINT32_MAX
#define PAGE_IN_ROWS 8u   /* Looking at a page costs the sweep as much as writing so many rows. */
#define PAGE_LINES 4u     /* Of a page's bits, the nearest to its rows. */
#define FETCH_ROWS 64u    /* Of a page, at most (and a word's). */
#define REBASE_SHARE 8u   /* At most this part of the groups is written anew for its deltas. */
#define FREEZE_IN_ROWS 2u /* Freezing a page, which the first batches behind a barrier do ... */
#define SWEEP_SHARE 4u    /* ... in place of most of the sweep, but for this part. */
#define ASIDE_SHARE 4u    /* Memory for copied rows, kept between snapshots: at most this part. */
#define GRAVES_BYTES_MIN 4096u /* Tombstones below it are never more than a base. */

/* What a group gives to the open snapshot. */
typedef enum share { SHARE_NONE, SHARE_DELTA, SHARE_BASE } share;

typedef struct group_snapshot {
    tide_piece_history history;
    tide_aside aside; /* Of the open snapshot. */
    /* Tombstones of the open snapshot: written out (kept in case it fails), and not yet. */
    tide_aside written_graves, open_graves;
    tide_aside graves; /* Tombstones since its barrier. */
    share share;
    bool base_due; /* Deltas cannot tell what happened: the next piece is a base. */
    bool was_due;  /* At the open snapshot's barrier. */
    bool written;
    uint64_t piece_id, piece_bytes; /* Once written. */
} group_snapshot;

typedef enum stage { STAGE_BEGIN, STAGE_GRAVES, STAGE_PAGES, STAGE_ASIDE, STAGE_END } stage;

struct tide_snapshot {
    group_snapshot *groups;
    tide_aside_pool pool;
    uint32_t next_rebase; /* Groups take turns in being written anew. */
    /* Which rows were dirty at the barrier, should the snapshot not be kept: per page the place
     * of its words, or NOT_PENDING. */
    uint32_t *pending_at;
    uint64_t *pending;
    uint32_t n_pages, cap_pages;
    size_t n_words, cap_words;
    /* The sweep: */
    uint32_t group, page, word;
    uint32_t n_frozen; /* Pages, since its last call. */
    stage stage;
    bool begun; /* The group's piece has its head. */
    tide_piece_writer writer;
};

/* ---- rows that change ---- */
static void copy_aside(tide_table *t, uint32_t row)
{
    const uint8_t *bytes = tide_table_row(t, row);
    tide_aside *aside = &t->snap->groups[tide_page_of(t, row)->group].aside;
    bool plain = t->heap == NULL && t->n_owned == 0;
    size_t n = plain ? t->map.key_bytes + t->value_bytes : tide_row_saved_bytes(t, bytes, false);
    uint8_t *to = tide_aside_add(aside, &t->snap->pool, tide_ordinal_of(t, row), n);
    if (plain)
        memcpy(to, bytes, n);
    else
        (void)tide_row_save(t, bytes, false, to);
    *tide_bits_of(t, row).frozen &= ~tide_bit_of(t, row);
}

/* Rows that were stored and those that live differ only where rows were made since the last time.
 */
static void freeze_stored(const tide_table *t, uint32_t page, uint32_t words, tide_row_bits b)
{
    tide_page_info *info = &t->page_info[page];
    if (!info->grown) return;
    info->grown = t->groups[info->group].open >> t->map.slot_bits == page; /* It may still. */
    memcpy(b.stored, b.live, words * sizeof *b.live);
}

void tide_snapshot_freeze_page(tide_table *t, uint32_t page)
{
    tide_snapshot *s = t->snap;
    tide_page_info *info = &t->page_info[page];
    if (info->epoch == t->epoch) return;
    info->epoch = t->epoch;
    s->n_frozen++;
    uint32_t words = tide_words_of(info);
    tide_row_bits b = tide_bits_at(t, page, words - 1); /* Words lie in descending order. */
    const uint64_t *frozen = s->groups[info->group].share == SHARE_BASE ? b.live : b.dirty;
    tide_assert(page < s->n_pages && s->n_words + words <= s->cap_words);
    s->pending_at[page] = (uint32_t)s->n_words;
    uint64_t *pending = s->pending + s->n_words;
    s->n_words += words;
    for (uint32_t w = 0; w < words; w++) { /* A dozen at most: calls would cost more. */
        pending[w] = b.dirty[w];
        b.frozen[w] = frozen[w];
        b.dirty[w] = 0;
    }
    freeze_stored(t, page, words, b);
}

void tide_snapshot_hold(tide_table *t, uint32_t row)
{
    tide_snapshot_freeze_page(t, row >> t->map.slot_bits);
    if (*tide_bits_of(t, row).frozen & tide_bit_of(t, row)) copy_aside(t, row);
}

void tide_snapshot_bury(tide_table *t, uint32_t row)
{
    group_snapshot *g = &t->snap->groups[tide_page_of(t, row)->group];
    if (g->base_due) return;
    if (g->graves.bytes > GRAVES_BYTES_MIN && g->graves.bytes > g->history.base_bytes) {
        g->base_due = true; /* Without barriers tombstones would pile up for ever. */
        tide_aside_fini(&g->graves, &t->snap->pool);
        return;
    }
    const uint8_t *bytes = tide_table_row(t, row);
    size_t n = tide_row_saved_bytes(t, bytes, true);
    uint8_t *to = tide_aside_add(&g->graves, &t->snap->pool, tide_ordinal_of(t, row), n);
    (void)tide_row_save(t, bytes, true, to);
}

void tide_snapshot_before_clear(tide_table *t)
{
    uint32_t rows[TIDE_SCRATCH_ROWS], n;
    tide_table_scan scan = { 0 };
    if (t->snap == NULL) return;
    while (t->freezing && (n = tide_table_scan_next(t, &scan, rows, TIDE_SCRATCH_ROWS)) > 0)
        for (uint32_t i = 0; i < n; i++) tide_snapshot_hold(t, rows[i]);
    for (uint32_t g = 0; g < t->n_groups; g++) {
        t->snap->groups[g].base_due = true;
        tide_aside_fini(&t->snap->groups[g].graves, &t->snap->pool);
    }
    t->snap->n_pages = 0; /* Nothing is pending any more, and no page is left to sweep. */
    t->snap->page = t->snap->word = 0;
}

/* ---- the barrier ---- */
static tide_snapshot *snapshot_of(tide_table *t)
{
    if (t->snap == NULL) {
        t->snap = tide_calloc(1, sizeof *t->snap);
        t->snap->groups = tide_calloc(t->n_groups, sizeof *t->snap->groups);
    }
    return t->snap;
}

tide_piece_history *tide_snapshot_history(tide_table *t, uint32_t group)
{
    return &snapshot_of(t)->groups[group].history;
}

static void choose_shares(tide_table *t, tide_snapshot_kind kind)
{
    tide_snapshot *s = t->snap;
    uint32_t rebases = t->n_groups / REBASE_SHARE + 1, start = s->next_rebase;
    for (uint32_t i = 0; i < t->n_groups; i++) {
        uint32_t at = (start + i) % t->n_groups;
        group_snapshot *g = &s->groups[at];
        bool empty = t->groups[at].n == 0 && !g->history.has_base;
        bool grown = g->history.delta_bytes >= g->history.base_bytes && g->history.delta_bytes;
        g->written = false;
        g->share = SHARE_DELTA; /* Or none: the pages will tell. */
        if (kind == TIDE_SNAPSHOT_FULL || g->base_due || !g->history.has_base) {
            g->share = empty ? SHARE_NONE : SHARE_BASE;
        } else if (grown && rebases > 0) {
            g->share = SHARE_BASE;
            if (--rebases == 0) s->next_rebase = at + 1;
        }
    }
}

static void reserve_pending(tide_table *t)
{
    tide_snapshot *s = t->snap;
    if (s->cap_words < t->n_words) {
        tide_free(s->pending);
        s->cap_words = t->n_words + t->n_words / 4;
        s->pending = tide_malloc(s->cap_words * sizeof *s->pending);
    }
    if (s->cap_pages < t->n_pages) {
        tide_free(s->pending_at);
        s->cap_pages = t->n_pages + t->n_pages / 4;
        s->pending_at = tide_malloc(s->cap_pages * sizeof *s->pending_at);
    }
    s->n_words = 0;
    s->n_pages = t->n_pages;
    for (uint32_t p = 0; p < s->n_pages; p++) s->pending_at[p] = NOT_PENDING;
}

void tide_table_barrier(tide_table *self, tide_snapshot_kind kind)
{
    tide_snapshot *s = snapshot_of(self);
    tide_assert(!self->freezing);
    choose_shares(self, kind);
    reserve_pending(self);
    for (uint32_t i = 0; i < self->n_groups; i++) {
        group_snapshot *g = &s->groups[i];
        g->open_graves = g->graves;
        g->graves = (tide_aside){ 0 };
        g->was_due = g->base_due;
        if (g->share == SHARE_BASE) g->base_due = false;
    }
    tide_aside_pool_barrier(&s->pool);
    self->epoch++;
    self->freezing = true;
    s->group = s->page = s->word = s->n_frozen = 0;
    s->stage = STAGE_BEGIN;
}

bool tide_table_snapshot_open(const tide_table *self)
{
    return self->freezing;
}

/* ---- the sweep ---- */
/* The head of the piece, before its first entry: a group that has none gives no delta. */
static tide_status begin(tide_table *t)
{
    tide_snapshot *s = t->snap;
    const group_snapshot *g = &s->groups[s->group];
    if (s->begun) return TIDE_OK;
    s->begun = true;
    if (g->share == SHARE_BASE)
        return tide_piece_begin(&s->writer, t, s->group, TIDE_PIECE_BASE, 0);
    return tide_piece_begin(&s->writer, t, s->group, TIDE_PIECE_DELTA, g->history.last_id);
}

/* Some of what waited; it goes to `keep` then, or to nowhere. *n_out: its entries. */
static tide_status write_aside(tide_table *t, tide_aside *from, tide_section_kind section,
                               tide_aside *keep, uint32_t *n_out)
{
    tide_aside taken;
    tide_aside_pool *pool = &t->snap->pool;
    const tide_aside_entry *e = tide_aside_take(from, pool, &taken, n_out);
    tide_status rv = *n_out ? begin(t) : TIDE_OK;
    for (uint32_t i = 0; i < *n_out && rv == TIDE_OK; i++)
        rv = tide_piece_put_saved(&t->snap->writer, section, e[i].ordinal, e[i].saved, e[i].n);
    if (keep)
        tide_aside_join(keep, &taken);
    else
        tide_aside_fini(&taken, pool);
    return rv;
}

/* The rows of one word that `which` selects. */
static tide_status write_word(tide_piece_writer *w, uint32_t page, uint32_t word, uint64_t which)
{
    const tide_table *t = w->table;
    const uint8_t *rows = t->map.page[page] + (size_t)word * 64 * t->map.stride;
    uint32_t first = t->page_info[page].first + word * 64;
    for (; which; which &= which - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(which);
        TIDE_TRY(tide_piece_put_row(w, first + i, rows + (size_t)i * t->map.stride));
    }
    return TIDE_OK;
}

static uint32_t less(uint32_t room, uint32_t n)
{
    return room > n ? room - n : 0;
}

/* Rows that changed are strewn over memory: they are fetched a page ahead. Where they lie close the
 * processor does it by itself. */
static void fetch_page(tide_table *t, const tide_group *g, uint32_t nth)
{
    if (nth + 1 < g->n_pages) {
        const uint8_t *end = t->map.page[g->pages[nth + 1]];
        for (uint32_t line = 1; line <= PAGE_LINES; line++)
            __builtin_prefetch(end - line * TIDE_CACHE_LINE, 1);
    }
    if (nth >= g->n_pages) return;
    uint32_t page = g->pages[nth], words = tide_words_of(&t->page_info[page]), n = 0;
    tide_snapshot_freeze_page(t, page);
    for (uint32_t w = 0; w < words && n < FETCH_ROWS; w++) {
        const uint8_t *rows = t->map.page[page] + (size_t)w * 64 * t->map.stride;
        for (uint64_t frozen = *tide_bits_at(t, page, w).frozen; frozen; frozen &= frozen - 1) {
            const uint8_t *row = rows + (size_t)__builtin_ctzll(frozen) * t->map.stride;
            __builtin_prefetch(row);
            __builtin_prefetch(row + t->map.stride - 1);
            n++;
        }
    }
}

/* Rows still frozen, up to *room of them; moves on to the next stage behind the last page. */
static tide_status write_pages(tide_table *t, uint32_t *room)
{
    tide_snapshot *s = t->snap;
    const tide_group *g = &t->groups[s->group];
    while (s->page < g->n_pages && *room) {
        uint32_t page = g->pages[s->page];
        tide_snapshot_freeze_page(t, page);
        if (s->word == 0) fetch_page(t, g, s->page + 1);
        uint64_t *word = tide_bits_at(t, page, s->word).frozen, frozen = *word;
        if (frozen) {
            TIDE_TRY(begin(t));
            *word = 0;
            TIDE_TRY(write_word(&s->writer, page, s->word, frozen));
            *room = less(*room, (uint32_t)__builtin_popcountll(frozen));
        }
        if (++s->word < tide_words_of(&t->page_info[page])) continue;
        s->word = 0;
        s->page++;
        *room = less(*room, PAGE_IN_ROWS);
    }
    if (s->page >= g->n_pages) s->stage = STAGE_ASIDE;
    return TIDE_OK;
}

static tide_status end_group(tide_table *t)
{
    tide_snapshot *s = t->snap;
    group_snapshot *g = &s->groups[s->group];
    if (s->begun) {
        TIDE_TRY(tide_piece_end(&s->writer));
        g->written = true;
        g->piece_id = s->writer.chain;
        g->piece_bytes = s->writer.bytes;
    } else {
        g->share = SHARE_NONE;
    }
    s->stage = STAGE_BEGIN;
    s->group++;
    return TIDE_OK;
}

/* One step of the group whose turn it is. */
static tide_status sweep_group(tide_table *t, uint32_t *room)
{
    tide_snapshot *s = t->snap;
    group_snapshot *g = &s->groups[s->group];
    uint32_t n = 0;
    switch (s->stage) {
    case STAGE_BEGIN:
        s->begun = false;
        s->page = s->word = 0;
        s->stage = STAGE_GRAVES;
        if (g->share != SHARE_BASE) break;
        s->stage = STAGE_PAGES; /* A base has nothing to delete, and may be empty. */
        return begin(t);
    case STAGE_GRAVES:
        TIDE_TRY(write_aside(t, &g->open_graves, TIDE_SECTION_TOMBSTONES, &g->written_graves, &n));
        if (g->open_graves.first == NULL) s->stage = STAGE_PAGES;
        break;
    case STAGE_PAGES: return write_pages(t, room);
    case STAGE_ASIDE:
        TIDE_TRY(write_aside(t, &g->aside, TIDE_SECTION_ROWS, NULL, &n));
        if (g->aside.first == NULL) s->stage = STAGE_END;
        break;
    case STAGE_END: return end_group(t);
    }
    *room = less(*room, n);
    return TIDE_OK;
}

tide_status tide_table_sweep(tide_table *self, const tide_piece_sink *sink, uint32_t rows_max,
                             bool *done_out)
{
    tide_snapshot *s = self->snap;
    uint32_t room = less(rows_max, s->n_frozen * FREEZE_IN_ROWS);
    if (room <= rows_max / SWEEP_SHARE) room = rows_max / SWEEP_SHARE + 1;
    *done_out = false;
    tide_assert(self->freezing);
    s->writer.sink = sink;
    tide_aside_pool_trim(&s->pool, tide_table_bytes(self) / ASIDE_SHARE);
    while (s->group < self->n_groups && room) {
        if (s->groups[s->group].share == SHARE_NONE) {
            s->group++;
            continue;
        }
        TIDE_TRY(sweep_group(self, &room));
    }
    s->n_frozen = 0;
    *done_out = s->group == self->n_groups;
    return TIDE_OK;
}

/* ---- afterwards ---- */
static void keep_piece(tide_table *t, group_snapshot *g)
{
    tide_aside_fini(&g->open_graves, &t->snap->pool);
    tide_aside_fini(&g->written_graves, &t->snap->pool);
    if (g->share == SHARE_NONE) return;
    tide_assert(g->written);
    if (g->share == SHARE_BASE) {
        g->history.has_base = true;
        g->history.base_bytes = g->piece_bytes;
        g->history.delta_bytes = 0;
    } else {
        g->history.delta_bytes += g->piece_bytes;
    }
    g->history.last_id = g->piece_id;
}

/* What the snapshot held is part of the next one. */
static void take_back(tide_table *t, group_snapshot *g)
{
    g->base_due |= g->was_due;
    tide_aside_join(&g->written_graves, &g->open_graves);
    tide_aside_join(&g->written_graves, &g->graves);
    tide_aside_join(&g->graves, &g->written_graves);
    tide_aside_fini(&g->aside, &t->snap->pool);
    if (g->base_due) tide_aside_fini(&g->graves, &t->snap->pool);
}

static void thaw(tide_table *t)
{
    tide_snapshot *s = t->snap;
    for (uint32_t p = 1; p < s->n_pages; p++) {
        if (s->pending_at[p] == NOT_PENDING) continue;
        uint32_t words = tide_words_of(&t->page_info[p]);
        tide_row_bits b = tide_bits_at(t, p, words - 1);
        for (uint32_t w = 0; w < words; w++) {
            b.dirty[w] |= s->pending[s->pending_at[p] + w] & b.live[w];
            b.frozen[w] = 0;
        }
    }
}

void tide_table_settle(tide_table *self, bool kept)
{
    tide_snapshot *s = self->snap;
    tide_assert(self->freezing);
    tide_assert(!kept || s->group == self->n_groups);
    if (!kept) thaw(self);
    for (uint32_t i = 0; i < self->n_groups; i++) {
        if (kept)
            keep_piece(self, &s->groups[i]);
        else
            take_back(self, &s->groups[i]);
        s->groups[i].share = SHARE_NONE;
    }
    self->freezing = false;
}

void tide_snapshot_free(tide_table *t)
{
    tide_snapshot *s = t->snap;
    if (s == NULL) return;
    for (uint32_t i = 0; i < t->n_groups; i++) {
        tide_aside_fini(&s->groups[i].aside, &t->snap->pool);
        tide_aside_fini(&s->groups[i].open_graves, &t->snap->pool);
        tide_aside_fini(&s->groups[i].written_graves, &t->snap->pool);
        tide_aside_fini(&s->groups[i].graves, &t->snap->pool);
    }
    tide_aside_pool_fini(&s->pool);
    tide_piece_writer_fini(&s->writer);
    tide_free(s->groups);
    tide_free(s->pending);
    tide_free(s->pending_at);
    tide_free(s);
    t->snap = NULL;
}

/* ---- one group, whole ---- */
tide_status tide_table_write_group(const tide_table *t, uint32_t group, const tide_piece_sink *sink)
{
    tide_piece_writer w = { .sink = sink };
    const tide_group *g = &t->groups[group];
    tide_status rv = tide_piece_begin(&w, t, group, TIDE_PIECE_BASE, 0);
    for (uint32_t i = 0; i < g->n_pages; i++) {
        uint32_t page = g->pages[i];
        for (uint32_t word = 0; word < tide_words_of(&t->page_info[page]) && rv == TIDE_OK; word++)
            rv = write_word(&w, page, word, *tide_bits_at(t, page, word).live);
    }
    if (rv == TIDE_OK) rv = tide_piece_end(&w);
    tide_piece_writer_fini(&w);
    return rv;
}

tide_status tide_table_group_out(tide_table *self, uint32_t group, const tide_piece_sink *sink)
{
    uint32_t at = group - self->first_group;
    tide_assert(at < self->n_groups && !tide_table_snapshot_open(self));
    TIDE_TRY(tide_table_write_group(self, at, sink));
    tide_table_drop_group(self, at);
    if (self->snap == NULL) return TIDE_OK;
    group_snapshot *g = &self->snap->groups[at];
    tide_aside_fini(&g->graves, &self->snap->pool);
    *g = (group_snapshot){ 0 };
    return TIDE_OK;
}
