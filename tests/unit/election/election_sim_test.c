/* election_sim_test.c - masters with clocks of their own, over a storage that fails: a term belongs
 * to one of them, and in the end exactly one leads.
 *
 * Virtual time. Clocks run at different speeds, masters are paused (as by a debugger, or a busy
 * host), crash and come back as others; operations are delayed, fail, lose their answer, land late.
 * Then faults stop. A failure prints the seed: `unit_election_sim SEED` replays it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "jobapi/proto/proto.h"
#include "master/election/election.h"
#include "tests/support/smallsim.h"

#define MASTERS 3
#define MS 1000000ll
#define TIMEOUT_NS (1500 * MS)
#define FAULTS_UNTIL_NS (15000 * MS)
/* A storage that lands late may hold the lease of an old leader up once more; then all is calm. */
#define SETTLED_AT_NS (FAULTS_UNTIL_NS + 12000 * MS)
#define END_NS (SETTLED_AT_NS + 5000 * MS)
#define TERMS_MAX 512

typedef struct master {
    tide_election *election; /* NULL: down until due_ns. */
    uint64_t client;         /* Of this incarnation. */
    double speed;            /* Of its clock. */
    int64_t offset_ns;
    int64_t due_ns;          /* Crashes, is paused, comes back. */
    int64_t paused_until_ns; /* Meanwhile it sees and does nothing. */
    bool has_held;           /* An answer that came in the pause. */
    tide_store_done held;
    tide_bytes held_bytes;
} master;

typedef struct world {
    smallsim *sim;
    master masters[MASTERS];
    uint64_t n_clients, owners[TERMS_MAX]; /* Who led in a term. */
    uint32_t n_changes_settled;
} world;

static int64_t local_ns(const world *w, const master *self)
{
    return self->offset_ns + (int64_t)((double)w->sim->now_ns * self->speed);
}

/* When its clock will show that. */
static int64_t real_ns(const master *self, int64_t local)
{
    if (local == INT64_MAX) return INT64_MAX;
    if (local == INT64_MIN) return 0;
    return 1 + (int64_t)((double)(local - self->offset_ns) / self->speed);
}

static void carry_out(world *w, master *self, const tide_election_acts *acts)
{
    if (acts->has_op) smallsim_submit(w->sim, self->client, &acts->op);
    if (!acts->role_changed) return;
    w->n_changes_settled += w->sim->now_ns > SETTLED_AT_NS;
    if (tide_election_role_of(self->election) != TIDE_LEADING) return;
    uint64_t term = tide_election_term(self->election);
    smallsim_claim(w->sim, term < TERMS_MAX, "terms without end");
    if (w->sim->wrong) return;
    smallsim_claim(w->sim, w->owners[term] == 0, "two led in one term, or one twice");
    w->owners[term] = self->client;
}

static void begin(world *w, master *self)
{
    char id[32];
    self->client = ++w->n_clients;
    self->speed = 0.85 + 0.3 * tide_random_f64(&w->sim->random);
    self->offset_ns = (int64_t)smallsim_draw(w->sim, 100000 * MS);
    self->paused_until_ns = 0;
    self->has_held = false;
    snprintf(id, sizeof id, "m%" PRIu64, self->client);
    self->election = tide_election_new(&(tide_election_config){ .id = id,
                                                                .control = id,
                                                                .rest = "",
                                                                .timeout_ns = TIMEOUT_NS,
                                                                .random_seed = self->client });
}

static void tick(world *w, master *self)
{
    tide_election_acts acts;
    tide_election_tick(self->election, local_ns(w, self), &acts);
    carry_out(w, self, &acts);
}

static void hand_over(world *w, master *self, const tide_store_done *done)
{
    tide_election_acts acts;
    tide_election_done(self->election, done, local_ns(w, self), &acts);
    carry_out(w, self, &acts);
}

/* Keeps an answer for later. Of a listing that finds something the answer is lost. */
static void hold(master *self, const tide_store_done *done)
{
    static const tide_storage_listing nothing;
    self->has_held = true;
    self->held = *done;
    self->held_bytes.n = 0;
    tide_bytes_put(&self->held_bytes, done->bytes, done->n);
    self->held.bytes = (const uint8_t *)self->held_bytes.p;
    if (done->listing->n > 0) self->held.status = TIDE_E_TIMEOUT;
    self->held.listing = &nothing;
}

