/* altstack.c - see altstack.h. */
#include "worker/runtime/altstack.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

#define ALTSTACK_BYTES ((size_t)64 << 10) /* Enough to print the calls that led there. */
/* A frame that does not fit may be larger than the guard pages that it steps over. */
#define BEYOND_BYTES ((uintptr_t)256 << 10)
#define WITHIN_BYTES ((uintptr_t)4096)

/* A handler has no other way to know. The lowest byte of this thread's stack; 0: unknown. */
static _Thread_local uintptr_t lowest;

static uintptr_t find_lowest(void)
{
    pthread_attr_t attr;
    void *at = NULL;
    size_t n;
    if (pthread_getattr_np(pthread_self(), &attr) != 0) return 0;
    if (pthread_attr_getstack(&attr, &at, &n) != 0) at = NULL;
    pthread_attr_destroy(&attr);
    return (uintptr_t)at;
}

void tide_altstack_begin(tide_altstack *self)
{
    stack_t there;
    *self = (tide_altstack){ .bytes = NULL };
    lowest = find_lowest();
    if (sigaltstack(NULL, &there) != 0 || !(there.ss_flags & SS_DISABLE)) return;
    void *bytes = mmap(NULL, ALTSTACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (bytes == MAP_FAILED) return;
    const stack_t ours = { .ss_sp = bytes, .ss_size = ALTSTACK_BYTES };
    if (sigaltstack(&ours, NULL) == 0)
        self->bytes = bytes;
    else
        munmap(bytes, ALTSTACK_BYTES);
}

void tide_altstack_end(tide_altstack *self)
{
    const stack_t none = { .ss_flags = SS_DISABLE };
    lowest = 0;
    if (!self->bytes) return;
    (void)sigaltstack(&none, NULL);
    munmap(self->bytes, ALTSTACK_BYTES);
    self->bytes = NULL;
}

bool tide_altstack_is_overflow(const void *address)
{
    uintptr_t at = (uintptr_t)address;
    return lowest && at >= lowest - BEYOND_BYTES && at < lowest + WITHIN_BYTES;
}
