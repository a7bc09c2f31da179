/* rows.c - pages of a key group and the slots in them. */
#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/table_priv.h"

static uint32_t bits_bytes(uint32_t slots)
{
    uint32_t n = (slots + 63) / 64 * TIDE_ROW_BITS * (uint32_t)sizeof(uint64_t);
    return (n + TIDE_CACHE_LINE - 1) & ~(TIDE_CACHE_LINE - 1u); /* Rows start on a cache line. */
}

uint32_t tide_page_slots(const tide_table *t, uint32_t page_bytes)
{
    uint32_t slots =
        (uint32_t)((uint64_t)page_bytes * 64 / (64ull * t->map.stride + TIDE_ROW_BITS * 8));
    while (slots && bits_bytes(slots) + (uint64_t)slots * t->map.stride > page_bytes) slots--;
    return slots;
}

/* Two pages of each size but the first: a group's newest page is a third of its memory at most. */
static uint32_t page_bytes_of(const tide_table *t, uint32_t nth)
{
    uint32_t bytes = TIDE_PAGE_BYTES_MIN;
    while (bytes < TIDE_PAGE_BYTES_MAX && tide_page_slots(t, bytes) < TIDE_PAGE_ROWS_MIN)
        bytes *= 2;
    for (nth = (nth + 1) / 2; bytes < TIDE_PAGE_BYTES_MAX && nth > 0; nth--) bytes *= 2;
    return bytes;
}

static void reserve_page_numbers(tide_table *t)
{
    if (t->n_pages < t->cap_pages) return;
    t->cap_pages = t->cap_pages ? t->cap_pages * 2 : 16;
    t->map.page = tide_realloc(t->map.page, t->cap_pages * sizeof *t->map.page);
    t->page_info = tide_realloc(t->page_info, t->cap_pages * sizeof *t->page_info);
    if (t->n_pages == 0) { /* Page 0 stands for "no row". */
        t->map.page[0] = NULL;
        t->page_info[0] = (tide_page_info){ 0 };
        t->n_pages = 1;
    }
}

static uint32_t take_page_number(tide_table *t)
{
    uint32_t number = t->free_page;
    if (number == 0) return t->n_pages++;
    t->free_page = t->page_info[number].first;
    return number;
}

/* The next page of a group becomes its open one. */
static bool page_new(tide_table *t, uint32_t group)
{
    tide_group *g = &t->groups[group];
    reserve_page_numbers(t);
    if (!t->free_page && t->n_pages >= UINT32_MAX >> t->map.slot_bits) return false;
    uint32_t bytes = page_bytes_of(t, g->n_pages), slots = tide_page_slots(t, bytes);
    uint8_t *p = tide_state_memory_take(t->memory, bytes, NULL);
    if (p == NULL) return false;
    uint32_t head = bits_bytes(slots), number = take_page_number(t), first = 0;
    memset(p, 0, head);
    if (g->n_pages) {
        const tide_page_info *last = &t->page_info[g->pages[g->n_pages - 1]];
        first = last->first + last->rows;
    }
    t->map.page[number] = p + head;
    t->page_info[number] = (tide_page_info){ .group = group,
                                             .first = first,
                                             .rows = slots,
                                             .bytes = bytes,
                                             .epoch = t->epoch,
                                             .grown = true };
    TIDE_GROW(g->pages, g->n_pages, g->cap_pages);
    g->pages[g->n_pages++] = number;
    g->open = number << t->map.slot_bits;
    g->fill = 0;
    g->cap = slots;
    t->hot_bytes += bytes;
    t->n_words += (slots + 63) / 64;
    return true;
}

