/* master.h - the control plane as one step function.
 *
 * Pure. Composes leadership (master/election), a decision log and a coordinator per job,
 * membership, slots and leases. One event in, a list of actions out; actions and what they point to
 * are valid until the next step. Nothing here opens, waits or reads a clock: master/runtime and the
 * simulator do.
 *
 * Standing by, it answers every message and request with the leader that it knows. On becoming the
 * leader it lists jobs/, claims every unfinished job's log, lets agents report for the takeover
 * grace, adopts what runs, and only then schedules. On losing leadership it forgets jobs and agents
 * and sends nothing more about them; they go on.
 *
 * Bounded: TIDE_MASTER_JOBS_MAX unfinished jobs; of finished ones the newest `jobs_retained` are
 * kept, then their keys are removed, and artifacts that no job uses. Owner: the control thread. */
#ifndef TIDE_MASTER_CORE_MASTER_H
#define TIDE_MASTER_CORE_MASTER_H
#include "checkpoint/storage/storage.h"
#include "jobapi/proto/proto.h"
#include "master/core/coordinator.h"

typedef struct tide_master tide_master;

#define TIDE_MASTER_JOBS_MAX 1000u   /* Unfinished; more are refused. */
#define TIDE_MASTER_PEERS_MAX 10000u /* Connections that it knows something of. */
#define TIDE_MASTER_PARALLELISM_MAX 32768u
#define TIDE_MASTER_REQUESTS_MAX 1000u /* Unanswered. */
#define TIDE_MASTER_ARTIFACT_MAX (64u << 20)
#define TIDE_MASTER_CHUNK_BYTES (1u << 20) /* Of an artifact or a log, in one message. */

typedef struct tide_master_config {
    const char *id;                 /* Of this start: 16 hex digits. */
    const char *control, *rest;     /* Endpoints that others shall find it at. */
    tide_cluster_settings settings; /* Texts in it are not used. */
    uint64_t random_seed;
} tide_master_config;
/* Default settings; id, endpoints and seed are the caller's. */
void tide_master_config_init(tide_master_config *self);

/* Limits of time that no setting names. */
#define TIDE_MASTER_OVERTAKE_NS INT64_C(30000000000) /* See scheduler/core/slots.h. */
#define TIDE_MASTER_UNUSED_NS INT64_C(600000000000)  /* An upload that no job uses is removed. */
#define TIDE_MASTER_MENDED_NS INT64_C(5000000000)    /* Between looks at a log that is damaged. */
#define TIDE_MASTER_LOGS_NS INT64_C(5000000000) /* An agent's answer about a runner's output. */

/* ---- requests: what clients ask for. Each is answered exactly once, with its id. ---- */
typedef enum tide_master_request_kind {
    TIDE_MASTER_SUBMIT, /* `spec`; `job`: an id that makes a repeated submission harmless, or "". */
    TIDE_MASTER_CANCEL, /* `job`; answered when it is decided, not when it has happened. */
    TIDE_MASTER_STOP,   /* `job`; the same. */
    TIDE_MASTER_LOGS,   /* `job`, `agent`, `offset`, `bytes_max`: of its runner's output there. */
    TIDE_MASTER_UPLOAD  /* `artifact` (checksum, 16 hex digits), `bytes` */
} tide_master_request_kind;

typedef struct tide_master_request {
    uint64_t id;
    tide_master_request_kind kind;
    const char *job, *agent, *artifact;
    const tide_job_spec *spec;
    uint64_t offset, bytes_max;
    tide_proto_bytes bytes;
} tide_master_request;

typedef struct tide_master_reply {
    uint64_t id;
    tide_status status;
    const char *text; /* Failure: why, and what to do. */
    bool redirect;    /* status is TIDE_E_REFUSED: ask the leader; its endpoints, "" unknown. */
    const char *leader_control, *leader_rest;
    const char *job;       /* SUBMIT */
    bool existed;          /* SUBMIT: the very same job was there already. */
    tide_proto_bytes data; /* LOGS */
    uint64_t total;        /* LOGS: bytes that there are. */
} tide_master_reply;

/* ---- events ---- */
typedef enum tide_master_event_kind {
    TIDE_MASTER_TICK,      /* Time passed; also the first event of all. */
    TIDE_MASTER_MESSAGE,   /* `peer`, `msg` */
    TIDE_MASTER_CLOSED,    /* `peer`: its connection is no more; the number is not used again. */
    TIDE_MASTER_STORED,    /* `done` */
    TIDE_MASTER_REQUESTED, /* `request` */
    TIDE_MASTER_RESIGN     /* Clean shutdown: gives leadership up; jobs go on. */
} tide_master_event_kind;

typedef struct tide_master_event {
    tide_master_event_kind kind;
    int64_t now_ns, wall_us;
    uint64_t peer; /* Of a connection, never 0. */
    tide_msg msg;
    const tide_store_done *done;
    const tide_master_request *request;
} tide_master_event;

/* ---- actions ---- */
typedef enum tide_master_act_kind {
    TIDE_MASTER_SEND,  /* `msg` to `peer`; may be dropped when it is gone. */
    TIDE_MASTER_STORE, /* `op` */
    TIDE_MASTER_REPLY, /* `reply` */
    TIDE_MASTER_TRACE  /* `job` ("" none) and `text`: what was decided and why, one line. */
} tide_master_act_kind;

typedef struct tide_master_act {
    tide_master_act_kind kind;
    uint64_t peer;
    tide_msg msg;
    tide_store_op op;
    tide_master_reply reply;
    const char *job, *text;
    bool alarm; /* TRACE: a person must act. */
} tide_master_act;

typedef struct tide_master_acts {
    uint32_t n;
    const tide_master_act *items;
} tide_master_acts;

/* config's texts are copied. */
tide_master *tide_master_new(const tide_master_config *config);
void tide_master_free(tide_master **self_p);
void tide_master_step(tide_master *self, const tide_master_event *event, tide_master_acts *acts);
/* When it wants a TICK; INT64_MAX never. */
int64_t tide_master_deadline_ns(const tide_master *self);

bool tide_master_leads(const tide_master *self);
/* Leads, and has taken over what there was: requests are served. */
bool tide_master_is_ready(const tide_master *self);
uint64_t tide_master_term_of(const tide_master *self);
/* Nothing is under way with the storage: a shell that ends may. */
bool tide_master_is_quiet(const tide_master *self);

#endif
