/* output.h - text to standard output, whole or not at all, and what may be coloured. */
#ifndef TIDE_CLI_OUTPUT_H
#define TIDE_CLI_OUTPUT_H
#include <stdbool.h>

#include "base/core/bytes.h"

/* Writes the text to standard output and frees it. Returns TIDE_EXIT_OK, or TIDE_EXIT_JOB_FAILED
 * with a message when it cannot be written. */
int tide_output_text(tide_bytes *text);

/* Whether escape sequences may go to this file descriptor: a terminal, TERM is not "dumb", and
 * NO_COLOR is not set. */
bool tide_output_has_colour(int fd);

#endif
