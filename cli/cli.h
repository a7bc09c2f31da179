/* cli.h - the way into everything: what the binary's main calls. */
#ifndef TIDE_CLI_CLI_H
#define TIDE_CLI_CLI_H
#include "base/core/attr.h"

/* Runs the command that argv names and returns the process's exit code (see exit.h). Writes to
 * standard output and standard error; handles SIGINT and SIGTERM while a job runs. Called once per
 * process. */
TIDE_API int tide_cli_main(int argc, char **argv);

#endif
