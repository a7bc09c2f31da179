/* pool.h - where row data lives: refcounted buffers out of budgeted, recycling pools.
 *
 * Each slot and each I/O thread has its own pool. A buffer may be read and released on any thread;
 * it goes home to the pool that made it (released by its owner thread: straight onto a free list;
 * by another: onto a lock-free return stack). A pool lives until it is freed *and* its last buffer
 * is back. The budget is a line, not a wall: tide_pool_take always succeeds, but tide_pool_has_room
 * turns false, and whoever starts new work (a source's poll, an operator's next emission) asks that
 * first. So a budget is overrun by at most what one step produces. Owner: the thread that called
 * _new, or the one that called _adopt last. */
#ifndef TIDE_BASE_CORE_POOL_H
#define TIDE_BASE_CORE_POOL_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/attr.h"

typedef struct tide_pool tide_pool;

/* Readable (not writable) bytes behind every buffer's capacity: wide loads may run over the end. */
#define TIDE_BUF_PADDING 64

typedef struct tide_buf {
    _Atomic uint32_t refs; /* Any thread. */
    uint32_t size_class;
    size_t capacity; /* Usable bytes of data[]. */
    tide_pool *pool;
    union {
        struct tide_buf *next; /* Free list or return stack, while nobody holds it. */
        void (*release)(struct tide_buf *self); /* A placed one's. */
    };
    uint8_t unused[32];
    uint8_t data[] TIDE_ALIGNED(16); /* At a multiple of 64, unless it was placed. */
} tide_buf;
_Static_assert(offsetof(tide_buf, data) == 64, "data of the pool's own buffers is aligned");

/* budget_bytes: 0 is unlimited. */
tide_pool *tide_pool_new(size_t budget_bytes);
void tide_pool_free(tide_pool **self_p); /* Owner only. Buffers still out stay valid. */
void tide_pool_adopt(tide_pool *self);   /* The calling thread becomes the owner. */

/* A buffer with one reference, 64-byte aligned, contents undefined. Owner only. */
tide_buf *tide_pool_take(tide_pool *self, size_t bytes);

/* A buffer with one reference in memory that somebody else made: its head is written to `at`, a
 * multiple of 16; its data is what lies behind the head, `bytes` of it and the padding. It counts
 * as the pool's until its last reference goes; then `release` is called, on that thread, to give
 * the memory back. Owner only. */
tide_buf *tide_pool_place(tide_pool *self, void *at, size_t bytes, void (*release)(tide_buf *self));

/* Memory of other pools that is on this one's account for a while. Any thread. */
void tide_pool_charge(tide_pool *self, size_t bytes);
void tide_pool_discharge(tide_pool *self, size_t bytes);

bool tide_pool_has_room(const tide_pool *self); /* Any thread. */
size_t tide_pool_bytes(const tide_pool *self);  /* Out with users now. Any thread. */
size_t tide_pool_peak_bytes(const tide_pool *self);

TIDE_INLINE tide_buf *tide_buf_ref(tide_buf *self)
{
    atomic_fetch_add_explicit(&self->refs, 1, memory_order_relaxed);
    return self;
}
void tide_buf_unref(tide_buf **self_p); /* NULL inside is fine. Any thread. */

#endif
