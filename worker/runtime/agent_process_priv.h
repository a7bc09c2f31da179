/* agent_process_priv.h - an agent's shell, for its own files:
 *   agent_process.c  the loop: events to the core; begin and end
 *   agent_actions.c  what the core wants done
 *   agent_child.c    runner processes: start, output, end, and why they ended
 *   agent_store.c    artifacts
 *   agent_cores.c    which slot has which core
 *   agent_host.c     names and folders */
#ifndef TIDE_WORKER_RUNTIME_AGENT_PROCESS_PRIV_H
#define TIDE_WORKER_RUNTIME_AGENT_PROCESS_PRIV_H
#include <sys/types.h>

#include "base/core/clock.h"
#include "base/net/control.h"
#include "worker/core/agent.h"
#include "worker/runtime/agent_process.h"
#include "worker/runtime/duplex.h"
#include "worker/runtime/joblog.h"
#include "worker/runtime/page.h"

/* ---- agent_child.c ---- */
typedef struct agent_child {
    uint64_t runner; /* The core's number. */
    pid_t pid;
    int pidfd;
    int out_fd; /* Its standard output and error; -1: at its end. */
    tide_duplex *duplex;
    bool duplex_ended;
    bool was_killed, was_dying; /* By us; and it was ending already before that. */
    tide_page *page;
    uint32_t n_marks;
    uint64_t *seen;  /* Progress of each mark at the last look. */
    int64_t look_ns; /* When to look again. */
    tide_joblog *log;
    uint64_t memory_bytes; /* Its limit; 0 none. */
} agent_child;

typedef struct agent_child_config {
    uint64_t runner;
    const tide_runner_start *start;
    const tide_slot_info *slots; /* The agent's. */
    const char *program, *data_host, *ipc_folder, *logs;
    uint64_t memory_bytes;
    bool serves_metrics;
} agent_child_config;

TIDE_MUST_CHECK tide_status agent_child_start(const agent_child_config *config, agent_child **out);
void agent_child_free(agent_child **self_p); /* It was waited for. */
void agent_child_kill(agent_child *self);
/* Moves what it printed into the log. */
void agent_child_copy_output(agent_child *self);
/* Its process has ended: takes its status. */
tide_failure agent_child_wait(agent_child *self, tide_arena *arena);
/* What its marks say now, in the arena. */
tide_agent_progress agent_child_progress(agent_child *self, tide_arena *arena);

/* ---- agent_store.c ---- */
typedef struct agent_store agent_store;
agent_store *agent_store_new(const char *folder);
void agent_store_free(agent_store **self_p);
/* Path in the arena, or NULL. */
const char *agent_store_find(const agent_store *self, const char *artifact, tide_arena *arena);
/* *done: it was the last chunk, or it failed: then path or failure of *out is set. */
void agent_store_write(agent_store *self, const tide_artifact_data *data, tide_arena *arena,
                       bool *done, tide_agent_artifact *out);

/* ---- agent_cores.c ---- */
typedef struct agent_cores {
    uint32_t n_slots, n_pinned; /* n_pinned: n_slots or 0. */
    tide_slot_info *slots;
    int *locks; /* Held while this lives; n_pinned of them. */
} agent_cores;
/* n_slots 0: one for each core. */
TIDE_MUST_CHECK tide_status agent_cores_claim(uint32_t n_slots, const char *folder,
                                              agent_cores *out);
void agent_cores_fini(agent_cores *self);

/* ---- agent_host.c ---- */
/* With its parents. */
TIDE_MUST_CHECK tide_status agent_make_folder(const char *path);
/* Nobody else may use the folder while the lock is held. TIDE_E_REFUSED: somebody does. */
TIDE_MUST_CHECK tide_status agent_lock_folder(const char *folder, int *fd);
/* Our address towards "tcp://host:port", in the arena; "127.0.0.1" when that cannot be found out.
 * Asks the resolver. */
const char *agent_address_towards(const char *endpoint, tide_arena *arena);

/* ---- agent_process.c, agent_actions.c ---- */
/* What carrying out an action brought about: told to the core afterwards. */
typedef struct agent_result {
    tide_agent_event_kind kind;
    uint64_t runner, pid;
    tide_failure exit;
    tide_agent_artifact artifact;
} agent_result;

typedef struct agent_shell {
    tide_agent_process_config config;
    char agent[17];
    char host[256];
    char *logs, *ipc_folder;
    tide_arena *life_arena;
    int folder_lock;
    tide_agent *core;
    tide_control *control;
    tide_clock *clock;
    agent_cores cores;
    agent_store *store;
    int signal_fd;
    uint64_t *peers; /* The core's number -> the endpoint's. */
    uint32_t n_peers, cap_peers;
    agent_child **children;
    uint32_t n_children, cap_children;
    tide_arena *arena;     /* Of one turn of the loop. */
    agent_result *results; /* In the arena. */
    uint32_t n_results, cap_results;
    tide_bytes frame;
    struct pollfd *fds;
    uint32_t cap_fds;
    bool exiting;
} agent_shell;

/* Results are left in self->results. */
void agent_carry_out(agent_shell *self, const tide_agent_action *action);
void agent_set_peer(agent_shell *self, uint32_t peer, uint64_t number);

#endif
