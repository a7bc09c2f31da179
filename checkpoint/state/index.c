/* index.c - the lines of a key group: growing, placing, removing. Finding is in probe_impl.inc. */
#include <string.h>

#include "checkpoint/state/table_priv.h"

/* Where the locator of an empty group points. Never written: a group gets lines of its own
 * first. */
static const tide_line no_lines;

/* Another threshold in every group, 0.55 to 0.79 of the entries, or all would double in the same
 * batches. */
static uint32_t limit_of(uint32_t group, uint32_t lines)
{
    return (uint32_t)((uint64_t)lines * TIDE_LINE_ENTRIES * (140 + (group * 37 & 63)) / 256);
}

static void publish(tide_table *t, uint32_t group)
{
    const tide_group *g = &t->groups[group];
    t->index_version++;
    t->loc[group] =
        g->lines ? (uint64_t)(uintptr_t)g->lines | g->shift : (uint64_t)(uintptr_t)&no_lines | 32;
}

static tide_line *take_lines(tide_table *t, uint32_t lines)
{
    size_t bytes = lines * sizeof(tide_line);
    bool zeroed;
    tide_line *p = tide_state_memory_take(t->memory, bytes, &zeroed);
    if (p == NULL) return NULL;
    if (!zeroed) memset(p, 0, bytes);
    t->hot_bytes += bytes;
    return p;
}

static void give_lines(tide_table *t, tide_line *lines, uint32_t n)
{
    if (lines == NULL) return;
    size_t bytes = n * sizeof *lines;
    t->hot_bytes -= bytes;
    tide_state_memory_give(t->memory, lines, bytes);
}

static void set_lines(tide_table *t, uint32_t group, tide_line *lines, uint32_t n)
{
    tide_group *g = &t->groups[group];
    g->lines = lines;
    g->line_mask = n - 1;
    g->shift = 32u - (uint32_t)__builtin_ctz(n);
    g->limit = limit_of(group, n);
    publish(t, group);
}

static uint32_t used_of(const tide_line *line)
{
    uint32_t n = 0;
    while (n < TIDE_LINE_ENTRIES && line->tag[n]) n++;
    return n;
}

static void put_at(tide_line *line, uint32_t i, uint32_t tag, uint32_t row)
{
    line->tag[i] = tag;
    line->row[i] = row;
}

void tide_index_put(tide_group *g, uint32_t tag, uint32_t row)
{
    uint32_t at = (uint32_t)((uint64_t)tag >> g->shift);
    while (g->lines[at].tag[TIDE_LINE_ENTRIES - 1]) at = (at + 1) & g->line_mask; /* Full. */
    put_at(&g->lines[at], used_of(&g->lines[at]), tag, row);
}

/* The row of an entry with the same tag and key; 0 when there is none. */
static uint32_t find_equal(const tide_table *t, const tide_group *g, uint32_t tag,
                           const uint8_t *key)
{
    uint32_t at = (uint32_t)((uint64_t)tag >> g->shift);
    for (;; at = (at + 1) & g->line_mask) {
        const tide_line *line = &g->lines[at];
        for (uint32_t i = 0; i < TIDE_LINE_ENTRIES; i++) {
            if (line->tag[i] == 0) return 0;
            if (line->tag[i] != tag) continue;
            if (tide_key_equal(&t->key, tide_table_row(t, line->row[i]), key)) return line->row[i];
        }
    }
}

bool tide_index_put_new(tide_table *t, uint32_t group, uint64_t hash, uint32_t row)
{
    tide_group *g = &t->groups[group];
    uint32_t tag = tide_tag_of(hash);
    if (find_equal(t, g, tag, tide_table_row(t, row))) return false;
    tide_index_put(g, tag, row);
    g->n++;
    return true;
}

/* The entries of line `at` go to lines 2 at and 2 at + 1 of an index twice as large. How full these
 * two are is kept in two bytes of one word, so that nothing is guessed. What does not belong there,
 * because it had not found room at home, or finds no room now, goes the long way. */
