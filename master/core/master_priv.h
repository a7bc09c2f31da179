/* master_priv.h - the master's parts, which share its state: master.c (the step), master_acts.c
 * (actions), master_jobs.c (jobs and their logs), master_takeover.c (becoming the leader),
 * master_agents.c (agents, slots, leases), master_requests.c (clients), master_artifacts.c. */
#ifndef TIDE_MASTER_CORE_MASTER_PRIV_H
#define TIDE_MASTER_CORE_MASTER_PRIV_H
#include "base/core/random.h"
#include "checkpoint/core/decision_log.h"
#include "master/core/artifacts.h"
#include "master/core/leases.h"
#include "master/core/master.h"
#include "master/core/membership.h"
#include "master/core/seen.h"
#include "master/core/tails.h"
#include "master/election/election.h"
#include "scheduler/core/slots.h"

/* Whose storage operation is it? */
typedef enum tide_op_owner {
    TIDE_OP_ELECTION,
    TIDE_OP_LOG,      /* Of `job`. */
    TIDE_OP_LIST,     /* jobs/ */
    TIDE_OP_FIRST,    /* Is there an entry 0 of `job`? */
    TIDE_OP_FORGET,   /* An entry of `job` is removed. */
    TIDE_OP_ARTIFACTS /* The operations of artifacts.h. */
} tide_op_owner;

typedef struct tide_master_op {
    uint64_t id, inner; /* inner: the owner's own number. */
    tide_op_owner owner;
    uint64_t reign; /* In which it was begun: what a past reign asked for is not heard. */
    char job[17];
} tide_master_op;

/* A client that waits for something to be decided about a job. */
typedef struct tide_job_waiter {
    uint64_t request;
    tide_master_request_kind kind;
} tide_job_waiter;
#define TIDE_JOB_WAITERS_MAX 64u

typedef enum tide_job_stage {
    TIDE_STAGE_SUBMITTING, /* Entry 0 and the claim are being written. */
    TIDE_STAGE_CHECKING,   /* Takeover: is this a job, or what is left of one? */
    TIDE_STAGE_CLAIMING,   /* Takeover: its log is read and claimed. */
    TIDE_STAGE_LIVE,
    TIDE_STAGE_KEPT,      /* Ended, shown. */
    TIDE_STAGE_BROKEN,    /* Its log is damaged: nothing is decided about it. */
    TIDE_STAGE_FORGETTING /* Ended, its keys are being removed. */
} tide_job_stage;

typedef struct tide_master_job {
    char id[17];
    tide_job_stage stage;
    tide_arena *arena;
    const tide_job_spec *spec; /* SUBMITTING, suspended; later the coordinator's. NULL: unknown. */
    bool was_there;            /* SUBMITTING met an entry 0. */
    tide_decision_log *log;    /* NULL: not owned. */
    tide_coordinator *coordinator; /* LIVE, KEPT */
    tide_error *error;             /* Suspended: see tide_master_is_suspended. */
    int64_t suspended_us;          /* Since when. */
    tide_job_history known;        /* Suspended: as far as the log could be read; no lists. */
    uint64_t n_keys, forgotten;    /* Of the log; FORGETTING: how many are removed. */
    int64_t retry_ns;              /* CHECKING, FORGETTING: after a failure. INT64_MAX: not now. */
    tide_job_waiter waiters[TIDE_JOB_WAITERS_MAX];
    uint32_t n_waiters;
} tide_master_job;

/* A question about a runner's output that is with an agent. */
typedef struct tide_log_question {
    uint64_t request, number;
    char *agent;
    int64_t until_ns;
} tide_log_question;

struct tide_master {
    tide_master_config config;
    tide_arena *arena;
    tide_random random;
    /* This step's. */
    tide_arena *step_arena;
    tide_master_act *acts;
    uint32_t n_acts, cap_acts;
    int64_t now_ns, wall_us;
    /* Storage operations that are under way. */
    tide_master_op *ops;
    uint32_t n_ops, cap_ops;
    uint64_t next_op;
    /* Connections of agents, so that a new leader can ask them to say hello. */
    uint64_t *peers;
    uint32_t n_peers, cap_peers;
    tide_election *election;
    uint64_t reign; /* Grows whenever leadership is won or lost. */
    bool deposed;   /* Somebody else leads: to be acted on at the end of the step. */
    uint64_t term_seen;
    /* The rest is the leader's. */
    bool leads, listed;
    int64_t list_ns;      /* When to list next; INT64_MAX: it is being listed. */
    int64_t schedules_ns; /* From then on slots are given out. */
    tide_membership *members;
    tide_slots *slots;
    tide_leases *leases;
    tide_seen *seen;
    tide_artifacts *artifacts;
    tide_tails *tails;
    tide_master_job **jobs; /* In the order of submission, as far as it is known. */
    uint32_t n_jobs, cap_jobs;
    bool slots_changed;
    tide_log_question *questions;
    uint32_t n_questions, cap_questions;
    uint64_t next_question;
};

