/* waker.c - armed is set before the last look for work and read after work is published; with
 * sequential consistency on both sides a wake-up cannot be lost. */
#include "base/thread/waker.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

struct tide_waker {
    _Atomic bool armed; /* Owner sets, anyone clears. */
    int fd;
};

tide_waker *tide_waker_new(void)
{
    tide_waker *self = tide_calloc(1, sizeof *self);
    self->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    tide_assert(self->fd >= 0);
    return self;
}

void tide_waker_free(tide_waker **self_p)
{
    if (*self_p == NULL) return;
    close((*self_p)->fd);
    tide_free(*self_p);
    *self_p = NULL;
}

void tide_waker_arm(tide_waker *self)
{
    atomic_store(&self->armed, true);
    atomic_thread_fence(memory_order_seq_cst);
}

void tide_waker_disarm(tide_waker *self)
{
    atomic_store_explicit(&self->armed, false, memory_order_relaxed);
}

void tide_waker_wait(tide_waker *self, int64_t timeout_ns)
{
    struct pollfd p = { .fd = self->fd, .events = POLLIN };
    struct timespec ts = { .tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000 };
    int n = ppoll(&p, 1, timeout_ns < 0 ? NULL : &ts, NULL);
    tide_assert(n >= 0 || errno == EINTR);
    if (n > 0)
        tide_waker_clear(self);
    else
        tide_waker_disarm(self);
}

int tide_waker_fd(const tide_waker *self)
{
    return self->fd;
}

void tide_waker_clear(tide_waker *self)
{
    uint64_t count;
    if (read(self->fd, &count, sizeof count) < 0) tide_assert(errno == EAGAIN);
    atomic_store_explicit(&self->armed, false, memory_order_relaxed);
}

void tide_waker_wake(tide_waker *self)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&self->armed, memory_order_relaxed)) return;
    if (!atomic_exchange(&self->armed, false)) return;
    uint64_t one = 1;
    ssize_t n = write(self->fd, &one, sizeof one);
    tide_assert(n == sizeof one || errno == EAGAIN);
}
