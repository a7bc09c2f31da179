/* mark.h - where is a slot's thread right now? Written by that thread as it goes, read by anyone,
 * also after it died: a runner keeps its marks in memory that it shares with its agent.
 *
 * A few relaxed stores for each call of an operator. Shared between processes of one build: no
 * stored format. */
#ifndef TIDE_WORKER_CORE_MARK_H
#define TIDE_WORKER_CORE_MARK_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/core/attr.h"

typedef struct tide_mark {
    _Atomic uint64_t progress; /* Grows whenever callbacks have returned. */
    _Atomic uint64_t batch;    /* Which one the operator works on, from 1; 0: none yet. */
    _Atomic uint32_t vertex;   /* Of the job's graph, plus 1; 0: none yet. */
    _Atomic uint32_t busy;     /* 1: in callbacks; 0: asleep, or nothing to do. */
    _Atomic int32_t thread;    /* The system's number; 0: not started. */
} TIDE_ALIGNED(TIDE_CACHE_LINE) tide_mark;

TIDE_INLINE void tide_mark_at(tide_mark *self, uint32_t vertex, uint64_t batch)
{
    atomic_store_explicit(&self->vertex, vertex + 1, memory_order_relaxed);
    atomic_store_explicit(&self->batch, batch, memory_order_relaxed);
}
TIDE_INLINE void tide_mark_busy(tide_mark *self, bool busy)
{
    atomic_store_explicit(&self->busy, busy, memory_order_relaxed);
}
TIDE_INLINE void tide_mark_progress(tide_mark *self)
{
    uint64_t n = atomic_load_explicit(&self->progress, memory_order_relaxed);
    atomic_store_explicit(&self->progress, n + 1, memory_order_relaxed); /* One writer. */
}

#endif
