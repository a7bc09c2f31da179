/* deploy.h - from a job graph to tasks joined by channels: who runs where, and what connects them.
 *
 * Subtask i of every chain goes to slot i. _new does what needs no slot (splits, which scans need
 * watermarks) on the control thread; _build makes one slot's tasks on that slot's thread; the
 * channels between slots need every slot's waker, so builders wait for _connect. */
#ifndef TIDE_WORKER_RUNTIME_DEPLOY_H
#define TIDE_WORKER_RUNTIME_DEPLOY_H
#include "worker/exchange/link.h"
#include "worker/runtime/job.h"
#include "worker/runtime/slot.h"

typedef struct tide_deployment tide_deployment;

/* Resolves connectors and discovers splits; may block. */
TIDE_MUST_CHECK tide_status tide_deployment_new(const tide_job_config *config,
                                                tide_deployment **out);
void tide_deployment_free(tide_deployment **self_p); /* Every slot was freed. */
/* Makes the channels and lets the builders go on. wakers: of every job slot (graph->parallelism of
 * them), the network thread's for those of other runners. NULL: the job will not start; builders
 * fail. */
void tide_deployment_connect(tide_deployment *self, tide_waker *const *wakers);
/* A channel that leads to another runner, or comes from one. */
typedef struct tide_remote_channel {
    tide_channel_id id;
    tide_channel *channel; /* The deployment's. */
    const tide_schema *schema;
    uint32_t peer; /* The other runner. */
    bool is_out;
} tide_remote_channel;
/* After _connect: calls visit for each, in ascending order of ids. */
void tide_deployment_visit_remote(tide_deployment *self,
                                  void (*visit)(void *ctx, const tide_remote_channel *channel),
                                  void *ctx);
/* On the slot's thread: waits for _connect, then adds the slot's tasks. */
TIDE_MUST_CHECK tide_status tide_deployment_build(tide_deployment *self, tide_slot *slot);

#endif
