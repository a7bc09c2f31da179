/* memory.h - memory of keyed state: blocks of a few sizes, recycled, within a budget.
 *
 * All tables of an operator share one. Blocks are powers of two (and pages, see below) cut from
 * chunks that double from 16 KiB; chunks of 2 MiB and more are aligned to huge pages and ask for
 * them. A returned block is kept for the next of its size; blocks of 4 MiB and more go back to
 * the system. The budget is a wall: beyond it _take returns NULL, and the table fails with
 * TIDE_E_BUDGET. Owner: one thread. */
#ifndef TIDE_CHECKPOINT_STATE_MEMORY_H
#define TIDE_CHECKPOINT_STATE_MEMORY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/attr.h"

typedef struct tide_state_memory tide_state_memory;

tide_state_memory *tide_state_memory_new(size_t budget_bytes); /* 0: unlimited. */
void tide_state_memory_free(tide_state_memory **self_p);       /* With every block of it. */

/* A block of at least `bytes`, 64-byte aligned from 64 bytes on, else 16. *zeroed_out (may be
 * NULL) tells whether it is known to be all zeros. NULL when it would exceed the budget. */
void *tide_state_memory_take(tide_state_memory *self, size_t bytes, bool *zeroed_out);
/* bytes: as it was asked for. NULL is fine. */
void tide_state_memory_give(tide_state_memory *self, void *block, size_t bytes);

size_t tide_state_memory_bytes(const tide_state_memory *self);  /* In blocks that are out. */
size_t tide_state_memory_budget(const tide_state_memory *self); /* 0: unlimited. */
size_t tide_state_memory_held(const tide_state_memory *self);   /* From the system. */

#endif
