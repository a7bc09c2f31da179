/* aside.h - entries of a piece that wait for their turn: rows copied before they changed, keys of
 * deleted rows. A list of chunks; entries come out chunk by chunk, sorted by ordinal within each.
 * Bookkeeping memory. For this folder only. Owner: the table's thread. */
#ifndef TIDE_CHECKPOINT_STATE_ASIDE_H
#define TIDE_CHECKPOINT_STATE_ASIDE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tide_aside_chunk tide_aside_chunk;

/* All zeros is an empty list. */
typedef struct tide_aside {
    tide_aside_chunk *first, *last;
    size_t bytes; /* Of all entries. */
} tide_aside;

typedef struct tide_aside_entry {
    uint32_t ordinal;
    size_t n; /* Saved bytes. */
    const uint8_t *saved;
} tide_aside_entry;

/* A few empty chunks, kept for reuse: without them the allocator would hand hundreds of MB back to
 * the system at once, and stall a batch by milliseconds. All zeros is empty. */
typedef struct tide_aside_pool {
    tide_aside_chunk *free;
    uint32_t n;
} tide_aside_pool;
void tide_aside_pool_fini(tide_aside_pool *self);

void tide_aside_fini(tide_aside *self, tide_aside_pool *pool); /* Empties it. */
/* Room for an entry of n bytes. */
uint8_t *tide_aside_add(tide_aside *self, tide_aside_pool *pool, uint32_t ordinal, size_t n);
/* Moves all entries of *from behind those of self. */
void tide_aside_join(tide_aside *self, tide_aside *from);

/* Takes the first chunk out and lists its entries by ordinal (equal ones as they were added).
 * NULL when there is none. The entries, and the array itself, are valid until tide_aside_done. */
const tide_aside_entry *tide_aside_take(tide_aside *self, uint32_t *n_out,
                                        tide_aside_chunk **chunk_out);
void tide_aside_done(tide_aside_pool *pool, tide_aside_chunk **chunk_p);
/* Or puts the chunk behind those of a list, to be taken again some time. NULL inside is fine. */
void tide_aside_put(tide_aside *self, tide_aside_chunk **chunk_p);

#endif
