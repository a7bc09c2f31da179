/* client_mode.h - runs a job on a cluster with its coordinator in this process: driver mode.
 *
 * A shell around master/core/lessee.h: a DEALER to every master, a ROUTER for the agents whose
 * slots are leased. Blocks until the job has ended; the job ends with this process. */
#ifndef TIDE_CLI_DRIVER_CLIENT_MODE_H
#define TIDE_CLI_DRIVER_CLIENT_MODE_H
#include "base/core/clock.h"
#include "master/core/coordinator.h"

typedef struct tide_client_mode {
    const char *job; /* 16 hex digits. */
    const tide_job_spec *spec;
    tide_proto_bytes artifact; /* Of a library. */
    /* control.masters: whom to ask; control.bind-address and control.address: where agents find us
     * (unset: the address from which the first master is reached); intervals. */
    const tide_cluster_settings *settings;
    tide_clock *clock; /* NULL: the real one. */
    uint64_t random_seed;
    int64_t unanswered_ns; /* No master answers for so long: TIDE_E_UNREACHABLE. */
    int cancel_fd; /* Readable once: the job is cancelled; again: given up at once. -1: none. */
    int64_t progress_every_ns; /* 0: no calls. */
    void (*on_progress)(void *ctx, const tide_coordinator *now);
    void *ctx;
} tide_client_mode;

/* *end gets how the job ended: FINISHED, CANCELED or FAILED; another state when it was given up. A
 * job that FAILED returns its failure. */
TIDE_MUST_CHECK tide_status tide_client_mode_run(const tide_client_mode *options,
                                                 tide_lifecycle *end);

#endif
