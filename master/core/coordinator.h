/* coordinator.h - what is to be done next for one job?
 *
 * Pure: no socket, file, clock or thread. Hosted by a master or by a driver: the host turns what it
 * hears into events, carries the actions out, and knows what the coordinator does not: where agents
 * are connected, who else wants slots, and how an entry gets into the job's decision log.
 *
 * Level-triggered: events only change what is known (of runners, slots, the log, requests); after
 * each, the state looks at what is known and decides. A command is repeated every retry interval
 * until the runner's reported state has got where it should. So messages may be lost, doubled or
 * late. Nothing of an attempt is sent before its number is in the log. Slots are given back only
 * when every runner has exited or its agent is gone.
 *
 * Actions and what they point to are valid until the next call with this coordinator. Owner: the
 * control thread of its host. */
#ifndef TIDE_MASTER_CORE_COORDINATOR_H
#define TIDE_MASTER_CORE_COORDINATOR_H
#include "jobapi/plan/cluster_settings.h"
#include "jobapi/proto/proto.h"
#include "master/core/job_states.h"
#include "scheduler/core/placement.h"

typedef struct tide_coordinator tide_coordinator;

typedef enum tide_job_request {
    TIDE_REQUEST_NONE,
    TIDE_REQUEST_STOP,
    TIDE_REQUEST_CANCEL
} tide_job_request;

/* What the decision log says of a job. */
typedef struct tide_job_history {
    int64_t submitted_us;
    uint64_t attempt;         /* The newest; 0 none yet. */
    tide_job_request request; /* That was decided. */
    tide_lifecycle end;       /* A final state, or CREATED: it has not ended. */
    int64_t ended_us;
    const tide_failure *failure; /* end == FAILED; else NULL. */
    /* Attempts that ended otherwise than the job; oldest first. */
    const tide_log_restart *const *restarts;
    uint32_t n_restarts;
} tide_job_history;

typedef struct tide_coordinator_config {
    const char *job;                       /* 16 hex digits. */
    const tide_job_spec *spec;             /* Copied. */
    tide_job_history history;              /* A new job has submitted_us only. */
    int64_t now_ns, wall_us;               /* How long ago was what the history tells of? */
    uint64_t term;                         /* Of the master that hosts it; 0: a driver. */
    const tide_cluster_settings *settings; /* The host's; the spec's pairs win where they may. */
    uint64_t random_seed;                  /* For the jitter of restarts. */
} tide_coordinator_config;

/* A slot that was granted; job slot i has the i-th. */
typedef struct tide_job_slot {
    const char *agent, *host;
    uint64_t local;
} tide_job_slot;

typedef enum tide_coordinator_event_kind {
    TIDE_COORDINATOR_BEGIN,        /* Once, first: starts, reconciles, or shows how it ended. */
    TIDE_COORDINATOR_TICK,         /* Time passed. */
    TIDE_COORDINATOR_GRANTED,      /* `slots`: all that were asked for. */
    TIDE_COORDINATOR_SHORT,        /* `text`: what the slots asked for wait for. */
    TIDE_COORDINATOR_REFUSED,      /* `text`: why there will never be slots. */
    TIDE_COORDINATOR_APPENDED,     /* The entry that was to be appended is decided. */
    TIDE_COORDINATOR_REQUEST,      /* `request`: somebody wants it stopped or cancelled. */
    TIDE_COORDINATOR_REPORT,       /* `agent`, `host`, `report` */
    TIDE_COORDINATOR_BEAT,         /* `agent`, `beats`: all runners of this job in its heartbeat. */
    TIDE_COORDINATOR_STATS,        /* `stats` */
    TIDE_COORDINATOR_AGENT_BACK,   /* `agent` said hello: what is owed to it is sent at once. */
    TIDE_COORDINATOR_AGENT_LEAVES, /* `agent`, `text`: it drains, its runners must go. */
    TIDE_COORDINATOR_AGENT_GONE    /* `agent`, `text`: and its runners and slots with it. */
} tide_coordinator_event_kind;

