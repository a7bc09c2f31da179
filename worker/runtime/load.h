/* load.h - from a job's text or library, and the settings around it, to a plan.
 *
 * What the command line, a submitter and a runner do alike, so that all get the same plan. Tables
 * are checked by their connectors. Blocking, and a library runs user code: not on a slot's or a
 * network thread. */
#ifndef TIDE_WORKER_RUNTIME_LOAD_H
#define TIDE_WORKER_RUNTIME_LOAD_H
#include "jobapi/sql/sql.h"
#include "worker/runtime/library.h"

/* Settings outside the job's own: SET wins over `below` (file, environment), `above` (command line)
 * over SET. Borrowed. */
typedef struct tide_load_settings {
    const tide_option *below, *above;
    uint32_t n_below, n_above;
} tide_load_settings;

/* What the SQL front end asks about tables, answered by the connectors. Borrows the settings. */
tide_sql_context tide_load_context(const tide_load_settings *around);

/* Plans a text of n bytes, called `name` in messages. TIDE_E_SYNTAX also when it holds a NUL byte.
 * *settings borrows from the plan. */
TIDE_MUST_CHECK tide_status tide_load_sql(const char *text, size_t n, const char *name,
                                          const tide_load_settings *around, tide_plan **plan,
                                          tide_job_settings *settings);
/* Opens the library and runs its entry point with argv (its own name first). The plan points into
 * the library, which is closed after it. */
TIDE_MUST_CHECK tide_status tide_load_library(const char *path, int argc, char **argv,
                                              const tide_load_settings *around,
                                              tide_library **library, tide_plan **plan,
                                              tide_job_settings *settings);

#endif
