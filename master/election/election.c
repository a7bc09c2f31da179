/* election.c - one operation after the other: read the lease, write it, claim a term. */
#include "master/election/election.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "base/core/random.h"
#include "jobapi/proto/proto.h"

#define LEASE_KEY "masters/lease"
#define TERMS_PREFIX "masters/terms/"
/* The leader renews every third of the time-out, a standby looks twice as often. What failed is
 * tried again after a twelfth, and standbys claim up to a twelfth apart. */
#define RENEWALS_PER_TIMEOUT 3
#define LOOKS_PER_TIMEOUT 6
#define TRIES_PER_TIMEOUT 12

/* The operation that is under way, or is due. */
typedef enum election_step {
    STEP_LOOK,    /* Read the lease; standbys and leaders. */
    STEP_LIST,    /* Which terms were claimed? Where there is no lease that says so. */
    STEP_CLAIM,   /* Put masters/terms/<claimed>. */
    STEP_CHECK,   /* Whose is masters/terms/<claimed>? */
    STEP_RENEW,   /* Write the lease. */
    STEP_GIVE_UP, /* Write it as given up. */
    STEP_OVER
} election_step;

struct tide_election {
    char *id, *control, *rest;
    int64_t timeout_ns;
    tide_random random;

    tide_election_role role;
    election_step step;
    bool is_under_way;
    uint64_t op_id;
    int64_t step_at_ns; /* When the step is due, if it is not under way. */
    char key[64];
    tide_bytes bytes;

    uint64_t term;          /* Leading or about to: mine. Else the highest seen. */
    uint64_t claimed;       /* CLAIM, CHECK. */
    bool is_winner;         /* The term is mine, the lease not yet written. */
    int64_t renewed_at_ns;  /* Before the last write of the lease that succeeded. */
    int64_t renewing_at_ns; /* Before the write that is under way. */

    tide_arena *arena; /* Of the lease. */
    tide_master_lease lease;
    bool has_lease;
    int64_t changed_at_ns; /* When the lease was last seen to be another. */
    bool has_looked, has_listed;
    bool is_predecessors; /* The lease is of one who was bound where this master is now. */
    int64_t spread_ns;    /* This standby's share of the spread, drawn for each time-out. */
    uint64_t counter;
    bool has_resigned;
};

static void start_if_due(tide_election *self, int64_t now_ns, tide_election_acts *acts);

tide_election *tide_election_new(const tide_election_config *config)
{
    tide_election *self = tide_calloc(1, sizeof *self);
    self->id = tide_strdup(config->id);
    self->control = tide_strdup(config->control);
    self->rest = tide_strdup(config->rest);
    self->timeout_ns = config->timeout_ns;
    tide_random_init(&self->random, config->random_seed, 0);
    self->arena = tide_arena_new();
    self->lease = (tide_master_lease){ .control = "", .rest = "" };
    self->step_at_ns = INT64_MIN;
    return self;
}

void tide_election_free(tide_election **self_p)
{
    tide_election *self = *self_p;
    if (!self) return;
    tide_arena_free(&self->arena);
    tide_bytes_fini(&self->bytes);
    tide_free(self->id);
    tide_free(self->control);
    tide_free(self->rest);
    tide_free(self);
    *self_p = NULL;
}

/* ---- roles ---- */

static void plan(tide_election *self, election_step step, int64_t at_ns)
{
    self->step = step;
    self->step_at_ns = at_ns;
}

/* The time-out of whoever leads begins now. */
static void wait_for_leader(tide_election *self, int64_t now_ns)
{
    self->changed_at_ns = now_ns;
    self->spread_ns =
        (int64_t)tide_random_below(&self->random, (uint64_t)self->timeout_ns / TRIES_PER_TIMEOUT);
}

static void stand_by(tide_election *self, uint64_t term, int64_t now_ns, tide_election_acts *acts)
{
    if (self->role == TIDE_LEADING) acts->role_changed = true;
    self->role = TIDE_STANDBY;
    self->is_winner = false;
    if (term > self->term) self->term = term;
    wait_for_leader(self, now_ns);
    if (!self->is_under_way && self->step != STEP_OVER)
        plan(self, STEP_LOOK, now_ns + self->timeout_ns / LOOKS_PER_TIMEOUT);
}

/* Who could not renew for the time-out may have been overtaken. */
static void check_time(tide_election *self, int64_t now_ns, tide_election_acts *acts)
{
    bool holds = self->role == TIDE_LEADING || self->is_winner;
    if (holds && now_ns - self->renewed_at_ns >= self->timeout_ns)
        stand_by(self, self->term, now_ns, acts);
}

