/* input.h - where does a job's text come from? */
#ifndef TIDE_CLI_INPUT_H
#define TIDE_CLI_INPUT_H
#include "base/core/bytes.h"
#include "base/core/status.h"

#define TIDE_INPUT_BYTES_MAX                                                                       \
    (64u << 20) /* Nobody writes a longer job; a wrong file may be longer. */

/* Appends the whole file, or standard input for "-". TIDE_E_NOT_FOUND, TIDE_E_IO (also for a
 * folder) or TIDE_E_LIMIT. On failure *out holds nothing. */
TIDE_MUST_CHECK tide_status tide_input_read(const char *path, tide_bytes *out);

#endif
