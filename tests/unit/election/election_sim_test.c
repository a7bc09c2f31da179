/* election_sim_test.c - masters with clocks of their own, over a storage that fails: a term belongs
 * to one of them, and in the end exactly one leads.
 *
 * Virtual time. Clocks run at different speeds, masters are paused (as by a debugger, or a busy
 * host), crash and come back as others; operations are delayed, fail, lose their answer, land late.
 * Then faults stop. A failure prints the seed: `unit_election_sim SEED` replays it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "master/election/election.h"
#include "tests/support/storesim.h"

#define SEEDS 2000
#define MASTERS 3
#define MS 1000000ll
#define TIMEOUT_NS (1500 * MS)
#define FAULTS_UNTIL_NS (15000 * MS)
/* A storage that lands late may hold the lease of an old leader up once more; then all is calm. */
#define SETTLED_AT_NS (FAULTS_UNTIL_NS + 12000 * MS)
#define END_NS (SETTLED_AT_NS + 5000 * MS)
#define TERMS_MAX 512
#define STEPS_MAX 1000000u

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
    tide_random random;
    storesim *store;
    master masters[MASTERS];
    uint64_t n_clients, owners[TERMS_MAX]; /* Who led in a term. */
    int64_t now_ns;
    uint32_t n_changes_settled, n_steps;
    const char *wrong;
} world;

static uint64_t draw(world *w, uint64_t limit)
{
    return tide_random_below(&w->random, limit);
}

static void check(world *w, bool condition, const char *claim)
{
    if (!condition && !w->wrong) w->wrong = claim;
}

static int64_t local_ns(const world *w, const master *self)
{
    return self->offset_ns + (int64_t)((double)w->now_ns * self->speed);
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
    if (acts->has_op) storesim_submit(w->store, self->client, &acts->op, w->now_ns);
    if (!acts->role_changed) return;
    w->n_changes_settled += w->now_ns > SETTLED_AT_NS;
    if (tide_election_role_of(self->election) != TIDE_LEADING) return;
    uint64_t term = tide_election_term(self->election);
    check(w, term < TERMS_MAX, "terms without end");
    if (w->wrong) return;
    check(w, w->owners[term] == 0, "two led in one term, or one twice");
    w->owners[term] = self->client;
}

static void begin(world *w, master *self)
{
    char id[32];
    self->client = ++w->n_clients;
    self->speed = 0.85 + 0.3 * tide_random_f64(&w->random);
    self->offset_ns = (int64_t)draw(w, 100000 * MS);
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
    if (draw(w, 2)) tick(w, self);
    if (self->has_held) hand_over(w, self, &self->held);
    self->has_held = false;
}

/* Of a term that there is, as an agent would tell it. */
static void tell_term(world *w, master *self)
{
    const master *other = &w->masters[draw(w, MASTERS)];
    if (!other->election) return;
    tide_election_acts acts;
    tide_election_saw_term(self->election, tide_election_term(other->election), local_ns(w, self),
                           &acts);
    carry_out(w, self, &acts);
}

static void act(world *w, master *self)
{
    self->due_ns = w->now_ns + 1 + (int64_t)draw(w, 4000 * MS);
    bool is_healed = w->now_ns >= FAULTS_UNTIL_NS;
    if (!self->election) {
        begin(w, self);
        self->due_ns = w->now_ns + 500 * MS;
    } else if (!is_healed && draw(w, 3) == 0) {
        tide_election_free(&self->election);
    } else if (!is_healed && draw(w, 2) == 0) {
        self->paused_until_ns = w->now_ns + 1 + (int64_t)draw(w, 4000 * MS);
        self->due_ns = self->paused_until_ns + 1;
    } else if (!is_healed) {
        tell_term(w, self);
    }
}

