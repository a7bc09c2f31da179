/* counters.h - what a running job counts, from one table (counters.def).
 *
 * A set of counters has one writer, its owner thread; any thread may read it at any time. Reads are
 * not a consistent cut: each counter is right by itself. */
#ifndef TIDE_BASE_CORE_COUNTERS_H
#define TIDE_BASE_CORE_COUNTERS_H
#include <stdatomic.h>
#include <stdint.h>

#include "base/core/attr.h"
#include "base/core/bytes.h"

typedef enum tide_counter {
#define TIDE_COUNTER(id, name, unit, help) TIDE_COUNTER_##id,
#include "base/core/counters.def"
#undef TIDE_COUNTER
    TIDE_COUNTER_COUNT
} tide_counter;

typedef struct tide_counter_def {
    const char *name, *unit, *help;
} tide_counter_def;

const tide_counter_def *tide_counter_def_of(tide_counter id);

typedef struct tide_counters {
    _Atomic uint64_t values[TIDE_COUNTER_COUNT] TIDE_ALIGNED(TIDE_CACHE_LINE);
} tide_counters;

/* Owner only: a load and a store, no locked instruction. */
TIDE_INLINE void tide_counters_add(tide_counters *self, tide_counter id, uint64_t n)
{
    uint64_t old = atomic_load_explicit(&self->values[id], memory_order_relaxed);
    atomic_store_explicit(&self->values[id], old + n, memory_order_relaxed);
}
TIDE_INLINE uint64_t tide_counters_get(const tide_counters *self, tide_counter id)
{
    return atomic_load_explicit(&self->values[id], memory_order_relaxed);
}
/* into += from, counter by counter. into's owner. */
void tide_counters_sum(tide_counters *into, const tide_counters *from);

/* {"num_records_in":12,...}, every counter in table order. */
void tide_counters_json(const tide_counters *self, tide_bytes *out);
/* One line per counter: name, unit, help. */
void tide_counters_help(tide_bytes *out);

#endif
