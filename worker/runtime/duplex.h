/* duplex.h - messages over a local socket pair: how do an agent and its runner talk?
 *
 * A frame is 4 bytes of length, little endian, and one message (jobapi/proto). Nothing blocks; what
 * does not fit is queued. The end of either process closes the pair, which is how both learn of it.
 * Owner: one thread. */
#ifndef TIDE_WORKER_RUNTIME_DUPLEX_H
#define TIDE_WORKER_RUNTIME_DUPLEX_H
#include "jobapi/proto/proto.h"

typedef struct tide_duplex tide_duplex;

/* Two connected descriptors, closed on exec. TIDE_E_IO when the system has none left. */
TIDE_MUST_CHECK tide_status tide_duplex_make(int fds[2]);
tide_duplex *tide_duplex_new(int fd); /* Takes it. */
void tide_duplex_free(tide_duplex **self_p);

int tide_duplex_fd(const tide_duplex *self);
bool tide_duplex_has_unsent(const tide_duplex *self); /* Wait for room to write as well. */
/* Queues the message and writes what fits. */
void tide_duplex_send(tide_duplex *self, tide_msg_kind kind, const void *body);
void tide_duplex_flush(tide_duplex *self);

typedef enum tide_duplex_got {
    TIDE_DUPLEX_NOTHING,
    TIDE_DUPLEX_MESSAGE, /* *out is in the arena. */
    TIDE_DUPLEX_CLOSED,  /* The other end is gone, and everything that it sent was delivered. */
    TIDE_DUPLEX_BROKEN   /* It sent nonsense; the error chain says what. */
} tide_duplex_got;
tide_duplex_got tide_duplex_next(tide_duplex *self, tide_arena *arena, tide_msg *out);

#endif
