/* builder.h - runs a C job's entry point and takes the plan that it built.
 *
 * The other side of tidemill/job.h. Pure but for the context's callbacks and what the job's
 * function does; one thread. */
#ifndef TIDE_JOBAPI_BUILDER_BUILDER_H
#define TIDE_JOBAPI_BUILDER_BUILDER_H
#include "jobapi/sql/sql.h"
#include "tidemill/job.h"

/* Calls main(job, argc, argv) and finishes what it built. context: as for tide_sql_plan. name: for
 * messages. Returns the job's first error, or TIDE_E_USER_CODE when main returned not 0 without
 * one. The plan holds pointers to callbacks: the library must stay loaded while it lives. */
TIDE_MUST_CHECK tide_status tide_builder_run(int (*main)(tide_jobdef *job, int argc, char **argv),
                                             int argc, char **argv, const char *name,
                                             const tide_sql_context *context, tide_plan **out);

#endif
