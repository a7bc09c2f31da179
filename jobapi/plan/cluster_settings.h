/* cluster_settings.h - how are a cluster's processes configured? One table (cluster_settings.def),
 * one struct.
 *
 * The same file configures masters, workers, drivers and clients; each reads what concerns it. Keys
 * of scope JOB may be given to a job as well: a coordinator begins with the master's settings and
 * applies the job's pairs with tide_cluster_settings_override. Pure; any thread. Texts are
 * borrowed.
 */
#ifndef TIDE_JOBAPI_PLAN_CLUSTER_SETTINGS_H
#define TIDE_JOBAPI_PLAN_CLUSTER_SETTINGS_H
#include "base/core/settings.h"

/* The values of restart-strategy.type and scheduler.placement, in the table's order, which is that
 * of tide_restart_kind and tide_placement_policy. */
typedef enum tide_restart_type {
    TIDE_RESTART_TYPE_NONE,
    TIDE_RESTART_TYPE_FIXED_DELAY,
    TIDE_RESTART_TYPE_EXPONENTIAL_DELAY,
    TIDE_RESTART_TYPE_FAILURE_RATE
} tide_restart_type;
typedef enum tide_placement_choice {
    TIDE_PLACEMENT_SPREAD,
    TIDE_PLACEMENT_PACK,
    TIDE_PLACEMENT_NEAREST
} tide_placement_choice;

/* What each member means is in the table, beside its key. Texts: NULL when unset. */
typedef struct tide_cluster_settings {
    uint64_t rest_port, worker_rest_port, control_port;
    const char *rest_bind_address, *rest_address, *rest_token, *rest_token_file;
    bool runner_metrics;
    const char *control_bind_address, *control_address, *masters;
    int64_t control_retry_us, heartbeat_interval_us, heartbeat_timeout_us;
    const char *storage_dir;
    int64_t lease_timeout_us, takeover_grace_us;
    uint64_t slots, memory_bytes;
    const char *data_host, *data_dir;
    int64_t drain_timeout_us;
    tide_placement_choice placement;
    int64_t slot_timeout_us, prepare_timeout_us, deploy_timeout_us;
    uint64_t jobs_retained;
    tide_restart_type restart_type;
    uint64_t restart_fixed_attempts, restart_failures_max;
    int64_t restart_fixed_delay_us;
    int64_t restart_initial_us, restart_max_us, restart_reset_us;
    double restart_multiplier, restart_jitter;
    int64_t restart_interval_us, restart_rate_delay_us;
} tide_cluster_settings;

extern const tide_settings_table tide_cluster_settings_table;

/* The table's defaults. */
void tide_cluster_settings_init(tide_cluster_settings *self);
/* One more setting, by key or alias. TIDE_E_OPTION: unknown (with the nearest), or a value that the
 * key does not take. */
TIDE_MUST_CHECK tide_status tide_cluster_settings_set(tide_cluster_settings *self, const char *key,
                                                      const char *value);
/* What a job was given wins over the cluster's: applies the pair when its key is of scope JOB.
 * Other keys are left alone; so are values that do not read, which the submitter has checked. */
void tide_cluster_settings_override(tide_cluster_settings *self, const char *key,
                                    const char *value);
/* Do the settings go together? TIDE_E_OPTION says what does not. */
TIDE_MUST_CHECK tide_status tide_cluster_settings_check(const tide_cluster_settings *self);

#endif
