/* table_priv.h - how a keyed table lies in memory. For this folder only.
 *
 * Hash, 64 bits: the key group from the top 12 (as many of them as are needed); the next 32 are the
 * tag, its lowest bit forced to 1; the rest is spare.
 *
 * Index line, 64 B: 8 tags, then their 8 row numbers; packed at the front, tag 0 is empty. A full
 * line goes on in the next; the last in the first.
 *
 * Locator, 8 B per key group: address of its lines, 32 - log2(lines) in the low bits.
 *
 * Row number, 32 bits: page number << slot_bits | slot. Page 0 is never used.
 *
 * Page, 512 B to 64 KiB, two of each size in a group: row bits (by kind, each in words of 64 rows
 * that descend from the rows on: dirty, frozen, live, stored), rows. Row: key, value, padding up to
 * the stride.
 *
 * A row's place within its group, counted over the group's pages in order, is its ordinal:
 * snapshots speak of ordinals, row numbers are of this process only. */
#ifndef TIDE_CHECKPOINT_STATE_TABLE_PRIV_H
#define TIDE_CHECKPOINT_STATE_TABLE_PRIV_H
#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "checkpoint/state/snapshot.h"
#include "checkpoint/state/table.h"

#define TIDE_LINE_ENTRIES 8u /* As many tags as one AVX2 register holds. */
#define TIDE_PAGE_BYTES_MIN 512u
#define TIDE_PAGE_BYTES_MAX 65536u
#define TIDE_PAGE_ROWS_MIN 4u /* Of a group's first page, when 64 KiB hold that many. */

/* Four bits a row, in words of 64 rows. Each kind has its own words, so that those for every touch,
 * `dirty`, take as little cache as possible. */
typedef struct tide_row_bits {
    uint64_t *dirty;  /* Changed since the last barrier. */
    uint64_t *frozen; /* Belongs to the open snapshot and is not written out yet. */
    uint64_t *live;
    uint64_t *stored; /* Was live at the last barrier: its deletion leaves a tombstone. */
} tide_row_bits;
#define TIDE_ROW_BITS 4u

typedef struct tide_page_info {
    uint32_t group; /* Relative to the first. */
    uint32_t first; /* Ordinal of slot 0. */
    uint32_t rows;  /* Slots. */
    uint32_t bytes;
    uint32_t epoch; /* Its last barrier; older than the table's: not frozen yet. */
    bool grown;     /* Rows were made in it since it was frozen: `stored` is not up to date. */
} tide_page_info;

/* Entry i: that tag, that row. */
typedef struct tide_line {
    uint32_t tag[TIDE_LINE_ENTRIES]; /* Packed at the front; 0: no entry. */
    uint32_t row[TIDE_LINE_ENTRIES];
} TIDE_ALIGNED(64) tide_line;

typedef struct tide_group {
    tide_line *lines;          /* NULL until the first row. */
    uint32_t shift, line_mask; /* 32 - log2(lines); lines - 1. */
    uint32_t n, limit;         /* Rows; at this number the index doubles. */
    uint32_t open, fill, cap;  /* Row number of slot 0 of the newest page; slots used; slots. */
    uint32_t free_row;         /* Deleted rows, chained through their first 4 bytes; 0 is
                        the end. */
    uint32_t *pages;           /* Page numbers in order. */
    uint32_t n_pages, cap_pages;
} tide_group;

typedef struct tide_heap tide_heap;         /* heap.c */
typedef struct tide_snapshot tide_snapshot; /* snapshot.c */
typedef struct tide_probe tide_probe;

