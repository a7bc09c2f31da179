/* agent_priv.h - an agent's memory, for its own files:
 *   agent.c            events, timers, actions
 *   agent_peers.c      hello, welcome, terms, heartbeats, leases
 *   agent_commands.c   what masters and drivers want of runners
 *   agent_runners.c    runners: their reports, their ends, whether they are stuck
 *   agent_artifacts.c  libraries that runners wait for */
#ifndef TIDE_WORKER_CORE_AGENT_PRIV_H
#define TIDE_WORKER_CORE_AGENT_PRIV_H
#include "worker/core/agent.h"

#define NEVER INT64_MAX

typedef struct agent_peer {
    bool in_use, up;
    bool welcomed;   /* In the newest term: heartbeats instead of hellos. */
    int64_t due_ns;  /* Of the next hello or heartbeat; NEVER while it is down. */
    uint64_t seq;    /* Of the last heartbeat. */
    int64_t beat_ns; /* Interval. */
} agent_peer;

typedef struct agent_lease {
    char *job;
    char *endpoint;
    uint32_t peer;
    bool ending; /* Its runners are being killed. */
    bool *slots; /* By local number. */
} agent_lease;

typedef enum runner_phase {
    RUNNER_AWAITS_ARTIFACT,
    RUNNER_ALIVE, /* Spawned, and not known to have ended. */
    RUNNER_GONE
} runner_phase;

typedef struct slot_watch {
    uint64_t progress;
    int64_t since_ns; /* When it got there, or was not busy last. */
} slot_watch;

typedef struct agent_runner {
    uint64_t id;
    runner_phase phase;
    tide_arena *arena; /* start */
    const tide_runner_start *start;
    tide_arena *report_arena;  /* What the runner said last. */
    tide_runner_report report; /* `job` and `slots` are start's. */
    bool killing;
    tide_failure why_killed; /* Text in `arena`; code TIDE_OK: it was not. */
    bool sent_deploy, sent_go, sent_stop;
    uint64_t acked; /* Highest report that was acknowledged. */
    int64_t resend_ns;
    uint64_t progress;
    uint32_t n_watches;
    slot_watch *watches;
} agent_runner;

/* Attempts up to this one are over: what starts or names them came late. */
typedef struct agent_fence {
    char *job;
    uint64_t attempt;
} agent_fence;
#define FENCES_MAX 1024u /* The oldest goes first: by then its messages have arrived. */

typedef enum fetch_state { FETCH_FINDING, FETCH_READING, FETCH_STORING } fetch_state;

typedef struct agent_fetch {
    char *artifact;
    fetch_state state;
    uint64_t offset;
    int64_t due_ns; /* READING: ask (again). */
} agent_fetch;

struct tide_agent {
    tide_agent_config config; /* Texts and slots in `arena`. */
    tide_arena *arena;
    tide_arena *step_arena; /* Actions and what they point to. */
    tide_agent_actions actions;
    tide_agent_action *items;
    uint32_t cap_items;
    int64_t now_ns;
    uint64_t term; /* Highest seen. */
    uint64_t next_runner;
    agent_peer *peers;
    uint32_t n_peers, cap_peers;
    agent_lease *leases;
    uint32_t n_leases, cap_leases;
    agent_runner **runners; /* Oldest first. */
    uint32_t n_runners, cap_runners;
    agent_fence *fences; /* Oldest first. */
    uint32_t n_fences, cap_fences;
    agent_fetch *fetches;
    uint32_t n_fetches, cap_fetches;
    bool draining, exited;
    int64_t drain_until_ns, exit_until_ns; /* NEVER: not yet. */
};

/* ---- agent.c ---- */
void agent_trace(tide_agent *self, const char *fmt, ...) TIDE_PRINTF(2, 3);
void agent_act(tide_agent *self, const tide_agent_action *action);
void agent_send(tide_agent *self, uint32_t peer, tide_msg_kind kind, const void *body);

/* ---- agent_peers.c ---- */
void agent_add_peer(tide_agent *self, uint32_t *index);
void agent_peer_up(tide_agent *self, uint32_t peer);
void agent_peer_down(tide_agent *self, uint32_t peer);
bool agent_is_master(const tide_agent *self, uint32_t peer);
/* False: an older term, or a driver's word about what it did not lease. */
bool agent_may(tide_agent *self, uint32_t peer, const tide_msg *message);
void agent_on_welcome(tide_agent *self, uint32_t peer, const tide_agent_welcome *m);
void agent_on_not_leader(tide_agent *self, uint32_t peer, const tide_not_leader *m);
void agent_on_hello_again(tide_agent *self, uint32_t peer);
void agent_on_lease_grant(tide_agent *self, const tide_lease_grant *m);
void agent_on_lease_end(tide_agent *self, const tide_lease_end *m);
agent_lease *agent_lease_of(const tide_agent *self, const char *job);
void agent_close_ended_leases(tide_agent *self);
/* Hellos and heartbeats that are due. */
void agent_peers_timers(tide_agent *self);
void agent_say_goodbye(tide_agent *self);
/* Sends to whoever coordinates the job, if it is there. False: nobody is. */
bool agent_send_to_owner(tide_agent *self, const char *job, tide_msg_kind kind, const void *body);

/* ---- agent_commands.c ---- */
/* RUNNER_START .. RUNNER_KILL and REPORT_ACK; others are left alone (false). */
bool agent_on_command(tide_agent *self, uint32_t peer, const tide_msg *message);
/* What such a message is about; job NULL: it is no such message. */
typedef struct runner_key {
    const char *job;
    uint64_t attempt, runner;
} runner_key;
runner_key agent_key_of(const tide_msg *message);

/* ---- agent_runners.c ---- */
agent_runner *agent_find_runner(const tide_agent *self, const runner_key *key);
agent_runner *agent_runner_by_id(const tide_agent *self, uint64_t id);
agent_runner *agent_add_runner(tide_agent *self, const tide_runner_start *start);
void agent_drop_runner(tide_agent *self, agent_runner *r);
void agent_spawn(tide_agent *self, agent_runner *r, const char *artifact_path);
/* The report changed: send it now, and again until acknowledged. */
void agent_touch(tide_agent *self, agent_runner *r);
void agent_report_again(tide_agent *self, agent_runner *r); /* Though nothing changed. */
/* Kills its process, or ends it here when there is none. `text` says why. */
void agent_kill(tide_agent *self, agent_runner *r, tide_status code, const char *text);
void agent_end(tide_agent *self, agent_runner *r, const tide_failure *failure);
void agent_on_runner_message(tide_agent *self, agent_runner *r, const tide_msg *message);
void agent_on_progress(tide_agent *self, agent_runner *r, const tide_agent_progress *progress);
void agent_on_exited(tide_agent *self, agent_runner *r, const tide_failure *exit);
void agent_runners_timers(tide_agent *self);
bool agent_is_fenced(const tide_agent *self, const runner_key *key);
void agent_raise_fence(tide_agent *self, const char *job, uint64_t attempt);

/* ---- agent_artifacts.c ---- */
/* Brings the runner's library here, then spawns it. */
void agent_await_artifact(tide_agent *self, agent_runner *r);
void agent_on_artifact(tide_agent *self, const tide_agent_artifact *artifact);
void agent_on_artifact_data(tide_agent *self, const tide_artifact_data *m);
void agent_artifacts_timers(tide_agent *self);

#endif
