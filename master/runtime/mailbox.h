/* mailbox.h - how other threads ask the control thread for something and wait for the answer.
 *
 * A call lies on its caller's stack and in one list of the mailbox, under its lock. The control
 * thread takes calls, works, and answers them now or later; a caller that does not want to wait any
 * longer leaves, but never while the control thread is at its call. */
#ifndef TIDE_MASTER_RUNTIME_MAILBOX_H
#define TIDE_MASTER_RUNTIME_MAILBOX_H
#include <stdbool.h>
#include <stdint.h>

typedef struct tide_mailbox tide_mailbox;

typedef enum tide_call_state {
    TIDE_CALL_POSTED,
    TIDE_CALL_TAKEN, /* The control thread is at it. */
    TIDE_CALL_ASKED, /* It will be answered. */
    TIDE_CALL_DONE
} tide_call_state;

typedef struct tide_call {
    struct tide_call *next;
    tide_call_state state;
    uint64_t id; /* The mailbox's. */
    void *what;  /* The caller's; the control thread knows what it is. */
} tide_call;

/* wake: called under no lock, after a call was posted. */
tide_mailbox *tide_mailbox_new(void (*wake)(void *ctx), void *ctx);
void tide_mailbox_free(tide_mailbox **self_p);

/* Any thread: posts the call and waits until it is done. False: it was not, within timeout_ns
 * (which is then over; negative: no limit). */
bool tide_mailbox_call(tide_mailbox *self, tide_call *call, int64_t timeout_ns);

/* ---- the control thread ---- */
/* The next posted call, now TAKEN; NULL: none. */
tide_call *tide_mailbox_take(tide_mailbox *self);
/* Done with a call that was taken: it is answered, or will be. */
void tide_mailbox_put(tide_mailbox *self, tide_call *call, bool is_done);
/* The call of this number that will be answered, now TAKEN again; NULL: its caller has left. */
tide_call *tide_mailbox_find(tide_mailbox *self, uint64_t id);

#endif
