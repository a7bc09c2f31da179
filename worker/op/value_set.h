/* value_set.h - a set of values inside a row of a keyed table: count(DISTINCT x) of one session.
 *
 * Lives in two blobs of the row, so that it moves, fuses, is saved and forgotten with its session.
 * (Sets in a table of their own would have to be listed at the end of each session. Windows, whose
 * sets are dropped as tables, and groups, which never end, have them there: distinct.h.)
 *
 * A set of up to about 60 members, all short (texts of at most 12 bytes; words of eight), lies in
 * the second blob, by cache line: value_lines.h. Then there is no first blob. Any other has its
 * members in the first, in the order of their coming, and, when they are more than 56, an index of
 * them in the second. Before, it is searched by 15 bits of each member's hash, its mark. The marks
 * lie together, so that to find out that a value is new, which it mostly is, one or two cache lines
 * are read however long the members are. Up to 24 marks are one line with the blob's header.
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
#include "worker/op/value_lines.h"

#define TIDE_VALUE_SET_BLOBS 2u
#define TIDE_VALUE_SET_LINE_MARKS 24u /* Of a head that is one cache line. */

typedef struct tide_value_set {
    tide_table *table;
    uint32_t row, blob;        /* Blobs `blob` and `blob` + 1 of the row; the row is touched. */
    tide_blob_handle *at;      /* Their handles: tide_table_handles. */
    const tide_key_spec *spec; /* Of the value: one column, NOT NULL. */
} tide_value_set;

/* Puts the value with this encoded key and hash in; *fresh tells whether it was new. */
TIDE_MUST_CHECK tide_status tide_value_set_put(const tide_value_set *self, const uint8_t *key,
                                               uint64_t hash, bool *fresh);
/* What mostly happens, for a set with these handles whose row is touched: a text, or a word, that
 * is short, and whose line has room or has it. False: nothing was done, and _put will do. */
TIDE_INLINE bool tide_value_set_put_quickly(const tide_blob_handle *at, const uint8_t *key,
                                            uint64_t hash, bool text, bool *fresh)
{
    uint32_t lines = tide_blob_lines(at[1]);
    if (at[0] || lines == 0) return false;
    if (text && ((const tide_key_str *)(const void *)key)->len > TIDE_VIEW_INLINE_MAX) return false;
    tide_lines_result r = tide_lines_put_quickly((uint8_t *)tide_blob_of(at[1]), lines, key,
                                                 tide_lines_mark(hash), text);
    *fresh = r == TIDE_LINES_NEW;
    return r != TIDE_LINES_FULL;
}

/* Hints that a value of this hash will be put into the set of these handles: where it will be
 * looked for; and what else the set needs if that was not all (handles are read then). */
TIDE_INLINE void tide_value_set_fetch(const tide_blob_handle *at, uint64_t hash)
{
    tide_blob_handle handle = at[0] ? at[0] : at[1];
    size_t home = at[0] ? 0 : tide_lines_home(tide_lines_mark(hash), tide_blob_lines(at[1]));
    if (handle) __builtin_prefetch((const uint8_t *)tide_blob_of(handle) + home, 1);
}
void tide_value_set_fetch_rest(const tide_blob_handle *at, uint64_t hash);

/* The member at *at (0 at first) as an encoded key in `key` (spec->key_bytes), which borrows from
 * the set; advances *at. False at the end. */
bool tide_value_set_next(const tide_value_set *self, uint32_t *at, uint8_t *key, uint64_t *hash);

#endif