void tide_election_saw_term(tide_election *self, uint64_t term, int64_t now_ns,
                            tide_election_acts *acts)
{
    *acts = (tide_election_acts){ 0 };
    if (term <= self->term) return;
    if (self->role == TIDE_LEADING || self->is_winner)
        stand_by(self, term, now_ns, acts);
    else
        self->term = term;
}

void tide_election_resign(tide_election *self, int64_t now_ns, tide_election_acts *acts)
{
    *acts = (tide_election_acts){ 0 };
    if (self->has_resigned) return;
    self->has_resigned = true;
    check_time(self, now_ns, acts);
    bool holds = self->role == TIDE_LEADING || self->is_winner;
    if (self->role == TIDE_LEADING) acts->role_changed = true;
    self->role = TIDE_STANDBY;
    self->is_winner = false;
    election_step next = holds ? STEP_GIVE_UP : STEP_OVER;
    /* An operation that is under way is waited for: a late renewal must not undo the giving up. */
    if (self->is_under_way)
        self->is_winner = holds;
    else
        plan(self, next, now_ns);
    start_if_due(self, now_ns, acts);
}

/* ---- operations ---- */

static void encode_lease(tide_election *self, bool is_given_up)
{
    self->bytes.n = 0;
    tide_msg_encode_stored(TIDE_MSG_MASTER_LEASE,
                           &(tide_master_lease){ .term = self->term,
                                                 .counter = ++self->counter,
                                                 .id = self->id,
                                                 .control = self->control,
                                                 .rest = self->rest,
                                                 .given_up = is_given_up },
                           &self->bytes);
}

static void encode_term(tide_election *self)
{
    self->bytes.n = 0;
    tide_msg_encode_stored(TIDE_MSG_MASTER_TERM,
                           &(tide_master_term){ .term = self->claimed, .id = self->id },
                           &self->bytes);
}

/* Begins the step that is due. */
static void start_if_due(tide_election *self, int64_t now_ns, tide_election_acts *acts)
{
    static const tide_store_kind kinds[] = { [STEP_LOOK] = TIDE_STORE_GET,
                                             [STEP_LIST] = TIDE_STORE_LIST,
                                             [STEP_CLAIM] = TIDE_STORE_PUT_IF_ABSENT,
                                             [STEP_CHECK] = TIDE_STORE_GET,
                                             [STEP_RENEW] = TIDE_STORE_PUT,
                                             [STEP_GIVE_UP] = TIDE_STORE_PUT };
    if (self->is_under_way || self->step == STEP_OVER || now_ns < self->step_at_ns) return;
    bool is_of_term = self->step == STEP_CLAIM || self->step == STEP_CHECK;
    snprintf(self->key, sizeof self->key, self->step == STEP_LIST ? TERMS_PREFIX : LEASE_KEY);
    if (is_of_term) snprintf(self->key, sizeof self->key, TERMS_PREFIX "%" PRIu64, self->claimed);
    if (self->step == STEP_CLAIM) encode_term(self);
    if (self->step == STEP_RENEW || self->step == STEP_GIVE_UP)
        encode_lease(self, self->step == STEP_GIVE_UP);
    if (self->step == STEP_RENEW) self->renewing_at_ns = now_ns;
    self->is_under_way = true;
    acts->has_op = true;
    acts->op = (tide_store_op){ .id = ++self->op_id, .kind = kinds[self->step], .key = self->key };
    if (acts->op.kind == TIDE_STORE_GET || acts->op.kind == TIDE_STORE_LIST) return;
    acts->op.bytes = (const uint8_t *)self->bytes.p;
    acts->op.n = self->bytes.n;
}

/* ---- the lease as it was read ---- */

