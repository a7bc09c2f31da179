/* election.h - who should lead? A lease in shared storage, watched by whoever stands by.
 *
 * Pure. The leader rewrites masters/lease with a growing counter every third of the time-out, after
 * reading it. A standby that has seen the same lease for the whole time-out by its own monotonic
 * clock claims masters/terms/<term + 1>, put if absent; the winner writes the lease and leads.
 * Where no lease is, or its leader gave it up, a standby claims at once. A leader steps down when
 * the lease shows a higher term, or when it could not renew for the time-out, counted from before
 * the write. Two may believe to lead for a moment: the decision logs make that harmless. A term
 * belongs to one master, always. Owner: the control thread.
 */
#ifndef TIDE_MASTER_ELECTION_ELECTION_H
#define TIDE_MASTER_ELECTION_ELECTION_H
#include <stdbool.h>

#include "checkpoint/storage/storage.h"

typedef struct tide_election tide_election;

typedef struct tide_election_config {
    const char *id;      /* Of this master: unique for each start. Texts are copied. */
    const char *control; /* Endpoints that others shall find it at. */
    const char *rest;
    int64_t timeout_ns; /* 1.5 s. */
    uint64_t
        random_seed; /* Spreads the tries of several standbys: differs from master to master. */
} tide_election_config;

typedef enum tide_election_role { TIDE_STANDBY, TIDE_LEADING } tide_election_role;

typedef struct tide_election_acts {
    bool has_op; /* At most one under way. */
    tide_store_op op;
    bool role_changed; /* See _role and _term. */
} tide_election_acts;

tide_election *tide_election_new(const tide_election_config *config);
void tide_election_free(tide_election **self_p);

void tide_election_tick(tide_election *self, int64_t now_ns, tide_election_acts *acts);
void tide_election_done(tide_election *self, const tide_store_done *done, int64_t now_ns,
                        tide_election_acts *acts);
/* Somebody proved that a higher term exists (an agent's term_seen, a lost decision log): step down
 * now if leading. */
void tide_election_saw_term(tide_election *self, uint64_t term, int64_t now_ns,
                            tide_election_acts *acts);
/* Clean shutdown: a leader steps down and gives the lease up, so that a standby need not wait for
 * the time-out. Never claims again. */
void tide_election_resign(tide_election *self, int64_t now_ns, tide_election_acts *acts);
/* After _resign: there is nothing left to do, the lease is given up or could not be. */
bool tide_election_is_over(const tide_election *self);
int64_t tide_election_deadline_ns(const tide_election *self); /* When to _tick at the latest. */

tide_election_role tide_election_role_of(const tide_election *self);
uint64_t tide_election_term(const tide_election *self); /* LEADING: mine; else the highest seen. */
/* The leader as the lease names it, "" unknown: for NOT_LEADER and redirects. Valid until
 * the next call. */
const char *tide_election_leader_control(const tide_election *self);
const char *tide_election_leader_rest(const tide_election *self);

#endif
