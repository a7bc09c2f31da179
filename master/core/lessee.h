/* lessee.h - a driver: the coordinator of one job, in the process that submitted it, on slots that
 * a master leases to it.
 *
 * Pure. Asks every master for the slots and repeats that as its heartbeat; the leader answers. The
 * agents whose slots were leased connect, and the job runs on them as it would under a master. When
 * masters are gone the job goes on; when the lease has to be cleared, its agents let go and the
 * attempt fails. There is no log: what is decided is decided here, and the job ends with this
 * process. Actions are valid until the next step. Owner: the driver's control thread. */
#ifndef TIDE_MASTER_CORE_LESSEE_H
#define TIDE_MASTER_CORE_LESSEE_H
#include "master/core/coordinator.h"
#include "master/core/membership.h"

typedef struct tide_lessee tide_lessee;

#define TIDE_LESSEE_MASTERS_MAX 16u
#define TIDE_LESSEE_RELEASE_NS                                                                     \
    INT64_C(2000000000) /* For a master to say that the lease is over.                             \
                         */

typedef struct tide_lessee_config {
    const char *job;           /* 16 hex digits. */
    const tide_job_spec *spec; /* Copied. */
    const char *endpoint;      /* That agents shall connect to. */
    const uint64_t *masters;   /* Their peers. */
    uint32_t n_masters;
    tide_proto_bytes artifact;             /* Of a library; borrowed. */
    const tide_cluster_settings *settings; /* Borrowed. */
    int64_t wall_us;                       /* Of the submission. */
    uint64_t random_seed;
} tide_lessee_config;

typedef enum tide_lessee_event_kind {
    TIDE_LESSEE_TICK,    /* Also the first event of all. */
    TIDE_LESSEE_MESSAGE, /* `peer`, `msg` */
    TIDE_LESSEE_CLOSED,  /* `peer`; a master's may come back. */
    TIDE_LESSEE_REQUEST  /* `request` */
} tide_lessee_event_kind;

typedef struct tide_lessee_event {
    tide_lessee_event_kind kind;
    int64_t now_ns, wall_us;
    uint64_t peer;
    tide_msg msg;
    tide_job_request request;
} tide_lessee_event;

typedef enum tide_lessee_act_kind {
    TIDE_LESSEE_SEND, /* `msg` to `peer` */
    TIDE_LESSEE_TRACE /* `text` */
} tide_lessee_act_kind;

typedef struct tide_lessee_act {
    tide_lessee_act_kind kind;
    uint64_t peer;
    tide_msg msg;
    const char *text;
} tide_lessee_act;

typedef struct tide_lessee_acts {
    uint32_t n;
    const tide_lessee_act *items;
} tide_lessee_acts;

tide_lessee *tide_lessee_new(const tide_lessee_config *config);
void tide_lessee_free(tide_lessee **self_p);
void tide_lessee_step(tide_lessee *self, const tide_lessee_event *event, tide_lessee_acts *acts);
int64_t tide_lessee_deadline_ns(const tide_lessee *self);

/* The job has ended and the lease is given back: the process may end. */
bool tide_lessee_is_over(const tide_lessee *self);
const tide_coordinator *tide_lessee_coordinator(const tide_lessee *self);
/* Whether a master has ever answered. */
bool tide_lessee_was_answered(const tide_lessee *self);

#endif
