/* ranks.h - `mpirun -n 4 tidemill run job.sql`: an ad-hoc cluster of one job's life.
 *
 * Every rank is a runner, with an equal part of the job's slots; rank 0 decides for all: it plans
 * first, lists the sources' splits and says where the others are. Each rank plans the same text
 * itself (like any MPI program's, the files must be there on every host) and the plans' hashes must
 * agree. Addresses go over MPI, rows over worker/exchange. A rank that fails or is lost ends all of
 * them with a message: nothing is restarted, since mpirun would not let it. */
#ifndef TIDE_CLI_MPI_RANKS_H
#define TIDE_CLI_MPI_RANKS_H
#include "cli/args.h"
#include "cli/exit.h"
#include "worker/connector/print/output.h"

/* Was this process started as one of several ranks (by mpirun, or srun with PMIx)? */
bool tide_ranks_wanted(char *const *environment);

typedef struct tide_ranks_options {
    const tide_args *args;     /* Of `run`. */
    tide_output_format format; /* Of a bare SELECT's rows, which rank 0 prints. */
    bool changelog;
} tide_ranks_options;

/* Runs the job as this process's rank. Failures were reported. */
tide_exit tide_ranks_run(const tide_ranks_options *options);

#endif
