/* value_set.h - a set of values inside a row of a keyed table: count(DISTINCT x) of one session.
 *
 * Lives in two blobs of the row, so that it moves, fuses, is saved and forgotten with its session:
 * members in the order of their coming, and, from a few members on, an index of them. (Sets in a
 * table of their own would have to be listed at the end of each session. Windows, whose sets are
 * dropped as tables, and groups, which never end, have them there: distinct.h.)
 *
 * Members blob, 8-byte aligned entries, one after another:
 *   | value       | bytes          | entry                                                        |
 *   | fixed width | 8, 16, 24      | its key field (base/column/key.h)                            |
 *   | string      | 16 + n, padded | uint64 hash, uint32 length, 4 bytes of zeros, its bytes      |
 * Index blob: a power of two of uint32, by hash: (entry's offset / 8) + 1, or 0; at most half full.
 * Owner: the table's thread. */
#ifndef TIDE_WORKER_OP_VALUE_SET_H
#define TIDE_WORKER_OP_VALUE_SET_H
#include "checkpoint/state/table.h"

#define TIDE_VALUE_SET_BLOBS 2u

typedef struct tide_value_set {
    tide_table *table;
    uint32_t row, blob;        /* Blobs `blob` and `blob` + 1 of the row; the row is touched. */
    const tide_key_spec *spec; /* Of the value: one column, NOT NULL. */
} tide_value_set;

/* Puts the value with this encoded key and hash in; *fresh tells whether it was new. */
TIDE_MUST_CHECK tide_status tide_value_set_put(const tide_value_set *self, const uint8_t *key,
                                               uint64_t hash, bool *fresh);

/* The member at *at (0 at first) as an encoded key in `key` (spec->key_bytes), which borrows from
 * the set; advances *at. False at the end. */
bool tide_value_set_next(const tide_value_set *self, uint32_t *at, uint8_t *key, uint64_t *hash);

#endif