/* A pause ends: what was missed is seen, in either order. */
static void resume(world *w, master *self)
{
    self->paused_until_ns = 0;
    if (smallsim_draw(w->sim, 2)) tick(w, self);
    if (self->has_held) hand_over(w, self, &self->held);
    self->has_held = false;
}

/* Of a term that there is, as an agent would tell it. */
static void tell_term(world *w, master *self)
{
    const master *other = &w->masters[smallsim_draw(w->sim, MASTERS)];
    if (!other->election) return;
    tide_election_acts acts;
    tide_election_saw_term(self->election, tide_election_term(other->election), local_ns(w, self),
                           &acts);
    carry_out(w, self, &acts);
}

static void act(world *w, master *self)
{
    self->due_ns = w->sim->now_ns + 1 + (int64_t)smallsim_draw(w->sim, 4000 * MS);
    bool is_healed = w->sim->now_ns >= FAULTS_UNTIL_NS;
    if (!self->election) {
        begin(w, self);
        self->due_ns = w->sim->now_ns + 500 * MS;
    } else if (!is_healed && smallsim_draw(w->sim, 3) == 0) {
        tide_election_free(&self->election);
    } else if (!is_healed && smallsim_draw(w->sim, 2) == 0) {
        self->paused_until_ns = w->sim->now_ns + 1 + (int64_t)smallsim_draw(w->sim, 4000 * MS);
        self->due_ns = self->paused_until_ns + 1;
    } else if (!is_healed) {
        tell_term(w, self);
    }
}

static int64_t next_ns(smallsim *sim, uint32_t actor)
{
    const master *self = &((world *)sim->state)->masters[actor];
    if (self->paused_until_ns) return self->paused_until_ns;
    int64_t deadline = INT64_MAX;
    if (self->election) deadline = real_ns(self, tide_election_deadline_ns(self->election));
    return deadline < self->due_ns ? deadline : self->due_ns;
}

static void let_act(smallsim *sim, uint32_t actor)
{
    world *w = sim->state;
    master *self = &w->masters[actor];
    if (self->paused_until_ns)
        resume(w, self);
    else if (self->due_ns <= sim->now_ns)
        act(w, self);
    else
        tick(w, self);
}

static void answer(smallsim *sim, uint64_t client, const tide_store_done *done)
{
    world *w = sim->state;
    for (uint32_t i = 0; i < MASTERS; i++) {
        master *self = &w->masters[i];
        if (!self->election || self->client != client) continue;
        if (self->paused_until_ns)
            hold(self, done);
        else
            hand_over(w, self, done);
    }
}

/* Exactly one leads, all know who, and it has been so for a while. */
static void check_settled(world *w)
{
    const master *leader = NULL;
    uint32_t n_leaders = 0;
    for (uint32_t i = 0; i < MASTERS; i++) {
        smallsim_claim(w->sim, w->masters[i].election != NULL, "a master is down");
        if (w->sim->wrong || tide_election_role_of(w->masters[i].election) != TIDE_LEADING)
            continue;
        n_leaders++;
        leader = &w->masters[i];
    }
    smallsim_claim(w->sim, n_leaders > 0, "nobody leads though all is well");
    smallsim_claim(w->sim, n_leaders < 2, "two lead though all is well");
    smallsim_claim(w->sim, w->n_changes_settled == 0, "leaders come and go though all is well");
    for (uint32_t i = 0; i < MASTERS && !w->sim->wrong; i++)
        smallsim_claim(w->sim,
                       strcmp(tide_election_leader_control(w->masters[i].election),
                              tide_election_leader_control(leader->election)) == 0,
                       "a standby names another leader");
}

static void run(smallsim *sim)
{
    world *w = sim->state;
    w->sim = sim;
    for (uint32_t i = 0; i < MASTERS; i++)
        w->masters[i].due_ns = (int64_t)smallsim_draw(sim, 1000 * MS);
    while (!sim->wrong && sim->now_ns < FAULTS_UNTIL_NS) smallsim_step(sim);
    storesim_set_faults(sim->store, 0);
    while (!sim->wrong && sim->now_ns < END_NS) smallsim_step(sim);
    if (!sim->wrong) check_settled(w);
}

static void fini(smallsim *sim)
{
    world *w = sim->state;
    for (uint32_t i = 0; i < MASTERS; i++) {
        tide_election_free(&w->masters[i].election);
        tide_bytes_fini(&w->masters[i].held_bytes);
    }
}

