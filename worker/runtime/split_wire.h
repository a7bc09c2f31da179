/* split_wire.h - splits of a job's scans as records of the control plane, and back.
 *
 * One runner lists the splits, the coordinator hands the same list to all. Pure. */
#ifndef TIDE_WORKER_RUNTIME_SPLIT_WIRE_H
#define TIDE_WORKER_RUNTIME_SPLIT_WIRE_H
#include "base/core/arena.h"
#include "jobapi/proto/proto.h"
#include "worker/runtime/job.h"

typedef struct tide_split_wire {
    uint32_t n_scans, n_splits;
    tide_scan_info *scans;
    tide_split_info *splits; /* In each scan's own order. */
} tide_split_wire;

/* Arrays lie in the arena, ids are borrowed from `scans`. */
void tide_split_wire_write(tide_arena *arena, const tide_scan_splits *scans, uint32_t n,
                           tide_split_wire *out);
/* For the caller, with tide_scan_splits_free. TIDE_E_PROTO when a split belongs to no listed scan
 * or to no partition of it. What start and end mean is the connector's business. */
TIDE_MUST_CHECK tide_status tide_split_wire_read(const tide_split_wire *in, tide_scan_splits **out,
                                                 uint32_t *n_out);

#endif
