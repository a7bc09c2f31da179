/* slabs.h - blocks of one size beside one another, so that their memory can serve another size once
 * they are all gone.
 *
 * Values that grow move from size to size, and most of them at about the same time: what they leave
 * behind is whole slabs, which then serve the sizes that they grow to. Slabs are cut from regions
 * of the state memory, which are given back by _clear only. A class is a size in units of 16 bytes;
 * which classes there are is the caller's business. For this folder only. Owner: the table's
 * thread. */
#ifndef TIDE_CHECKPOINT_STATE_SLABS_H
#define TIDE_CHECKPOINT_STATE_SLABS_H
#include "checkpoint/state/memory.h"

#define TIDE_SLAB_UNIT 16u
#define TIDE_SLAB_BYTES 16384u
#define TIDE_SLAB_CLASSES 32u

typedef struct tide_slab tide_slab;
typedef struct tide_slab_region tide_slab_region;

typedef struct tide_slab_place { /* Of a region. */
    const uint8_t *bytes;
    tide_slab_region *region;
} tide_slab_place;

/* Zeroed at the start. */
typedef struct tide_slabs {
    tide_slab_place *regions; /* By address. */
    uint32_t n_regions, cap_regions;
    tide_slab *open[TIDE_SLAB_CLASSES]; /* Those with room, by class. */
    tide_slab *empty;
    size_t bytes; /* In regions. */
} tide_slabs;

/* A block of class `c`, units * 16 bytes, at most a slab; 64-byte aligned when that is a multiple
 * of
 * 64. NULL: over budget. */
void *tide_slabs_take(tide_slabs *self, uint32_t c, uint32_t units, tide_state_memory *memory);
/* Gives a block back; false: it is not one of these. */
bool tide_slabs_give(tide_slabs *self, void *block);
void tide_slabs_clear(tide_slabs *self, tide_state_memory *memory);

#endif
