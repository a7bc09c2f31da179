/* altstack.h - a stack for the signal handlers of a thread whose own may be used up.
 *
 * User code that recurses for ever leaves a handler no room on the thread's stack: without another
 * one the process dies unexplained. Owner: the thread itself. */
#ifndef TIDE_WORKER_RUNTIME_ALTSTACK_H
#define TIDE_WORKER_RUNTIME_ALTSTACK_H
#include <stdbool.h>

typedef struct tide_altstack {
    void *bytes; /* NULL: the thread has one of somebody else's (a sanitizer's), or none. */
} tide_altstack;

/* From here to _end, on the thread that is to have it. */
void tide_altstack_begin(tide_altstack *self);
void tide_altstack_end(tide_altstack *self);
/* In a handler, between the two: did this address lie just beyond the thread's own stack? */
bool tide_altstack_is_overflow(const void *address);

#endif
