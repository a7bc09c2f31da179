/* exit.h - what does a process's exit code say? The one place where a status becomes one. */
#ifndef TIDE_CLI_EXIT_H
#define TIDE_CLI_EXIT_H
#include "base/core/status.h"

typedef enum tide_exit {
    TIDE_EXIT_OK = 0,
    TIDE_EXIT_JOB_FAILED = 1,
    TIDE_EXIT_USAGE = 2, /* The command line or a setting given with it. */
    TIDE_EXIT_SQL = 3,   /* The job's text: syntax, names, types, options, plan. */
    TIDE_EXIT_UNREACHABLE = 4,
    TIDE_EXIT_TIMEOUT = 5,
    TIDE_EXIT_NOT_FOUND = 6,
    TIDE_EXIT_REFUSED = 7,
    TIDE_EXIT_INTERRUPTED = 130
} tide_exit;

/* What the command was about when it failed: a type error in the text is the text's fault, one that
 * turns up while rows flow is the job's. */
typedef enum tide_phase { TIDE_PHASE_PLAN, TIDE_PHASE_RUN } tide_phase;

tide_exit tide_exit_of(tide_status status, tide_phase phase);

/* Prints "error: " and this thread's failure chain to standard error; returns tide_exit_of. An
 * interruption prints nothing: who interrupts knows. */
tide_exit tide_exit_report(tide_status status, tide_phase phase);

/* Prints "error: ..." and a line that points to --help; returns TIDE_EXIT_USAGE. command may be
 * NULL. */
tide_exit tide_exit_usage(const char *command, const char *fmt, ...) TIDE_PRINTF(2, 3);

/* Every code with its meaning, for help and the manual; NULL ends the calls. */
const char *tide_exit_text(tide_exit code);

#endif