/* What is damaged is taken for no lease: it is overwritten by whoever wins next. */
static void take_lease(tide_election *self, const tide_store_done *done, int64_t now_ns)
{
    tide_arena *arena = tide_arena_new();
    tide_msg msg = { 0 };
    bool has_lease = done->status == TIDE_OK &&
                     tide_msg_decode_stored(done->bytes, done->n, arena, &msg) == TIDE_OK &&
                     msg.kind == TIDE_MSG_MASTER_LEASE;
    tide_master_lease lease = { .control = "", .rest = "", .id = "" };
    if (has_lease) lease = *(const tide_master_lease *)msg.body;
    bool same =
        self->has_looked && self->has_lease == has_lease &&
        (!has_lease || (lease.term == self->lease.term && lease.counter == self->lease.counter &&
                        strcmp(lease.id, self->lease.id) == 0));
    /* Asked at the first look only: two that claim one address must not take turns. */
    if (!self->has_looked)
        self->is_predecessors = has_lease && strcmp(lease.control, self->control) == 0 &&
                                strcmp(lease.id, self->id) != 0;
    else if (!same)
        self->is_predecessors = false;
    tide_arena_free(&self->arena);
    self->arena = arena;
    self->lease = lease;
    self->has_lease = has_lease;
    self->has_looked = true;
    if (!same) wait_for_leader(self, now_ns);
}

/* The lease names nobody who could lead on. */
static bool is_free(const tide_election *self)
{
    return !self->has_lease || self->lease.given_up || self->is_predecessors;
}

static void look_as_standby(tide_election *self, int64_t now_ns)
{
    if (!self->has_lease && !self->has_listed) {
        plan(self, STEP_LIST, now_ns);
        return;
    }
    if (self->has_lease && self->lease.term > self->term) self->term = self->lease.term;
    /* A term that was seen elsewhere belongs to somebody who has yet to write the lease. */
    bool is_awaited = self->has_lease ? self->lease.term < self->term : self->term > 0;
    int64_t wait_ns = is_free(self) && !is_awaited ? 0 : self->timeout_ns + self->spread_ns;
    int64_t claim_at_ns = self->changed_at_ns + wait_ns;
    int64_t look_at_ns = now_ns + self->timeout_ns / LOOKS_PER_TIMEOUT;
    if (now_ns < claim_at_ns) {
        /* The last look comes when the time-out ends. */
        plan(self, STEP_LOOK, claim_at_ns < look_at_ns ? claim_at_ns : look_at_ns);
        return;
    }
    self->claimed = self->term + 1;
    plan(self, STEP_CLAIM, now_ns);
}

static void look_as_leader(tide_election *self, int64_t now_ns, tide_election_acts *acts)
{
    if (self->has_lease && self->lease.term > self->term)
        stand_by(self, self->lease.term, now_ns, acts);
    else
        plan(self, STEP_RENEW, now_ns);
}

/* ---- outcomes ---- */

static void finish_list(tide_election *self, const tide_store_done *done, int64_t now_ns)
{
    if (done->status != TIDE_OK) {
        plan(self, STEP_LIST, now_ns + self->timeout_ns / TRIES_PER_TIMEOUT);
        return;
    }
    for (uint32_t i = 0; i < done->listing->n; i++) {
        uint64_t term = strtoull(done->listing->keys[i] + strlen(TERMS_PREFIX), NULL, 10);
        if (term > self->term) self->term = term;
    }
    self->has_listed = true;
    look_as_standby(self, now_ns);
}

static void win(tide_election *self, int64_t now_ns)
{
    self->term = self->claimed;
    self->is_winner = true;
    self->renewed_at_ns = now_ns; /* From here the time-out counts for the winner. */
    plan(self, STEP_RENEW, now_ns);
}

/* Whose term it is: a put whose answer was lost, or whose repetition met it, was ours. */
static void check_term(tide_election *self, const tide_store_done *done, int64_t now_ns,
                       tide_election_acts *acts)
{
    int64_t again_ns = now_ns + self->timeout_ns / TRIES_PER_TIMEOUT;
    if (done->status == TIDE_E_NOT_FOUND) {
        plan(self, STEP_LOOK, again_ns);
        return;
    }
    if (done->status != TIDE_OK) {
        plan(self, STEP_CHECK, again_ns);
        return;
    }
    tide_arena *arena = tide_arena_new();
    tide_msg msg;
    tide_status rv = tide_msg_decode_stored(done->bytes, done->n, arena, &msg);
    bool is_mine = rv == TIDE_OK && msg.kind == TIDE_MSG_MASTER_TERM &&
                   strcmp(((const tide_master_term *)msg.body)->id, self->id) == 0;
    tide_arena_free(&arena);
    if (is_mine && self->claimed > self->term)
        win(self, now_ns);
    else
        stand_by(self, self->claimed, now_ns, acts); /* Its owner has the time-out to begin. */
}