static int64_t next_of(const master *self)
{
    if (self->paused_until_ns) return self->paused_until_ns;
    int64_t deadline = INT64_MAX;
    if (self->election) deadline = real_ns(self, tide_election_deadline_ns(self->election));
    return deadline < self->due_ns ? deadline : self->due_ns;
}

static void let_act(world *w, master *self)
{
    if (self->paused_until_ns)
        resume(w, self);
    else if (self->due_ns <= w->now_ns)
        act(w, self);
    else
        tick(w, self);
}

static void answer(world *w, uint64_t client, const tide_store_done *done)
{
    for (uint32_t i = 0; i < MASTERS; i++) {
        master *self = &w->masters[i];
        if (!self->election || self->client != client) continue;
        if (self->paused_until_ns)
            hold(self, done);
        else
            hand_over(w, self, done);
    }
}

static void step(world *w)
{
    check(w, ++w->n_steps < STEPS_MAX, "steps without end");
    int64_t next = storesim_next_ns(w->store);
    master *who = NULL;
    for (uint32_t i = 0; i < MASTERS; i++) {
        if (next_of(&w->masters[i]) >= next) continue;
        next = next_of(&w->masters[i]);
        who = &w->masters[i];
    }
    if (next > w->now_ns) w->now_ns = next;
    if (who) {
        let_act(w, who);
        return;
    }
    uint64_t client;
    tide_store_done done;
    if (storesim_step(w->store, &client, &done)) answer(w, client, &done);
}

/* Exactly one leads, all know who, and it has been so for a while. */
static void check_settled(world *w)
{
    const master *leader = NULL;
    uint32_t n_leaders = 0;
    for (uint32_t i = 0; i < MASTERS; i++) {
        check(w, w->masters[i].election != NULL, "a master is down");
        if (w->wrong || tide_election_role_of(w->masters[i].election) != TIDE_LEADING) continue;
        n_leaders++;
        leader = &w->masters[i];
    }
    check(w, n_leaders > 0, "nobody leads though all is well");
    check(w, n_leaders < 2, "two lead though all is well");
    check(w, w->n_changes_settled == 0, "leaders come and go though all is well");
    for (uint32_t i = 0; i < MASTERS && !w->wrong; i++)
        check(w,
              strcmp(tide_election_leader_control(w->masters[i].election),
                     tide_election_leader_control(leader->election)) == 0,
              "a standby names another leader");
}

static const char *run_seed(uint64_t seed)
{
    world *w = tide_calloc(1, sizeof *w);
    tide_random_init(&w->random, seed, 2);
    w->store = storesim_new(&(storesim_config){ .seed = seed,
                                                .delay_max_ns = 1 + (int64_t)draw(w, 100 * MS),
                                                .late_max_ns = 2500 * MS,
                                                .fault_percent = (uint32_t)draw(w, 40) });
    for (uint32_t i = 0; i < MASTERS; i++) w->masters[i].due_ns = (int64_t)draw(w, 1000 * MS);
    while (!w->wrong && w->now_ns < FAULTS_UNTIL_NS) step(w);
    storesim_set_faults(w->store, 0);
    while (!w->wrong && w->now_ns < END_NS) step(w);
    if (!w->wrong) check_settled(w);
    const char *wrong = w->wrong;
    for (uint32_t i = 0; i < MASTERS; i++) {
        tide_election_free(&w->masters[i].election);
        tide_bytes_fini(&w->masters[i].held_bytes);
    }
    storesim_free(&w->store);
    tide_free(w);
    return wrong;
}

int main(int argc, char **argv)
{
    uint64_t first = argc == 2 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t end = argc == 2 ? first + 1 : first + SEEDS;
    for (uint64_t seed = first; seed < end; seed++) {
        const char *wrong = run_seed(seed);
        if (!wrong) continue;
        printf("seed %" PRIu64 ": %s\nreplay: %s %" PRIu64 "\n", seed, wrong, argv[0], seed);
        return 1;
    }
    printf("%" PRIu64 " seeds\n", end - first);
    return 0;
}
