/* settings.h - what a job's SET statements and -D options say, read from one table (settings.def).
 *
 * Pure; any thread. Texts are borrowed from the options. */
#ifndef TIDE_JOBAPI_PLAN_SETTINGS_H
#define TIDE_JOBAPI_PLAN_SETTINGS_H
#include "base/core/settings.h"
#include "jobapi/plan/table.h"

typedef enum tide_run_mode { TIDE_RUN_AUTOMATIC, TIDE_RUN_STREAMING, TIDE_RUN_BATCH } tide_run_mode;

typedef struct tide_job_settings {
    uint64_t parallelism; /* 0: not set; the caller's default. */
    uint64_t key_groups;
    const char *name; /* NULL: not set, as for every text. */
    tide_run_mode mode;
    int64_t state_ttl_us, idle_timeout_us, stuck_timeout_us;
    const char *late_table;
    bool skip_errors;                   /* on-error = skip */
    uint64_t memory_bytes, state_bytes; /* 0: not limited here. */
} tide_job_settings;

/* The defaults, then options[0..n) in order. Keys of cluster_settings.def that a job may be given
 * are checked and left to the coordinator. Returns TIDE_E_OPTION for an unknown key (with the
 * nearest) or a value that the key does not take; *bad (if not NULL) is then the index of that
 * option. */
TIDE_MUST_CHECK tide_status tide_job_settings_read(tide_job_settings *self,
                                                   const tide_option *options, uint32_t n,
                                                   uint32_t *bad);
/* The keys, for help, completion and files. */
extern const tide_settings_table tide_job_settings_table;

#endif
