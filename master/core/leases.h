/* leases.h - which slots belong to drivers?
 *
 * Pure. A driver asks for its job's slots with DRIVER_LEASE and repeats it as its heartbeat; each
 * is answered with LEASE_STATE. When the slots are there, LEASE_GRANT goes to their agents, again
 * every retry interval until an agent's heartbeat shows the lease; LEASE_END likewise until no
 * heartbeat shows it any more, and only then are the slots free. A lease ends by the driver's word,
 * its closed connection or its silence. When one of its agents is lost it is cleared: the other
 * agents are told to end it, then all slots are asked for anew.
 *
 * After a change of master, leases that agents tell of are orphans, whose slots are theirs still.
 * When its driver asks, the lease goes on with them, or is cleared if they are not all there; an
 * orphan whose driver does not come in time is ended. Owner: the master's control thread. */
#ifndef TIDE_MASTER_CORE_LEASES_H
#define TIDE_MASTER_CORE_LEASES_H
#include "master/core/coordinator.h"
#include "master/core/membership.h"

typedef struct tide_leases tide_leases;

typedef enum tide_lease_phase {
    TIDE_LEASE_WAITING, /* For slots. */
    TIDE_LEASE_GRANTED,
    TIDE_LEASE_CLEARING, /* Agents are told until none shows it; then it waits again. */
    TIDE_LEASE_ENDING,   /* Agents are told until none shows it; then it is no more. */
    TIDE_LEASE_ORPHANED  /* Agents show it, its driver has not come yet. */
} tide_lease_phase;

const char *tide_lease_phase_name(tide_lease_phase phase); /* "waiting" */

#define TIDE_LEASES_MAX 1000u

typedef struct tide_leases_config {
    uint64_t term;
    int64_t retry_ns, silence_ns;
    int64_t orphan_ns; /* How long an orphan waits for its driver. */
} tide_leases_config;

typedef enum tide_lease_act_kind {
    TIDE_LEASE_SEND_AGENT,  /* `msg` to `agent` */
    TIDE_LEASE_SEND_DRIVER, /* `msg` to `peer` */
    TIDE_LEASE_ASK,         /* For `n_slots` slots; answered by _granted. */
    TIDE_LEASE_ADOPT,       /* `slots` are the job's already. */
    TIDE_LEASE_RELEASE,     /* What the job has or waits for. */
    TIDE_LEASE_TRACE        /* `text` */
} tide_lease_act_kind;

typedef struct tide_lease_act {
    tide_lease_act_kind kind;
    const char *job, *agent, *text;
    uint64_t peer;
    tide_msg msg;
    tide_placement_policy policy;
    const tide_job_slot *slots;
    uint32_t n_slots;
} tide_lease_act;

/* Actions gather until they are taken, and are valid until the call behind that. */
typedef struct tide_lease_acts {
    uint32_t n;
    const tide_lease_act *items;
} tide_lease_acts;

/* settings: where a job's own may win, for its placement. Borrowed. */
tide_leases *tide_leases_new(const tide_leases_config *config,
                             const tide_cluster_settings *settings);
void tide_leases_free(tide_leases **self_p);

void tide_leases_asked(tide_leases *self, uint64_t peer, const tide_driver_lease *msg,
                       int64_t now_ns);
/* An agent says hello and has this lease. */
void tide_leases_held(tide_leases *self, const char *agent, const char *host,
                      const tide_held_lease *held, int64_t now_ns);
void tide_leases_released(tide_leases *self, const char *job, int64_t now_ns);
void tide_leases_peer_closed(tide_leases *self, uint64_t peer, int64_t now_ns);
void tide_leases_granted(tide_leases *self, const char *job, const tide_job_slot *slots, uint32_t n,
                         const tide_membership *members, int64_t now_ns);
void tide_leases_short(tide_leases *self, const char *job, const char *why);
/* An agent's heartbeat with the leases that it has. */
void tide_leases_beat(tide_leases *self, const char *agent, const tide_text_item *shown, uint32_t n,
                      int64_t now_ns);
void tide_leases_agent_lost(tide_leases *self, const char *agent, const char *why, int64_t now_ns);
void tide_leases_tick(tide_leases *self, int64_t now_ns);
int64_t tide_leases_deadline_ns(const tide_leases *self);
void tide_leases_take(tide_leases *self, tide_lease_acts *acts);

/* For views, in the order of asking. */
typedef struct tide_lease_view {
    const char *job, *name, *endpoint, *why;
    tide_lease_phase phase;
    uint64_t n_slots, n_agents;
} tide_lease_view;
uint32_t tide_leases_n(const tide_leases *self);
void tide_leases_at(const tide_leases *self, uint32_t i, tide_lease_view *out);
bool tide_leases_has(const tide_leases *self, const char *job);

#endif
