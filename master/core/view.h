/* view.h - what does the cluster look like now? Plain copies for REST, CLI and tests.
 *
 * Everything is copied into the caller's arena, so that it may be read on another thread after the
 * control thread made it. Lists are in order: jobs by submission (newest first), agents by joining.
 * Pure. Called by the owner of the master. */
#ifndef TIDE_MASTER_CORE_VIEW_H
#define TIDE_MASTER_CORE_VIEW_H
#include "master/core/master.h"
#include "master/core/membership.h"

typedef struct tide_view_overview {
    const char *id, *control, *rest; /* This master. */
    bool leads, ready;
    uint64_t term;
    const char *leader_control, *leader_rest; /* "" unknown. */
    uint32_t agents, agents_lost;
    uint32_t slots_total, slots_free;
    uint32_t leases;
    uint32_t jobs[TIDE_LIFECYCLE_COUNT];
} tide_view_overview;

typedef struct tide_view_job {
    const char *id, *name, *kind;
    tide_lifecycle state;
    tide_job_request request; /* Decided. */
    uint64_t parallelism, plan_hash, attempt, n_failed;
    bool bounded;
    int64_t submitted_us, ended_us;         /* ended_us 0: it has not. */
    int64_t since_us[TIDE_LIFECYCLE_COUNT]; /* When it came into each state last; 0 never. */
    const char *why_waiting;                /* "" */
    uint32_t n_runners;
} tide_view_job;

typedef struct tide_view_runner {
    uint64_t runner, pid, rss_bytes;
    const char *agent, *host;
    const char *rest; /* Where it serves /metrics; "" not, or not yet. */
    uint64_t state;   /* tide_runner_state; 0: nothing was reported yet. */
    bool gone;
    uint32_t n_slots;
    const uint64_t *slots; /* Job slots. */
} tide_view_runner;

typedef struct tide_view_task { /* One vertex in one subtask. */
    uint64_t runner;
    const char *agent, *host;
    tide_task_stats stats;
    /* What of it is new since the statistics before: about a second of it. All of it when there
     * were none, and once the job has ended. */
    tide_task_stats recent;
} tide_view_task;

typedef struct tide_view_failure {
    uint64_t attempt;
    int64_t at_us;
    const char *agent;
    tide_failure failure;
} tide_view_failure;

typedef struct tide_view_place { /* A worker that ran the job under this master. */
    const char *agent, *host;
    int64_t lost_us;        /* 0: it lives. */
    const char *lost_of;    /* How it was lost; "" */
    uint64_t offset, bytes; /* Of its output, what the master has in case that it is lost. */
} tide_view_place;

typedef struct tide_view_job_detail {
    tide_view_job job;
    const tide_job_spec *spec;
    uint32_t n_runners, n_tasks, n_failures, n_places;
    const tide_view_runner *runners;
    const tide_view_task *tasks;       /* By vertex, then subtask. */
    const tide_view_failure *failures; /* Newest first. */
    const tide_view_place *places;     /* Oldest first. */
} tide_view_job_detail;

typedef struct tide_view_slot {
    tide_slot_info info;
    const char *owner; /* A job's id, "" free; "job/attempt/runner": of a runner that must go. */
} tide_view_slot;

typedef struct tide_view_agent {
    const char *id, *host, *version, *data_host, *rest;
    uint64_t pid;
    tide_member_state state;
    int64_t joined_us, silent_ns; /* silent_ns: since the last word. */
    uint32_t n_slots, n_free;
    const tide_view_slot *slots;
} tide_view_agent;

typedef struct tide_view_lease {
    const char *job, *name, *endpoint, *state, *why;
    uint64_t n_slots, n_agents;
} tide_view_lease;

typedef struct tide_view_jobs {
    uint32_t n;
    const tide_view_job *items;
} tide_view_jobs;
typedef struct tide_view_agents {
    uint32_t n;
    const tide_view_agent *items;
} tide_view_agents;
typedef struct tide_view_leases {
    uint32_t n;
    const tide_view_lease *items;
} tide_view_leases;

void tide_view_overview_of(const tide_master *master, tide_arena *arena, tide_view_overview *out);
/* Of a master that leads: else lists are empty and nothing is found. */
void tide_view_jobs_of(const tide_master *master, tide_arena *arena, tide_view_jobs *out);
void tide_view_agents_of(const tide_master *master, int64_t now_ns, tide_arena *arena,
                         tide_view_agents *out);
void tide_view_leases_of(const tide_master *master, tide_arena *arena, tide_view_leases *out);
/* False: there is no such job. */
bool tide_view_job_of(const tide_master *master, const char *job, tide_arena *arena,
                      tide_view_job_detail *out);

#endif
