/* job.h - a job graph, or a runner's part of it, running on the slots of this process.
 *
 * Lays the graph's tasks out over slots (subtask i of every chain on slot i), joins them with
 * channels, opens everything on the slots' threads, runs, and takes it all down again. Used by
 * embedded mode and by a runner. One control thread calls these functions; progress may be read
 * from it while the job runs.
 *
 * A part: tide_job_prepare builds the tasks of the slots that are here and gives the channels that
 * lead elsewhere to the network thread; then tide_net_start, and when that is connected
 * tide_job_go. At the end tide_net_stop, tide_job_free, tide_net_free, in this order. */
#ifndef TIDE_WORKER_RUNTIME_JOB_H
#define TIDE_WORKER_RUNTIME_JOB_H
#include "base/core/clock.h"
#include "jobapi/graph/graph.h"
#include "worker/connector/connector.h"
#include "worker/core/task.h"
#include "worker/exchange/net.h"

typedef struct tide_job tide_job;

/* The splits of one SCAN vertex, as its connector listed them. */
typedef struct tide_scan_splits {
    uint32_t vertex; /* Of the graph. */
    tide_splits splits;
} tide_scan_splits;

/* Which part of a job runs here. Borrowed until tide_job_free. */
typedef struct tide_job_part {
    uint32_t runner;        /* This one. */
    const uint32_t *owners; /* owners[i]: the runner of job slot i, graph->parallelism of them. */
    const int *cpus;        /* cpus[i]: core of job slot i if it is here, -1 any; NULL: as `pins`
                             * says. */
    const int *nodes;       /* The NUMA node of each in the same way; NULL: any. */
    tide_net *net;          /* Not started yet; NULL when every slot is here. */
    /* Of every SCAN vertex, the same in every part: no source is asked. */
    const tide_scan_splits *scans;
    uint32_t n_scans;
} tide_job_part;

typedef struct tide_job_config {
    const tide_graph *graph; /* Borrowed until _free, with its plan. */
    const tide_job_settings *settings;
    const tide_job_part *part; /* NULL: the whole job runs here. */
    tide_clock *clock;
    struct tide_output *output; /* Where a bare SELECT prints; NULL when the plan has none. */
    /* Instead of the connectors that tables name, for tests; NULL: those. ctx reaches the connector
     * through tide_source_args.hook and tide_sink_args.hook. */
    const struct tide_connector *hook_connector;
    void *hook;
    bool virtual_time; /* One row per batch and a watermark after each (tidemill test). */
    bool pins;         /* Bind slots to cores when there are enough. */
    uint64_t random_seed;
    tide_mark *marks; /* One for each slot that is here, in their order; NULL: nobody looks. */
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
} tide_job_progress;

/* The splits of every SCAN vertex, by asking the sources (may block on the connectors' time
 * limits); starts nothing. config: graph, settings and hook; part may be NULL. */
TIDE_MUST_CHECK tide_status tide_job_list_splits(const tide_job_config *config,
                                                 tide_scan_splits **out, uint32_t *n_out);
void tide_scan_splits_free(tide_scan_splits **scans_p, uint32_t n);

/* Finds the splits if they were not given, starts the slots' threads, builds their tasks (sources
 * and sinks are opened) and joins them. Nothing runs yet. On failure nothing is left behind. */
TIDE_MUST_CHECK tide_status tide_job_prepare(const tide_job_config *config, tide_job **out);
void tide_job_go(tide_job *self); /* Once, after _prepare: lets the slots run. */
/* Both in one, for a job that is here as a whole. */
TIDE_MUST_CHECK tide_status tide_job_start(const tide_job_config *config, tide_job **out);
tide_job_state tide_job_state_of(tide_job *self);
void tide_job_failure(tide_job *self, tide_error *out); /* When FAILED: the first. */
void tide_job_stop(tide_job *self); /* End cleanly: sinks complete what they have. */
void tide_job_progress_of(tide_job *self, tide_job_progress *out);
/* Calls visit for every task that is here. */
void tide_job_each_task(tide_job *self, void (*visit)(void *ctx, const tide_task *task), void *ctx);
/* Ends the job whatever its state, closes everything. Returns the first failure's code and chain,
 * or TIDE_OK. */
tide_status tide_job_free(tide_job **self_p);

#endif
