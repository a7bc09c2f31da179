/* job.h - from a command line to a plan that can be explained or run.
 *
 * The command has the flags execute, config, set and parallelism and takes a file as its operand.
 * Owner: one thread. */
#ifndef TIDE_CLI_JOB_H
#define TIDE_CLI_JOB_H
#include "base/core/bytes.h"
#include "cli/config.h"
#include "cli/exit.h"
#include "jobapi/sql/sql.h"
#include "worker/runtime/library.h"

typedef struct tide_cli_job {
    tide_config config;
    tide_library *library; /* Of a C job, which the plan points into; else NULL. */
    tide_plan *plan;
    tide_job_settings settings;
} tide_cli_job;

/* Reads settings and text, plans. An operand that ends in ".so" is a C job; it gets the operands
 * behind it as arguments. Anything but TIDE_EXIT_OK was reported and left nothing to free. */
TIDE_MUST_CHECK tide_exit tide_cli_job_load(tide_cli_job *self, const tide_args *args);
void tide_cli_job_fini(tide_cli_job *self);

/* What the SQL front end asks about tables, answered by the connectors, and the settings around a
 * job's own. Borrows config's. */
tide_sql_context tide_cli_sql_context(const tide_config *config);

/* The plan and its graph as `explain` shows them, appended to *out. */
TIDE_MUST_CHECK tide_status tide_cli_job_explain(const tide_plan *plan,
                                                 const tide_job_settings *settings, bool as_json,
                                                 tide_bytes *out);

#endif
