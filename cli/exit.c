/* exit.c - from status to exit code. */
#include "cli/exit.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct exit_row {
    tide_exit plan, run;
} exit_row;

/* Codes that are not listed are what their phase makes of any failure. */
static const exit_row rows[TIDE_STATUS_COUNT] = {
    [TIDE_E_NOT_FOUND] = { TIDE_EXIT_NOT_FOUND, TIDE_EXIT_NOT_FOUND },
    [TIDE_E_EXISTS] = { TIDE_EXIT_REFUSED, TIDE_EXIT_REFUSED },
    [TIDE_E_REFUSED] = { TIDE_EXIT_REFUSED, TIDE_EXIT_REFUSED },
    [TIDE_E_UNREACHABLE] = { TIDE_EXIT_UNREACHABLE, TIDE_EXIT_UNREACHABLE },
    [TIDE_E_TIMEOUT] = { TIDE_EXIT_TIMEOUT, TIDE_EXIT_TIMEOUT },
    [TIDE_E_CANCELLED] = { TIDE_EXIT_INTERRUPTED, TIDE_EXIT_INTERRUPTED },
    /* Reading the job's file, or loading the job's library. */
    [TIDE_E_IO] = { TIDE_EXIT_JOB_FAILED, TIDE_EXIT_JOB_FAILED },
    [TIDE_E_INTERNAL] = { TIDE_EXIT_JOB_FAILED, TIDE_EXIT_JOB_FAILED },
    [TIDE_E_CRASHED] = { TIDE_EXIT_JOB_FAILED, TIDE_EXIT_JOB_FAILED },
    [TIDE_E_USER_CODE] = { TIDE_EXIT_JOB_FAILED, TIDE_EXIT_JOB_FAILED },
    [TIDE_E_MISMATCH] = { TIDE_EXIT_JOB_FAILED, TIDE_EXIT_JOB_FAILED },
};

tide_exit tide_exit_of(tide_status status, tide_phase phase)
{
    if (status == TIDE_OK) return TIDE_EXIT_OK;
    tide_exit listed = phase == TIDE_PHASE_PLAN ? rows[status].plan : rows[status].run;
    if (listed != TIDE_EXIT_OK) return listed;
    return phase == TIDE_PHASE_PLAN ? TIDE_EXIT_SQL : TIDE_EXIT_JOB_FAILED;
}

tide_exit tide_exit_report(tide_status status, tide_phase phase)
{
    if (status != TIDE_OK && status != TIDE_E_CANCELLED) {
        const char *text = tide_error_text();
        fprintf(stderr, "error: %s\n", text[0] ? text : tide_status_text(status));
    }
    return tide_exit_of(status, phase);
}

tide_exit tide_exit_usage(const char *command, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("error: ", stderr);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nTry 'tidemill %s%s--help'.\n", command ? command : "", command ? " " : "");
    return TIDE_EXIT_USAGE;
}

const char *tide_exit_text(tide_exit code)
{
    switch (code) {
    case TIDE_EXIT_OK: return "the work is done";
    case TIDE_EXIT_JOB_FAILED: return "the job failed";
    case TIDE_EXIT_USAGE: return "the command line is wrong";
    case TIDE_EXIT_SQL: return "the job's text or plan is wrong";
    case TIDE_EXIT_UNREACHABLE: return "something that the job needs cannot be reached";
    case TIDE_EXIT_TIMEOUT: return "a time limit passed";
    case TIDE_EXIT_NOT_FOUND: return "a file, table or topic does not exist";
    case TIDE_EXIT_REFUSED: return "refused: doing it would overwrite or contradict something";
    case TIDE_EXIT_INTERRUPTED: return "interrupted";
    }
    return NULL;
}
