/* testcase.h - does a job give what it should, on given input, in virtual time?
 *
 * A case is a folder:
 *   input/<table>.ndjson, .json or .csv   what the job reads instead of <table>'s connector: one
 * file for every table that it reads; metadata columns are fields of it expected/result.csv the
 * rows of a bare SELECT (the second: result-2.csv) expected/<table>.csv                  the rows
 * that are written to <table> expected/error.txt                    or: the job fails, and this is
 * part of the message job.sql                               the job, or in the nearest folder above
 * that has one It runs streaming, in one slot, a row at a time with a watermark after each, and the
 * clock stands still at 2000-01-01 00:00 UTC. Rows are compared in any order, unless the query ends
 * in ORDER BY or its result is updating (then a column `op` shows each change). Owner: one thread.
 */
#ifndef TIDE_CLI_TESTCASE_H
#define TIDE_CLI_TESTCASE_H
#include <stdbool.h>

#include "base/core/bytes.h"
#include "base/core/status.h"

typedef struct tide_testcase_options {
    bool update; /* Write what came out to expected/ instead of comparing. */
    bool colour; /* Of differences. */
} tide_testcase_options;

/* Whether the folder has what makes it a case: input/. */
bool tide_testcase_is(const char *folder);

/* Runs the case. TIDE_E_MISMATCH: *report has the differences, for people. Any other failure is of
 * the job or of the case's files. */
TIDE_MUST_CHECK tide_status tide_testcase_run(const char *folder,
                                              const tide_testcase_options *options,
                                              tide_bytes *report);

#endif