typedef struct tide_coordinator_event {
    tide_coordinator_event_kind kind;
    int64_t now_ns, wall_us;
    const char *agent, *host, *text;
    const tide_job_slot *slots;
    uint32_t n_slots;
    tide_job_request request;
    const tide_runner_report *report;
    const tide_runner_beat *beats;
    uint32_t n_beats;
    const tide_runner_stats *stats;
} tide_coordinator_event;

typedef enum tide_coordinator_act_kind {
    TIDE_COORDINATOR_SEND,    /* `msg` to `agent`, if it is connected. */
    TIDE_COORDINATOR_APPEND,  /* `msg` to the decision log. No other follows before APPENDED. */
    TIDE_COORDINATOR_ASK,     /* For `n_slots` slots with `policy`; answered by GRANTED. */
    TIDE_COORDINATOR_ADOPT,   /* `slots` are in use by the runners that were adopted. */
    TIDE_COORDINATOR_RELEASE, /* All slots that it has or waits for. */
    TIDE_COORDINATOR_TRACE    /* `text`: what was decided and why, one line. */
} tide_coordinator_act_kind;

typedef struct tide_coordinator_act {
    tide_coordinator_act_kind kind;
    const char *agent;
    tide_msg msg;
    tide_placement_policy policy;
    const tide_job_slot *slots;
    uint32_t n_slots;
    const char *text;
} tide_coordinator_act;

typedef struct tide_coordinator_acts {
    uint32_t n;
    const tide_coordinator_act *items;
} tide_coordinator_acts;

tide_coordinator *tide_coordinator_new(const tide_coordinator_config *config);
void tide_coordinator_free(tide_coordinator **self_p);
void tide_coordinator_step(tide_coordinator *self, const tide_coordinator_event *event,
                           tide_coordinator_acts *acts);
/* When it wants a TICK; INT64_MAX: not by itself. */
int64_t tide_coordinator_deadline_ns(const tide_coordinator *self);

/* ---- what is known, for hosts and views; texts and arrays are valid until the next step ---- */
tide_lifecycle tide_coordinator_state(const tide_coordinator *self);
const tide_job_spec *tide_coordinator_spec(const tide_coordinator *self);
const char *tide_coordinator_job(const tide_coordinator *self);
uint64_t tide_coordinator_attempt(const tide_coordinator *self);         /* 0: none was decided. */
tide_job_request tide_coordinator_request(const tide_coordinator *self); /* Decided. */
const char *tide_coordinator_why_waiting(const tide_coordinator *self);  /* "" */
/* When it came into the state last, wall time; 0 never. */
int64_t tide_coordinator_since_us(const tide_coordinator *self, tide_lifecycle state);
int64_t tide_coordinator_submitted_us(const tide_coordinator *self);
int64_t tide_coordinator_ended_us(const tide_coordinator *self); /* 0: it has not. */

/* A runner of the current attempt; of the last one when the job has ended. */
typedef struct tide_runner_view {
    uint64_t runner;
    const char *agent, *host;
    bool gone;                        /* Exited, or with its agent. */
    const tide_runner_report *report; /* The newest; state 0: none yet. */
    const tide_runner_stats *stats;   /* The newest; NULL none yet. */
    const tide_runner_stats *before;  /* Those before; NULL none, or the job has ended. */
    const uint64_t *slots;            /* Job slots. */
    uint32_t n_slots;
} tide_runner_view;
/* Has it a runner on this agent that is not gone? */
bool tide_coordinator_is_on(const tide_coordinator *self, const char *agent);
uint32_t tide_coordinator_n_runners(const tide_coordinator *self);
void tide_coordinator_runner(const tide_coordinator *self, uint32_t i, tide_runner_view *out);

/* An attempt that failed. The newest TIDE_COORDINATOR_FAILURES_MAX are kept. */
#define TIDE_COORDINATOR_FAILURES_MAX 16u
typedef struct tide_attempt_failure {
    uint64_t attempt;
    int64_t at_us;
    const char *agent; /* "" none in particular. */
    const tide_failure *failure;
} tide_attempt_failure;
uint64_t tide_coordinator_n_failed(const tide_coordinator *self);   /* Ever. */
uint32_t tide_coordinator_n_failures(const tide_coordinator *self); /* Kept. */
/* i == 0 is the newest. */
void tide_coordinator_failure(const tide_coordinator *self, uint32_t i, tide_attempt_failure *out);

#endif
