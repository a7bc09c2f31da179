/* ranks.c - one rank of an ad-hoc cluster, from MPI_Init to MPI_Finalize. */
#include "cli/mpi/ranks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/core/mem.h"
#include "base/net/plugin.h"
#include "cli/interrupt.h"
#include "cli/job.h"
#include "cli/mpi/mpi.h"
#include "cli/mpi/part.h"
#include "jobapi/graph/graph.h"

bool tide_ranks_wanted(char *const *environment)
{
    static const char *const counts[] = { "OMPI_COMM_WORLD_SIZE=", "PMI_SIZE=" };
    bool pmix = false, tasks = false;
    for (; *environment; environment++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            size_t n = strlen(counts[i]);
            if (strncmp(*environment, counts[i], n) == 0 && strcmp(*environment + n, "1") != 0)
                return true;
        }
        pmix = pmix || strncmp(*environment, "PMIX_RANK=", 10) == 0;
        tasks = tasks || (strncmp(*environment, "SLURM_NTASKS=", 13) == 0 &&
                          strcmp(*environment + 13, "1") != 0);
    }
    return pmix && tasks;
}

/* Rank 0's errors in the job's text are everybody's: it alone says them. */
static tide_exit load_job(const tide_mpi *mpi, const tide_args *args, tide_cli_job *job)
{
    uint32_t verdict = TIDE_EXIT_OK;
    if (args->n_operands == 0 && !tide_args_has(args, "execute")) {
        if (mpi->rank() != 0) return TIDE_EXIT_USAGE;
        return tide_exit_usage("run", "ranks do not share standard input: name a file, or use -e");
    }
    if (mpi->rank() == 0) verdict = (uint32_t)tide_cli_job_load(job, args);
    mpi->broadcast(&verdict, sizeof verdict, 0);
    if (verdict != TIDE_EXIT_OK || mpi->rank() == 0) return (tide_exit)verdict;
    return tide_cli_job_load(job, args);
}

/* A slot for each rank unless the job or the command line say otherwise. */
static tide_status choose_parallelism(const tide_mpi *mpi, tide_job_settings *settings)
{
    if (settings->parallelism == 0) settings->parallelism = mpi->size();
    if (settings->parallelism < mpi->size())
        return tide_fail(TIDE_E_INVALID,
                         "parallelism %" PRIu64
                         " leaves some of %u ranks without a slot: raise -p, "
                         "or start fewer",
                         settings->parallelism, mpi->size());
    return TIDE_OK;
}

static tide_status check_hashes(const tide_mpi *mpi, uint64_t mine)
{
    uint64_t *all = tide_calloc(mpi->size(), sizeof *all);
    tide_status rv = TIDE_OK;
    if (!mpi->gather(&mine, sizeof mine, all)) rv = tide_fail(TIDE_E_IO, "MPI_Allgather failed");
    for (uint32_t i = 1; i < mpi->size() && rv == TIDE_OK; i++)
        if (all[i] != all[0])
            rv = tide_fail(TIDE_E_MISMATCH,
                           "rank %u planned another job than rank 0: do both hosts have the same "
                           "files and settings?",
                           i);
    tide_free(all);
    return rv;
}

/* Everybody fails when one does: nobody waits for a rank that has given up. */
static tide_status agree(const tide_mpi *mpi, tide_status mine, const char *about)
{
    uint32_t code = (uint32_t)mine, *all = tide_calloc(mpi->size(), sizeof *all);
    tide_status rv = mine;
    if (!mpi->gather(&code, sizeof code, all) && rv == TIDE_OK)
        rv = tide_fail(TIDE_E_IO, "MPI_Allgather failed");
    for (uint32_t i = 0; i < mpi->size() && rv == TIDE_OK; i++)
        if (all[i] != TIDE_OK) rv = tide_fail(TIDE_E_CANCELLED, "rank %u could not %s", i, about);
    tide_free(all);
    return rv;
}

/* One rank says why, the others only end. */
static tide_exit report(const tide_mpi *mpi, tide_status rv, tide_phase phase)
{
    if (rv == TIDE_OK) return TIDE_EXIT_OK;
    if (rv == TIDE_E_CANCELLED) return tide_exit_of(rv, phase);
    tide_because(rv, "rank %u", mpi->rank());
    return tide_exit_report(rv, phase);
}

static tide_status run_part(const tide_mpi *mpi, const tide_ranks_options *options,
                            const tide_cli_job *job, const tide_graph *graph, bool *stopped)
{
    TIDE_TRY(check_hashes(mpi, graph->plan_hash));
    tide_output *output = tide_output_new(STDOUT_FILENO, options->format, options->changelog);
    const tide_part_config config = {
        .mpi = mpi, .graph = graph, .settings = &job->settings, .output = output
    };
    tide_part *part = NULL;
    tide_status rv = agree(mpi, tide_part_new(&config, &part), "prepare its part of the job");
    if (rv == TIDE_OK) {
        tide_interrupt_begin(tide_part_control(part));
        rv = tide_part_run(part, stopped);
        tide_interrupt_end();
    }
    tide_part_free(&part);
    tide_output_free(&output);
    return rv;
}

static tide_exit run_job(const tide_mpi *mpi, const tide_ranks_options *options, tide_cli_job *job)
{
    tide_graph *graph;
    tide_status rv = choose_parallelism(mpi, &job->settings);
    if (rv == TIDE_OK) rv = tide_graph_build(job->plan, &job->settings, &graph);
    /* The same on every rank. */
    if (rv != TIDE_OK) {
        return mpi->rank() == 0 ? tide_exit_report(rv, TIDE_PHASE_PLAN)
                                : tide_exit_of(rv, TIDE_PHASE_PLAN);
    }
    bool stopped = false;
    tide_exit code = report(mpi, run_part(mpi, options, job, graph, &stopped), TIDE_PHASE_RUN);
    tide_graph_free(&graph);
    return code == TIDE_EXIT_OK && stopped ? TIDE_EXIT_INTERRUPTED : code;
}

tide_exit tide_ranks_run(const tide_ranks_options *options)
{
    const void *table;
    tide_status rv = tide_plugin_load(TIDE_MPI_FILE, TIDE_MPI_SYMBOL, TIDE_MPI_ABI_VERSION, &table);
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_RUN);
    const tide_mpi *mpi = table;
    if (!mpi->init())
        return tide_exit_report(tide_fail(TIDE_E_IO, "MPI does not start"), TIDE_PHASE_RUN);
    tide_log_level level = TIDE_LOG_WARN;
    tide_log_level_parse(tide_args_value(options->args, "log", "warn"), &level);
    tide_log *log = tide_log_new(&(tide_log_config){ .level = level });
    tide_log_install(log);
    tide_cli_job job;
    tide_exit code = load_job(mpi, options->args, &job);
    if (code == TIDE_EXIT_OK) {
        code = run_job(mpi, options, &job);
        tide_cli_job_fini(&job);
    }
    tide_log_install(NULL);
    tide_log_free(&log);
    /* A rank that failed while others run ends them; they cannot know. */
    if (code != TIDE_EXIT_OK && code != TIDE_EXIT_INTERRUPTED) mpi->abort((int)code);
    mpi->barrier();
    mpi->finalize();
    return code;
}
