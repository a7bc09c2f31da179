/* job.h - a job graph running on the slots of this process.
 *
 * Lays the graph's tasks out over slots (subtask i of every chain on slot i), joins them with
 * channels, opens everything on the slots' threads, runs, and takes it all down again. Used by
 * embedded mode and by a runner. One control thread calls these functions; progress may be read
 * from it while the job runs. */
#ifndef TIDE_WORKER_RUNTIME_JOB_H
#define TIDE_WORKER_RUNTIME_JOB_H
#include "base/core/clock.h"
#include "jobapi/graph/graph.h"
#include "worker/op/op.h"

typedef struct tide_job tide_job;

typedef struct tide_job_config {
    const tide_graph *graph; /* Borrowed until _free, with its plan. */
    const tide_job_settings *settings;
    tide_clock *clock;
    struct tide_output *output; /* Where a bare SELECT prints; NULL when the plan has none. */
    /* Instead of the connectors that tables name, for tests; NULL: those. ctx reaches the connector
     * through tide_source_args.hook and tide_sink_args.hook. */
    const struct tide_connector *hook_connector;
    void *hook;
    bool virtual_time; /* One row per batch and a watermark after each (tidemill test). */
    bool pins;         /* Bind slots to cores when there are enough. */
    uint64_t random_seed;
    /* Called on slot threads when the job's state may have changed: wakes the control thread. */
    void (*on_change)(void *ctx);
    void *ctx;
} tide_job_config;

typedef enum tide_job_state {
    TIDE_JOB_RUNNING,
    TIDE_JOB_FINISHED, /* By itself, or after a stop. */
    TIDE_JOB_FAILED
} tide_job_state;

typedef struct tide_job_progress {
    uint64_t rows_in, rows_out; /* Read by sources; written by sinks. */
    uint64_t late_rows, bad_rows;
    int64_t watermark_us; /* Lowest of the tasks that have one; INT64_MIN: none. */
    uint64_t busy_ns;     /* Of all slots. */
} tide_job_progress;

/* Finds the splits (may block on the connectors' time limits), starts the slots and lets them run.
 * On failure nothing is left behind. */
TIDE_MUST_CHECK tide_status tide_job_start(const tide_job_config *config, tide_job **out);
tide_job_state tide_job_state_of(tide_job *self);
void tide_job_stop(tide_job *self); /* End cleanly: sinks complete what they have. */
void tide_job_progress_of(tide_job *self, tide_job_progress *out);
/* Ends the job whatever its state, closes everything. Returns the first failure's code and chain,
 * or TIDE_OK. */
tide_status tide_job_free(tide_job **self_p);

#endif
