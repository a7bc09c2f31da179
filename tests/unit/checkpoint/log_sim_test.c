/* log_sim_test.c - whatever the storage does and whoever crashes, a decision log stays one list.
 *
 * Several writers, each with a term of its own, claim one log and append to it, in virtual time.
 * Operations are delayed, fail without being done, are done without an answer, land late; writers
 * crash and come back with a newer term and another id. After every change of the storage, and at
 * the end, the log is checked against what was seen and reported before. Then faults stop, and the
 * newest writer must get on. A failure prints the seed: `unit_log_sim SEED` replays it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "checkpoint/core/decision_log.h"
#include "tests/support/smallsim.h"

#define WRITERS 3
#define MS 1000000ll
#define FAULTS_UNTIL_NS (6000 * MS)
#define HEALED_FOR_NS (40000 * MS) /* A claim reads entry by entry. */
#define ENTRIES_MAX 4096

typedef struct writer {
    tide_decision_log *log; /* NULL: down until `due_ns`. */
    uint64_t client;        /* Of this incarnation: answers to an earlier one are nobody's. */
    uint64_t term;
    int64_t due_ns;     /* Appends, crashes, or comes back. */
    uint64_t appending; /* The attempt's number; 0 none. */
    uint32_t n_appended_healed;
} writer;

typedef struct world {
    smallsim *sim;
    uint64_t newest_term, n_clients, n_attempts;
    writer writers[WRITERS];
    bool is_healed;
    tide_bytes seen[ENTRIES_MAX]; /* The entries as they were first. */
    uint64_t n_seen;
    uint64_t reported[ENTRIES_MAX]; /* By place: the attempt that was reported as appended. */
} world;

/* ---- checkers ---- */

static const tide_bytes *look(world *w, uint64_t seq)
{
    char key[64];
    snprintf(key, sizeof key, "jobs/j/log/%" PRIu64, seq);
    return memstore_look(storesim_memory(w->sim->store), key);
}

static uint64_t count_objects(world *w)
{
    tide_arena *arena = tide_arena_new();
    tide_storage_listing listing = { 0 };
    tide_storage *storage = memstore_storage(storesim_memory(w->sim->store));
    tide_status rv = storage->vt->list(storage, "jobs/j/log/", arena, &listing);
    tide_assert(rv == TIDE_OK);
    tide_arena_free(&arena);
    return listing.n;
}

/* Entries never change, and there are no gaps: as many objects as entries in a row. */
static void check_storage(world *w)
{
    for (uint64_t seq = 0; seq < ENTRIES_MAX; seq++) {
        const tide_bytes *entry = look(w, seq);
        if (!entry) {
            smallsim_claim(w->sim, seq >= w->n_seen, "an entry is gone");
            smallsim_claim(w->sim, count_objects(w) == seq, "there is a gap");
            return;
        }
        if (seq == w->n_seen) {
            tide_bytes_put(&w->seen[seq], entry->p, entry->n);
            w->n_seen++;
        }
        smallsim_claim(w->sim,
                       entry->n == w->seen[seq].n &&
                           memcmp(entry->p, w->seen[seq].p, entry->n) == 0,
                       "an entry changed");
    }
}

static tide_msg decode(world *w, uint64_t seq, tide_arena *arena)
{
    tide_msg msg;
    tide_status rv =
        tide_msg_decode_stored((const uint8_t *)w->seen[seq].p, w->seen[seq].n, arena, &msg);
    tide_assert(rv == TIDE_OK);
    return msg;
}

/* What was reported is at its place and nowhere else; terms only grow, and behind a term's entry
 * comes nothing of an older one. */