/* ---- planted bugs: what a storage or a master that does not keep the rules would do ---- */

static bool is_claim(const tide_store_op *op)
{
    return op->kind == TIDE_STORE_PUT_IF_ABSENT;
}

static bool is_lease(const tide_store_op *op, tide_store_kind kind)
{
    return op->kind == kind && strcmp(op->key, "masters/lease") == 0;
}

static bool claim_replaces(smallsim *sim, tide_store_op *op)
{
    (void)sim;
    if (is_claim(op)) op->kind = TIDE_STORE_PUT;
    return true;
}

static bool taken_is_won(smallsim *sim, const tide_store_op *op, tide_store_done *done)
{
    (void)sim;
    if (is_claim(op) && done->status == TIDE_E_EXISTS) done->status = TIDE_OK;
    return true;
}

static bool failure_is_won(smallsim *sim, const tide_store_op *op, tide_store_done *done)
{
    (void)sim;
    if (is_claim(op) && done->status != TIDE_E_EXISTS) done->status = TIDE_OK;
    return true;
}

static bool lease_is_lost(smallsim *sim, tide_store_op *op)
{
    (void)sim;
    if (is_lease(op, TIDE_STORE_PUT)) op->key = "elsewhere";
    return true;
}

static bool lease_is_not_seen(smallsim *sim, const tide_store_op *op, tide_store_done *done)
{
    (void)sim;
    if (is_lease(op, TIDE_STORE_GET)) done->status = TIDE_E_NOT_FOUND;
    return true;
}

/* As a standby that does not wait sees it. */
static bool lease_seems_free(smallsim *sim, const tide_store_op *op, tide_store_done *done)
{
    if (is_lease(op, TIDE_STORE_GET) && smallsim_draw(sim, 4) == 0) done->status = TIDE_E_NOT_FOUND;
    return true;
}

static bool failure_is_not_heard(smallsim *sim, const tide_store_op *op, tide_store_done *done)
{
    (void)sim;
    (void)op;
    return done->status == TIDE_OK || done->status == TIDE_E_EXISTS ||
           done->status == TIDE_E_NOT_FOUND;
}

/* Some see another address in the lease than was written there. */
static bool leader_is_misread(smallsim *sim, const tide_store_op *op, tide_store_done *done)
{
    tide_msg msg;
    tide_bytes bytes = { 0 };
    if (!is_lease(op, TIDE_STORE_GET) || done->status != TIDE_OK || smallsim_draw(sim, 4) > 0 ||
        tide_msg_decode_stored(done->bytes, done->n, sim->arena, &msg) != TIDE_OK)
        return true;
    tide_master_lease lease = *(const tide_master_lease *)msg.body;
    lease.control = "nobody";
    tide_msg_encode_stored(TIDE_MSG_MASTER_LEASE, &lease, &bytes);
    done->bytes = (const uint8_t *)tide_arena_strndup(sim->arena, bytes.p, bytes.n);
    done->n = bytes.n;
    tide_bytes_fini(&bytes);
    return true;
}

static const smallsim_mutation mutations[] = {
    { "claim-replaces", "two led in one term, or one twice", 50, claim_replaces, NULL },
    { "taken-is-won", "two led in one term, or one twice", 50, NULL, taken_is_won },
    { "failure-is-won", "two led in one term, or one twice", 200, NULL, failure_is_won },
    { "lease-not-written", "two lead though all is well", 50, lease_is_lost, NULL },
    { "lease-not-seen", "two lead though all is well", 50, NULL, lease_is_not_seen },
    { "lease-seems-free", "leaders come and go though all is well", 50, NULL, lease_seems_free },
    { "failure-not-heard", "nobody leads though all is well", 50, NULL, failure_is_not_heard },
    { "leader-misread", "a standby names another leader", 50, NULL, leader_is_misread },
};

static const smallsim_kind kind = { .seeds = 2000,
                                    .actors = MASTERS,
                                    .delay_max_ns = 100 * MS,
                                    .late_max_ns = 2500 * MS,
                                    .fault_percent = 40,
                                    .state_bytes = sizeof(world),
                                    .run = run,
                                    .fini = fini,
                                    .next_ns = next_ns,
                                    .act = let_act,
                                    .answer = answer,
                                    .mutations = mutations,
                                    .n_mutations = sizeof mutations / sizeof *mutations };

int main(int argc, char **argv)
{
    return smallsim_main(&kind, argc, argv);
}
