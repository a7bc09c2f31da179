/* agent_process.h - the shell of an agent: sockets, processes, files, signals around worker/core's
 * agent.
 *
 * One thread, the caller's, does everything and blocks in nothing but its poll (and short file
 * writes). SIGTERM and SIGINT drain; the second one kills. */
#ifndef TIDE_WORKER_RUNTIME_AGENT_PROCESS_H
#define TIDE_WORKER_RUNTIME_AGENT_PROCESS_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"

typedef struct tide_agent_ready {
    const char *agent, *host, *data_host;
    uint32_t n_slots, n_pinned; /* Slots that have a core of their own. */
} tide_agent_ready;

/* Texts are borrowed. 0 and NULL: the default. */
typedef struct tide_agent_process_config {
    uint32_t n_masters;
    const char *const *masters; /* "tcp://host:port" */
    uint32_t n_slots;           /* Default: one for each core. */
    uint64_t memory_bytes;      /* For all runners together, by their slots; default unlimited. */
    const char *folder;         /* Logs, artifacts, sockets; made if need be. Not NULL. */
    const char *data_host;      /* Default: our address towards the first master. */
    const char *rest;           /* Of this worker, for the master to tell; default "". */
    bool runners_serve_metrics; /* Asking for the token in the environment, if it is there. */
    const char *version;
    int64_t heartbeat_ns, retry_ns, drain_ns;
    const char *core_folder; /* Lock files of cores that are claimed, of this host; default
                              * TIDE_AGENT_CORE_FOLDER. */
    const char *program;     /* Whose `runner` command is started; default: this one. */
    /* Once, when masters may begin to call. */
    void (*on_ready)(void *ctx, const tide_agent_ready *ready);
    void *ctx;
} tide_agent_process_config;

#define TIDE_AGENT_CORE_FOLDER "/tmp/tidemill-cores"

/* Until drained. TIDE_E_IO or TIDE_E_OPTION says why it cannot begin. */
TIDE_MUST_CHECK tide_status tide_agent_process(const tide_agent_process_config *config);

#endif