static void check_log(world *w)
{
    tide_arena *arena = tide_arena_new();
    uint64_t term = 0;
    uint8_t *times = tide_calloc(w->n_attempts + 1, 1);
    for (uint64_t seq = 0; seq < w->n_seen; seq++) {
        tide_msg msg = decode(w, seq, arena);
        smallsim_claim(w->sim, (msg.kind == TIDE_MSG_LOG_SUBMITTED) == (seq == 0),
                       "entry 0 is the job");
        if (msg.kind == TIDE_MSG_LOG_TERM) {
            const tide_log_term *body = msg.body;
            smallsim_claim(w->sim, body->term >= term, "an older term behind a newer one");
            term = body->term;
        }
        if (msg.kind != TIDE_MSG_LOG_ATTEMPT) continue;
        const tide_log_attempt *body = msg.body;
        smallsim_claim(w->sim, body->term == term, "an entry that is not its term's owner's");
        smallsim_claim(w->sim, ++times[body->attempt] == 1, "an entry is there twice");
    }
    for (uint64_t seq = 0; seq < ENTRIES_MAX; seq++) {
        if (w->reported[seq] == 0) continue;
        smallsim_claim(w->sim, seq < w->n_seen, "what was reported as appended is not there");
        if (seq >= w->n_seen) break;
        tide_msg msg = decode(w, seq, arena);
        smallsim_claim(w->sim,
                       msg.kind == TIDE_MSG_LOG_ATTEMPT &&
                           ((const tide_log_attempt *)msg.body)->attempt == w->reported[seq],
                       "what was reported as appended is not at its place");
    }
    tide_free(times);
    tide_arena_free(&arena);
}

/* What a writer believes to be the log is its beginning. */
static void check_view(world *w, const writer *self)
{
    for (uint64_t seq = 0; seq < tide_decision_log_n_entries(self->log); seq++) {
        const tide_msg *entry = tide_decision_log_entry(self->log, seq);
        tide_bytes bytes = { 0 };
        tide_msg_encode_stored(entry->kind, entry->body, &bytes);
        const tide_bytes *there = look(w, seq);
        smallsim_claim(w->sim,
                       there && there->n == bytes.n && memcmp(there->p, bytes.p, bytes.n) == 0,
                       "a writer believes in an entry that is not there");
        tide_bytes_fini(&bytes);
    }
}

/* ---- writers ---- */

static void carry_out(world *w, writer *self, const tide_decision_log_acts *acts)
{
    if (acts->has_op) smallsim_submit(w->sim, self->client, &acts->op);
    smallsim_claim(w->sim,
                   acts->has_op + acts->claimed + acts->appended + acts->lost + acts->broken <= 1,
                   "one thing at a time");
    if (acts->broken) fprintf(stderr, "%s\n", tide_decision_log_error(self->log)->text);
    smallsim_claim(w->sim, !acts->broken, "broken without damage");
    if (acts->claimed || acts->appended) check_view(w, self);
    if (!acts->appended) return;
    smallsim_claim(w->sim, w->reported[acts->seq] == 0,
                   "two were told that they have the same place");
    w->reported[acts->seq] = self->appending;
    self->appending = 0;
    self->n_appended_healed += w->is_healed;
}

static void begin(world *w, writer *self, bool creates)
{
    char owner[32];
    tide_decision_log_acts acts;
    self->client = ++w->n_clients;
    self->term = ++w->newest_term;
    self->appending = 0;
    self->n_appended_healed = 0;
    snprintf(owner, sizeof owner, "owner%" PRIu64, self->client);
    self->log = tide_decision_log_new("j", self->term, owner);
    if (creates)
        tide_decision_log_create(self->log, &(tide_log_submitted){ .job = "j" }, &acts);
    else
        tide_decision_log_claim(self->log, &acts);
    carry_out(w, self, &acts);
}

static void append(world *w, writer *self)
{
    tide_decision_log_acts acts;
    self->appending = ++w->n_attempts;
    tide_decision_log_append(self->log, TIDE_MSG_LOG_ATTEMPT,
                             &(tide_log_attempt){ .term = self->term, .attempt = self->appending },
                             &acts);
    carry_out(w, self, &acts);
}

/* What a writer does of its own accord. Once faults are over it appends, and nobody comes. */
static void act(world *w, writer *self)
{
    self->due_ns = w->sim->now_ns + 1 + (int64_t)smallsim_draw(w->sim, 400 * MS);
    if (!self->log) {
        if (!w->is_healed) begin(w, self, false);
        return;
    }
    tide_log_state state = tide_decision_log_state(self->log);
    bool is_down = state == TIDE_LOG_LOST || state == TIDE_LOG_BROKEN;
    bool crashes = !w->is_healed && smallsim_draw(w->sim, 8) == 0;
    if (is_down || crashes)
        tide_decision_log_free(&self->log);
    else if (state == TIDE_LOG_OWNED && smallsim_draw(w->sim, 4) > 0)
        append(w, self);
}