static void split_line(tide_group *g, const tide_line *line, uint32_t at)
{
    tide_line *pair = g->lines + (size_t)at * 2;
    uint32_t used = used_of(pair) | used_of(pair + 1) << 8;
    for (uint32_t i = 0; i < TIDE_LINE_ENTRIES && line->tag[i]; i++) {
        uint32_t half = (uint32_t)((uint64_t)line->tag[i] >> g->shift) - at * 2;
        uint32_t slot = half <= 1 ? used >> (half * 8) & 255 : TIDE_LINE_ENTRIES;
        if (TIDE_LIKELY(slot < TIDE_LINE_ENTRIES)) {
            put_at(pair + half, slot, line->tag[i], line->row[i]);
            used += 1u << (half * 8);
            continue;
        }
        tide_index_put(g, line->tag[i], line->row[i]);
        used = used_of(pair) | used_of(pair + 1) << 8;
    }
}

bool tide_index_grow(tide_table *t, uint32_t group)
{
    tide_group *g = &t->groups[group];
    tide_line *old = g->lines;
    uint32_t n_old = old ? g->line_mask + 1 : 0;
    if (n_old == 1u << 31) return false;
    tide_line *lines = take_lines(t, n_old ? n_old * 2 : 1);
    if (lines == NULL) return false;
    set_lines(t, group, lines, n_old ? n_old * 2 : 1);
    for (uint32_t at = 0; at < n_old; at++) /* Places come from tags: rows are not read. */
        split_line(g, old + at, at);
    give_lines(t, old, n_old);
    return true;
}

bool tide_index_make(tide_table *t, uint32_t group, uint32_t n)
{
    uint32_t lines = 1;
    while (limit_of(group, lines) < n && lines < 1u << 31) lines *= 2;
    tide_index_give_back(t, group);
    tide_line *p = take_lines(t, lines);
    if (p == NULL) return false;
    set_lines(t, group, p, lines);
    return true;
}

void tide_index_give_back(tide_table *t, uint32_t group)
{
    tide_group *g = &t->groups[group];
    give_lines(t, g->lines, g->line_mask + 1);
    g->lines = NULL;
    g->line_mask = g->limit = 0;
    g->shift = 32;
    publish(t, group);
}

/* Fills the hole at entry i of line `at`. A line that was full may have sent entries on to later
 * lines: one of those comes back, and leaves a hole there, until a line that was not full ends
 * it. No tombstones. */
static void close_hole(tide_group *g, uint32_t at, uint32_t i)
{
    for (;;) {
        tide_line *line = &g->lines[at];
        bool full = line->tag[TIDE_LINE_ENTRIES - 1] != 0;
        uint32_t last = used_of(line) - 1;
        put_at(line, i, line->tag[last], line->row[last]);
        put_at(line, last, 0, 0);
        if (!full) return;
        bool found = false;
        for (uint32_t next = (at + 1) & g->line_mask; !found && next != at;
             next = (next + 1) & g->line_mask) {
            tide_line *other = &g->lines[next];
            uint32_t j = 0;
            for (; j < TIDE_LINE_ENTRIES && other->tag[j]; j++) {
                uint32_t home = (uint32_t)((uint64_t)other->tag[j] >> g->shift);
                if (((next - home) & g->line_mask) < ((next - at) & g->line_mask)) continue;
                /* Its home is `at` or before: it had passed by. */
                put_at(line, last, other->tag[j], other->row[j]);
                at = next;
                i = j;
                found = true;
                break;
            }
            if (!found && j < TIDE_LINE_ENTRIES) return; /* Nothing goes past a line with room. */
        }
        if (!found) return;
    }
}

void tide_index_remove(tide_table *t, uint64_t hash, uint32_t row)
{
    tide_group *g = &t->groups[tide_group_of(t, hash)];
    uint32_t tag = tide_tag_of(hash), at = (uint32_t)((uint64_t)tag >> g->shift);
    for (uint32_t lines = 0; lines <= g->line_mask; lines++, at = (at + 1) & g->line_mask) {
        const tide_line *line = &g->lines[at];
        for (uint32_t i = 0; i < TIDE_LINE_ENTRIES; i++)
            if (line->row[i] == row && line->tag[i] == tag) {
                close_hole(g, at, i);
                g->n--;
                return;
            }
    }
    tide_assert(!"a live row is in its group's index");
}
