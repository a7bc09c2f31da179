/* pool.c - size classes, an owner's free lists, and a return stack for everybody else. */
#include "base/core/pool.h"

#include <pthread.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

#define CLASS_BYTES_MIN 128u
#define CLASSES 22u                           /* 128 B to 256 MiB; larger buffers are not kept. */
#define PLACED UINT32_MAX                     /* The class of memory that is not ours. */
#define CACHED_BYTES_MAX (8u * 1024u * 1024u) /* Free buffers kept for reuse, per pool. */

struct tide_pool {
    tide_buf *free[CLASSES]; /* Owner. */
    size_t cached_bytes;     /* Owner. */
    size_t budget_bytes;     /* Constant. */
    pthread_t owner;         /* Written by _adopt, before buffers are shared. */
    _Atomic(tide_buf *) returned TIDE_ALIGNED(64); /* Pushed by any thread, emptied by the owner. */
    _Atomic size_t out_bytes;                      /* Any thread. */
    _Atomic size_t peak_bytes;
    _Atomic size_t refs; /* One for the owner, one per buffer that is out. */
};

static uint32_t class_of(size_t bytes)
{
    if (bytes <= CLASS_BYTES_MIN) return 0;
    return (uint32_t)(64 - __builtin_clzll(bytes - 1)) - 7u;
}

static void drop_pool_ref(tide_pool *self)
{
    if (atomic_fetch_sub_explicit(&self->refs, 1, memory_order_acq_rel) == 1) tide_free(self);
}

tide_pool *tide_pool_new(size_t budget_bytes)
{
    tide_pool *self = tide_malloc_aligned(64, sizeof *self);
    memset(self, 0, sizeof *self);
    self->budget_bytes = budget_bytes;
    self->owner = pthread_self();
    atomic_store(&self->refs, 1);
    return self;
}

void tide_pool_adopt(tide_pool *self)
{
    self->owner = pthread_self();
}

static void keep_or_free(tide_pool *self, tide_buf *buf)
{
    if (buf->size_class >= CLASSES || self->cached_bytes + buf->capacity > CACHED_BYTES_MAX) {
        tide_free(buf);
        return;
    }
    buf->next = self->free[buf->size_class];
    self->free[buf->size_class] = buf;
    self->cached_bytes += buf->capacity;
}

static void collect_returned(tide_pool *self)
{
    tide_buf *list = atomic_exchange_explicit(&self->returned, NULL, memory_order_acquire);
    while (list) {
        tide_buf *next = list->next;
        keep_or_free(self, list);
        list = next;
    }
}

/* Marks a pool whose owner is gone: whoever returns a buffer frees it. */
#define CLOSED ((tide_buf *)(uintptr_t)1)

void tide_pool_free(tide_pool **self_p)
{
    tide_pool *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    tide_buf *list = atomic_exchange_explicit(&self->returned, CLOSED, memory_order_acq_rel);
    while (list) {
        tide_buf *next = list->next;
        tide_free(list);
        list = next;
    }
    for (uint32_t c = 0; c < CLASSES; c++)
        for (tide_buf *b = self->free[c], *next; b; b = next) {
            next = b->next;
            tide_free(b);
        }
    drop_pool_ref(self);
}

void tide_pool_charge(tide_pool *self, size_t bytes)
{
    size_t out = atomic_fetch_add_explicit(&self->out_bytes, bytes, memory_order_relaxed) + bytes;
    /* Who raises it at the same time may lose; it is a figure for people. */
    if (out > atomic_load_explicit(&self->peak_bytes, memory_order_relaxed))
        atomic_store_explicit(&self->peak_bytes, out, memory_order_relaxed);
}

void tide_pool_discharge(tide_pool *self, size_t bytes)
{
    atomic_fetch_sub_explicit(&self->out_bytes, bytes, memory_order_relaxed);
}

/* It is out with a user from now on. */
static tide_buf *hand_out(tide_pool *self, tide_buf *buf)
{
    atomic_store_explicit(&buf->refs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&self->refs, 1, memory_order_relaxed);
    tide_pool_charge(self, buf->capacity);
    return buf;
}

tide_buf *tide_pool_place(tide_pool *self, void *at, size_t bytes, void (*release)(tide_buf *self))
{
    tide_assert_slow(pthread_equal(self->owner, pthread_self()));
    tide_assert((uintptr_t)at % _Alignof(tide_buf) == 0);
    tide_buf *buf = at;
    buf->size_class = PLACED;
    buf->capacity = bytes;
    buf->pool = self;
    buf->release = release;
    return hand_out(self, buf);
}

tide_buf *tide_pool_take(tide_pool *self, size_t bytes)
{
    tide_assert_slow(pthread_equal(self->owner, pthread_self()));
    uint32_t c = class_of(bytes);
    tide_buf *buf = c < CLASSES ? self->free[c] : NULL;
    if (buf == NULL && atomic_load_explicit(&self->returned, memory_order_relaxed)) {
        collect_returned(self);
        buf = c < CLASSES ? self->free[c] : NULL;
    }
    if (buf) {
        self->free[c] = buf->next;
        self->cached_bytes -= buf->capacity;
    } else {
        size_t capacity = c < CLASSES ? (size_t)CLASS_BYTES_MIN << c : bytes;
        buf = tide_malloc_aligned(64, sizeof *buf + capacity + TIDE_BUF_PADDING);
        buf->size_class = c;
        buf->capacity = capacity;
        buf->pool = self;
        memset(buf->data + capacity, 0, TIDE_BUF_PADDING);
    }
    return hand_out(self, buf);
}

bool tide_pool_has_room(const tide_pool *self)
{
    return self->budget_bytes == 0 || tide_pool_bytes(self) < self->budget_bytes;
}

size_t tide_pool_bytes(const tide_pool *self)
{
    return atomic_load_explicit(&self->out_bytes, memory_order_relaxed);
}

size_t tide_pool_peak_bytes(const tide_pool *self)
{
    return atomic_load_explicit(&self->peak_bytes, memory_order_relaxed);
}

static void go_home(tide_pool *pool, tide_buf *buf)
{
    tide_pool_discharge(pool, buf->capacity);
    if (buf->size_class == PLACED) {
        buf->release(buf);
        drop_pool_ref(pool);
        return;
    }
    tide_buf *head = atomic_load_explicit(&pool->returned, memory_order_relaxed);
    if (head != CLOSED && pthread_equal(pool->owner, pthread_self())) {
        keep_or_free(pool, buf);
        drop_pool_ref(pool);
        return;
    }
    do {
        if (head == CLOSED) {
            tide_free(buf);
            break;
        }
        buf->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&pool->returned, &head, buf,
                                                    memory_order_release, memory_order_acquire));
    drop_pool_ref(pool);
}

void tide_buf_unref(tide_buf **self_p)
{
    tide_buf *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    if (atomic_load_explicit(&self->refs, memory_order_acquire) != 1 &&
        atomic_fetch_sub_explicit(&self->refs, 1, memory_order_acq_rel) != 1)
        return;
    go_home(self->pool, self);
}