static void finish_renewal(tide_election *self, tide_status status, int64_t now_ns,
                           tide_election_acts *acts)
{
    if (status != TIDE_OK) {
        plan(self, STEP_LOOK, now_ns + self->timeout_ns / TRIES_PER_TIMEOUT);
        return;
    }
    self->renewed_at_ns = self->renewing_at_ns;
    self->is_winner = false;
    if (self->role != TIDE_LEADING) acts->role_changed = true;
    self->role = TIDE_LEADING;
    plan(self, STEP_LOOK, self->renewing_at_ns + self->timeout_ns / RENEWALS_PER_TIMEOUT);
}

static void finish_look(tide_election *self, const tide_store_done *done, int64_t now_ns,
                        tide_election_acts *acts)
{
    if (done->status != TIDE_OK && done->status != TIDE_E_NOT_FOUND) {
        plan(self, STEP_LOOK, now_ns + self->timeout_ns / TRIES_PER_TIMEOUT);
        return;
    }
    take_lease(self, done, now_ns);
    if (self->role == TIDE_LEADING || self->is_winner)
        look_as_leader(self, now_ns, acts);
    else
        look_as_standby(self, now_ns);
}

/* Once, so that an end is never waited for: where it fails, the time-out does its work. */
static void finish_resigned(tide_election *self, int64_t now_ns)
{
    plan(self, self->step != STEP_GIVE_UP && self->is_winner ? STEP_GIVE_UP : STEP_OVER, now_ns);
    self->is_winner = false;
}

static void finish_step(tide_election *self, const tide_store_done *done, int64_t now_ns,
                        tide_election_acts *acts)
{
    bool holds = self->role == TIDE_LEADING || self->is_winner;
    switch (self->step) {
    case STEP_LOOK: finish_look(self, done, now_ns, acts); break;
    case STEP_LIST: finish_list(self, done, now_ns); break;
    case STEP_CLAIM:
        if (done->status == TIDE_OK && self->claimed > self->term)
            win(self, now_ns);
        else
            plan(self, STEP_CHECK, now_ns);
        break;
    case STEP_CHECK: check_term(self, done, now_ns, acts); break;
    case STEP_RENEW:
        if (holds)
            finish_renewal(self, done->status, now_ns, acts);
        else /* It stepped down meanwhile. */
            plan(self, STEP_LOOK, now_ns);
        break;
    case STEP_GIVE_UP:
    case STEP_OVER: tide_assert(self->has_resigned);
    }
}

void tide_election_done(tide_election *self, const tide_store_done *done, int64_t now_ns,
                        tide_election_acts *acts)
{
    *acts = (tide_election_acts){ 0 };
    tide_assert(self->is_under_way && done->id == self->op_id);
    self->is_under_way = false;
    if (self->has_resigned) {
        finish_resigned(self, now_ns);
    } else {
        check_time(self, now_ns, acts); /* Before the answer counts: it may come too late. */
        finish_step(self, done, now_ns, acts);
    }
    start_if_due(self, now_ns, acts);
}

void tide_election_tick(tide_election *self, int64_t now_ns, tide_election_acts *acts)
{
    *acts = (tide_election_acts){ 0 };
    check_time(self, now_ns, acts);
    start_if_due(self, now_ns, acts);
}

int64_t tide_election_deadline_ns(const tide_election *self)
{
    bool holds = !self->has_resigned && (self->role == TIDE_LEADING || self->is_winner);
    int64_t step_ns = self->is_under_way || self->step == STEP_OVER ? INT64_MAX : self->step_at_ns;
    int64_t lapse_ns = holds ? self->renewed_at_ns + self->timeout_ns : INT64_MAX;
    return step_ns < lapse_ns ? step_ns : lapse_ns;
}

/* ---- what is known ---- */

bool tide_election_is_over(const tide_election *self)
{
    return self->step == STEP_OVER && !self->is_under_way;
}

tide_election_role tide_election_role_of(const tide_election *self)
{
    return self->role;
}

uint64_t tide_election_term(const tide_election *self)
{
    return self->term;
}

/* The lease is of the newest term known, and not one that this master held before. */
static bool names_leader(const tide_election *self)
{
    return !is_free(self) && self->lease.term == self->term &&
           strcmp(self->lease.id, self->id) != 0;
}

const char *tide_election_leader_control(const tide_election *self)
{
    if (self->role == TIDE_LEADING) return self->control;
    return names_leader(self) ? self->lease.control : "";
}

const char *tide_election_leader_rest(const tide_election *self)
{
    if (self->role == TIDE_LEADING) return self->rest;
    return names_leader(self) ? self->lease.rest : "";
}
