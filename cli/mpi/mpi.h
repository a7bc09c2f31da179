/* mpi.h - what an ad-hoc cluster needs of MPI: ranks find each other, and end together.
 *
 * MPI starts the ranks and carries addresses, never rows, and is not asked whether a rank lives:
 * mpirun ends all ranks when one dies, so such a cluster ends clearly instead of recovering. The
 * calls are a plugin (libtidemill_mpi.so), so that nobody else pays for MPI. All on one thread. */
#ifndef TIDE_CLI_MPI_MPI_H
#define TIDE_CLI_MPI_MPI_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIDE_MPI_ABI_VERSION 1u
#define TIDE_MPI_FILE "libtidemill_mpi.so"
#define TIDE_MPI_SYMBOL "tide_mpi_plugin"

/* The plugin's table. Functions that return bool are false when MPI fails. */
typedef struct tide_mpi {
    uint32_t version; /* TIDE_MPI_ABI_VERSION */
    bool (*init)(void);
    uint32_t (*rank)(void);
    uint32_t (*size)(void);
    /* Everybody gets the root's bytes. */
    bool (*broadcast)(void *bytes, size_t n, uint32_t root);
    /* all[rank * n ..] gets each rank's n bytes. */
    bool (*gather)(const void *mine, size_t n, void *all);
    /* Returns when every rank has called it; sleeps meanwhile, since MPI itself would spin. */
    bool (*barrier)(void);
    void (*abort)(int code); /* Ends every rank. */
    void (*finalize)(void);
} tide_mpi;

#endif
