/* tidemill/test.h - running a job, or one step of it, inside a test: one thread, virtual time.
 *
 *     tide_test *t = tide_test_new(my_job, 0, NULL);           // the TIDE_JOB function itself
 *     tide_test_row(t, "ad_clicks", "u1,ad7,2024-01-01 10:00:00");
 *     tide_test_end(t);
 *     assert_string_equal(tide_test_output(t, "sessions"), "u1,...\n");
 *     tide_test_free(&t);
 *
 * The job's sources are replaced by what the test feeds, its sinks by texts. Rows are CSV in the
 * order of the table's columns (physical and metadata; an empty field is NULL, "" is the empty
 * string). Every row is processed, with the watermark it causes, before the call returns.
 * Parallelism is 1. To test one step, build a job of just that step. */
#ifndef TIDEMILL_TEST_H
#define TIDEMILL_TEST_H
#include "tidemill/job.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct tide_test tide_test;

/* Builds and opens the job. Never NULL: tide_test_error tells what went wrong. */
tide_test *tide_test_new(int (*job)(tide_jobdef *job, int argc, char **argv), int argc,
                         char **argv);
/* The same for a job in SQL. */
tide_test *tide_test_new_sql(const char *sql);
void tide_test_free(tide_test **self_p);

void tide_test_row(tide_test *self, const char *table, const char *csv);
void tide_test_advance(tide_test *self, int64_t by_ms); /* Processing time; fires its timers. */
void tide_test_end(tide_test *self); /* Every input ends: final watermark, then end. */

/* What sink `table` (NULL: a print) wrote since the last call, as CSV lines with a change mark
 * ("+I,",
 * "-U,"...) only when the sink's input is updating. Valid until the next call for that table. */
const char *tide_test_output(tide_test *self, const char *table);
uint64_t tide_test_late_rows(const tide_test *self);
/* "" while everything is right, else the first failure. */
const char *tide_test_error(const tide_test *self);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