struct tide_table {
    tide_table_map map;   /* First: table.h's inline functions look here. */
    uint64_t *loc;        /* Locators, one per group held. */
    uint32_t group_shift; /* 32 - log2(groups.total) */
    uint32_t first_group;
    const tide_probe *probe;
    tide_group *groups;
    size_t hot_bytes; /* Lines and pages: small tables are probed without
                       prefetching. */
    tide_page_info *page_info;
    uint32_t n_pages, cap_pages; /* Page 0 included. */
    uint32_t free_page;          /* Numbers to use again, chained through their info's
                         `first`; 0 is the end. */
    uint32_t n_groups;
    uint32_t index_version; /* Counts changes of locators. */
    uint64_t n_rows;
    tide_state_memory *memory;
    tide_heap *heap;     /* NULL without strings and blobs. */
    tide_snapshot *snap; /* NULL before the first barrier. */
    bool freezing;       /* A snapshot is open: see tide_snapshot_hold. */
    uint32_t epoch;      /* Counts barriers. */
    size_t n_words;      /* Of one kind of row bits, in all pages. */
    uint8_t *scratch;    /* TIDE_SCRATCH_ROWS keys. */
    uint32_t value_bytes, n_blobs, n_owned;
    tide_table_owned *owned;
    tide_table_groups range;
    tide_key_spec key;
    size_t heap_bytes;
    char *name;
    const char *op_name; /* NULL: not known. */
};
_Static_assert(offsetof(struct tide_table, map) == 0, "table.h casts");

#define TIDE_SCRATCH_ROWS 256u

/* ---- addresses ---- */
TIDE_INLINE uint32_t tide_tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 20) | 1u;
}
TIDE_INLINE uint32_t tide_group_of(const tide_table *t, uint64_t hash)
{
    return (uint32_t)((hash >> 32) >> t->group_shift) - t->first_group;
}
TIDE_INLINE tide_line *tide_home_line(const tide_table *t, uint64_t hash)
{
    uint64_t loc = t->loc[tide_group_of(t, hash)];
    return (tide_line *)(loc & ~(uint64_t)63) + ((uint64_t)tide_tag_of(hash) >> (loc & 63));
}
TIDE_INLINE uint32_t tide_words_of(const tide_page_info *info)
{
    return (info->rows + 63) / 64;
}
TIDE_INLINE tide_row_bits tide_bits_at(const tide_table *t, uint32_t page, uint32_t word)
{
    uint64_t *dirty = (uint64_t *)(void *)t->map.page[page] - 1 - word;
    uint32_t words = tide_words_of(&t->page_info[page]);
    return (tide_row_bits){ dirty, dirty - words, dirty - 2 * words, dirty - 3 * words };
}
TIDE_INLINE tide_row_bits tide_bits_of(const tide_table *t, uint32_t row)
{
    return tide_bits_at(t, row >> t->map.slot_bits, (row & t->map.slot_mask) >> 6);
}
TIDE_INLINE uint64_t *tide_dirty_of(const tide_table *t, uint32_t row)
{
    uint32_t word = (row & t->map.slot_mask) >> 6;
    return (uint64_t *)(void *)t->map.page[row >> t->map.slot_bits] - 1 - word;
}
TIDE_INLINE uint64_t tide_bit_of(const tide_table *t, uint32_t row)
{
    return 1ull << (row & t->map.slot_mask & 63);
}
TIDE_INLINE bool tide_row_is_live(const tide_table *t, uint32_t row)
{
    return (*tide_bits_of(t, row).live & tide_bit_of(t, row)) != 0;
}
TIDE_INLINE const tide_page_info *tide_page_of(const tide_table *t, uint32_t row)
{
    return &t->page_info[row >> t->map.slot_bits];
}
TIDE_INLINE uint32_t tide_ordinal_of(const tide_table *t, uint32_t row)
{
    return tide_page_of(t, row)->first + (row & t->map.slot_mask);
}

/* ---- memory.c ---- */
#define TIDE_HUGE_PAGE_BYTES (2u << 20)
/* From the system: zeroed, aligned to huge pages, asking for them. NULL when there is none. */
uint8_t *tide_map_huge(size_t bytes);

/* ---- rows.c ---- */
/* Pages and slots. A new row is live and dirty; its bytes are undefined. 0: over budget. */
uint32_t tide_row_new(tide_table *t, uint32_t group);
void tide_row_free(tide_table *t, uint32_t group, uint32_t row); /* Its content is gone already. */
/* Makes pages up to the one that holds `ordinal`. False: over budget. */
/* After rows were placed by their ordinals: what is open, and what is free. */
void tide_rows_collect_free(tide_table *t, uint32_t group);
bool tide_rows_reach(tide_table *t, uint32_t group, uint32_t ordinal);
/* The row of an ordinal that _reach covered; 0 beyond. */
uint32_t tide_row_at(const tide_table *t, uint32_t group, uint32_t ordinal);
void tide_rows_give_back(tide_table *t, uint32_t group);
/* Slots and bytes of bits of a page of that size. */
uint32_t tide_page_slots(const tide_table *t, uint32_t page_bytes);

