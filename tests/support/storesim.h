/* storesim.h - a storage whose operations take time and fail, in virtual time, from a seed.
 *
 * What clients ask for is carried out against a storage in memory some time later, answered later
 * still, or only the one or the other: an answer can be lost, an operation can land long after its
 * client was told that it failed, or after the client is gone. For simulations of cores that ask
 * with tide_store_op. Owner: one thread. */
#ifndef TIDE_TESTS_SUPPORT_STORESIM_H
#define TIDE_TESTS_SUPPORT_STORESIM_H
#include <stdbool.h>

#include "base/core/random.h"
#include "tests/support/memstore.h"

typedef struct storesim_config {
    uint64_t seed;
    int64_t delay_max_ns; /* Of each way. */
    int64_t late_max_ns;  /* Of an operation that lands after it was said to have failed. */
    uint32_t fault_percent;
} storesim_config;

typedef struct storesim storesim;

storesim *storesim_new(const storesim_config *config);
void storesim_free(storesim **self_p);
memstore *storesim_memory(storesim *self);

/* From now on with another share of faults. */
void storesim_set_faults(storesim *self, uint32_t fault_percent);

/* Copies the operation. client: comes back with the answer. */
void storesim_submit(storesim *self, uint64_t client, const tide_store_op *op, int64_t now_ns);

/* When something happens next; INT64_MAX: never. */
int64_t storesim_next_ns(const storesim *self);
/* Lets the next thing happen. True: *client is answered with *done about *op, both valid until the
 * next call. */
bool storesim_step(storesim *self, uint64_t *client, tide_store_op *op, tide_store_done *done);

#endif
