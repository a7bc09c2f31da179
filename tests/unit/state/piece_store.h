/* piece_store.h - where a test keeps the pieces of a table: per key group a base and its deltas. */
#ifndef TIDE_TESTS_UNIT_STATE_PIECE_STORE_H
#define TIDE_TESTS_UNIT_STATE_PIECE_STORE_H
#include "base/core/bytes.h"
#include "checkpoint/state/snapshot.h"

#define STORE_GROUPS 128u
#define STORE_PIECES_MAX 64u

typedef struct piece_store {
    tide_bytes pieces[STORE_GROUPS][STORE_PIECES_MAX];
    uint32_t n[STORE_GROUPS];
    /* Of the snapshot under way: */
    tide_bytes open[STORE_GROUPS];
    bool base[STORE_GROUPS];
    uint32_t fail_after; /* Writes until the sink fails; 0: never. */
} piece_store;

tide_piece_sink store_sink(piece_store *self);
void store_keep(piece_store *self);   /* The open pieces join the others. */
void store_forget(piece_store *self); /* Or are gone. */
void store_fini(piece_store *self);
/* All pieces, with the open ones instead of the kept ones when `open_only`, into an empty table. */
void store_restore(const piece_store *self, bool open_only, tide_table *into);
size_t store_open_bytes(const piece_store *self);

#endif