static void tick(world *w, writer *self)
{
    tide_decision_log_acts acts;
    tide_decision_log_tick(self->log, w->sim->now_ns, &acts);
    carry_out(w, self, &acts);
}

/* ---- the world ---- */

static void answer(smallsim *sim, uint64_t client, const tide_store_done *done)
{
    world *w = sim->state;
    for (uint32_t i = 0; i < WRITERS; i++) {
        writer *self = &w->writers[i];
        if (!self->log || self->client != client) continue;
        tide_decision_log_acts acts;
        tide_decision_log_done(self->log, done, sim->now_ns, &acts);
        carry_out(w, self, &acts);
    }
}

static int64_t next_ns(smallsim *sim, uint32_t actor)
{
    const writer *self = &((world *)sim->state)->writers[actor];
    int64_t deadline = self->log ? tide_decision_log_deadline_ns(self->log) : INT64_MAX;
    return deadline < self->due_ns ? deadline : self->due_ns;
}

static void let_act(smallsim *sim, uint32_t actor)
{
    world *w = sim->state;
    writer *self = &w->writers[actor];
    if (self->due_ns <= sim->now_ns)
        act(w, self);
    else
        tick(w, self);
}

static void stored(smallsim *sim)
{
    check_storage(sim->state);
}

/* The newest writer owns the log and appends to it. */
static bool has_progress(const world *w)
{
    const writer *newest = &w->writers[0];
    for (uint32_t i = 1; i < WRITERS; i++)
        if (w->writers[i].log && w->writers[i].term > newest->term) newest = &w->writers[i];
    return newest->log && newest->n_appended_healed > 5;
}

static void heal(world *w)
{
    w->is_healed = true;
    storesim_set_faults(w->sim->store, 0);
    begin(w, &w->writers[0], false); /* There is a newest one. */
}

static void run(smallsim *sim)
{
    world *w = sim->state;
    w->sim = sim;
    for (uint32_t i = 0; i < WRITERS; i++) w->writers[i].due_ns = INT64_MAX;
    begin(w, &w->writers[0], true);
    /* The others know of the job once it is there: as leaders list jobs. */
    while (!sim->wrong && !look(w, 0)) smallsim_step(sim);
    for (uint32_t i = 0; i < WRITERS; i++)
        w->writers[i].due_ns = sim->now_ns + (int64_t)smallsim_draw(sim, 900 * MS);
    while (!sim->wrong && sim->now_ns < FAULTS_UNTIL_NS) smallsim_step(sim);
    tide_decision_log_free(&w->writers[0].log);
    if (!sim->wrong) heal(w);
    while (!sim->wrong && !has_progress(w) && sim->now_ns < FAULTS_UNTIL_NS + HEALED_FOR_NS)
        smallsim_step(sim);
    smallsim_claim(sim, has_progress(w), "no progress though all is well");
    if (!sim->wrong) check_log(w);
}

static void fini(smallsim *sim)
{
    world *w = sim->state;
    for (uint32_t i = 0; i < WRITERS; i++) tide_decision_log_free(&w->writers[i].log);
    for (uint64_t i = 0; i < w->n_seen; i++) tide_bytes_fini(&w->seen[i]);
}

/* ---- planted bugs: what a storage or a writer that does not keep the rules would do ---- */

static bool is_put(const tide_store_op *op)
{
    return op->kind == TIDE_STORE_PUT_IF_ABSENT;
}

static bool put_replaces(smallsim *sim, tide_store_op *op)
{
    (void)sim;
    if (is_put(op)) op->kind = TIDE_STORE_PUT;
    return true;
}

static bool put_removes(smallsim *sim, tide_store_op *op)
{
    if (is_put(op) && smallsim_draw(sim, 20) == 0) op->kind = TIDE_STORE_REMOVE;
    return true;
}

static void move(smallsim *sim, tide_store_op *op, uint64_t by)
{
    const char *digits = strrchr(op->key, '/') + 1;
    op->key = tide_arena_printf(sim->arena, "%.*s%llu", (int)(digits - op->key), op->key,
                                strtoull(digits, NULL, 10) + by);
}

