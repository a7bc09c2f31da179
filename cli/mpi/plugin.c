/* plugin.c - the table of mpi.h over an MPI library. */
#include <mpi.h>
#include <time.h>

#include "base/core/attr.h"
#include "cli/mpi/mpi.h"

#define BARRIER_POLL_NS 2000000

static bool mpi_init(void)
{
    int provided;
    return MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) == MPI_SUCCESS;
}

static uint32_t mpi_rank(void)
{
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return (uint32_t)rank;
}

static uint32_t mpi_size(void)
{
    int size = 1;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return (uint32_t)size;
}

static bool mpi_broadcast(void *bytes, size_t n, uint32_t root)
{
    return MPI_Bcast(bytes, (int)n, MPI_BYTE, (int)root, MPI_COMM_WORLD) == MPI_SUCCESS;
}

static bool mpi_gather(const void *mine, size_t n, void *all)
{
    return MPI_Allgather(mine, (int)n, MPI_BYTE, all, (int)n, MPI_BYTE, MPI_COMM_WORLD) ==
           MPI_SUCCESS;
}

/* MPI has no descriptor to wait on. */
static bool mpi_barrier(void)
{
    MPI_Request request;
    int done = 0;
    if (MPI_Ibarrier(MPI_COMM_WORLD, &request) != MPI_SUCCESS) return false;
    while (MPI_Test(&request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !done)
        nanosleep(&(struct timespec){ .tv_nsec = BARRIER_POLL_NS }, NULL);
    return done;
}

static void mpi_abort(int code)
{
    MPI_Abort(MPI_COMM_WORLD, code);
}

static void mpi_finalize(void)
{
    MPI_Finalize();
}

extern const tide_mpi tide_mpi_plugin;
TIDE_API const tide_mpi tide_mpi_plugin = {
    .version = TIDE_MPI_ABI_VERSION,
    .init = mpi_init,
    .rank = mpi_rank,
    .size = mpi_size,
    .broadcast = mpi_broadcast,
    .gather = mpi_gather,
    .barrier = mpi_barrier,
    .abort = mpi_abort,
    .finalize = mpi_finalize,
};
