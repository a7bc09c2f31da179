/* probe_impl.h - finding a batch of keys, over a line comparison that the including file defines:
 *
 *   TIDE_INLINE uint32_t line_match(const uint64_t *line, uint32_t tag);
 *
 * returns a word whose bit 2 i + 1 says that entry i of the 64-byte aligned line has that tag (0:
 * is empty). Included by one file per instruction set, which compiles everything here for that
 * set.
 *
 * In chunks: pass 1 goes through the index by tag alone, with lines prefetched well ahead and
 * rows as they are found; pass 2 compares keys, and sends the few wrong ones through the slow
 * path. A tag alone is never trusted. */
#include <string.h>

#include "checkpoint/state/table_priv.h"

#define PREFETCH_ROWS 64u
#define CHUNK_ROWS 512u
#define HOT_BYTES_MAX (384u << 10) /* Index and rows of at most this stay in a core's own cache. */

TIDE_INLINE bool same_key(const tide_table *t, const uint8_t *row, const uint8_t *key,
                          tide_key_shape shape)
{
    const uint64_t *a = (const uint64_t *)(const void *)row,
                   *b = (const uint64_t *)(const void *)key;
    if (shape == TIDE_KEY_WORD) return a[0] == b[0];
    if (shape == TIDE_KEY_PAIR) return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
    uint64_t differ = 0;
    for (uint32_t i = 0; i < t->map.key_bytes / 8; i++) differ |= a[i] ^ b[i];
    if (shape == TIDE_KEY_WORDS || differ == 0) return differ == 0;
    return tide_key_equal(&t->key, row, key); /* Long strings differ in their pointers. */
}

TIDE_INLINE const uint8_t *key_at(const tide_table *t, const uint8_t *keys, uint32_t i,
                                  tide_key_shape shape)
{
    size_t bytes = shape == TIDE_KEY_WORD ? 8 : shape == TIDE_KEY_PAIR ? 16 : t->map.key_bytes;
    return keys + i * bytes;
}

/* Walks lines from the key's home until it is found or a line has room: 0 then, and *room_out is
 * the entry. */
TIDE_INLINE uint32_t walk(const tide_table *t, uint64_t hash, const uint8_t *key,
                          tide_key_shape shape, uint64_t **room_out)
{
    const tide_group *g = &t->groups[tide_group_of(t, hash)];
    uint32_t tag = tide_tag_of(hash), at = (uint32_t)((uint64_t)tag >> g->shift);
    for (;; at = (at + 1) & g->line_mask) {
        uint64_t *line = g->lines + (size_t)at * TIDE_LINE_ENTRIES;
        for (uint32_t m = line_match(line, tag); m; m &= m - 1) {
            uint32_t row = (uint32_t)line[__builtin_ctz(m) >> 1];
            if (same_key(t, tide_table_row(t, row), key, shape)) return row;
        }
        uint32_t empty = line_match(line, 0);
        if (empty) {
            *room_out = line + (__builtin_ctz(empty) >> 1);
            return 0;
        }
    }
}

/* The row of a key that pass 1 did not find, or found wrongly. With `made` it is made when it
 * does not exist and *made says so; 0 is then "over budget". */
static TIDE_NOINLINE uint32_t resolve(tide_table *t, uint64_t hash, const uint8_t *key, bool *made)
{
    uint32_t group = tide_group_of(t, hash);
    tide_group *g = &t->groups[group];
    uint64_t *room = NULL;
    uint32_t row = 0;
    if (g->lines) {
        row = walk(t, hash, key, t->key.shape, &room);
        if (row || made == NULL) return row;
    } else if (made == NULL) {
        return 0;
    }
    if (g->n >= g->limit) {
        if (!tide_index_grow(t, group)) return 0;
        (void)walk(t, hash, key, t->key.shape, &room);
    }
    row = tide_row_add(t, group, key);
    if (row == 0) return 0;
    *room = (uint64_t)tide_tag_of(hash) << 32 | row;
    g->n++;
    t->n_rows++;
    *made = true;
    return row;
}

