/* submit_priv.h - what the two ways of submitting share. */
#ifndef TIDE_CLI_SUBMIT_PRIV_H
#define TIDE_CLI_SUBMIT_PRIV_H
#include "cli/remote_priv.h"

/* Prints the job's id, and nothing else, to standard output. */
tide_exit submit_print_id(const remote *r, const char *job);
/* Runs the job on leased slots until it has ended; library: its path, or NULL. */
tide_exit submit_as_client(remote *r, const char *library, tide_job_spec *spec);

#endif