/* ---- master_acts.c ---- */
void tide_master_send(tide_master *self, uint64_t peer, tide_msg_kind kind, const void *body);
/* To an agent that lives; else nothing. */
void tide_master_send_agent(tide_master *self, const char *agent, tide_msg_kind kind,
                            const void *body);
void tide_master_trace(tide_master *self, const char *job, const char *fmt, ...) TIDE_PRINTF(3, 4);
/* The same, of what a person must see to. */
void tide_master_alarm(tide_master *self, const char *job, const char *text);
/* op->bytes must stay valid until the next step, unless `copies`. job: whose it is, or "". */
void tide_master_store(tide_master *self, tide_op_owner owner, const char *job,
                       const tide_store_op *op);
void tide_master_reply_to(tide_master *self, const tide_master_reply *reply);
void tide_master_reply_failure(tide_master *self, uint64_t request, tide_status status,
                               const char *fmt, ...) TIDE_PRINTF(4, 5);
void tide_master_reply_redirect(tide_master *self, uint64_t request);

/* ---- master.c ---- */
bool tide_master_schedules(const tide_master *self);
/* A term above ours exists. */
void tide_master_depose(tide_master *self, uint64_t term);

/* ---- master_takeover.c ---- */
void tide_master_begin_reign(tide_master *self);
void tide_master_end_reign(tide_master *self);
/* Takes the log of a job that is there over. */
void tide_master_claim(tide_master *self, tide_master_job *job);
void tide_master_on_listed(tide_master *self, const tide_store_done *done);
void tide_master_on_first(tide_master *self, tide_master_job *job, const tide_store_done *done);
/* Its log cannot be read, or is damaged: nothing is decided, until a later look finds it mended. */
bool tide_master_is_suspended(const tide_master_job *job);
/* What the storage says of a log that is being claimed; after some failures in a row the job is
 * suspended, so that the others are served. */
void tide_master_note_unreadable(tide_master *self, tide_master_job *job);
void tide_master_takeover_tick(tide_master *self);
int64_t tide_master_takeover_deadline_ns(const tide_master *self);

/* ---- master_jobs.c ---- */
tide_master_job *tide_master_find_job(const tide_master *self, const char *id); /* NULL */
tide_master_job *tide_master_add_job(tide_master *self, const char *id, tide_job_stage stage);
void tide_master_drop_job(tide_master *self, tide_master_job *job);
void tide_master_free_job(tide_master_job *job);
void tide_master_step_job(tide_master *self, tide_master_job *job, tide_coordinator_event event);
void tide_master_on_log(tide_master *self, tide_master_job *job,
                        const tide_decision_log_acts *acts);
/* Removes the job's keys, then the job. */
void tide_master_forget(tide_master *self, tide_master_job *job);
/* For what its log's error says: somebody must see to it. */
void tide_master_suspend(tide_master *self, tide_master_job *job);
void tide_master_on_forgotten(tide_master *self, tide_master_job *job, const tide_store_done *done);
/* Answers who waits, keeps or forgets what has ended. */
void tide_master_settle_jobs(tide_master *self);
void tide_master_jobs_tick(tide_master *self);
int64_t tide_master_jobs_deadline_ns(const tide_master *self);

/* ---- master_agents.c ---- */
void tide_master_on_message(tide_master *self, uint64_t peer, const tide_msg *msg);
/* News of members, what leases want, slots to be given out: until nothing is left. */
void tide_master_settle_agents(tide_master *self);
/* What is known of a job's runners, for a coordinator that begins. */
void tide_master_feed(tide_master *self, tide_master_job *job);

/* ---- master_requests.c ---- */
bool tide_master_same_spec(const tide_job_spec *a, const tide_job_spec *b);
void tide_master_on_request(tide_master *self, const tide_master_request *request);
/* Asks for the ends of runners' outputs that are due. */
void tide_master_ask_tails(tide_master *self);
void tide_master_on_log_data(tide_master *self, const tide_log_data *data);
void tide_master_questions_tick(tide_master *self);
int64_t tide_master_questions_deadline_ns(const tide_master *self);
void tide_master_drop_questions(tide_master *self);

#endif
