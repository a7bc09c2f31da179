/* aside.h - entries of a piece that wait for their turn: rows copied before they changed, keys of
 * deleted rows. A list of chunks; entries come out some chunks at a time, sorted by ordinal among
 * these. Bookkeeping memory. For this folder only. Owner: the table's thread. */
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

/* Where the chunks of all lists of a table come from: huge pages, cut into chunks of one size. A
 * chunk of one list is used again by another while a snapshot is written, and what one snapshot
 * needed is kept for the next: memory fresh from the system took a third of the batches behind a
 * barrier. All zeros is empty. */
typedef struct tide_aside_slab tide_aside_slab;
typedef struct tide_aside_pool {
    tide_aside_slab *open;  /* In use, with room. */
    tide_aside_slab *empty; /* n_empty of them. */
    uint32_t n_used, n_empty;
    uint32_t peak, last_peak; /* Most that were in use since the barrier; between the last two. */
    tide_aside_entry *sorted; /* Room for twice cap_sorted entries. */
    uint32_t cap_sorted;
} tide_aside_pool;
void tide_aside_pool_fini(tide_aside_pool *self); /* All its lists are empty. */
void tide_aside_pool_barrier(tide_aside_pool *self);
/* Gives one huge page back to the system if there are more than the last snapshots needed, or than
 * bytes_max; only one, because a hundred in a row stall a batch. */
void tide_aside_pool_trim(tide_aside_pool *self, size_t bytes_max);

void tide_aside_fini(tide_aside *self, tide_aside_pool *pool); /* Empties it. */
/* Room for an entry of n bytes. */
uint8_t *tide_aside_add(tide_aside *self, tide_aside_pool *pool, uint32_t ordinal, size_t n);
/* Moves all entries of *from behind those of self. */
void tide_aside_join(tide_aside *self, tide_aside *from);

/* Moves the first chunks to *taken, and lists their entries by ordinal (equal ones as they were
 * added); NULL when there are none. The array is valid until the pool's next call, what it points
 * to as long as *taken. */
const tide_aside_entry *tide_aside_take(tide_aside *self, tide_aside_pool *pool, tide_aside *taken,
                                        uint32_t *n_out);

#endif
