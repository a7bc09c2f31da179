/* job_policy.h - what do the cluster's settings and the job's own say about this job?
 *
 * The control plane never reads a job's text: it goes by the settings that came with the
 * submission, on top of the host's. Values that do not go together are brought together; the
 * submitter was told. Pure. */
#ifndef TIDE_MASTER_CORE_JOB_POLICY_H
#define TIDE_MASTER_CORE_JOB_POLICY_H
#include "jobapi/plan/cluster_settings.h"
#include "jobapi/proto/proto.h"
#include "scheduler/core/placement.h"
#include "scheduler/core/restart.h"

typedef struct tide_job_policy {
    tide_restart_config restart;
    int64_t slot_timeout_ns, prepare_timeout_ns, deploy_timeout_ns; /* INT64_MAX: never. */
    tide_placement_policy placement;
} tide_job_policy;

tide_job_policy tide_job_policy_of(const tide_cluster_settings *cluster, const tide_job_spec *spec);

#endif
