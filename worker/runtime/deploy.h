/* deploy.h - from a job graph to tasks joined by channels: who runs where, and what connects them.
 *
 * Subtask i of every chain goes to slot i. _new does what needs no slot (splits, which scans need
 * watermarks) on the control thread; _build makes one slot's tasks on that slot's thread; the
 * channels between slots need every slot's waker, so builders wait for _connect. */
#ifndef TIDE_WORKER_RUNTIME_DEPLOY_H
#define TIDE_WORKER_RUNTIME_DEPLOY_H
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
/* On the slot's thread: waits for _connect, then adds the slot's tasks. */
TIDE_MUST_CHECK tide_status tide_deployment_build(tide_deployment *self, tide_slot *slot);

#endif