static bool leave_gap(smallsim *sim, tide_store_op *op)
{
    if (is_put(op) && smallsim_draw(sim, 20) == 0) move(sim, op, 1);
    return true;
}

static bool skip_taken(smallsim *sim, tide_store_op *op)
{
    while (is_put(op) && memstore_look(storesim_memory(sim->store), op->key)) move(sim, op, 1);
    return true;
}

static bool is_failed_put(const tide_store_op *op, const tide_store_done *done)
{
    return is_put(op) && done->status != TIDE_OK && done->status != TIDE_E_EXISTS;
}

static bool failure_is_done(smallsim *sim, const tide_store_op *op, tide_store_done *done)
{
    (void)sim;
    if (is_failed_put(op, done)) done->status = TIDE_OK;
    return true;
}

static bool taken_is_ours(smallsim *sim, const tide_store_op *op, tide_store_done *done)
{
    (void)sim;
    if (is_put(op) && done->status == TIDE_E_EXISTS) done->status = TIDE_OK;
    return true;
}

static bool failure_is_not_heard(smallsim *sim, const tide_store_op *op, tide_store_done *done)
{
    (void)sim;
    return !is_failed_put(op, done);
}

/* An entry of a writer, changed: its number, its term. */
static void change_entry(smallsim *sim, tide_store_op *op, tide_msg_kind kind,
                         void (*change)(void *body))
{
    tide_msg msg;
    tide_bytes bytes = { 0 };
    if (!is_put(op) || smallsim_draw(sim, 20) > 0 ||
        tide_msg_decode_stored(op->bytes, op->n, sim->arena, &msg) != TIDE_OK || msg.kind != kind)
        return;
    void *body = tide_msg_copy(kind, msg.body, sim->arena);
    change(body);
    tide_msg_encode_stored(kind, body, &bytes);
    op->bytes = (const uint8_t *)tide_arena_strndup(sim->arena, bytes.p, bytes.n);
    op->n = bytes.n;
    tide_bytes_fini(&bytes);
}

static void number_before(void *body)
{
    tide_log_attempt *attempt = body;
    if (attempt->attempt > 1) attempt->attempt--;
}

static bool repeat_number(smallsim *sim, tide_store_op *op)
{
    change_entry(sim, op, TIDE_MSG_LOG_ATTEMPT, number_before);
    return true;
}

static void older_term(void *body)
{
    ((tide_log_term *)body)->term = 1;
}

static bool age_term(smallsim *sim, tide_store_op *op)
{
    change_entry(sim, op, TIDE_MSG_LOG_TERM, older_term);
    return true;
}

static const smallsim_mutation mutations[] = {
    { "put-replaces", "an entry changed", 20, put_replaces, NULL },
    { "put-removes", "an entry is gone", 20, put_removes, NULL },
    { "place-left-out", "there is a gap", 20, leave_gap, NULL },
    { "place-given-up", "a writer believes in an entry that is not there", 20, skip_taken, NULL },
    { "failure-is-done", "a writer believes in an entry that is not there", 20, NULL,
      failure_is_done },
    { "taken-is-ours", "a writer believes in an entry that is not there", 20, NULL, taken_is_ours },
    { "failure-not-heard", "nothing will ever happen again", 200, NULL, failure_is_not_heard },
    { "term-older", "broken without damage", 500, age_term, NULL },
    { "number-repeated", "an entry is there twice", 200, repeat_number, NULL },
};

static const smallsim_kind kind = { .seeds = 1500,
                                    .actors = WRITERS,
                                    .delay_max_ns = 120 * MS,
                                    .late_max_ns = 1500 * MS,
                                    .fault_percent = 40,
                                    .state_bytes = sizeof(world),
                                    .run = run,
                                    .fini = fini,
                                    .next_ns = next_ns,
                                    .act = let_act,
                                    .answer = answer,
                                    .stored = stored,
                                    .mutations = mutations,
                                    .n_mutations = sizeof mutations / sizeof *mutations };

int main(int argc, char **argv)
{
    return smallsim_main(&kind, argc, argv);
}
