/* ring.h - a bounded queue of pointers from one thread to one other. Wait-free, no system calls.
 *
 * The producer owns the head, the consumer the tail, each with a cached copy of the other's, so
 * that a push or pop usually touches no line that the other thread writes. A full ring refuses:
 * that is back-pressure. Elements are never NULL. */
#ifndef TIDE_BASE_THREAD_RING_H
#define TIDE_BASE_THREAD_RING_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/attr.h"

typedef struct tide_ring {
    void **slots;
    uint64_t mask;
    _Atomic uint64_t head TIDE_ALIGNED(64); /* Producer writes. */
    uint64_t tail_seen;                     /* Producer's. */
    _Atomic uint64_t tail TIDE_ALIGNED(64); /* Consumer writes. */
    uint64_t head_seen;                     /* Consumer's. */
} tide_ring;

void tide_ring_init(tide_ring *self, uint32_t capacity); /* Rounded up to a power of two. */
void tide_ring_fini(tide_ring *self); /* Elements still inside are the caller's. */

/* Producer: are there `n` free places? Looks at the consumer's line only when its copy says no. */
TIDE_INLINE bool tide_ring_has_room(tide_ring *self, uint64_t n)
{
    uint64_t head = atomic_load_explicit(&self->head, memory_order_relaxed);
    if (self->mask + 1 - (head - self->tail_seen) >= n) return true;
    self->tail_seen = atomic_load_explicit(&self->tail, memory_order_acquire);
    return self->mask + 1 - (head - self->tail_seen) >= n;
}
/* Producer: false when full. */
TIDE_INLINE bool tide_ring_push(tide_ring *self, void *element)
{
    uint64_t head = atomic_load_explicit(&self->head, memory_order_relaxed);
    if (head - self->tail_seen > self->mask) {
        self->tail_seen = atomic_load_explicit(&self->tail, memory_order_acquire);
        if (head - self->tail_seen > self->mask) return false;
    }
    self->slots[head & self->mask] = element;
    atomic_store_explicit(&self->head, head + 1, memory_order_release);
    return true;
}
/* Consumer: the oldest element without taking it; NULL when empty. */
TIDE_INLINE void *tide_ring_peek(tide_ring *self)
{
    uint64_t tail = atomic_load_explicit(&self->tail, memory_order_relaxed);
    if (tail == self->head_seen) {
        self->head_seen = atomic_load_explicit(&self->head, memory_order_acquire);
        if (tail == self->head_seen) return NULL;
    }
    return self->slots[tail & self->mask];
}
/* Consumer: removes what peek showed. */
TIDE_INLINE void tide_ring_drop(tide_ring *self)
{
    uint64_t tail = atomic_load_explicit(&self->tail, memory_order_relaxed);
    atomic_store_explicit(&self->tail, tail + 1, memory_order_release);
}
TIDE_INLINE void *tide_ring_pop(tide_ring *self)
{
    void *element = tide_ring_peek(self);
    if (element) tide_ring_drop(self);
    return element;
}

#endif
