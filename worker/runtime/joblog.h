/* joblog.h - what a job's runners printed on this host, kept up to a limit.
 *
 * Bytes are numbered from the first that the job ever printed here, also over restarts of the
 * agent. A log is a folder <logs>/<job> of segments, each named by its first byte's number (20
 * digits); when the newest is full the one before it goes, so at least half of the limit is kept.
 * Owner: one thread. */
#ifndef TIDE_WORKER_RUNTIME_JOBLOG_H
#define TIDE_WORKER_RUNTIME_JOBLOG_H
#include <stdbool.h>

#include "base/core/bytes.h"
#include "base/core/status.h"

typedef struct tide_joblog tide_joblog;

#define TIDE_JOBLOG_BYTES_MAX (64u << 20) /* Of one job. */
#define TIDE_JOBLOG_JOBS_MAX 200u         /* The log written longest ago goes first. */

/* For appending; `job` is a name of 16 hex digits. TIDE_E_IO says why not. */
TIDE_MUST_CHECK tide_status tide_joblog_open(const char *logs, const char *job, uint64_t bytes_max,
                                             tide_joblog **out);
void tide_joblog_close(tide_joblog **self_p);
/* What cannot be written (a full disk) is dropped: the job goes on. */
void tide_joblog_put(tide_joblog *self, const void *bytes, size_t n);

/* Appends at most n_max bytes from *offset on to *into; *total: bytes printed so far. What is kept
 * no more is skipped, and *offset says where the bytes begin. An offset beyond the total asks for
 * the last n_max bytes. A job without a log has none: nothing, total 0. */
TIDE_MUST_CHECK tide_status tide_joblog_read(const char *logs, const char *job, uint64_t *offset,
                                             size_t n_max, tide_bytes *into, uint64_t *total);

bool tide_joblog_is_job(const char *name); /* 16 hex digits: safe in a path. */

#endif
