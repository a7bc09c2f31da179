/* runner_process.h - the process that runs a job's part on this host, started by an agent only.
 *
 * A control thread (the caller's) steps the runner's core; the plan is built and the job deployed
 * on a thread of its own, since both may block or run user code; slots and the network have theirs.
 * Standard output and error are the job's log. */
#ifndef TIDE_WORKER_RUNTIME_RUNNER_PROCESS_H
#define TIDE_WORKER_RUNTIME_RUNNER_PROCESS_H
#include <stdbool.h>
#include <stdint.h>

/* Environment: the token that a runner's /metrics asks for. A command line is anybody's to read. */
#define TIDE_RUNNER_TOKEN "TIDEMILL_REST_TOKEN"

typedef struct tide_runner_process_config {
    int duplex_fd, page_fd; /* From the agent; taken. */
    int agent_pid;          /* When that is not our parent any more, it is gone. */
    uint64_t memory_bytes;  /* Of data that may be allocated; 0 unlimited. */
    bool serves_metrics;    /* At a free port of data_host, after its first statistics. */
    const char *data_host;  /* Where other runners reach us. */
    const char *ipc_folder; /* "": none. */
    const char *token;      /* Asked for by /metrics; NULL: none. Not on the command line. */
} tide_runner_process_config;

/* Until the job's part is over or the agent is gone. Returns the process's exit code; often does
 * not return but ends the process, since threads that hang cannot be waited for. */
int tide_runner_process(const tide_runner_process_config *config);

/* `tidemill runner` and what agents pass it: the texts of the members above in their order, the
 * token in the environment (TIDE_RUNNER_TOKEN).
 * Returns an exit code; usage goes to standard error. */
int tide_runner_main(int argc, char **argv);

#endif
