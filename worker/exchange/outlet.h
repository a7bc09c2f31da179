/* outlet.h - one outgoing edge of a subtask: a partitioner in front of a channel per target.
 *
 * FORWARD and GATHER have one target and pass batches on as they are; REBALANCE deals whole batches
 * in turn; BROADCAST shares each batch; HASH routes rows in one pass into a builder per target: of
 * columns that share strings for a slot of this process, of a block for another process. A
 * builder is sent when it is full, before any control element, when its oldest row is
 * TIDE_OUTLET_LINGER_NS old, or when the slot has nothing else to do. Owner: the task. No clock:
 * times come in. */
#ifndef TIDE_WORKER_EXCHANGE_OUTLET_H
#define TIDE_WORKER_EXCHANGE_OUTLET_H
#include "jobapi/graph/graph.h"
#include "worker/exchange/channel.h"

#define TIDE_OUTLET_LINGER_NS 5000000

typedef struct tide_outlet tide_outlet;

typedef struct tide_outlet_config {
    tide_partitioner partitioner;
    uint32_t n_keys;
    const uint32_t *keys;      /* HASH: columns of the schema. */
    const tide_schema *schema; /* Of the rows; borrowed. */
    uint32_t key_groups;
    uint32_t n_targets;
    uint32_t first_target;        /* REBALANCE: where this sender begins, so that senders spread. */
    tide_channel *const *targets; /* Borrowed; copied list. */
    tide_pool *pool;              /* The sender slot's. */
} tide_outlet_config;

TIDE_MUST_CHECK tide_status tide_outlet_new(const tide_outlet_config *config, tide_outlet **out);
void tide_outlet_free(tide_outlet **self_p); /* Drops rows not yet sent. */

bool tide_outlet_has_room(tide_outlet *self);
void tide_outlet_push(tide_outlet *self, tide_batch **batch_p,
                      int64_t now_ns); /* Room was checked. */
/* Sends what the builders hold, then the control element, to every target. */
void tide_outlet_control(tide_outlet *self, const tide_elem *control);
/* Sends waiting control, and builders whose rows are old enough (all of them when `idle`). Returns
 * whether anything was sent. */
bool tide_outlet_pump(tide_outlet *self, int64_t now_ns, bool idle);
/* When pump wants to run again for held rows; INT64_MAX when none are held. */
int64_t tide_outlet_deadline_ns(const tide_outlet *self);
bool tide_outlet_is_drained(const tide_outlet *self); /* Nothing waits here any more. */
uint64_t tide_outlet_bytes(const tide_outlet *self);  /* Of all its channels; any thread. */

#endif
