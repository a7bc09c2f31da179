/* library.h - a C job's shared library: loaded, checked, and its entry point found.
 *
 * Loading runs the library's constructors, so a wrong file is told apart before: missing, not a
 * shared library, without the entry point, built for another version of the interface. */
#ifndef TIDE_WORKER_RUNTIME_LIBRARY_H
#define TIDE_WORKER_RUNTIME_LIBRARY_H
#include "base/core/status.h"
#include "tidemill/job.h"

typedef struct tide_library tide_library;
typedef int (*tide_job_main_fn)(tide_jobdef *job, int argc, char **argv);

/* Returns TIDE_E_NOT_FOUND when there is no such file, TIDE_E_ABI when it is no job of a compatible
 * version, TIDE_E_IO when the system cannot load it; each says what to do. */
TIDE_MUST_CHECK tide_status tide_library_open(const char *path, tide_library **out);
/* Unloads it: nothing of it may be in use any more. */
void tide_library_close(tide_library **self_p);
tide_job_main_fn tide_library_main(const tide_library *self);

#endif
