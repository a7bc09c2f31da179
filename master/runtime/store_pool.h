/* store_pool.h - carries storage operations out on a few threads, so that the control thread never
 * waits for a disk.
 *
 * Operations given at the same time may be done in any order; whoever cares has one under way at a
 * time (decision logs and the lease do). Owner: one thread gives and takes. */
#ifndef TIDE_MASTER_RUNTIME_STORE_POOL_H
#define TIDE_MASTER_RUNTIME_STORE_POOL_H
#include <stdbool.h>

#include "checkpoint/storage/storage.h"

typedef struct tide_store_pool tide_store_pool;

#define TIDE_STORE_POOL_THREADS 4u

/* storage is borrowed. wake: called on a pool thread whenever something is done. */
TIDE_MUST_CHECK tide_status tide_store_pool_new(tide_storage *storage, void (*wake)(void *ctx),
                                                void *ctx, tide_store_pool **out);
/* Waits for what is under way; what waits is dropped. */
void tide_store_pool_free(tide_store_pool **self_p);
void tide_store_pool_give(tide_store_pool *self, const tide_store_op *op); /* Copied. */
/* What was done, oldest first; false: nothing. Valid until the next call. */
bool tide_store_pool_take(tide_store_pool *self, tide_store_done *out);

#endif
