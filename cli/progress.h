/* progress.h - one line on the terminal that says how a running job is doing.
 *
 *   12,345,678 rows  1.2 M rows/s  watermark 2026-03-01 12:00:00  lag 3.2 s  5 late
 *
 * The text is pure (tide_progress_text). The line itself is rewritten in place; log lines that come
 * between clear it first. Silent when standard error is not a terminal. Thread safe: lines come
 * from any thread, progress from the one that watches the job. */
#ifndef TIDE_CLI_PROGRESS_H
#define TIDE_CLI_PROGRESS_H
#include "base/core/bytes.h"
#include "worker/runtime/job.h"

#define TIDE_PROGRESS_EVERY_NS INT64_C(250000000)

typedef struct tide_progress tide_progress;

/* Nothing is written unless `shows`. */
tide_progress *tide_progress_new(bool shows);
void tide_progress_free(tide_progress **self_p); /* Clears the line. */
void tide_progress_update(tide_progress *self, const tide_job_progress *now, int64_t now_ns,
                          int64_t wall_us);
/* The job ended: the line is replaced by what it did in all. */
void tide_progress_finish(tide_progress *self, const tide_job_progress *final, int64_t elapsed_ns);
/* A line of log, on standard error. Fits tide_log_config.write with self as ctx. */
void tide_progress_log(void *self, const char *line, size_t bytes);

/* What the line says. rows_per_s < 0: not known yet. */
void tide_progress_text(const tide_job_progress *now, double rows_per_s, int64_t wall_us,
                        tide_bytes *out);
/* "1,234,567"; "1.2 M": short forms for people. */
void tide_progress_count(tide_bytes *out, uint64_t n);
void tide_progress_short(tide_bytes *out, double n);

#endif
