/* generate.h - what generated tables share: stripes as splits, and a pace. Pure; any thread. */
#ifndef TIDE_WORKER_CONNECTOR_GENERATE_H
#define TIDE_WORKER_CONNECTOR_GENERATE_H
#include "worker/connector/connector.h"

/* Adds one split a subtask: "stripe-<start>-of-<end>", each its own partition. */
void tide_generate_stripes(uint32_t parallelism, tide_splits *out);

/* ---- a source of stripes ---- */

/* Polls one stripe, as a source is polled, for what lies below `due`; SPLIT_END once, afterwards
 * NOTHING. Of the stripes that have nothing yet, poll->next_ns takes the earliest time. */
typedef tide_source_result tide_stripe_poll(void *source, uint32_t stripe, uint64_t due,
                                            tide_source_poll *poll);

typedef struct tide_stripe_walk { /* Zeroed at first. */
    uint32_t at, n_ended;
} tide_stripe_walk;

/* Asks n stripes in turn, beginning behind the one that gave something last. */
tide_source_result tide_stripes_poll(tide_stripe_walk *self, uint32_t n, tide_stripe_poll *poll_one,
                                     void *source, uint64_t due, tide_source_poll *poll);

/* ---- a pace ---- */

/* So many numbered things per second, all subtasks together. The clock starts with the first
 * call of tide_pace_due. */
typedef struct tide_pace {
    uint64_t rate; /* Per second; 0: no pace. */
    int64_t start_ns;
    bool started;
} tide_pace;

/* Numbers below the result may be made now; at most `total`. */
uint64_t tide_pace_due(tide_pace *self, int64_t now_ns, uint64_t total);
/* When to look again, if `number` is what is waited for: not before it is due, and not at once.
 * Needs a rate. */
int64_t tide_pace_next_ns(const tide_pace *self, int64_t now_ns, uint64_t number);

#endif