/* ---- index.c ---- */
/* Makes the index twice as large, or the first line. False: over budget, nothing changed. */
bool tide_index_grow(tide_table *t, uint32_t group);
/* An index for n rows in place of what there was, empty. */
bool tide_index_make(tide_table *t, uint32_t group, uint32_t n);
void tide_index_put(tide_group *g, uint32_t tag, uint32_t row); /* Room was made. */
/* Unless its key is there already: false then. */
bool tide_index_put_new(tide_table *t, uint32_t group, uint64_t hash, uint32_t row);
void tide_index_remove(tide_table *t, uint64_t hash, uint32_t row);
void tide_index_give_back(tide_table *t, uint32_t group);

/* ---- probe_*.c: one per instruction set ---- */
typedef struct tide_probe_batch {
    const uint8_t *keys;
    const uint64_t *hash;
    uint32_t n;
    uint32_t *rows;
    uint16_t *fresh;  /* For update only. */
    uint8_t **values; /* Not NULL: rows are touched, and this gets their values. */
} tide_probe_batch;
struct tide_probe {
    const char *name;
    /* Returns the number of new rows, UINT32_MAX when over budget. */
    uint32_t (*update)(tide_table *t, const tide_probe_batch *in);
    void (*find)(const tide_table *t, const tide_probe_batch *in);
};
extern const tide_probe tide_probe_avx512, tide_probe_avx2, tide_probe_portable;
/* The best one for this machine; or the one of that name ("avx512", "avx2", "portable"), NULL
 * when the machine lacks it. */
const tide_probe *tide_probe_pick(const char *name);
void tide_table_set_probe(tide_table *t, const tide_probe *probe); /* For tests. */

/* A row with the key and a zero value; in no index yet. 0: over budget. */
uint32_t tide_row_add(tide_table *t, uint32_t group, const uint8_t *key);

/* ---- heap.c ---- */
tide_heap *tide_heap_new(void);
void tide_heap_free(tide_heap **self_p, tide_state_memory *memory);
void *tide_heap_take(tide_table *t, size_t bytes); /* 16-byte aligned; NULL: over budget. */
void tide_heap_give(tide_table *t, void *p, size_t bytes);
void tide_heap_clear(tide_table *t);
/* Replaces the pointers of long strings in a row's key by copies. False: over budget, no pointer
 * is ours. */
bool tide_row_own_strings(tide_table *t, uint8_t *row);
const uint8_t *tide_row_blob(const tide_table *t, const uint8_t *row, uint32_t i, uint32_t *n_out);
/* Gives back the strings, blobs and owned fields of a row. */
void tide_row_drop_content(tide_table *t, uint8_t *row);

/* ---- snapshot.c ---- */
/* While a snapshot is open: before a row changes, and before a row is made in a page. */
void tide_snapshot_hold(tide_table *t, uint32_t row);
void tide_snapshot_freeze_page(tide_table *t, uint32_t page);
/* A stored row is about to be deleted: its key becomes a tombstone. */
void tide_snapshot_bury(tide_table *t, uint32_t row);
/* All rows are about to go: what is frozen is copied aside, and every group will need a base. */
void tide_snapshot_before_clear(tide_table *t);
void tide_snapshot_free(tide_table *t);
/* The id of a group's last piece, and what its pieces add up to: known again after a restore. */
typedef struct tide_piece_history {
    uint64_t last_id;
    uint64_t base_bytes, delta_bytes;
    bool has_base;
} tide_piece_history;
tide_piece_history *tide_snapshot_history(tide_table *t, uint32_t group);
/* All live rows of a group as a base, bits unchanged. */
TIDE_MUST_CHECK tide_status tide_table_write_group(const tide_table *t, uint32_t group,
                                                   const tide_piece_sink *sink);
/* The rows of a group are gone, their memory is given back. */
void tide_table_drop_group(tide_table *t, uint32_t group);

/* Does an open table have the layout that `spec` asks for? */
bool tide_table_agrees(const tide_table *t, const tide_table_spec *spec);
void tide_table_set_owner(tide_table *t, const char *op_name); /* For error texts; borrowed. */
tide_status tide_table_over_budget(const tide_table *t);

#endif
