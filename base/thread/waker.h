/* waker.h - how another thread tells a sleeping one that there is work: an eventfd with a fast
 * path.
 *
 * The owner: poll for work; if none, tide_waker_arm, poll once more, then tide_waker_wait.
 * Others: publish the work, then tide_waker_wake (one atomic load when the owner is awake). */
#ifndef TIDE_BASE_THREAD_WAKER_H
#define TIDE_BASE_THREAD_WAKER_H
#include <stdbool.h>
#include <stdint.h>

typedef struct tide_waker tide_waker;

tide_waker *tide_waker_new(void);
void tide_waker_free(tide_waker **self_p);
void tide_waker_arm(tide_waker *self); /* Owner: the next wake must write the eventfd. */
/* Owner: sleeps until woken or timeout_ns passed (negative: no limit); disarms. */
void tide_waker_wait(tide_waker *self, int64_t timeout_ns);
void tide_waker_disarm(tide_waker *self); /* Owner: found work after all. */
void tide_waker_wake(tide_waker *self);   /* Any thread. */
/* Owner, for one that sleeps in a poll of its own instead of _wait: between _arm and _clear this
 * descriptor is readable once somebody woke it. */
int tide_waker_fd(const tide_waker *self);
void tide_waker_clear(tide_waker *self); /* Owner, awake again: disarms. */

#endif
