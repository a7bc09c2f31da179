/* agent.h - what does a host's agent do about masters, drivers, runners and artifacts?
 *
 * A step function: the shell (worker/runtime/agent_*.c, or the simulator) brings one event and the
 * time, and carries the actions out in their order before it brings the next. Says hello to every
 * master until welcomed, obeys the newest term only, sends heartbeats; runs at most one living
 * runner per job; repeats each runner's report until it is acknowledged; obeys a driver for the job
 * that it leased, and ends that only by a master's word. No runner ever ends because masters or
 * drivers are gone.
 *
 * Peers have small numbers: 0 .. n_masters-1 are the masters of the configuration, which the shell
 * connects to by itself; drivers get theirs in CONNECT actions. Runners have numbers of this
 * agent's making, never used twice.
 *
 * Pure: no clock, I/O, thread, log. Owner: one thread. */
#ifndef TIDE_WORKER_CORE_AGENT_H
#define TIDE_WORKER_CORE_AGENT_H
#include "jobapi/proto/proto.h"

typedef struct tide_agent tide_agent;

typedef struct tide_agent_config {
    const char *agent; /* 16 hex digits, new at every start. All texts are copied. */
    const char *host, *version, *data_host, *rest;
    uint64_t pid;
    uint32_t n_masters;
    uint32_t n_slots;
    const tide_slot_info *slots; /* `local` of slots[i] is i. */
    /* 0: the defaults below. */
    int64_t heartbeat_ns;                       /* Until a welcome says otherwise. */
    int64_t retry_ns;                           /* Unacknowledged reports, unanswered requests. */
    int64_t drain_ns;                           /* After DRAIN, runners get so long. */
    void (*trace)(void *ctx, const char *line); /* NULL: no traces. */
    void *trace_ctx;
} tide_agent_config;

#define TIDE_AGENT_HEARTBEAT_NS INT64_C(500000000)
#define TIDE_AGENT_RETRY_NS INT64_C(300000000)
#define TIDE_AGENT_DRAIN_NS INT64_C(30000000000)

typedef enum tide_agent_event_kind {
    TIDE_AGENT_TICK,            /* Due at tide_agent_next_ns; harmless at any time. */
    TIDE_AGENT_PEER_UP,         /* peer: connected, also again. */
    TIDE_AGENT_PEER_DOWN,       /* peer */
    TIDE_AGENT_MESSAGE,         /* peer, message: what it sent. */
    TIDE_AGENT_SPAWNED,         /* runner, pid: the process was started. */
    TIDE_AGENT_RUNNER_MESSAGE,  /* runner, message: RUNNER_REPORT or RUNNER_STATS. */
    TIDE_AGENT_RUNNER_PROGRESS, /* runner, progress; a few times a second. */
    /* runner, exit: the process is gone, or could not be started. Its slots are free. */
    TIDE_AGENT_RUNNER_EXITED,
    TIDE_AGENT_ARTIFACT, /* artifact: answers ARTIFACT_FIND, and ARTIFACT_WRITE of the last bytes.
                          */
    TIDE_AGENT_DRAIN /* Take no more runners; exit when those that there are have. Twice: now. */
} tide_agent_event_kind;

/* A slot thread of a runner, or (the last one) the thread that builds the plan. */
typedef struct tide_agent_slot_progress {
    uint64_t progress; /* Grows with every callback that returned. */
    bool busy;         /* In a callback. */
} tide_agent_slot_progress;

typedef struct tide_agent_progress {
    uint32_t n;
    const tide_agent_slot_progress *slots;
    int64_t stuck_timeout_ns; /* task.stuck-timeout of the job; 0: not known yet. */
} tide_agent_progress;

/* Where an artifact is. Both NULL: it is not here. */
typedef struct tide_agent_artifact {
    const char *artifact; /* Checksum, 16 hex digits. */
    const char *path;     /* Here, whole and verified. */
    const char *failure;  /* What was written is not what its name says, or could not be written. */
} tide_agent_artifact;

typedef struct tide_agent_event {
    tide_agent_event_kind kind;
    uint32_t peer;
    uint64_t runner;
    uint64_t pid;
    const tide_msg *message;
    const tide_agent_progress *progress;
    /* EXITED: code TIDE_OK when the process ended with 0; else with signal or exit_code, and
     * operator and batch when they are known; text says it all in words. */
    const tide_failure *exit;
    bool was_dying; /* RUNNER_EXITED: already when it was to be killed: that is not why. */
    const tide_agent_artifact *artifact;
} tide_agent_event;

typedef enum tide_agent_action_kind {
    TIDE_AGENT_SEND,           /* peer, message */
    TIDE_AGENT_CONNECT,        /* peer, text: a driver's endpoint. */
    TIDE_AGENT_DISCONNECT,     /* peer: its number is free again. */
    TIDE_AGENT_SPAWN,          /* runner, start: answered by SPAWNED or RUNNER_EXITED. */
    TIDE_AGENT_RUNNER_SEND,    /* runner, message. Also directly behind its SPAWN. */
    TIDE_AGENT_KILL,           /* runner: SIGKILL. Answered by RUNNER_EXITED. */
    TIDE_AGENT_ARTIFACT_FIND,  /* text: artifact. Answered by ARTIFACT. */
    TIDE_AGENT_ARTIFACT_WRITE, /* data: a chunk; the last one is answered by ARTIFACT. */
    TIDE_AGENT_LOG_READ, /* peer, message (LOG_GET): send LOG_DATA, which need not go through here.
                          */
    TIDE_AGENT_EXIT      /* Drained. */
} tide_agent_action_kind;

typedef struct tide_agent_action {
    tide_agent_action_kind kind;
    uint32_t peer;
    uint64_t runner;
    tide_msg message;
    const char *text;
    const tide_runner_start *start;
    const tide_artifact_data *data;
} tide_agent_action;

typedef struct tide_agent_actions {
    uint32_t n;
    const tide_agent_action *items;
} tide_agent_actions;

tide_agent *tide_agent_new(const tide_agent_config *config, int64_t now_ns);
void tide_agent_free(tide_agent **self_p);

/* What is to be done now; valid, with all it points to, until the next step. The event is borrowed
 * for the call. What makes no sense (an unknown runner, a message for somebody else, an older term)
 * changes nothing and is traced. */
const tide_agent_actions *tide_agent_step(tide_agent *self, const tide_agent_event *event,
                                          int64_t now_ns);
/* When TICK is due. */
int64_t tide_agent_next_ns(const tide_agent *self);

/* ---- looking at it ---- */
uint64_t tide_agent_term(const tide_agent *self); /* Highest seen; 0 none. */
/* Every runner that was not forgotten, oldest first; NULL from index n on. Valid until the next
 * step. */
const tide_runner_report *tide_agent_runner(const tide_agent *self, uint32_t i);

/* ---- what an agent reports (for coordinators) ----
 * A RUNNER_REPORT with state EXITED and failure.code 0: the process ended after FINISHED. EXITED
 * with TIDE_E_NOT_FOUND answers a command for a runner that is not here (any more). EXITED with
 * TIDE_E_REFUSED answers a RUNNER_START that asks for a slot that is not there, not leased, or
 * taken, or that came while draining. */

#endif
