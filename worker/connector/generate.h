/* generate.h - what generated tables share: stripes as splits, and a pace. Pure; any thread. */
#ifndef TIDE_WORKER_CONNECTOR_GENERATE_H
#define TIDE_WORKER_CONNECTOR_GENERATE_H
#include "worker/connector/connector.h"

/* Adds one split a subtask: "stripe-<start>-of-<end>", each its own partition. */
void tide_generate_stripes(uint32_t parallelism, tide_splits *out);

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