typedef struct probe_in {
    const uint8_t *keys;
    const uint64_t *hash;
    uint32_t n;
    uint32_t *rows;
    uint16_t *fresh; /* NULL: only find. */
} probe_in;

TIDE_INLINE uint32_t by_tag(const tide_table *t, uint64_t hash)
{
    const uint64_t *line = tide_home_line(t, hash);
    uint32_t m = line_match(line, tide_tag_of(hash));
    return TIDE_LIKELY(m != 0) ? (uint32_t)line[__builtin_ctz(m) >> 1] : 0;
}

/* Returns the number of new rows; UINT32_MAX when over budget. */
TIDE_INLINE uint32_t probe(tide_table *t, const probe_in *in, tide_key_shape shape, bool insert,
                           bool ahead)
{
    uint32_t n_fresh = 0, n = in->n;
    for (uint32_t i = 0; ahead && i < PREFETCH_ROWS && i < n; i++)
        __builtin_prefetch(tide_home_line(t, in->hash[i]));
    for (uint32_t start = 0; start < n; start += CHUNK_ROWS) {
        uint32_t end = start + CHUNK_ROWS < n ? start + CHUNK_ROWS : n;
        for (uint32_t i = start; i < end; i++) {
            if (ahead) {
                uint32_t next = i + PREFETCH_ROWS < n ? i + PREFETCH_ROWS : n - 1;
                __builtin_prefetch(tide_home_line(t, in->hash[next]));
            }
            uint32_t row = by_tag(t, in->hash[i]);
            if (TIDE_UNLIKELY(row == 0)) {
                bool made = false;
                row = resolve(t, in->hash[i], key_at(t, in->keys, i, shape), insert ? &made : NULL);
                if (insert && row == 0) return UINT32_MAX;
                if (made) in->fresh[n_fresh++] = (uint16_t)i;
            }
            in->rows[i] = row;
            if (ahead && row) __builtin_prefetch(tide_table_row(t, row), 1);
        }
        for (uint32_t i = start; i < end; i++) {
            uint32_t row = in->rows[i];
            if (!insert && row == 0) continue;
            const uint8_t *key = key_at(t, in->keys, i, shape);
            if (TIDE_LIKELY(same_key(t, tide_table_row(t, row), key, shape))) continue;
            bool made = false;
            row = resolve(t, in->hash[i], key, insert ? &made : NULL);
            if (insert && row == 0) return UINT32_MAX;
            if (made) in->fresh[n_fresh++] = (uint16_t)i;
            in->rows[i] = row;
        }
    }
    return n_fresh;
}

TIDE_INLINE uint32_t probe_shapes(tide_table *t, const probe_in *in, bool insert, bool ahead)
{
    switch (t->key.shape) {
    case TIDE_KEY_WORD: return probe(t, in, TIDE_KEY_WORD, insert, ahead);
    case TIDE_KEY_PAIR: return probe(t, in, TIDE_KEY_PAIR, insert, ahead);
    case TIDE_KEY_WORDS: return probe(t, in, TIDE_KEY_WORDS, insert, ahead);
    case TIDE_KEY_STRS: return probe(t, in, TIDE_KEY_STRS, insert, ahead);
    }
    return 0;
}

static uint32_t probe_find_or_insert(tide_table *t, const uint8_t *keys, const uint64_t *hash,
                                     uint32_t n, uint32_t *rows, uint16_t *fresh)
{
    probe_in in = { .keys = keys, .hash = hash, .n = n, .rows = rows, .fresh = fresh };
    return t->hot_bytes <= HOT_BYTES_MAX ? probe_shapes(t, &in, true, false)
                                         : probe_shapes(t, &in, true, true);
}

static void probe_find(const tide_table *t, const uint8_t *keys, const uint64_t *hash, uint32_t n,
                       uint32_t *rows)
{
    probe_in in = { .keys = keys, .hash = hash, .n = n, .rows = rows };
    tide_table *same = (tide_table *)(uintptr_t)t; /* Without `insert` nothing is written. */
    (void)(t->hot_bytes <= HOT_BYTES_MAX ? probe_shapes(same, &in, false, false)
                                         : probe_shapes(same, &in, false, true));
}
