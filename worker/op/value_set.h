/* value_set.h - a set of values inside a row of a keyed table: count(DISTINCT x) of one session.
 *
 * Lives in two blobs of the row, so that it moves, fuses, is saved and forgotten with its session:
 * the members in the order of their coming, and, from 57 on, an index of them. (Sets in a
 * table of their own would have to be listed at the end of each session. Windows, whose sets are
 * dropped as tables, and groups, which never end, have them there: distinct.h.)
 *
 * A small set is searched by 15 bits of each member's hash, its mark. The marks lie together, so
 * that to find out that a value is new, which it mostly is, one or two cache lines are read however
 * long the members are. Up to 24 marks are one line with the blob's header.
 *
 * Members blob:
 *   | offset   | bytes  | meaning                                                            |
 *   | 0        | 4      | members                                                            |
 *   | 4        | 4      | marks that there is room for: 4, 12, 24, 56; 0: there is an index  |
 *   | 8        | 2 each | marks, with the top bit set; 0 behind the last                     |
 *   | head     |        | members without padding: a value of fixed width as its key field   |
 *   |          |        | (base/column/key.h); a string as its length in one byte, or 255    |
 *   |          |        | and the length in four, then its bytes                             |
 * Index blob: a power of two of uint32, by hash: (member's offset behind the head) + 1, or 0; at
 * most half full.
 * Owner: the table's thread. */
#ifndef TIDE_WORKER_OP_VALUE_SET_H
#define TIDE_WORKER_OP_VALUE_SET_H
#include "checkpoint/state/table.h"

#define TIDE_VALUE_SET_BLOBS 2u
#define TIDE_VALUE_SET_LINE_MARKS 24u /* Of a head that is one cache line. */

typedef struct tide_value_set {
    tide_table *table;
    uint32_t row, blob;        /* Blobs `blob` and `blob` + 1 of the row; the row is touched. */
    tide_blob **at;            /* Their handles: tide_table_handles. */
    const tide_key_spec *spec; /* Of the value: one column, NOT NULL. */
} tide_value_set;

/* Puts the value with this encoded key and hash in; *fresh tells whether it was new. */
TIDE_MUST_CHECK tide_status tide_value_set_put(const tide_value_set *self, const uint8_t *key,
                                               uint64_t hash, bool *fresh);

/* Hints that a value of this hash will be put into the set of these handles: first, some rows
 * ahead, that its head will be read; then, some rows later, what else of it. */
TIDE_INLINE void tide_value_set_fetch_head(tide_blob *const *at)
{
    const uint8_t *b = (const uint8_t *)at[0];
    if (b == NULL) return;
    __builtin_prefetch(b, 1);
    if ((uintptr_t)b % TIDE_CACHE_LINE) __builtin_prefetch(b + TIDE_CACHE_LINE, 1);
}
void tide_value_set_fetch_index(tide_blob *const *at, uint64_t hash);
TIDE_INLINE void tide_value_set_fetch_place(tide_blob *const *at, uint64_t hash)
{
    const tide_blob *b = at[0];
    if (b == NULL) return;
    __builtin_prefetch(b->bytes + b->n, 1); /* Where it will go if it is new. */
    if (b->bytes[4] > TIDE_VALUE_SET_LINE_MARKS) __builtin_prefetch(b->bytes + TIDE_CACHE_LINE, 1);
    if (at[1]) tide_value_set_fetch_index(at, hash);
}

/* The member at *at (0 at first) as an encoded key in `key` (spec->key_bytes), which borrows from
 * the set; advances *at. False at the end. */
bool tide_value_set_next(const tide_value_set *self, uint32_t *at, uint8_t *key, uint64_t *hash);

#endif