uint32_t tide_row_new(tide_table *t, uint32_t group)
{
    tide_group *g = &t->groups[group];
    uint32_t row = g->free_row;
    if (row) {
        memcpy(&g->free_row, tide_table_row(t, row), 4);
    } else {
        if (g->fill == g->cap && !page_new(t, group)) return 0;
        row = g->open + g->fill++;
    }
    if (TIDE_UNLIKELY(t->freezing)) tide_snapshot_freeze_page(t, row >> t->map.slot_bits);
    tide_row_bits b = tide_bits_of(t, row);
    uint64_t bit = tide_bit_of(t, row);
    *b.live |= bit;
    *b.dirty |= bit;
    t->page_info[row >> t->map.slot_bits].grown = true;
    return row;
}

void tide_row_free(tide_table *t, uint32_t group, uint32_t row)
{
    tide_group *g = &t->groups[group];
    tide_row_bits b = tide_bits_of(t, row);
    uint64_t keep = ~tide_bit_of(t, row);
    *b.live &= keep;
    *b.dirty &= keep;
    *b.stored &= keep;
    tide_assert_slow((*b.frozen & ~keep) == 0);
    memcpy(tide_table_row(t, row), &g->free_row, 4);
    g->free_row = row;
}

bool tide_rows_reach(tide_table *t, uint32_t group, uint32_t ordinal)
{
    tide_group *g = &t->groups[group];
    for (;;) {
        if (g->n_pages) {
            const tide_page_info *last = &t->page_info[g->pages[g->n_pages - 1]];
            if (ordinal - last->first < last->rows || ordinal < last->first) return true;
        }
        g->fill = g->cap; /* Slots that were skipped are found again by _collect_free. */
        if (!page_new(t, group)) return false;
    }
}

uint32_t tide_row_at(const tide_table *t, uint32_t group, uint32_t ordinal)
{
    const tide_group *g = &t->groups[group];
    uint32_t low = 0, high = g->n_pages;
    while (low < high) { /* The first page that begins behind the ordinal. */
        uint32_t mid = (low + high) / 2;
        if (t->page_info[g->pages[mid]].first <= ordinal)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0) return 0;
    const tide_page_info *info = &t->page_info[g->pages[low - 1]];
    if (ordinal - info->first >= info->rows) return 0;
    return (g->pages[low - 1] << t->map.slot_bits) + (ordinal - info->first);
}

/* Lists the slots below `end` that are not live, so that the lowest is used first. */
static void list_free(tide_table *t, tide_group *g, uint32_t page, uint32_t end)
{
    uint32_t first = page << t->map.slot_bits;
    while (end-- > 0) {
        uint32_t row = first + end;
        if (tide_row_is_live(t, row)) continue;
        memcpy(tide_table_row(t, row), &g->free_row, 4);
        g->free_row = row;
    }
}

void tide_rows_collect_free(tide_table *t, uint32_t group)
{
    tide_group *g = &t->groups[group];
    g->free_row = 0;
    if (g->n_pages == 0) return;
    uint32_t newest = g->pages[g->n_pages - 1];
    g->open = newest << t->map.slot_bits;
    g->cap = g->fill = t->page_info[newest].rows;
    while (g->fill > 0 && !tide_row_is_live(t, g->open + g->fill - 1)) g->fill--;
    list_free(t, g, newest, g->fill);
    for (uint32_t i = g->n_pages - 1; i-- > 0;)
        list_free(t, g, g->pages[i], t->page_info[g->pages[i]].rows);
}

void tide_rows_give_back(tide_table *t, uint32_t group)
{
    tide_group *g = &t->groups[group];
    for (uint32_t i = 0; i < g->n_pages; i++) {
        uint32_t number = g->pages[i];
        const tide_page_info *info = &t->page_info[number];
        uint8_t *p = t->map.page[number] - bits_bytes(info->rows);
        tide_state_memory_give(t->memory, p, info->bytes);
        t->hot_bytes -= info->bytes;
        t->n_words -= tide_words_of(info);
        t->map.page[number] = NULL;
        t->page_info[number] = (tide_page_info){ .first = t->free_page };
        t->free_page = number;
    }
    tide_free(g->pages);
    g->pages = NULL;
    g->n_pages = g->cap_pages = g->open = g->fill = g->cap = g->free_row = 0;
}
