/* part.h - a rank's part of a job: its slots, its network thread, and the watch over both. */
#ifndef TIDE_CLI_MPI_PART_H
#define TIDE_CLI_MPI_PART_H
#include "cli/driver/driver.h"
#include "cli/mpi/mpi.h"
#include "jobapi/graph/graph.h"

typedef struct tide_part tide_part;

typedef struct tide_part_config {
    const tide_mpi *mpi;
    const tide_graph *graph; /* Borrowed, as are the others. */
    const tide_job_settings *settings;
    struct tide_output *output;
} tide_part_config;

/* Agrees with the other ranks on splits and addresses, binds the data sockets and builds the slots'
 * tasks. Every rank calls it, whatever fails on the way. *out may be set after a failure, too. */
TIDE_MUST_CHECK tide_status tide_part_new(const tide_part_config *config, tide_part **out);
/* Connects to the other ranks and runs to the end. *stopped: because it was asked to. */
TIDE_MUST_CHECK tide_status tide_part_run(tide_part *self, bool *stopped);
/* What signals stop. */
tide_driver_control *tide_part_control(tide_part *self);
void tide_part_free(tide_part **self_p);

#endif
