/* scans.h - what is known of a graph's SCAN vertices before any task is made: connector, splits,
 * columns to read. Control thread; the result is read-only. */
#ifndef TIDE_WORKER_RUNTIME_SCANS_H
#define TIDE_WORKER_RUNTIME_SCANS_H
#include "worker/core/scan.h"
#include "worker/runtime/job.h"

typedef struct tide_scan_plan {
    const tide_connector *connector;
    tide_splits splits;
    tide_scan_reading reading;
    int64_t idle_timeout_us;
} tide_scan_plan;

/* A plan per vertex, zero for those that are no scans, in the arena. Splits come from the job's
 * part, or else from the sources, which may block. The caller releases every plan's splits, also
 * after a failure. */
TIDE_MUST_CHECK tide_status tide_scans_plan(tide_arena *arena, const tide_job_config *config,
                                            tide_scan_plan *scans);

#endif
