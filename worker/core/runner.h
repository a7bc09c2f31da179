/* runner.h - what does a runner process do about its agent's commands and its job's news?
 *
 * A step function, as the agent is: RUNNER_START -> PREPARE (plan, data sockets, splits) ->
 * PREPARED -> RUNNER_DEPLOY -> DEPLOY (tasks, channels, links) -> DEPLOYED -> RUNNER_GO -> RUN ->
 * FINISHED or FAILED -> EXIT. Commands may come twice; one that does not fit the state is traced
 * and changes nothing. A lost peer or any failure ends the runner: the attempt is over anyhow. A
 * lost agent ends it at once and without a word.
 *
 * Pure: no clock, I/O, thread, log. Owner: one thread. */
#ifndef TIDE_WORKER_CORE_RUNNER_H
#define TIDE_WORKER_CORE_RUNNER_H
#include "jobapi/proto/proto.h"

typedef struct tide_runner tide_runner;

typedef struct tide_runner_config {
    int64_t stats_ns;                           /* 0: TIDE_RUNNER_STATS_NS */
    void (*trace)(void *ctx, const char *line); /* NULL: no traces. */
    void *trace_ctx;
} tide_runner_config;

#define TIDE_RUNNER_STATS_NS INT64_C(1000000000)

typedef enum tide_runner_event_kind {
    TIDE_RUNNER_TICK,           /* Due at tide_runner_next_ns. */
    TIDE_RUNNER_MESSAGE,        /* message: a command, or ARTIFACT_PATH. */
    TIDE_RUNNER_PREPARED_EVENT, /* prepared: PREPARE is done. */
    TIDE_RUNNER_BUILT,          /* Every slot has built its tasks. */
    TIDE_RUNNER_CONNECTED,      /* Links with every peer stand, both ways. */
    TIDE_RUNNER_ENDED,          /* The job's tasks here have all finished. */
    TIDE_RUNNER_DRAINED,        /* Every peer has all that was for it. */
    TIDE_RUNNER_SERVES,         /* rest: /metrics are there from now on. */
    TIDE_RUNNER_ERROR,          /* error: anything failed, or a peer was lost. */
    TIDE_RUNNER_AGENT_LOST
} tide_runner_event_kind;

typedef struct tide_runner_prepared {
    uint64_t plan_hash;
    const char *tcp, *ipc; /* Where peers reach it; "" without. */
    uint32_t n_scans, n_splits;
    const tide_scan_info *scans;
    const tide_split_info *splits;
} tide_runner_prepared;

typedef struct tide_runner_event {
    tide_runner_event_kind kind;
    const tide_msg *message;
    const tide_runner_prepared *prepared;
    const tide_error *error;
    const char *rest;
} tide_runner_event;

typedef enum tide_runner_action_kind {
    TIDE_RUNNER_SEND,    /* message, to the agent. */
    TIDE_RUNNER_PREPARE, /* start, artifact_path ("": none). Answered by PREPARED_EVENT or ERROR. */
    /* deploy: connect links, build. Answered by BUILT and CONNECTED, or ERROR. */
    TIDE_RUNNER_DEPLOY,
    TIDE_RUNNER_RUN,   /* Let the slots go. Answered by ENDED and DRAINED, or ERROR. */
    TIDE_RUNNER_STOP,  /* End cleanly. Answered by ENDED or ERROR. */
    TIDE_RUNNER_STATS, /* Send RUNNER_STATS, which need not go through here. */
    TIDE_RUNNER_EXIT   /* exit_code: when everything sent is out. */
} tide_runner_action_kind;

typedef struct tide_runner_action {
    tide_runner_action_kind kind;
    tide_msg message;
    const tide_runner_start *start; /* Stays valid until _free, as does deploy. */
    const tide_runner_deploy *deploy;
    const char *artifact_path;
    int exit_code;
} tide_runner_action;

typedef struct tide_runner_actions {
    uint32_t n;
    const tide_runner_action *items;
} tide_runner_actions;

tide_runner *tide_runner_new(const tide_runner_config *config);
void tide_runner_free(tide_runner **self_p);
/* What is to be done now; valid until the next step. */
const tide_runner_actions *tide_runner_step(tide_runner *self, const tide_runner_event *event,
                                            int64_t now_ns);
int64_t tide_runner_next_ns(const tide_runner *self); /* When TICK is due; INT64_MAX: never. */

tide_runner_state tide_runner_state_of(const tide_runner *self); /* STARTING .. FAILED */
/* What it was told to run; NULL until RUNNER_START. */
const tide_runner_start *tide_runner_start_of(const tide_runner *self);

#endif
