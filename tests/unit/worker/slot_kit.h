/* slot_kit.h - slots of sources and sinks, to be stepped by a test. */
#ifndef TIDE_TESTS_UNIT_WORKER_SLOT_KIT_H
#define TIDE_TESTS_UNIT_WORKER_SLOT_KIT_H
#include "worker/runtime/slot.h"

#define SLOT_KIT_PORTS 4u

/* Takes a batch whenever its gate is open, and counts them. */
typedef struct slot_kit_drain {
    uint64_t batches, by_port[SLOT_KIT_PORTS];
    _Atomic bool entered, may_go;
} slot_kit_drain;

tide_slot *slot_kit_new(void);
/* `n` batches of a row, then nothing. */
void slot_kit_source(tide_slot *slot, int64_t n, tide_channel *to);
/* Channel i at port i. */
void slot_kit_sink(tide_slot *slot, uint32_t n, tide_channel *const *from, slot_kit_drain *d);

#endif
