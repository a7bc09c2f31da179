/* local_priv.h - the state file of a local cluster: which processes are it, and where it is asked.
 *
 * FOLDER/cluster.json: {"rest": URL, "control": ENDPOINT, "processes": [{"role","pid","started"}]}.
 * A process is its pid and the time it was started (in ticks since boot): a pid alone may be
 * another one by now. */
#ifndef TIDE_CLI_LOCAL_PRIV_H
#define TIDE_CLI_LOCAL_PRIV_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/core/status.h"

#define LOCAL_PROCESSES_MAX 65u
#define LOCAL_FOLDER ".tidemill"

typedef struct local_process {
    char role[16]; /* "master", "worker" */
    pid_t pid;
    uint64_t started;
} local_process;

typedef struct local_cluster {
    char folder[512], rest[128], control[128];
    uint32_t n;
    local_process processes[LOCAL_PROCESSES_MAX];
} local_cluster;

/* TIDE_E_NOT_FOUND: no cluster was started there. */
TIDE_MUST_CHECK tide_status local_read(const char *folder, local_cluster *out);
TIDE_MUST_CHECK tide_status local_write(const local_cluster *self);
void local_forget(const local_cluster *self); /* Removes the file. */
/* Makes it the one that is found from everywhere: its folder's name goes to ~/.tidemill/latest.
 * Where that cannot be written, it is not. */
void local_remember(const local_cluster *self);
/* The first whose master lives: of ./.tidemill, of ~/.tidemill, the one remembered last. */
bool local_find(local_cluster *out);

bool local_lives(const local_process *process);
/* When the process began; 0: there is none. */
uint64_t local_started(pid_t pid);

#endif
